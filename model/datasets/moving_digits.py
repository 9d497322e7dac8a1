"""``moving-digits``: event recordings of the digits in motion, in pairs of classes that only order in time tells apart.

An image is moved round a triangle in three saccades with rests between them, as N-MNIST's are. A frame has two
channels, what became brighter and what darker by :data:`THRESHOLD` or more; a frame of a rest is empty. Digit d is
recorded twice: class d has the frames in their order, class d + 10 the same frames in reverse order. So nothing that
sums a function of single frames over time gets more than one of each pair right, 50 % of any split.

The start in time (one of T, the path is closed) and the place (2 × 2) follow from the image's CRC-32.
"""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from model.datasets.split import Split

TIME_STEPS = 8
SIDE = 12
"""Height and width of a frame."""
CLASSES = 20
SHAPE = (2, SIDE, SIDE)
CORNERS = ((0, 0), (3, 1), (1, 3))
"""Rows and columns of the triangle; rests are there."""
SACCADES = (0, 3, 6)
"""Time steps of the saccade from each corner to the next; rests of two steps, two and one."""
THRESHOLD = 64
"""Of 255."""


def recorded(split: Split) -> Split:
    """Both recordings [2 N, T, 2, H, W] of each of the images [N, 1, 8, 8], one after the other."""
    hashes = np.array([crc32(image.tobytes()) for image in split.images], np.int64)
    jitter = np.stack([hashes & 1, hashes >> 1 & 1], 1)
    views = [_placed(split.images[:, 0], jitter + np.array(corner)) for corner in CORNERS]
    frames = np.zeros((len(split), TIME_STEPS, *SHAPE), np.uint8)
    for number, step in enumerate(SACCADES):
        change = views[(number + 1) % len(views)] - views[number]
        frames[:, step] = np.stack([change >= THRESHOLD, change <= -THRESHOLD], 1)
    steps = (np.arange(TIME_STEPS) + (hashes >> 2)[:, None]) % TIME_STEPS
    forwards = np.take_along_axis(frames, steps[:, :, None, None, None], 1)
    both = np.stack([forwards, forwards[:, ::-1]], 1)
    labels = np.stack([split.labels, split.labels + CLASSES // 2], 1)
    return Split(both.reshape(-1, TIME_STEPS, *SHAPE), labels.reshape(-1))


def _placed(images: NDArray[np.uint8], corner: NDArray[np.int64]) -> NDArray[np.int16]:
    """Images [N, h, w] with their upper left pixels at ``corner`` [N, 2] of a dark canvas [N, H, W]."""
    canvas = np.zeros((len(images), SIDE, SIDE), np.int16)
    rows = corner[:, :1] + np.arange(images.shape[1])
    columns = corner[:, 1:] + np.arange(images.shape[2])
    canvas[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]] = images
    return canvas
