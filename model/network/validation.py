"""Whether a network can be run: every refusal is one sentence with layer, value, limit and fix.

A network that does not exist yet is judged by its parts, in the order in which they are listed: no method of a layer is
asked for before what it relies on was checked.
"""

import sys
from collections.abc import Mapping, Sequence

import numpy as np

from model.errors import require
from model.files.text import shown
from model.inputs import Inputs, inputs_of
from model.network.graph import INPUT, Layer, LayerKind, PoolKind, Readout, Shape, Source
from model.network.ranges import accumulator_width

LARGEST_ACCUMULATOR = 32
LARGEST_TIME_STEPS = 1 << 16
LARGEST_EXTENT = 1 << 16
"""Channels, rows or columns of the input or a layer; classes."""
LARGEST_MAP = 1 << 24
"""Values of the input, or neurons of a layer, in a time step."""
LARGEST_NETWORK = 10_000
"""Layers."""
LONGEST_NAME = 200
"""In characters."""


def largest_values(inputs: Inputs, layers: Sequence[Layer]) -> dict[str, int]:
    """Greatest integer that the input and each layer hand on."""
    return {INPUT: inputs.largest} | {layer.name: layer.largest for layer in layers}


def checked(
    name: str, inputs: Inputs, input_shape: Shape, time_steps: int, layers: Sequence[Layer]
) -> dict[str, Shape]:
    """The neurons of every layer: channels, height, width. UserError for what golden model or hardware cannot run."""
    known = inputs_of(inputs.name, inputs.planes)
    require(inputs == known, f"{inputs!r}: this release runs {known!r}")
    require(
        name.isprintable() and len(name) <= LONGEST_NAME,
        f"the network's name {shown(name)}; give at most {LONGEST_NAME} characters that can be printed",
    )
    require(
        len(input_shape) == 3 and min(input_shape) >= 1,
        f"input shape {shown(input_shape)}; give channels, height and width, each at least 1",
    )
    _check_size("the input", input_shape)
    require(
        1 <= time_steps <= LARGEST_TIME_STEPS,
        f"{time_steps} time steps; choose 1 to {LARGEST_TIME_STEPS}",
    )
    require(
        1 <= len(layers) <= LARGEST_NETWORK,
        f"the network has {len(layers) or 'no'} layers; give 1 to {LARGEST_NETWORK:,}",
    )
    outputs, largest, shapes = {INPUT: input_shape}, largest_values(inputs, ()), dict[str, Shape]()
    for layer in layers:
        where = f"layer {layer.name}"
        _check_kind(where, layer, outputs, layer is layers[-1])
        _check_parameters(where, layer, layer is layers[-1])
        for source in layer.sources:
            _check_source(where, layer, source, outputs)
        if inputs.static and any(s.origin == INPUT for s in layer.sources):
            require(
                len(layer.sources) == 1 and layer.skip is None and layer.spiking and layer is not layers[-1],
                f"{where}: a layer that reads {inputs.name} is not the last, has neurons, and no second source or skip",
            )
        neurons = layer.neuron_shape(outputs)
        _check_size(where, neurons)
        require(
            layer is not layers[-1] or neurons[1:] == (1, 1),
            f"{where}: the last layer gives {neurons[1]}×{neurons[2]} positions and must give one; "
            "make it linear, or its kernel as large as its input",
        )
        if layer.pool is not None:
            require(layer is not layers[-1], f"{where}: the last layer has no pooling; remove it")
            _check_pool(where, layer, neurons)
        if layer.skip is not None:
            _check_skip(where, layer.skip, outputs, largest, neurons)
        width = accumulator_width(layer, largest, time_steps)
        require(
            width <= LARGEST_ACCUMULATOR,
            f"{where}: potentials need {width} bits; an array has at most {LARGEST_ACCUMULATOR}; "
            "lower bias, threshold or weight_width",
        )
        shapes[layer.name] = neurons
        outputs[layer.name], largest[layer.name] = layer.pooled(neurons), layer.largest
    return shapes


def check_name(name: str, where: str) -> None:
    """Refuse a layer's name that could not be one in Verilog or the name of a file."""
    require(
        name.replace("_", "a").isalnum() and name.isascii() and len(name) <= LONGEST_NAME,
        f"{where}: a name has letters, digits and _ only, at most {LONGEST_NAME}; rename it",
    )


def _check_size(where: str, shape: Shape) -> None:
    channels, height, width = shape
    require(
        max(shape) <= LARGEST_EXTENT and channels * height * width <= LARGEST_MAP,
        f"{where}: {channels}×{height}×{width} values; give at most {LARGEST_EXTENT:,} channels, rows and columns, "
        f"and {LARGEST_MAP:,} in all",
    )


def _check_kind(where: str, layer: Layer, outputs: Mapping[str, Shape], last: bool) -> None:
    require(layer.name not in outputs, f"{where}: the name is taken; rename it")
    check_name(layer.name, where)
    require(layer.kind in list(LayerKind), f"{where}: kind {str(layer.kind)!r}; choose one of {', '.join(LayerKind)}")
    require(
        layer.spiking or last,
        f"{where}: it has no neurons; every layer but the last has some",
    )
    require(
        not last or layer.readout != Readout.MEMBRANE or getattr(layer.neuron, "reset", "none") == "none",
        f"{where}: its neurons never fire, so that nothing resets them; give reset none, or thresholds",
    )
    require(len(layer.sources) > 0, f"{where}: it has no source; name at least one")
    require(
        layer.step is None or 0 < layer.step <= sys.float_info.max,
        f"{where}: step {layer.step}; give the size of a step, a number above 0, or null",
    )


def _check_pool(where: str, layer: Layer, neurons: Shape) -> None:
    assert layer.pool is not None
    require(
        layer.pool.kind in list(PoolKind),
        f"{where}: pool {str(layer.pool.kind)!r}; choose one of {', '.join(PoolKind)}",
    )
    _, height, width = neurons
    require(
        1 <= layer.pool.size <= min(height, width),
        f"{where}: pool size {layer.pool.size} on {height}×{width} neurons; choose 1 to {min(height, width)}",
    )


def _check_skip(
    where: str, skip: str, outputs: Mapping[str, Shape], largest: Mapping[str, int], neurons: Shape
) -> None:
    require(skip in outputs, f"{where}: skip {skip!r} is no earlier layer; name one")
    shape = outputs[skip]
    require(
        shape == neurons,
        f"{where}: skip {skip!r} is {shape}, the neurons are {neurons}; an identity needs the same",
    )
    require(
        largest[skip] == 1,
        f"{where}: skip {skip!r} hands on up to {largest[skip]}; an identity skips spikes only",
    )


def _check_source(where: str, layer: Layer, source: Source, outputs: Mapping[str, Shape]) -> None:
    require(
        source.origin in outputs,
        f"{where}: source {source.origin!r} is neither 'input' nor an earlier layer; name one of them",
    )
    limit = layer.code.limit
    weight = source.weight
    require(
        np.issubdtype(weight.dtype, np.integer) and weight.size > 0,
        f"{where}: weights are {weight.dtype} {list(weight.shape)}; store integer codes as int8",
    )
    worst = max(int(weight.min()), int(weight.max()), key=abs)
    require(
        abs(worst) <= limit,
        f"{where}: weight {worst} is beyond ±{limit} of {layer.code.bits} bits; requantise it, or widen the code",
    )
    require(
        len(layer.code.levels) > 2 * limit or bool(np.isin(weight, layer.code.levels).all()),
        f"{where}: a weight is none of {', '.join(map(str, layer.code.levels))}, which {layer.code.name} has; "
        "requantise it",
    )
    inputs, height, width = outputs[source.origin]
    if layer.kind == LayerKind.LINEAR:
        require(
            weight.ndim == 2 and weight.shape[1] == inputs * height * width,
            f"{where}: weight shape {list(weight.shape)} on {inputs}×{height}×{width} inputs; "
            f"it needs [{layer.channels}, {inputs * height * width}]",
        )
        require(
            source.stride == 1 and source.padding == 0,
            f"{where}: stride {source.stride} and padding {source.padding}; a linear layer has stride 1 and padding 0",
        )
        return
    require(
        weight.ndim == 4 and weight.shape[1] == inputs and weight.shape[2] == weight.shape[3],
        f"{where}: weight shape {list(weight.shape)} on {inputs} input channels; "
        f"it needs [{layer.channels}, {inputs}, k, k]",
    )
    require(1 <= source.stride <= 16, f"{where}: stride {source.stride}; choose 1 to 16")
    require(0 <= source.padding <= 16, f"{where}: padding {source.padding}; choose 0 to 16")
    require(
        weight.shape[2] <= min(height, width) + 2 * source.padding,
        f"{where}: a {weight.shape[2]}×{weight.shape[2]} kernel on {height}×{width} inputs "
        f"with padding {source.padding} leaves no output; make it smaller",
    )
    first = layer.sources[0]
    _, first_height, first_width = outputs[first.origin]
    own = source.positions(height), source.positions(width)
    others = first.positions(first_height), first.positions(first_width)
    require(
        own == others,
        f"{where}: source {source.origin!r} gives {own[0]}×{own[1]} positions, "
        f"{first.origin!r} {others[0]}×{others[1]}; they must agree",
    )


def _check_parameters(where: str, layer: Layer, last: bool) -> None:
    outputs = {len(source.weight) if source.weight.ndim else 0 for source in layer.sources}
    expected = {
        "bias": (layer.bias, True),
        "threshold": (layer.threshold, layer.spiking and not (last and layer.readout == Readout.MEMBRANE)),
        "skip_bias": (layer.skip_bias, layer.skip is not None),
    }
    for key, (values, wanted) in expected.items():
        require((values is not None) == wanted, f"{where}: tensor {key} is {'missing' if wanted else 'not used here'}")
        if values is not None:
            require(
                np.issubdtype(values.dtype, np.integer) and values.ndim == 1 and outputs == {len(values)},
                f"{where}: {key} is {values.dtype} {list(values.shape)}; "
                f"it needs one integer for each of {sorted(outputs)} output channels",
            )
            worst = max(int(values.min()), int(values.max()), key=abs)
            require(
                -(1 << 31) <= worst < 1 << 31, f"{where}: {key} {worst} is beyond the integers of 32 bits; lower it"
            )
