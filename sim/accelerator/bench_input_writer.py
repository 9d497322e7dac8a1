"""Bench of the input writer: images stand in their banks as the layers read them, malformed ones are thrown away."""

from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from model.accelerator.config import AcceleratorConfig
from sim.accelerator.bench_pixel_window import words_of
from sim.accelerator.packets import noisy_packets
from sim.harness.checker import expect
from sim.harness.port import Port


def stored_words(config: AcceleratorConfig, image: NDArray[np.uint8]) -> list[int]:
    """What the memory has of an image, [C, H, W] pixels or [T, C, H, W] spikes or counts."""
    first = config.layers[0]
    steps = image if image.ndim == 4 else image[None]
    if first.source_map == config.input_shape[1:]:
        steps = steps.transpose(0, 2, 3, 1)
    values = steps.reshape(len(steps), *first.source_map, first.source_channels)
    if first.value_bits == 1:  # planes are rounds
        planes = [values >> plane & 1 for plane in reversed(range(first.planes))]
        values = np.stack(planes, 1).reshape(-1, *values.shape[1:])
    if first.window:
        return [word for (word,) in words_of(first, values)]
    rounds = values.transpose(1, 2, 0, 3)  # [row, column, round, channel]
    missing = -first.source_channels % first.word_channels
    words = np.pad(rounds, ((0, 0), (0, 0), (0, 0), (0, missing))).reshape(-1, first.word_channels)
    bits = np.unpackbits(words[..., None], axis=-1, count=first.value_bits, bitorder="little").reshape(len(words), -1)
    return [int.from_bytes(np.packbits(word, bitorder="little").tobytes(), "little") for word in bits]


def moved(config: AcceleratorConfig, word: int, part: int) -> int:
    """A word of the memory after a part of it has come: of each channel, what was there moves on by the part's bits."""
    if config.input_memories == 1:
        return part
    rounds, planes, found = config.layers[0].rounds, config.layers[0].planes, 0
    for channel in range(config.layers[0].source_channels):
        own = part >> channel * planes & (1 << planes) - 1
        of_channel = (word >> channel * rounds << planes) + own
        found |= (of_channel & (1 << rounds) - 1) << channel * rounds
    return found


@dataclass(frozen=True)
class Beat:
    """A beat, the kind of its packet, what it makes of ``error``, if anything, and whether it is its packet's first."""

    data: int
    last: int
    kind: str
    error: int | None
    first: bool


def random_beats(config: AcceleratorConfig, images: NDArray[np.uint8], random: Random) -> list[Beat]:
    """Those of the images, with anything in bits that do not count; after each some of packets that are none."""
    found = []
    for image in noisy_packets(config, images, Random(0)):
        whole = len(image)
        found += [
            Beat(word, int(i == whole - 1), "whole", 0 if i == whole - 1 else None, i == 0)
            for i, word in enumerate(image)
        ]
        lengths = {"short": random.randint(1, whole), "one short": whole - 1, "one more": whole + 1}
        lengths |= {"many more": 3 * whole + 2, "twice": 2 * whole, "none": 0}
        for kind in random.choices(list(lengths), k=3):
            length = lengths[kind]
            if length != whole:
                data = [random.getrandbits(config.input_width) for _ in range(length)]
                found += [
                    Beat(word, int(i == length - 1), kind, 1 if i == min(whole, length) - 1 else None, i == 0)
                    for i, word in enumerate(data)
                ]
    return found


async def check_input_writer(
    port: Port, config: AcceleratorConfig, images: NDArray[np.uint8], seed: int, idle: float, slow: float
) -> set[str]:
    """Packets one after another, the first beat right after the reset; banks are released after a while.

    Where state lasts, beats say at random that a recording begins. Gives what was met.
    """
    random, met = Random(seed), set()
    each = images if config.inputs.static else images.swapaxes(0, 1)
    if config.streaming:  # a packet is a time step
        each = each.reshape(-1, 1, *each.shape[2:])
    expected = [stored_words(config, image) for image in each]
    beats = random_beats(config, images, random)
    banks: list[dict[int, int]] = [{}, {}]
    offering, number, read, release, error = True, 0, 0, 0, 0
    begins, recordings = 0, [True]  # of each packet that counts, and so far of the one that comes
    for cycle in range(200 * len(beats)):
        waiting = offering
        offering = offering or (number < len(beats) and random.random() >= idle)
        beat = beats[number] if offering else Beat(random.getrandbits(config.input_width), 1, "", None, False)
        values = {"valid": int(offering), "data": beat.data, "last": beat.last, "release": release}
        if config.lasts:
            begins = begins if waiting else random.randint(0, 3) // 3
            values["begins"] = begins
        for path, value in values.items():
            port.set(path, value)
        await port.tick()
        full, bank, release = port.get("full"), port.get("bank"), 0
        expect(port.get("error") == error, f"cycle {cycle}, beat {number}: error is {port.get('error')}")
        if port.get("write"):
            expect(not full >> bank & 1, f"cycle {cycle}: bank {bank} is written while it is full")
            address = port.get("address")
            banks[bank][address] = moved(config, banks[bank].get(address, -1), port.get("word"))
        if offering and port.get("ready"):
            met.add(beat.kind)
            error = error if beat.error is None else beat.error
            if beat.first and begins:
                met |= {"a recording begins"} | ({"one with a packet thrown away"} if beat.kind != "whole" else set())
                recordings[-1] = True
            if beat.error == 0:
                recordings.append(False)
            number, offering = number + 1, False
        elif offering:
            met.add("both banks are full" if full == 3 else "waits")
        if full >> read % 2 & 1 and random.random() >= slow:
            found = [banks[read % 2].get(address, -1) for address in range(config.input_words)]
            expect(found == expected[read], f"image {read} is stored as {found}, expected {expected[read]}")
            if config.lasts:
                first = port.get("first") >> read % 2 & 1
                expect(first == recordings[read], f"image {read} begins a recording: {first}")
            banks[read % 2], release, read = {}, 1 << read % 2, read + 1
        if read == len(expected) and number == len(beats):
            break
    expect(read == len(expected), f"{read} of {len(expected)} images came")
    return met
