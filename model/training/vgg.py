"""VGG-9 and VGG-16 with the channels and pooling of the MINT paper (arXiv 2305.09850), at any width."""

from torch import nn

from model.config import require
from model.training.layers import Conv, MaxPool, Readout, SumPool
from model.training.network import SpikingNetwork
from model.training.sizes import Size

VGG9 = (64, 64, "max", 128, 128, "max", 256, 256, 256, "global")
VGG16 = (64, 64, "max", 128, 128, "max", 256, 256, 256, "max", 512, 512, 512, "max", 512, 512, 512, "average")
"""Channels of convolutions 3 × 3 with padding 1, and pooling: ``max`` of spikes over 2 × 2, ``average`` over 2 × 2 or,
``global``, over all positions."""


def vgg9(size: Size) -> SpikingNetwork:
    """VGG-9 with batch norm, which the paper's has not: 1,736,896 weights, 245,760 neurons on 32 × 32 pixels."""
    return vgg(VGG9, size, batch_norm=True)


def vgg9_plain(size: Size) -> SpikingNetwork:
    """The paper's VGG-9, without batch norm."""
    return vgg(VGG9, size, batch_norm=False)


def vgg16(size: Size) -> SpikingNetwork:
    """VGG-16 with batch norm: 14,715,584 weights, 276,480 neurons on 32 × 32 pixels."""
    return vgg(VGG16, size, batch_norm=True)


def vgg(plan: tuple[int | str, ...], size: Size, *, batch_norm: bool) -> SpikingNetwork:
    """A chain of convolutions and pooling, and a readout."""
    inputs, extent, _ = size.input_shape
    halvings = sum(entry in ("max", "average") for entry in plan)
    require(
        extent % (1 << halvings) == 0,
        f"images of {extent}×{extent} pixels cannot be halved {halvings} times; give a multiple of {1 << halvings}",
    )
    layers: dict[str, nn.Module] = {}
    number = 0
    for entry in plan:
        if isinstance(entry, int):
            number += 1
            outputs = size.channels(entry)
            layers[f"conv{number}"] = Conv(
                inputs, outputs, 3, padding=1, precision=size.precision, batch_norm=batch_norm
            )
            inputs = outputs
        else:
            window = extent if entry == "global" else 2
            layers[f"pool{number}"] = MaxPool(2) if entry == "max" else SumPool(window)
            extent //= window
    layers["fc"] = Readout(inputs * extent**2, size.classes, precision=size.precision)
    return SpikingNetwork(layers, input_shape=size.input_shape, time_steps=size.time_steps)
