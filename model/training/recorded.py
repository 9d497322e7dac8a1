"""Networks for recordings of event cameras: strided convolutions on spikes, or counts, of two polarities."""

from model.datasets.events.recording import POLARITIES
from model.errors import require
from model.inputs import COUNTS, SPIKES
from model.training.layers import Conv, Readout
from model.training.network import SpikingNetwork
from model.training.sizes import Size


def nmnist(size: Size) -> SpikingNetwork:
    """conv16-conv32-conv32-fc: 22 k weights, 8,016 neurons on N-MNIST's 34 × 34 pixels."""
    return recorded((16, 32, 32), size)


def gesture(size: Size) -> SpikingNetwork:
    """conv16-conv32-conv64-fc: 35 k weights, 7,168 neurons on 32 × 32 pixels of Gesture."""
    return recorded((16, 32, 64), size)


def recorded(plan: tuple[int, ...], size: Size) -> SpikingNetwork:
    """A chain of 3 × 3 convolutions, each halving rows and columns, and a readout."""
    inputs, extent, _ = size.input_shape
    require(
        inputs == POLARITIES,
        f"images of {inputs} channels; this network takes events of two polarities, of a data set of recordings",
    )
    layers: dict[str, Conv | Readout] = {}
    for number, count in enumerate(plan, 1):
        outputs = size.channels(count)
        precision = size.ends if number == 1 else size.precision
        layers[f"conv{number}"] = Conv(inputs, outputs, 3, stride=2, padding=1, precision=precision)
        inputs, extent = outputs, (extent + 1) // 2
    layers["fc"] = Readout(inputs * extent**2, size.classes, precision=size.ends)
    return SpikingNetwork(
        layers,
        input_shape=size.input_shape,
        time_steps=size.time_steps,
        input_kind=SPIKES.name if size.count_bits == 1 else COUNTS,
        input_bits=size.count_bits,
    )
