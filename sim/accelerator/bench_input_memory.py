"""Bench of the input memory: the words of a packet and of those before it can be read while the next one comes."""

from random import Random

import numpy as np
from numpy.typing import NDArray

from model.accelerator.config import AcceleratorConfig
from sim.accelerator.bench_input_writer import stored_words
from sim.accelerator.packets import noisy_packets
from sim.harness.checker import expect
from sim.harness.port import Port


async def check_input_memory(
    port: Port, config: AcceleratorConfig, images: NDArray[np.uint8], seed: int, idle: float
) -> set[str]:
    """Packet after packet, each read in a random order and with pauses, with those that windows see; gives what was
    met."""
    random, met = Random(seed), set()
    each = images if config.inputs.static else images.swapaxes(0, 1)
    if config.streaming:
        each = each.reshape(-1, 1, *each.shape[2:])
    expected = [stored_words(config, image) for image in each]
    banks, furthest = 1 << config.bank_bits, max((turn.back for turn in config.layers[0].history), default=0)
    beats = [
        (beat, int(i == len(packet) - 1))
        for packet in noisy_packets(config, images, random)
        for i, beat in enumerate(packet)
    ]
    sent, image, offering = 0, 0, False
    order: list[tuple[int, int]] | None = None  # packets before this one, and addresses, that are still to be read
    shown: int | None = None
    for _ in range(100 * (len(beats) + len(expected) * config.input_words)):
        offering = offering or (sent < len(beats) and random.random() >= idle)
        data, last = beats[sent] if offering else (random.getrandbits(config.input_width), 1)
        reads = bool(order) and random.random() < 0.7
        back, address = order[-1] if reads and order else (0, random.randrange(config.input_words))
        release = 1 << image % 2 if order == [] else 0
        values = {"valid": int(offering), "data": data, "last": last, "release": release}
        values |= {"bank": (image - back) % banks}
        values |= {"address": address, "read": int(reads)}
        for path, value in values.items():
            port.set(path, value)
        await port.tick()
        if shown is not None:
            expect(port.get("word") == shown, f"image {image}: {port.get('word')} was read, expected {shown}")
        expect(port.get("error") == 0, "a whole packet is malformed")
        taken = offering and port.get("ready")
        met |= {"read while the next one comes"} if taken and reads else set()
        met |= {"both banks are full"} if port.get("full") == 3 else set()
        sent, offering = sent + bool(taken), offering and not taken
        if reads and order:
            back, address = order.pop()
            shown = expected[image - back][address]
            met |= {"a packet of before"} if back else set()
            met |= {"as far as may be while the next one comes"} if back == furthest > 0 and taken else set()
        elif release:
            image, order, shown = image + 1, None, None
        if image == len(expected):
            break
        full = port.get("full") >> image % 2 & 1
        if order is None and not release and full and random.random() < 1 / config.input_words:
            backs = range(min(furthest, image) + 1)
            order = [(back, address) for back in backs for address in range(config.input_words)]
            random.shuffle(order)
    expect(image == len(expected), f"{image} of {len(expected)} images were read")
    return met
