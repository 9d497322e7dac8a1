"""``mint.json``: what a stranger needs in order to use a generated array, and why it is as it is."""

from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data, wiring

from hdl.array.contents import memory_images
from hdl.array.systolic_array import SystolicArray
from hdl.array.tiling import tilings
from model.array import Action, ArrayConfig
from model.codes.code import ACCUMULATOR_MARGIN
from model.network.network import Network

MEMORY_FOLDER = "memory"

MEANINGS = {
    "clk": "clock, rising edge",
    "rst": "reset, synchronous, active high",
    "i_parameters": "a tile's parameters, one output channel a beat, column 0 first",
    "i_weights": "one weight per column; taken together with i_spikes",
    "i_spikes": "one spike per row, and the action that follows the beat; taken together with i_weights",
    "i_skips": "spikes of the identity shortcut, one per column; a beat per row of a FIRE or FIRE_LAST, row 0 first",
    "o_spikes": "spikes of one row, one per column; row 0 first; of FIRE_HELD all time steps of a row together",
    "o_sums": "sums of one row of a DRAIN, one per column; row 0 first",
    "retire": "beside an o_spikes beat: time step, row, and H, spike and stored membrane of every column",
}

FORMULAS = {
    "double": "rows + 2",
    "fire": "rows + 3",
    "fire_last": "rows + 1",
    "fire_held": "1 + rows * (2 * T - 1)",
    "drain": "1 + rows * (columns + 1)",
    "result": "columns + 1",
    "clear_after_reset": "rows + 2",
    "spiking_tile": "columns + T * K + (T - 1) * (rows + 3) + rows + 1",
    "pixel_tile": "columns + 8 * K + 7 * (rows + 2) + 1 + rows * (2 * T - 1)",
    "sums_tile": "columns + T * K + 1 + rows * (columns + 1)",
}
"""Cycles, when every input is there and every output is taken; K is the beats of a pass, T the time steps."""


def describe(array: SystolicArray, module: str, network: Network | None) -> dict[str, Any]:
    """All of ``mint.json`` but the tool versions."""
    config = array.config
    return {
        "schema": 1,
        "top": "array",
        "module": module,
        "verilog": "mint.v",
        "network": None if network is None else network.name,
        "parameters": {
            "weight_width": config.weight_width,
            "membrane_width": config.membrane_width,
            "accumulator_width": config.accumulator_width,
            "rows": config.rows,
            "columns": config.columns,
            "leaks": [neuron.r for neuron in config.neurons],
            "membrane_widths": [neuron.membrane_width for neuron in config.neurons],
            "time_steps": config.time_steps,
            "joins": config.joins,
            "retire": config.retire,
        },
        "widths": widths(config, network),
        "ports": ports(array),
        "actions": {action.name: int(action) for action in Action},
        "latency": {
            "unit": "cycles without waits; K beats of fan-in a pass, T time steps",
            "formulas": FORMULAS,
            "double": config.keep_cycles,
            "fire": config.fire_cycles,
            "fire_last": config.leave_cycles,
            "fire_held": config.held_cycles,
            "drain": config.drain_cycles,
            "result": config.result_cycles,
            "clear_after_reset": config.keep_cycles,
        },
        "layers": [] if network is None else layers(network, config),
        "memories": [] if network is None else memories(network, config),
    }


def widths(config: ArrayConfig, network: Network | None) -> dict[str, dict[str, Any]]:
    """Bits of every kind of number, and the reason."""
    origin = "asked for" if network is None else "as trained"
    limit, membrane = config.precision.code.limit, config.precision.lif().limit
    if network is None:
        why = f"no network: weights of {config.weight_width} bits and {ACCUMULATOR_MARGIN} for a fan-in of 4,608 spikes"
    else:
        widest = max(network.layers, key=network.accumulator_width)
        low, high = network.potential_extent(widest)
        need = network.accumulator_width(widest)
        why = f"layer {widest.name} reaches {low:,} to {high:,}, thresholds included: {need} bits"
        if need < config.accumulator_width:
            why += f"; at least {config.accumulator_width} are one more than a weight"
    return {
        "weight": {"bits": config.weight_width, "why": f"{origin}; codes -{limit} to {limit}"},
        "membrane": {"bits": config.membrane_width, "why": f"{origin}; codes -{membrane} to {membrane}"},
        "accumulator": {"bits": config.accumulator_width, "why": why},
        "leak": {
            "bits": Shape.cast(range(len(config.neurons))).width,
            "why": f"index into the neurons: {', '.join(neuron.describe() for neuron in config.neurons)}",
        },
    }


def ports(array: SystolicArray) -> list[dict[str, Any]]:
    """Every port of the Verilog module."""
    found = [_port(name, "input", 1, MEANINGS[name]) for name in ("clk", "rst")]
    for path, member, _ in sorted(array.signature.flatten(array), key=lambda item: item[0]):
        *_, last = path
        stream = str(path[0])
        meaning = {
            "valid": f"{stream} has a beat",
            "ready": f"{stream}'s beat is taken in this cycle",
        }.get(str(last), MEANINGS[stream])
        port = _port(
            "__".join(map(str, path)),
            "input" if member.flow == wiring.In else "output",
            Shape.cast(member.shape).width,
            meaning,
        )
        if isinstance(member.shape, data.Layout):
            port["fields"] = _fields(member.shape)
        found.append(port)
    return found


def _port(name: str, direction: str, width: int, meaning: str) -> dict[str, Any]:
    return {"name": name, "direction": direction, "width": width, "meaning": meaning}


def _fields(layout: data.Layout) -> list[dict[str, Any]]:
    """The parts of a payload; of an array of equal parts the first, and how many."""
    if isinstance(layout, data.ArrayLayout):
        element = layout.elem_shape
        part: dict[str, Any] = {"count": layout.length, "width": Shape.cast(element).width}
        if isinstance(element, data.Layout):
            return [part | {"fields": _fields(element)}]
        return [part | {"signed": Shape.cast(element).signed}]
    parts = []
    for name, field in layout:
        shape = Shape.cast(field.shape)
        part = {"name": name, "lowest_bit": field.offset, "width": shape.width, "signed": shape.signed}
        if isinstance(field.shape, data.Layout):
            part["fields"] = _fields(field.shape)
        parts.append(part)
    return parts


def layers(network: Network, config: ArrayConfig) -> list[dict[str, Any]]:
    """How the host cuts each layer, and the cycles of an image."""
    return [
        {
            "name": tiling.layer.name,
            "tile": "pixel" if tiling.static else "spiking" if tiling.layer.spiking else "sums",
            "K": tiling.beats,
            "passes": tiling.passes,
            "row_tiles": tiling.row_tiles,
            "column_tiles": tiling.column_tiles,
            "tile_cycles": tiling.tile_cycles,
            "cycles": tiling.cycles,
        }
        for tiling in tilings(network, config).values()
    ]


def memories(network: Network, config: ArrayConfig) -> list[dict[str, Any]]:
    """The memory images that lie beside the Verilog."""
    return [
        {
            "file": f"{MEMORY_FOLDER}/{image.file}",
            "layer": image.layer,
            "port": image.port,
            "word_bits": image.word_bits,
            "words": image.words,
            "meaning": image.meaning,
        }
        for image in memory_images(network, config)
    ]
