"""VGG-9 and VGG-16 with the channels and pooling of the MINT paper (arXiv 2305.09850), at any width."""

from torch import nn

from model.network.shapes import VGG9, VGG16, Plan, check_images, halvings
from model.training.layers import Conv, MaxPool, Readout, SumPool
from model.training.network import SpikingNetwork
from model.training.sizes import Size


def vgg9(size: Size) -> SpikingNetwork:
    """VGG-9 with batch norm, which the paper's has not: 1,736,896 weights, 245,760 neurons on 32 × 32 pixels."""
    return vgg(VGG9, size, batch_norm=True)


def vgg9_plain(size: Size) -> SpikingNetwork:
    """The paper's VGG-9, without batch norm."""
    return vgg(VGG9, size, batch_norm=False)


def vgg16(size: Size) -> SpikingNetwork:
    """VGG-16 with batch norm: 14,715,584 weights, 276,480 neurons on 32 × 32 pixels."""
    return vgg(VGG16, size, batch_norm=True)


def vgg(plan: Plan, size: Size, *, batch_norm: bool) -> SpikingNetwork:
    """A chain of convolutions and pooling, and a readout."""
    check_images(size.input_shape, halvings(plan))
    inputs, extent, _ = size.input_shape
    layers: dict[str, nn.Module] = {}
    number = 0
    for entry in plan:
        if isinstance(entry, int):
            number += 1
            outputs = size.channels(entry)
            precision = size.ends if number == 1 else size.precision
            layers[f"conv{number}"] = Conv(inputs, outputs, 3, padding=1, precision=precision, batch_norm=batch_norm)
            inputs = outputs
        else:
            window = extent if entry == "global" else 2
            layers[f"pool{number}"] = MaxPool(2) if entry == "max" else SumPool(window)
            extent //= window
    layers["fc"] = Readout(inputs * extent**2, size.classes, precision=size.ends)
    return SpikingNetwork(layers, input_shape=size.input_shape, time_steps=size.time_steps)
