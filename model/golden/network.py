"""Golden integer model of a whole network, layer by layer, all time steps of a chunk of images at a time.

Sums are matrix products in floating point, which are exact while every partial sum is an integer below
2^24 (float32) or 2^53 (float64); which of the two follows from the weights, and more is refused.
Inside, activations are [T, N, H, W, C]; what is handed out is [T, N, C, H, W].
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from model.errors import require
from model.network.graph import Layer, LayerKind, Pool, PoolKind, Readout, Source, State
from model.network.inputs import check_shape, check_values
from model.network.network import INPUT, Network
from model.neurons import Neuron

Array = NDArray[np.generic]
CHUNK = 100
"""Images at a time, at most: what fits the caches matters more than long matrix products."""
CHUNK_BYTES = 64 << 20
"""Of the widest layer's unrolled inputs, at most, if an image's are fewer."""


@dataclass(frozen=True)
class LayerTrace:
    """Every H, spike (before pooling) and stored U (after the reset) of a layer: [T, N, C, H, W]."""

    potential: NDArray[np.int32]
    spikes: NDArray[np.uint8]
    membrane: NDArray[np.int8]


def exact_float(network: Network, layer: Layer) -> type[np.floating]:
    """The narrowest float in which every partial sum of the layer is exact."""
    bound = 0
    for source in layer.sources:
        weight = np.abs(source.weight).reshape(len(source.weight), -1)  # no code is -128, which has no opposite
        bound += int(weight.sum(1, dtype=np.int64).max()) * network.largest_value(source.origin)
    require(bound < 2**53, f"layer {layer.name}: sums of up to {bound} are not exact in float64; narrow the layer")
    return np.float32 if bound < 2**24 else np.float64


def weighted_sum(x: Array, source: Source, kind: LayerKind, dtype: type[np.floating]) -> Array:
    """A = Σ W·x of one source: x [M, H, W, Cin] to [M, H', W', Cout]."""
    if kind == LayerKind.LINEAR:
        flat = x.transpose(0, 3, 1, 2).reshape(len(x), -1).astype(dtype)
        return (flat @ source.weight.T.astype(dtype))[:, None, None, :]
    pad, kernel = source.padding, source.weight.shape[2]
    x = np.pad(x.astype(dtype), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    # [M, H', W', kernel row, kernel column, Cin]: the last two are adjacent in memory.
    windows = sliding_window_view(x, (kernel, kernel), (1, 2))[:, :: source.stride, :: source.stride]
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    shape = windows.shape[:3]
    matrix = source.weight.transpose(2, 3, 1, 0).reshape(-1, len(source.weight)).astype(dtype)
    return (windows.reshape(-1, len(matrix)) @ matrix).reshape(*shape, -1)


def pooled(spikes: Array, pool: Pool | None) -> Array:
    """Max (an OR) or sum of spikes over size × size; odd ends are dropped. [M, H, W, C]."""
    if pool is None:
        return spikes
    m, height, width, channels = spikes.shape
    rows, columns = height // pool.size, width // pool.size
    cut = spikes[:, : rows * pool.size, : columns * pool.size]
    blocks = cut.reshape(m, rows, pool.size, columns, pool.size, channels)
    return blocks.max((2, 4)) if pool.kind == PoolKind.MAX else blocks.sum((2, 4), dtype=np.int32)


def _time_first(x: Array, steps: int) -> Array:
    return x.reshape(steps, -1, *x.shape[1:]).transpose(0, 1, 4, 2, 3)


def forward(
    network: Network,
    images: Array,
    observe: Callable[[str, LayerTrace], None] | None = None,
    membranes: dict[str, Any] | None = None,
) -> NDArray[np.int64]:
    """Integer logits [N, classes] of ``images`` [N, C, H, W] (pixels) or [T, N, C, H, W] (spikes, counts).

    Neurons start with the ``membranes`` of their layers, which are 0 where there are none, and leave theirs there.
    Where all time steps at once would unroll to more than :data:`CHUNK_BYTES`, they run in blocks.
    """
    traces: dict[str, list[LayerTrace]] = {}

    def keep(name: str, trace: LayerTrace) -> None:
        traces.setdefault(name, []).append(trace)

    told = keep if observe and block_steps(network) < network.time_steps else observe
    blocks = step_by_step(network, images, {} if membranes is None else membranes, told)
    total = sum(block.sum(0) for block in blocks)
    if observe:
        for name, parts in traces.items():
            observe(name, LayerTrace(*(np.concatenate(values) for values in zip(*map(_fields, parts), strict=True))))
    assert isinstance(total, np.ndarray)
    return total


def step_by_step(
    network: Network,
    images: Array,
    membranes: dict[str, Any],
    observe: Callable[[str, LayerTrace], None] | None = None,
) -> Iterator[NDArray[np.int64]]:
    """What each time step adds to the logits [steps, N, classes], a block of steps after the other."""
    steps, block = network.time_steps, block_steps(network)
    for start in range(0, steps, block):
        part = images if network.inputs.static else images[start : start + block]
        yield _forward(network, part, min(block, steps - start), membranes, observe)


def _fields(trace: LayerTrace) -> tuple[Array, Array, Array]:
    return trace.potential, trace.spikes, trace.membrane


def _forward(
    network: Network,
    images: Array,
    steps: int,
    membranes: dict[str, Any],
    observe: Callable[[str, LayerTrace], None] | None,
) -> NDArray[np.int64]:
    """What each of the next ``steps`` time steps adds to the logits [steps, N, classes]; ``membranes`` go on."""
    if network.inputs.static:
        values = {INPUT: images.transpose(0, 2, 3, 1)}
    else:
        values = {INPUT: images.transpose(0, 1, 3, 4, 2).reshape(-1, *np.roll(network.input_shape, -1))}
    for layer in network.layers:
        dtype = exact_float(network, layer)
        sums = sum(weighted_sum(values[s.origin], s, layer.kind, dtype) for s in layer.sources)
        assert isinstance(sums, np.ndarray)
        if layer.neuron is None:
            # Of readout sum: no leak, no threshold, no saturation.
            each = sums.astype(np.int64).reshape(steps, -1, layer.channels)
            return each + layer.bias.astype(np.int64)
        whole = sums.astype(np.int64).astype(np.int32)
        spikes, potentials = _fire(network, layer, layer.neuron, whole, steps, membranes, values, observe)
        if layer is network.layers[-1]:
            read = spikes if layer.readout == Readout.COUNT else potentials
            return read.astype(np.int64).reshape(steps, -1, layer.channels)
        values[layer.name] = pooled(spikes, layer.pool)
    raise AssertionError("a network has layers")


def _fire(
    network: Network,
    layer: Layer,
    neuron: Neuron,
    sums: NDArray[np.int32],
    steps: int,
    state: dict[str, Any],
    values: dict[str, Array],
    observe: Callable[[str, LayerTrace], None] | None,
) -> tuple[NDArray[np.uint8], Any]:
    """Spikes of ``steps`` time steps of one layer's neurons, from the membranes in ``state`` on; and their potentials,
    if anybody asks for them."""
    static = network.is_static(layer)
    sums = sums.reshape(1 if static else steps, -1, *sums.shape[1:])
    shape = (steps, *sums.shape[1:])
    never = np.full(layer.channels, np.iinfo(np.int32).max)
    threshold: Any = never if layer.threshold is None else layer.threshold
    membrane: Any = state.get(layer.name, np.zeros(shape[1:], np.int32))
    spikes = np.empty(shape, np.uint8)
    asked = observe is not None or layer.readout == Readout.MEMBRANE
    potentials = np.empty(shape, np.int32) if asked else None
    membranes = np.empty(shape, np.int8) if asked else None
    skipped = values[layer.skip].reshape(shape) if layer.skip else None
    for t in range(steps):
        bias: Any = layer.bias.astype(np.int32)  # narrow integers: four times the speed of wide ones
        if skipped is not None:
            assert layer.skip_bias is not None
            bias = np.where(skipped[t] > 0, bias + layer.skip_bias, bias)
        potential, spike, membrane = neuron.step(sums[0 if static else t], bias, membrane, threshold)
        spikes[t] = spike
        if potentials is not None and membranes is not None:
            potentials[t], membranes[t] = potential, membrane if neuron.state_bits else 0
    state[layer.name] = membrane
    if observe and potentials is not None and membranes is not None:
        trace = (_time_first(x.reshape(-1, *shape[2:]), steps) for x in (potentials, spikes, membranes))
        observe(layer.name, LayerTrace(*trace))  # type: ignore[arg-type]
    return spikes.reshape(-1, *shape[2:]), potentials


def classify(logits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Class of each image: the lowest index of the maximum."""
    return logits.argmax(1)


def _unrolled_bytes(network: Network, layer: Layer) -> int:
    """Of a layer's unrolled inputs, of an image and a time step."""
    _, height, width = network.shapes[layer.name]
    fan_in = max(source.fan_in for source in layer.sources)
    return fan_in * height * width * np.dtype(exact_float(network, layer)).itemsize


def block_steps(network: Network) -> int:
    """Time steps at a time: as many as keep an image's unrolled inputs within :data:`CHUNK_BYTES`."""
    widest = max(_unrolled_bytes(network, layer) for layer in network.layers)
    return max(1, min(network.time_steps, CHUNK_BYTES // widest))


def chunk_size(network: Network) -> int:
    """Images at a time: as many as keep every layer's unrolled inputs within :data:`CHUNK_BYTES`."""
    widest = max(
        _unrolled_bytes(network, layer) * (1 if network.is_static(layer) else network.time_steps)
        for layer in network.layers
    )
    return max(1, min(CHUNK, CHUNK_BYTES // widest))


def chunks(network: Network, images: Array) -> Iterator[tuple[slice, Array]]:
    """Slices of ``images`` along N with the data; refuses images that the network does not take."""
    axis = network.inputs.axis
    size = chunk_size(network)
    check_images(network, images)
    for start in range(0, images.shape[axis], size):
        part = slice(start, min(start + size, images.shape[axis]))
        yield part, images[part] if axis == 0 else images[:, part]


def recordings(network: Network, images: Array) -> Iterator[tuple[Array, dict[str, Any]]]:
    """``images`` in parts along N, as hardware runs them one after another, with the membranes that each starts with.

    Where state lasts, all of them are one recording, and each goes on with the membranes that the one before has left.
    """
    if network.state == State.IMAGE:
        for _, part in chunks(network, images):
            yield part, {}
        return
    check_images(network, images)
    axis, membranes = network.inputs.axis, dict[str, Any]()
    for image in range(images.shape[axis]):
        yield images.take([image], axis), membranes


def check_images(network: Network, images: Array) -> None:
    """Refuse images of another shape, type or range than the network's input."""
    inputs = network.inputs
    require(isinstance(images, np.ndarray), f"images are a {type(images).__name__}; give an array of NumPy")
    check_shape(images.shape, inputs, input_shape=network.input_shape, time_steps=network.time_steps)
    require(
        np.issubdtype(images.dtype, np.integer) or images.dtype == bool,
        f"images are {images.dtype}; the network takes {inputs.name}, integers 0 to {inputs.largest}",
    )
    check_values(int(images.min()), int(images.max()), inputs)


def run(network: Network, images: Array) -> dict[str, Array]:
    """Everything about ``images``: NAME.spikes, NAME.potential, NAME.membrane of spiking layers, and logits.

    Where state lasts, all images are one recording.
    """
    found: dict[str, list[Array]] = {}

    def observe(name: str, trace: LayerTrace) -> None:
        for key in ("spikes", "potential", "membrane"):
            found.setdefault(f"{name}.{key}", []).append(getattr(trace, key))

    logits = [forward(network, part, observe, membranes) for part, membranes in recordings(network, images)]
    return {key: np.concatenate(parts, 1) for key, parts in found.items()} | {"logits": np.concatenate(logits)}
