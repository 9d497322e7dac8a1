"""The named networks."""

from collections.abc import Callable

from model.config import Precision
from model.datasets import moving_digits
from model.errors import require
from model.training.layers import Conv, Linear, MaxPool, Readout
from model.training.network import SpikingNetwork
from model.training.recorded import gesture, nmnist
from model.training.resnet import resnet19
from model.training.sizes import Size
from model.training.vgg import vgg9, vgg9_plain, vgg16

__all__ = [
    "FIXED",
    "PHOTOGRAPHED",
    "RECORDED",
    "SCALABLE",
    "Size",
    "SpikingNetwork",
    "digits",
    "fashion",
    "mlp",
    "moving",
    "named",
    "pooled",
]


def fashion(precision: Precision | None) -> SpikingNetwork:
    """Three strided convolutions and a readout on 28 × 28 grey pixels: 66 k weights, 10,432 neurons.

    Strides instead of pooling: more channels for the same cycles, and more accurate at 2 bits than :func:`pooled`.
    """
    return SpikingNetwork(
        {
            "conv1": Conv(1, 32, 5, stride=2, padding=2, precision=precision),
            "conv2": Conv(32, 64, 3, stride=2, padding=1, precision=precision),
            "conv3": Conv(64, 64, 3, stride=2, padding=1, precision=precision),
            "fc": Readout(4 * 4 * 64, 10, precision=precision),
        },
        input_shape=(1, 28, 28),
    )


def pooled(precision: Precision | None) -> SpikingNetwork:
    """conv24-pool-conv40-pool-fc10 on 28 × 28 grey pixels: 23 k weights, 24,576 neurons; for 4 and 8 bits."""
    return SpikingNetwork(
        {
            "conv1": Conv(1, 24, 3, padding=1, precision=precision),
            "pool1": MaxPool(2),
            "conv2": Conv(24, 40, 3, precision=precision),
            "pool2": MaxPool(2),
            "fc": Readout(6 * 6 * 40, 10, precision=precision),
        },
        input_shape=(1, 28, 28),
    )


def mlp(precision: Precision | None) -> SpikingNetwork:
    """784-128-10 on 28 × 28 grey pixels, the network by which small accelerators are compared: 102 k weights."""
    return SpikingNetwork(
        {"fc1": Linear(784, 128, precision=precision), "fc2": Readout(128, 10, precision=precision)},
        input_shape=(1, 28, 28),
    )


def digits(precision: Precision | None) -> SpikingNetwork:
    """A first try in seconds: scikit-learn's 8 × 8 digits."""
    return SpikingNetwork(
        {
            "conv1": Conv(1, 16, 3, padding=1, precision=precision),
            "pool1": MaxPool(2),
            "fc": Readout(4 * 4 * 16, 10, precision=precision),
        },
        input_shape=(1, 8, 8),
    )


def moving(precision: Precision | None) -> SpikingNetwork:
    """conv16-fc128-fc20 on recordings of moving digits, spikes 2 × 12 × 12 of 8 steps: 77 k weights, 704 neurons."""
    return SpikingNetwork(
        {
            "conv1": Conv(2, 16, 3, stride=2, padding=1, precision=precision),
            "fc2": Linear(6 * 6 * 16, 128, precision=precision),
            "fc3": Readout(128, moving_digits.CLASSES, precision=precision),
        },
        input_shape=moving_digits.SHAPE,
        time_steps=moving_digits.TIME_STEPS,
        input_kind="spikes",
    )


FIXED: dict[str, Callable[[Precision | None], SpikingNetwork]] = {
    "fashion": fashion,
    "pooled": pooled,
    "mlp": mlp,
    "digits": digits,
    "moving": moving,
}
"""Networks of one size."""

PHOTOGRAPHED: dict[str, Callable[[Size], SpikingNetwork]] = {
    "vgg9": vgg9,
    "vgg9-plain": vgg9_plain,
    "vgg16": vgg16,
    "resnet19": resnet19,
}
RECORDED: dict[str, Callable[[Size], SpikingNetwork]] = {"nmnist": nmnist, "gesture": gesture}
SCALABLE = PHOTOGRAPHED | RECORDED
"""Networks of any width and any T, for any square images or recordings."""


def named(name: str, size: Size) -> SpikingNetwork:
    """A network by name."""
    names = ", ".join((*FIXED, *SCALABLE))
    require(name in FIXED or name in SCALABLE, f"network {name!r} is not known; choose {names} or give file.py:Name")
    if name in SCALABLE:
        return SCALABLE[name](size)
    network = FIXED[name](size.precision)
    require(
        size.width == 1 and size.time_steps == network.time_steps and not size.ends_bits,
        f"network {name} has one size, one precision and T = {network.time_steps}; width, time steps and ends are for "
        f"{', '.join(SCALABLE)}",
    )
    return network
