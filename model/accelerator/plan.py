"""From a network to the accelerator that runs it: what its layers may choose, and where everything lies."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from model.accelerator.config import (
    INPUT_WORD,
    LARGEST_LANES,
    LARGEST_STORED_STEPS,
    STREAMING,
    WINDOW_BITS,
    WINDOW_WORD,
    AcceleratorConfig,
    Choice,
)
from model.accelerator.events import EVENTS, FRAMES, INPUT_STREAMS
from model.accelerator.history import turns
from model.accelerator.layer_plan import DATAFLOWS, SKIP, SYSTOLIC, TIME_PARALLEL, LayerPlan
from model.arithmetic import signed_width
from model.errors import require
from model.network.graph import Layer, LayerKind, PoolKind, Source, State
from model.network.network import INPUT, Network
from model.neurons import MemoryFree, Neuron


def default_share(network: Network) -> int:
    """Lanes that share a neuron unit, unless somebody says otherwise.

    A convolution fires at every position, so each lane has its own unit and goes on meanwhile; a network of linear
    layers fires a few times per image, and sixteen lanes may wait for one: fewer
    tables, and 4 % more cycles than with eight.
    """
    return 16 if all(layer.kind == LayerKind.LINEAR for layer in network.layers) else 1


def choices(network: Network, layer: Layer, lanes: int) -> list[Choice]:
    """What may be worth while for a layer: ``skip``, then all with rows that a dense layer would be faster with.

    More rows need more copies of the weights, so in the end more groups. Of positions, those with fewer passes than
    with fewer rows, and, where spikes of few channels pass through a window, those whose spikes are stored at once. A
    layer that joins others, or is added as it is, has none.
    """
    found = [(SKIP, 1)]
    if layer is network.layers[-1] or joins(network, layer):
        return found
    columns, steps = network.shapes[layer.name][2], network.time_steps

    def passes(rows: int, positions: int, times: int) -> int:
        return -(-layer.channels // (lanes // rows)) * -(-columns // positions) * times

    least = alone = passes(1, 1, steps)
    together = planes_of(network, layer) == 1 and not isinstance(layer.neuron, MemoryFree)
    if together and 1 < steps <= lanes and passes(steps, 1, 1) < alone:
        found.append((TIME_PARALLEL, steps))
    pool = layer.pool.size if layer.pool and layer.pool.kind == PoolKind.MAX else 1
    first = layer is network.layers[0] and layer.kind != LayerKind.LINEAR and not network.is_static(layer)
    windowed = first and layer.sources[0].fan_in <= WINDOW_WORD
    for rows in range(max(2, pool), min(lanes, columns + pool - 1) + 1):
        at_once = windowed and (rows // pool).bit_count() == 1 and passes(rows, rows, steps) <= least
        if rows % pool == 0 and (at_once or passes(rows, rows, steps) < least):
            least = passes(rows, rows, steps)
            found.append((SYSTOLIC, rows))
    return found


def planes_of(network: Network, layer: Layer) -> int:
    """Bit planes of what a layer reads at a time step."""
    return network.inputs.planes if layer is network.layers[0] else 1


def joins(network: Network, layer: Layer) -> bool:
    """Whether a layer has several sources, or is or has an identity shortcut."""
    return len(layer.sources) > 1 or layer.skip is not None or layer.name in network.skipped


def spike_memories(network: Network) -> list[int]:
    """The spike memory of each layer: the lowest one that nobody reads any more when the layer runs."""
    last_reader = {layer.name: index + 1 for index, layer in enumerate(network.layers)}
    for index, layer in enumerate(network.layers):
        last_reader |= {name: index for name in (layer.skip, *(source.origin for source in layer.sources)) if name}
    found: list[int] = []
    taken: dict[int, int] = {}  # until which layer
    for index, layer in enumerate(network.layers):
        taken = {memory: last for memory, last in taken.items() if last >= index}
        found.append(next(memory for memory in range(len(taken) + 1) if memory not in taken))
        taken[found[-1]] = last_reader[layer.name]
    return found


def _chosen(network: Network, layer: Layer, lanes: int, dataflow: str) -> Choice:
    """Of one dataflow for all layers, the most rows that need no copy of a group; skip where it does not apply."""
    found = [choice for choice in choices(network, layer, lanes) if choice[0] == dataflow] or [(SKIP, 1)]
    groups = -(-layer.channels // lanes)
    return [each for each in found if each is found[0] or -(-layer.channels // (lanes // each[1])) == groups][-1]


def plan(
    network: Network,
    *,
    lanes: int = 128,
    lanes_per_neuron_unit: int | None = None,
    dataflow: str | Sequence[Choice] = SKIP,
    input_stream: str = FRAMES,
    retire: bool = False,
) -> AcceleratorConfig:
    """The accelerator that runs ``network``; refuses what it cannot run.

    ``dataflow`` is that of all layers where it applies, ``streaming`` for the order of that name, or a choice for each.
    """
    require(input_stream in INPUT_STREAMS, f"input stream {input_stream!r}; choose one of: {', '.join(INPUT_STREAMS)}")
    lasts = network.state == State.STREAM
    streaming = dataflow == STREAMING and (lasts or network.time_steps > 1)  # else it is no other order than skip
    require(streaming or not lasts, f"state {network.state}: choose the dataflow {STREAMING}, where membranes can last")
    instead = "choose the dataflow streaming" if not network.inputs.static else "train it with fewer"
    require(
        streaming or network.time_steps <= LARGEST_STORED_STEPS,
        f"{network.time_steps} time steps, whose spikes would all be stored; at most {LARGEST_STORED_STEPS}: {instead}",
    )
    require(1 <= lanes <= LARGEST_LANES, f"{lanes} lanes; an accelerator has 1 to {LARGEST_LANES}")
    if isinstance(dataflow, str):
        names = (*DATAFLOWS, STREAMING)
        require(dataflow in names, f"dataflow {dataflow!r}; choose one of: {', '.join(names)}")
        require(
            dataflow != STREAMING or not network.inputs.static,
            f"dataflow streaming takes one time step after another, and this network's input is {network.inputs.name}, "
            f"the same at every time step; choose one of: {', '.join(DATAFLOWS)}",
        )
        chosen = [_chosen(network, layer, lanes, dataflow) for layer in network.layers]
    else:
        chosen = [(name, rows) for name, rows in dataflow]
        count = len(network.layers)
        require(len(chosen) == count, f"{len(chosen)} dataflows for {count} layers; give one for each")
    alone = all(rows == 1 for _, rows in chosen)
    share = lanes_per_neuron_unit
    if share is None:
        share = default_share(network) if alone else 1
    require(share >= 1, f"{share} lanes per neuron unit; at least 1")
    if alone:  # no more than the widest layer has channels
        lanes = min(lanes, max(layer.channels for layer in network.layers))
    lanes = -(-lanes // share) * share
    modes = _modes(network)
    windows = streaming and any(turns(mode, None) for mode in modes)
    plans: dict[str, LayerPlan] = {}
    last: LayerPlan | None = None
    memories = [*range(len(network.layers))] if windows else spike_memories(network)
    for layer, choice, memory in zip(network.layers, chosen, memories, strict=True):
        last = _plan_layer(network, layer, choice, lanes, share, modes, plans, last, memory, streaming=streaming)
        plans[layer.name] = last
    assert last is not None
    widths = [_accumulator_width(network, layer) for layer in network.layers]
    widest = max(layer.code.value_width for layer in network.layers)
    classes = network.layers[-1].channels
    require(
        last.positions == (1, 1),
        f"layer {last.name}: the last layer has {last.positions} positions; it must be linear",
    )
    require(classes <= 1 << 16, f"{classes} classes; at most 65,536")
    return AcceleratorConfig(
        lanes=lanes,
        lanes_per_neuron_unit=share,
        code_width=max(layer.code.bits for layer in network.layers),
        weight_width=widest,
        membrane_width=max(1, *(mode.state_bits for mode in modes)),
        accumulator_width=max(widest + 1, *(mode.state_bits for mode in modes), *widths),
        time_steps=network.time_steps,
        inputs=network.inputs,
        input_shape=network.input_shape,
        modes=modes,
        readout=network.readout,
        layers=tuple(plans.values()),
        streaming=streaming,
        lasts=lasts,
        events=input_stream == EVENTS,
        retire=retire,
    )


def _modes(network: Network) -> tuple[Neuron, ...]:
    """What neuron units support: the network's neurons, and how a last layer without neurons has its sums."""
    found = network.neurons
    plain = _unweighed(found)
    return found if plain in found or network.layers[-1].spiking else (*found, plain)


def _unweighed(modes: tuple[Neuron, ...]) -> Neuron:
    """A mode in which a first time step's potential is A + B: any, but of memory-free neurons one tap, 1."""
    return MemoryFree(((1, 0),)) if isinstance(modes[0], MemoryFree) else modes[0]


def _accumulator_width(network: Network, layer: Layer) -> int:
    """Bits of H, Θ and logits of the layer, and of sums in lanes without a channel.

    Where no weight is 0, such lanes add what is not: so much less than the accumulator holds that none fires.
    """
    width = network.accumulator_width(layer)
    if 0 in layer.code.levels:
        return width
    times = 1 if layer.spiking else network.time_steps
    reach = sum(each.fan_in * network.largest_value(each.origin) for each in layer.sources) * layer.code.limit * times
    low, high = layer.neuron.potential_range(-reach, reach) if layer.neuron else (-reach, reach)
    return max(width, signed_width(int(low) - 1, int(high) + 1))


def _plan_layer(
    network: Network,
    layer: Layer,
    choice: Choice,
    lanes: int,
    share: int,
    modes: tuple[Neuron, ...],
    places: Mapping[str, LayerPlan],
    last: LayerPlan | None,
    memory: int,
    *,
    streaming: bool,
) -> LayerPlan:
    """Loops and places of one layer; ``places`` has those of the earlier ones, ``last`` is the one before."""
    reads = [source.origin for source in layer.sources] + [layer.skip] * (layer.skip is not None)
    require(
        (INPUT not in reads) if last else reads == [INPUT],
        f"layer {layer.name} reads {' and '.join(map(str, reads))}; of an accelerator, the first layer alone reads the "
        "input, and nothing else",
    )
    static = network.is_static(layer)
    planes = planes_of(network, layer)
    own = layer.pool
    merged = own.size if own and own.kind == PoolKind.MAX else 1
    _require_rows(network, layer, choice, lanes, merged)
    dataflow, rows = choice
    steps = 1 if streaming or dataflow == TIME_PARALLEL else network.time_steps
    groups = -(-layer.channels // (lanes // rows))
    frames = None if network.state == State.STREAM else network.time_steps
    history = turns(layer.neuron, frames, planes) if streaming else ()
    require(
        layer.spiking or static or min(planes, steps) == 1,
        f"layer {layer.name} is the only one and has no neurons, so that counts of {steps} time steps come together; "
        "choose the dataflow streaming",
    )
    first, *others = (_source(network, layer, source, places) for source in layer.sources)
    plan = LayerPlan(
        name=layer.name,
        dataflow=dataflow,
        rows=rows,
        row_lanes=lanes // rows,
        spiking=layer.spiking,
        reads_out=layer is network.layers[-1],
        from_input=last is None,
        planes=planes,
        static=static,
        window=False,
        rounds=planes if static else len(history) or planes * steps,
        history=history,
        positions=network.shapes[layer.name][1:],
        channels=layer.channels,
        groups=groups,
        pool=merged,
        weight_row=0 if last is None else last.weight_row + last.groups * last.group_rows,
        parameter_row=0 if last is None else last.parameter_row + last.groups * share,
        code=layer.code.name,
        mode=modes.index(layer.neuron or _unweighed(modes)),
        memory=memory,
        skip_memory=places[layer.skip].memory if layer.skip else None,
        **first,
    )
    if last is None and layer.kind != LayerKind.LINEAR:
        # The only layer adds its time steps up, and has no other layer beside it whose words would be fed.
        plan = replace(plan, window=static or (not plan.reads_out and _has_window(plan)))
    joined: list[LayerPlan] = []
    for fields in others:
        row = plan.weight_row + plan.fan_in + sum(each.fan_in for each in joined)
        joined.append(replace(plan, weight_row=row, **fields))
    return replace(plan, joined=tuple(joined))


def _has_window(plan: LayerPlan) -> bool:
    """Whether spikes of a convolution pass through a window: few channels, of which a word holds all time steps."""
    kernel, positions = plan.kernel[0], plan.source_map[0] * plan.source_map[1]
    columns = (plan.tile - 1) * plan.stride + plan.kernel[1]
    bits = kernel * columns * plan.source_channels * plan.rounds
    rereads = 1 < kernel >= plan.stride and positions > 1
    apart = plan.history or plan.steps_together  # words of their own for every step
    return rereads and not apart and plan.fan_in <= WINDOW_WORD and bits <= WINDOW_BITS


def _source(network: Network, layer: Layer, source: Source, places: Mapping[str, LayerPlan]) -> dict[str, Any]:
    """What a layer's plan says of one of its sources."""
    linear, origin = layer.kind == LayerKind.LINEAR, places.get(source.origin)
    channels, height, width = network.shapes[source.origin] if origin else network.input_shape
    pool = network.layer(source.origin).pool if origin else None
    summed = pool.size if pool and pool.kind == PoolKind.SUM else 1
    if pool and pool.kind == PoolKind.MAX:
        height, width = height // pool.size, width // pool.size
    if not origin and linear:
        channels, height, width = channels * height * width, 1, 1
        capacity = INPUT_WORD
    else:
        capacity = origin.row_lanes if origin else channels
    kernel = (height // summed, width // summed) if linear else (source.weight.shape[2], source.weight.shape[3])
    return {
        "kernel": kernel,
        "stride": 1 if linear else source.stride,
        "padding": 0 if linear else source.padding,
        "source_channels": channels,
        "source_map": (height, width),
        "source_pool": summed,
        "word_channels": capacity,
        "words": -(-channels // capacity),
        "source_memory": origin.memory if origin else 0,
        "source_together": origin.together if origin else 1,
        "source_columns": origin.stored_columns * origin.together if origin else 0,
    }


def _require_rows(network: Network, layer: Layer, choice: Choice, lanes: int, pool: int) -> None:
    """Refuse rows that a layer cannot have."""
    dataflow, rows = choice
    what = f"layer {layer.name}, {dataflow} with {rows} rows"
    require(dataflow in DATAFLOWS, f"{what}: choose one of: {', '.join(DATAFLOWS)}")
    require(1 <= rows <= lanes, f"{what}: the {lanes} lanes have room for 1 to {lanes}")
    if dataflow == SKIP:
        require(rows == 1, f"{what}: skip has one")
        return
    require(
        rows > 1 and layer is not network.layers[-1],
        f"{what}: rows are two and more, of a layer that is not the last; choose skip",
    )
    require(
        not joins(network, layer), f"{what}: a layer that joins others, or is added as it is, has none; choose skip"
    )
    if dataflow == SYSTOLIC:
        require(rows % pool == 0, f"{what}: max pooling of {pool} x {pool} needs a multiple of {pool}")
        return
    require(
        not isinstance(layer.neuron, MemoryFree),
        f"{what}: memory-free neurons have the sums of earlier time steps in their own lane; choose skip or systolic",
    )
    require(
        rows == network.time_steps and not network.is_static(layer),
        f"{what}: rows are the {network.time_steps} time steps, in which its input is the same",
    )
    require(
        planes_of(network, layer) == 1,
        f"{what}: counts of several bits come one time step after another; choose skip or systolic",
    )
