"""What the report of an estimate says."""

from dataclasses import asdict
from typing import Any

from model.accelerator.estimate import Estimate
from model.accelerator.events import EVENTS, FRAMES
from model.accelerator.overlap import overlap, response
from model.accelerator.traffic import membrane_bits


def describe(found: Estimate, dense: dict[str, int]) -> dict[str, Any]:
    """The report: means over the images."""
    config = found.config
    layers = []
    for index, layer in enumerate(found.layers):
        traffic = found.traffic(index)
        layers.append(
            {
                "layer": layer.plan.name,
                "dataflow": layer.plan.dataflow,
                "rows": layer.plan.rows,
                "groups": layer.plan.groups,
                "cycles": float(layer.cycles.mean()),
                "bound_cycles": float(layer.bound.mean()),
                "tokens": float(layer.tokens.mean()),
                "additions": float(layer.additions.mean()),
                "density": layer.density,
                "utilisation": layer.utilisation,
                "dense_cycles": dense.get(layer.plan.name),
                "traffic_bits": {**asdict(traffic), "total": traffic.total},
            }
        )
    return {
        "lanes": config.lanes,
        "lanes_per_neuron_unit": config.lanes_per_neuron_unit,
        "images": len(found.cycles),
        "cycles": float(found.cycles.mean()),
        "least_cycles": int(found.cycles.min()),
        "most_cycles": int(found.cycles.max()),
        "bound_cycles": float(found.bound.mean()),
        "ratio": found.ratio,
        "utilisation": found.utilisation,
        "dense_cycles": sum(dense.values()) if dense else None,
        "input_stream": EVENTS if config.events else FRAMES,
        "load_cycles": found.load if config.events else int(found.load),
        "interval_cycles": float(found.intervals.mean()),
        "latency_cycles": float(found.latency.mean()),
        **({"response_cycles": float(response(found).mean())} if config.events and not config.streaming else {}),
        "input_width": config.input_width,
        "input_beats": found.load if config.events else config.input_beats * config.frames,
        "memory_bits": config.memory_bits,
        "membrane_bits": membrane_bits(config),
        "past_sum_bits": config.lanes * config.past_sums * config.accumulator_width,
        "history_bits": config.history_bits,
        "asynchronous": _asynchronous(found) if config.streaming else None,
        "layers": layers,
    }


def _asynchronous(found: Estimate) -> dict[str, Any]:
    """Of time steps, one packet each."""
    steps, side_by_side = response(found), overlap(found)
    return {
        "response_cycles": float(steps.mean()),
        "most_response_cycles": int(steps.max()),
        "overlap": asdict(side_by_side) if side_by_side else None,
    }
