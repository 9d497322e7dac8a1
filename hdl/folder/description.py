"""``mint.json`` of an accelerator: what a stranger needs in order to use it, and why it is as it is."""

from dataclasses import asdict
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import wiring

from hdl.accelerator.accelerator import Accelerator
from hdl.accelerator.contents import PARAMETERS, WEIGHTS
from hdl.verilog.names import Names
from model.accelerator.config import AcceleratorConfig
from model.accelerator.events import EVENTS, FIELDS
from model.accelerator.layer_plan import LayerPlan
from model.arithmetic import number_width
from model.network.network import Network

MODULE = Names().accelerator
"""The top module, unless it gets another name."""

MEANINGS = {
    "clk": "clock, rising edge",
    "rst": "reset, synchronous, active high; what the memories hold stays",
    "s_axis_tdata": "a beat of a packet",
    "s_axis_tvalid": "there is a beat",
    "s_axis_tready": "the beat is taken in this cycle",
    "s_axis_tlast": "the packet's last beat",
    "s_axis_tuser": "with a packet's first beat: it begins a recording",
    "m_axis_tdata": "a logit as a signed number, or the class",
    "m_axis_tvalid": "there is a result",
    "m_axis_tready": "the result is taken in this cycle",
    "m_axis_tlast": "the class, which ends the packet",
    "error": "the last packet was too short or too long and was thrown away; 0 again after the next good one",
    "working": "an image is on its way through the layers",
}

OF_EVENTS = {
    "s_axis_tdata": "an event, or the end of a time step",
    "error": "the last packet was malformed and was thrown away; 0 again after the next good one",
}
"""What ports of an accelerator are that reads events."""


def memory_files(names: Names) -> dict[str, str]:
    """What the memories hold, by the Verilog's parameters.

    The files lie beside the Verilog, because Vivado finds a memory's file in a project by its bare name.
    """
    return {name: names(f"_{name.lower()}.hex") for name in (WEIGHTS, PARAMETERS)}


def describe(accelerator: Accelerator, names: Names) -> dict[str, Any]:
    """All of ``mint.json`` but test vectors and tool versions."""
    config, network = accelerator.config, accelerator.network
    return {
        "schema": 1,
        "top": "accelerator",
        "name": names.name,
        "module": names.accelerator,
        "verilog": names(".v"),
        "network": network.name,
        "parameters": {
            "dataflow": config.dataflow,
            "rows": config.rows,
            "lanes": config.lanes,
            "lanes_per_neuron_unit": config.lanes_per_neuron_unit,
            "time_steps": config.time_steps,
            "classes": config.classes,
        },
        "verilog_parameters": memory_files(names),
        "widths": widths(config, network),
        "ports": ports(accelerator),
        "input_packet": {
            "kind": config.inputs.name,
            "shape": list(config.input_shape),
            "packets_an_image": config.frames,
            "lasts": config.lasts,
            **input_beats(config),
        },
        "output_packet": {"beats": config.classes + 1, "order": "the logits, class 0 first, then the class"},
        "layers": [asdict(layer) for layer in config.layers],
        "memories": [
            memory | {"module": f"{names.accelerator}_memory_{memory['name'].replace(' ', '_')}"}
            for memory in memories(config, names)
        ],
    }


def widths(config: AcceleratorConfig, network: Network) -> dict[str, dict[str, Any]]:
    """Bits of every kind of number, and the reason."""
    widest = max(network.layers, key=network.accumulator_width)
    low, high = network.potential_extent(widest)
    why = f"layer {widest.name} reaches {low:,} to {high:,}, thresholds included"
    modes = ", ".join(mode.describe() for mode in config.modes)
    return {
        "weight": {
            "bits": config.weight_width,
            "why": f"as trained: {_each(layer.code.bits for layer in network.layers)} bits",
        },
        "membrane": {"bits": config.membrane_width if config.keeps else 0, "why": f"as trained: {modes}"},
        "accumulator": {"bits": config.accumulator_width, "why": why},
        "word": {"bits": config.word_width, "why": "inputs that the skip unit looks through at once"},
    }


def _each(numbers: Any) -> str:
    return ", ".join(map(str, sorted(set(numbers))))


def input_beats(config: AcceleratorConfig) -> dict[str, Any]:
    """What the beats of an input packet are."""
    if config.events:
        return {
            "stream": EVENTS,
            "time_steps": config.frame_steps,
            "greatest": config.inputs.largest,
            "bytes_a_beat": config.input_width // 8,
            "fields": {
                name: {"first_bit": first, "bits": bits, "values": values}
                for (name, (first, bits)), values in zip(FIELDS.items(), (*config.input_shape[::-1], 2), strict=True)
            },
            "order": "time step by time step, the events of each in any order, then a beat that ends it",
        }
    return {
        "beats": config.input_beats,
        "bytes_a_beat": config.input_width // 8,
        "values_a_beat": config.beat_values,
        "bits_that_count": config.beat_bits,
        "order": input_order(config),
    }


def input_order(config: AcceleratorConfig) -> str:
    """What comes when in an input packet of frames."""
    first = config.layers[0]
    what = "a pixel is a byte" if first.static else "a spike is a bit"
    if not first.static and first.planes > 1:
        what = f"a count is {first.planes} bits"
    steps = "" if first.static or config.streaming else "time step by time step, "
    if first.source_map == (1, 1) and not first.window:
        return f"{steps}{config.beat_values} inputs a beat in the order channel, row, column, the first lowest; {what}"
    return f"{steps}a position a beat, row by row, its channels from the lowest bits on; {what}"


def ports(accelerator: Accelerator) -> list[dict[str, Any]]:
    """Every port of the Verilog module."""
    meanings = MEANINGS | (OF_EVENTS if accelerator.config.events else {})
    found: list[dict[str, Any]] = [
        {"name": name, "direction": "input", "width": 1, "meaning": MEANINGS[name]} for name in ("clk", "rst")
    ]
    for path, member, _ in accelerator.signature.flatten(accelerator):
        name = "__".join(map(str, path))
        direction = "input" if member.flow == wiring.In else "output"
        width = Shape.cast(member.shape).width
        found.append({"name": name, "direction": direction, "width": width, "meaning": meanings[name]})
    return found


def memories(config: AcceleratorConfig, names: Names) -> list[dict[str, Any]]:
    """Every memory: its words, and what lies where."""
    files = memory_files(names)
    units, share = config.neuron_units, config.lanes_per_neuron_unit
    numbers = "pairs of threshold (lower) and bias"
    if config.skips:
        numbers = "triples of threshold (lowest), bias, and the bias where an identity shortcut spikes"
    found: list[dict[str, Any]] = [
        {
            "name": "weights",
            "file": files[WEIGHTS],
            "words": config.weight_rows,
            "word_bits": config.lanes * config.code_width,
            "word": f"{config.lanes} signed codes of {config.code_width} bits, lane 0 lowest",
            "map": [_weights_map(layer) for layer in config.layers],
        },
        {
            "name": "parameters",
            "file": files[PARAMETERS],
            "words": config.parameter_rows,
            "word_bits": config.memory_bits["parameters"] // config.parameter_rows,
            "word": f"{units} {numbers}, signed, {config.accumulator_width} bits each",
            "map": [
                f"{layer.name}: from word {layer.parameter_row} on, {layer.groups} groups of channels of {share}"
                for layer in config.layers
            ],
        },
        {
            "name": "input",
            "words": config.input_depth,
            "word_bits": config.input_word_width,
            "word": _input_word(config),
            "map": [_input_map(config)],
        },
    ]
    if config.streaming:
        found += _kept(config)
    steps = "" if config.streaming else "[time step]"
    frames = f"[frame modulo {1 << config.slot_bits}]" if config.slot_bits else ""
    for number, (name, words) in enumerate(config.spike_memories.items()):
        if words:
            stored = [layer for layer in config.layers if layer.stores and layer.memory == number]
            found.append(
                {
                    "name": f"spikes {name}",
                    "words": words,
                    "word_bits": config.spike_width,
                    "word": "a spike a lane" if config.rows == 1 else "the spikes of a group of channels",
                    "map": _spikes_map(stored, steps, frames),
                }
            )
    return found


def _input_word(config: AcceleratorConfig) -> str:
    """What a word of the input memory has."""
    first = config.layers[0]
    if not first.window:
        return "inputs of one time step or bit plane"
    name = config.inputs.name
    return (
        f"a position's {name}" if first.static else f"a position's {name}, of each channel the first time step highest"
    )


def _input_map(config: AcceleratorConfig) -> str:
    """Where packets lie in the input memory, or in the two that take turns."""
    if config.input_memories > 1:
        own = 1 << config.bank_bits - 1
        packets = "a packet" if own == 1 else f"{own} packets, {1 << number_width(config.input_words)} words apart"
        return f"two memories take turns, each of {packets}"
    if config.bank_bits == 1:
        return f"two packets, from word 0 and from word {config.input_depth - config.input_words} on"
    return f"{1 << config.bank_bits} packets, {1 << number_width(config.input_words)} words apart"


def _spikes_map(layers: list[LayerPlan], steps: str, frames: str) -> list[str]:
    """Where the layers' spikes lie."""
    found = []
    if alone := [layer.name for layer in layers if layer.together == 1]:
        found.append(f"{', '.join(alone)}: [row][column]{steps}[group of channels]{frames}")
    for layer in layers:
        if layer.together > 1:
            found.append(
                f"{layer.name}: {steps}[group of channels][row][{layer.together} columns, the first one lowest]"
            )
    return found


def _kept(config: AcceleratorConfig) -> list[dict[str, Any]]:
    """What lasts from one time step to the next."""
    units, share = config.neuron_units, config.lanes_per_neuron_unit
    last, first = config.layers[-1], 0
    places = []
    for layer in config.layers[:-1]:
        places.append(f"{layer.name}: from word {first} on, [group of channels][row][column] of {share}")
        first += layer.fires * share
    sums = f"{last.name}: {last.groups} groups of classes of {share}"
    return [
        {
            "name": name,
            "words": words,
            "word_bits": units * width,
            "word": f"{units} {what}, signed, {width} bits each",
            "map": where,
        }
        for name, words, width, what, where in (
            ("membranes", config.membrane_words, config.membrane_width, "stored membranes", places),
            ("sums", config.sum_words, config.accumulator_width, "logits so far", [sums]),
        )
        if words
    ]


def _weights_map(layer: LayerPlan) -> str:
    kernel = ", then ".join(f"{s.kernel[0]} x {s.kernel[1]} x {s.source_channels}" for s in layer.sources)
    order = "kernel row, kernel column, input channel"
    return f"{layer.name}: from word {layer.weight_row} on, {layer.groups} groups of channels, {kernel} ({order}) each"
