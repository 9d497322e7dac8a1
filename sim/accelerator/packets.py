"""Images as packets of the accelerator's input stream, and logits as its output packets."""

from random import Random

import numpy as np
from numpy.typing import NDArray

from hdl.accelerator.contents import input_packets
from hdl.verilog.words import from_bits, to_bits, to_integers
from model.accelerator.config import AcceleratorConfig
from model.accelerator.events import END_OF_STEP, event_packets


def packets(config: AcceleratorConfig, images: NDArray[np.uint8]) -> list[list[int]]:
    """The beats of every image: [N, C, H, W] pixels or [T, N, C, H, W] spikes."""
    return [to_integers(packet) for packet in input_packets(config, images)]


def noisy_packets(config: AcceleratorConfig, images: NDArray[np.uint8], random: Random) -> list[list[int]]:
    """As :func:`packets`, with anything in the bits that do not count; events in any order, some several times."""
    if config.events:
        seed = np.random.default_rng(random.getrandbits(32))
        noisy = event_packets(images, config.frame_steps, seed, config.inputs.largest)
        return [
            [beat | (random.getrandbits(31) if beat & END_OF_STEP else 0) for beat in each.tolist()] for each in noisy
        ]
    counting = packets(config, np.full_like(images, config.inputs.largest))
    return [
        [beat | random.getrandbits(config.input_width) & ~bits for beat, bits in zip(*each, strict=True)]
        for each in zip(packets(config, images), counting, strict=True)
    ]


def results(logits: NDArray[np.int64]) -> list[list[int]]:
    """The beats of every image's result: logits [N, classes], then the class."""
    return [[*map(int, row), int(row.argmax())] for row in logits]


def signed_word(word: int, width: int = 32) -> int:
    """The signed number in a beat."""
    return int(from_bits(to_bits([word], width), signed=True))
