"""Images as packets of the accelerator's input stream, and logits as its output packets."""

from random import Random

import numpy as np
from numpy.typing import NDArray

from hdl.accelerator.contents import image_beats
from hdl.verilog.words import from_bits, to_bits
from model.accelerator.config import AcceleratorConfig


def packets(config: AcceleratorConfig, images: NDArray[np.uint8]) -> list[list[int]]:
    """The beats of every image: [N, C, H, W] pixels or [T, N, C, H, W] spikes."""
    packed = np.packbits(image_beats(config, images), axis=-1, bitorder="little")
    return [[int.from_bytes(beat.tobytes(), "little") for beat in image] for image in packed]


def noisy_packets(config: AcceleratorConfig, images: NDArray[np.uint8], random: Random) -> list[list[int]]:
    """As :func:`packets`, with anything in the bits that do not count."""
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
