"""Bench of the event writer: every event is counted in a clean bank, malformed packets are thrown away."""

from dataclasses import dataclass
from itertools import cycle
from random import Random

import numpy as np
from numpy.typing import NDArray

from model.accelerator.config import AcceleratorConfig
from model.accelerator.events import END_OF_STEP, FIELDS
from sim.accelerator.bench_event_bank import count_of, with_event
from sim.accelerator.bench_input_writer import stored_words
from sim.accelerator.packets import noisy_packets
from sim.harness.checker import expect
from sim.harness.port import Port


@dataclass(frozen=True)
class Beat:
    """A beat, the kind of its packet, what it makes of ``error``, if anything, and whether it is its packet's first."""

    data: int
    last: int
    kind: str
    error: int | None
    first: bool


def packet(beats: list[int], kind: str, broken: int | None = None) -> list[Beat]:
    """The beats of one, which is whole with its last one, or malformed with beat ``broken``."""
    last = len(beats) - 1
    decides = last if broken is None else broken
    return [
        Beat(data, int(i == last), kind, int(broken is not None) if i == decides else None, i == 0)
        for i, data in enumerate(beats)
    ]


def _limits(config: AcceleratorConfig) -> dict[str, int]:
    return dict(zip(("channel", "y", "x"), config.input_shape, strict=True))


def event_at(config: AcceleratorConfig, random: Random, **fields: int) -> int:
    """A beat of any event of the input, with some fields as they are given."""
    limits = _limits(config)
    return sum(fields.get(name, random.randrange(limit)) << FIELDS[name][0] for name, limit in limits.items())


def kinds_of(config: AcceleratorConfig) -> list[str]:
    """Of malformed packets; no coordinate lies outside of an input that has all of them."""
    outside = [name for name, limit in _limits(config).items() if limit < 1 << FIELDS[name][1]]
    fewer = ["a step too few"] if config.frame_steps > 1 else []
    return [f"{name} outside" for name in outside] + fewer + ["a step too many", "ends in a step", "goes on", "again"]


def malformed(config: AcceleratorConfig, whole: list[int], kind: str, random: Random) -> list[Beat]:
    """A packet that is none, made of one."""
    place, event = random.randrange(len(whole)), event_at(config, random)
    if kind.endswith(" outside"):
        name = kind.removesuffix(" outside")
        outside = event_at(config, random, **{name: _limits(config)[name]})
        return packet([*whole[:place], outside, *random.choice([whole[place:], []])], kind, place)
    if kind == "ends in a step":
        return packet([*whole[:place], event], kind, place)
    if kind == "a step too few":
        place = random.choice([i for i, beat in enumerate(whole[:-1]) if beat & END_OF_STEP])
        return packet(whole[: place + 1], kind, place)
    rest = {"a step too many": [END_OF_STEP], "goes on": [event] * 3, "again": whole}[kind]
    return packet(whole + rest, kind, len(whole) - 1)


def beyond(config: AcceleratorConfig, random: Random) -> list[Beat]:
    """A packet of one event for every bit of a coordinate that makes it too large."""
    bits = [
        (name, bit) for name, limit in _limits(config).items() for bit in range(FIELDS[name][1]) if limit <= 1 << bit
    ]
    return [
        beat
        for name, bit in bits
        for beat in packet([event_at(config, random, **{name: 1 << bit}), END_OF_STEP], "beyond", 0)
    ]


def random_beats(config: AcceleratorConfig, images: NDArray[np.uint8], random: Random) -> list[Beat]:
    """Those of the images, after each some of packets that are none, of every kind in turn."""
    found: list[Beat] = []
    kinds = kinds_of(config)
    turns = cycle(random.sample(kinds, len(kinds)))
    for beats in noisy_packets(config, images, random):
        found += packet(beats, "whole")
        for _ in range(random.choice([0, 2, 3])):
            found += malformed(config, beats, next(turns), random)
    return found + beyond(config, random)


def place_of(config: AcceleratorConfig, beat: int, step: int) -> tuple[int, int]:
    """Word of an event, and which of its counts, or bits."""
    x, y, channel = (
        beat >> place & (1 << bits) - 1 for place, bits in (FIELDS[name] for name in ("x", "y", "channel"))
    )
    _, rows, columns = config.input_shape
    if config.layers[0].source_map == (1, 1):
        y, x, channel = 0, 0, (channel * rows + y) * columns + x
    word, bit = config.input_place(y, x, step, channel)
    return word, bit // config.inputs.planes


class Expected:
    """What the writer has to show in a cycle, of the beats that it took before."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        self.full = self.filled = self.error = self.step = self.bank = 0
        self.swallows = False
        self.due: tuple[int, int, int] | None = None

    def take(self, beat: Beat) -> None:
        """A beat was taken in this cycle."""
        if self.swallows:
            self.swallows = not beat.last
            return
        if beat.data & END_OF_STEP:
            self.step += 1
        elif beat.error is None:
            self.due = self.bank, *place_of(self.config, beat.data, self.step)
        if beat.error is not None:
            self.error, self.step = beat.error, 0
            self.swallows = bool(beat.error and not beat.last)
            if not beat.error:
                self.filled, self.bank = 1 << self.bank, 1 - self.bank


async def check_event_writer(
    port: Port, config: AcceleratorConfig, images: NDArray[np.uint8], seed: int, idle: float, slow: float
) -> set[str]:
    """Packets one after another, the first beat right after the reset; banks are released after a while, and clean a
    while after that. Where state lasts, beats say at random that a recording begins. Gives what was met."""
    # long: a cycle, in the order in which it happens
    random, met = Random(seed), set()
    steps = images.swapaxes(0, 1)
    each = steps.reshape(-1, config.frame_steps, *steps.shape[2:])
    wanted = [stored_words(config, image) for image in each]
    beats = random_beats(config, images, random)
    banks: list[dict[int, int]] = [{}, {}]
    dirty = [random.randrange(4) for _ in banks]  # cycles until a bank is clean
    shows = Expected(config)
    offering, number, read, release = True, 0, 0, 0
    begins, recordings = 0, [True]  # of each packet that counts, and so far of the one that comes
    for now in range(400 * len(beats)):
        waiting = offering
        offering = offering or (number < len(beats) and random.random() >= idle)
        beat = beats[number] if offering else Beat(random.getrandbits(32), 1, "", None, False)
        clean = sum((not left) << bank for bank, left in enumerate(dirty))
        values = {"valid": int(offering), "data": beat.data, "last": beat.last, "release": release, "clean": clean}
        if config.lasts:
            begins = begins if waiting else random.randint(0, 3) // 3
            values["begins"] = begins
        for path, value in values.items():
            port.set(path, value)
        await port.tick()
        what = f"cycle {now}, beat {number}"
        free = clean & ~shows.full
        for name, value in (("error", shows.error), ("full", shows.full)):
            expect(port.get(name) == value, f"{what}: {name} is {port.get(name)}, expected {value}")
        ready = shows.swallows or free >> shows.bank & 1
        expect(port.get("ready") == ready, f"{what}: ready is {port.get('ready')}, {free} free of bank {shows.bank}")
        taken = offering and ready
        thrown = 1 << shows.bank if taken and beat.error and not shows.swallows else 0
        expect(port.get("discard") == thrown, f"{what}: discard is {port.get('discard')}, expected {thrown}")
        due = (1 << shows.due[0], *shows.due[1:]) if shows.due else (0,)
        found = tuple(port.get(name) for name in ("set", "address", "index"))[: len(due)]
        expect(found == due, f"{what}: set, address and index are {found}, expected {due}")
        if shows.due:
            own, address, index = shows.due
            word = banks[own].get(address, 0)
            met |= {"set and discarded at once"} if thrown else set()
            met |= {"a full place"} if count_of(word, index, config.inputs) == config.inputs.largest else set()
            banks[own][address] = with_event(word, index, config.inputs)
        for own in range(2):
            dirty[own] -= dirty[own] > 0
            if (thrown | release) >> own & 1:
                banks[own], dirty[own] = {}, random.randrange(4)
        shows.due, shows.full, shows.filled = None, shows.full & ~release | shows.filled, 0
        if taken:
            met.add(beat.kind)
            if beat.first and begins:
                met |= {"a recording begins"} | ({"one with a packet thrown away"} if beat.kind != "whole" else set())
                recordings[-1] = True
            if beat.error == 0:
                recordings.append(False)
            shows.take(beat)
            number, offering = number + 1, False
        elif offering:
            met.add("both banks are full" if shows.full == 3 else "waits for a clean bank")
        release = 0
        full = port.get("full")
        if full >> read % 2 & 1 and random.random() >= slow:
            stored = [banks[read % 2].get(address, 0) for address in range(config.input_words)]
            expect(stored == wanted[read], f"packet {read} is stored as {stored}, expected {wanted[read]}")
            if config.lasts:
                first = port.get("first") >> read % 2 & 1
                expect(first == recordings[read], f"packet {read} begins a recording: {first}")
            release, read = 1 << read % 2, read + 1
        if read == len(wanted) and number == len(beats):
            break
    expect(read == len(wanted), f"{read} of {len(wanted)} packets came")
    return met
