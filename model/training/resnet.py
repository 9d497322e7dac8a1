"""ResNet-19 with the stages of the MINT paper (arXiv 2305.09850), its joins by our law, at any width."""

from torch import nn

from model.network.shapes import HIDDEN, STAGES, STEM, check_images
from model.training.layers import Branch, Conv, Join, Linear, Readout, SumPool
from model.training.network import SpikingNetwork
from model.training.sizes import Size


def resnet19(size: Size) -> SpikingNetwork:
    """ResNet-19: 12.62 M weights, 393,472 neurons on 32 × 32 pixels.

    A join has one batch norm after the sum of its branches; the paper's network normalises each by itself, which
    cannot be exact in integers.
    """
    precision = size.precision
    extent = size.input_shape[1]
    check_images(size.input_shape, len(STAGES))
    inputs = size.channels(STEM)
    layers: dict[str, nn.Module] = {"stem": Conv(size.input_shape[0], inputs, 3, padding=1, precision=size.ends)}
    sources: dict[str, tuple[str, ...]] = {}
    before = "stem"
    for stage, (channels, blocks) in enumerate(STAGES, 1):
        outputs = size.channels(channels)
        for block in range(1, blocks + 1):
            conv, join = f"stage{stage}_conv{block}", f"stage{stage}_join{block}"
            stride = 2 if block == 1 else 1
            branches = [Branch(outputs, 3, padding=1)] + [Branch(inputs, 1, stride=2)] * (block == 1)
            layers[conv] = Conv(inputs, outputs, 3, stride=stride, padding=1, precision=precision)
            layers[join] = Join(branches, outputs, skip=block > 1, precision=precision)
            sources[join] = (conv, before)
            inputs, before = outputs, join
    hidden = size.channels(HIDDEN)
    layers["pool"] = SumPool(extent >> len(STAGES))
    layers["hidden"] = Linear(inputs, hidden, precision=precision)
    layers["fc"] = Readout(hidden, size.classes, precision=size.ends)
    return SpikingNetwork(layers, input_shape=size.input_shape, time_steps=size.time_steps, sources=sources)
