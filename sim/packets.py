"""Images as packets of the accelerator's input stream, and logits as its output packets."""

import numpy as np
from numpy.typing import NDArray

from hdl.words import from_bits, to_bits
from model.accelerator import AcceleratorConfig
from model.config import PIXEL_BITS


def packets(config: AcceleratorConfig, images: NDArray[np.uint8]) -> list[list[int]]:
    """The beats of every image: [N, C, H, W] pixels or [T, N, C, H, W] spikes.

    A convolution takes a position's channels a beat, row after row; a linear layer its inputs, channel after channel.
    Spikes come time step after time step. What a beat has beyond the last input is 0.
    """
    first = config.layers[0]
    pixels = config.input_kind == "pixels"
    steps = images[:, None] if pixels else images.swapaxes(0, 1)  # [N, T, C, H, W]
    count, rounds = steps.shape[:2]
    if first.source_map == config.input_shape[1:]:
        steps = steps.transpose(0, 1, 3, 4, 2)
    positions = steps.reshape(count, rounds, -1, first.source_channels)
    missing = -first.source_channels % config.beat_values
    values = np.pad(positions, ((0, 0), (0, 0), (0, 0), (0, missing))).reshape(count, -1, config.beat_values)
    bits = to_bits(values, PIXEL_BITS if pixels else 1)
    packed = np.packbits(bits, axis=-1, bitorder="little")
    return [[int.from_bytes(beat.tobytes(), "little") for beat in image] for image in packed]


def results(logits: NDArray[np.int64]) -> list[list[int]]:
    """The beats of every image's result: logits [N, classes], then the class."""
    return [[*map(int, row), int(row.argmax())] for row in logits]


def signed_word(word: int, width: int = 32) -> int:
    """The signed number in a beat."""
    return int(from_bits(to_bits([word], width), signed=True))
