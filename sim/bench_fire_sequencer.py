"""Bench of the fire sequencer: which neuron is due when, with which parameters, and where its spikes belong."""

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np

from model.accelerator import AcceleratorConfig, LayerPlan
from sim.checker import check, expect
from sim.port import Port


def hand_overs(config: AcceleratorConfig, plan: LayerPlan) -> Iterator[list[dict[str, Any]]]:
    """For each hand-over of sums, the neurons that are due, in order."""
    steps, share = config.time_steps if plan.spiking else 1, config.lanes_per_neuron_unit
    held = plan.fires_steps_together and plan.spiking
    (rows, columns), stored = plan.stored_map, config.stored_steps
    for group, y, x in np.ndindex(plan.groups, *plan.positions):
        row, column = y // plan.pool, x // plan.pool
        neurons = [
            {
                "parameter_address": plan.parameter_row + group * share + lane,
                "index": lane,
                "first": int(step == 0),
                "keep": int(held and step < steps - 1),
                "time_step": step,
                "complete": int(lane == share - 1),
                "address": ((row * columns + column) * stored + step % stored) * plan.groups + group,
                "merge": int(y % plan.pool != 0 or x % plan.pool != 0),
                "store": int(row < rows and column < columns),
            }
            for step in range(steps)
            for lane in range(share)
        ]
        times = 1 if held else steps
        for i in range(times):
            yield neurons if held else neurons[i * share : (i + 1) * share]


async def check_fire_sequencer(port: Port, config: AcceleratorConfig, seed: int) -> set[str]:
    """Every layer, with hand-overs as close as they may be and further apart; gives what was met."""
    random, met = Random(seed), set()
    for index, plan in enumerate(config.layers):
        share, held = config.lanes_per_neuron_unit, plan.fires_steps_together and plan.spiking
        port.set("layer", index)
        port.set("start", 1)
        await port.tick()
        port.set("start", 0)
        expected = list(hand_overs(config, plan))
        previous: list[dict[str, Any]] = []  # whose spikes are there in this cycle
        for number, neurons in enumerate(expected):
            gap = 2 if held and share == 1 else 1
            own = [neuron for neuron in neurons for neuron in [neuron] + [{}] * (gap - 1)]
            own = own[: len(own) - gap + 1]
            last = number == len(expected) - 1
            length = max(len(own) + 1, config.fire_interval(plan)) + random.choice([0, 0, 0, 1, 5]) + 6 * last
            for cycle in range(length):
                due = own[cycle - 1] if 0 < cycle <= len(own) else {}
                following = own[cycle] if cycle < len(own) else {}
                port.set("fire", int(cycle == 0))
                await port.tick()
                place = f"layer {plan.name}, hand-over {number}, cycle {cycle}"
                _compare(port, place, due, following, previous.pop() if previous else {}, bool(plan.spiking))
                ends = last and cycle == len(own) + 2
                expect(port.get("done") == ends, f"{place}: done is {port.get('done')}")
                if due:
                    previous = [due]
            met.add("as close as may be" if length == config.fire_interval(plan) else "apart")
        met |= {
            name
            for name, happened in {
                "held": held and config.time_steps > 1,
                "max pool": plan.pool > 1,
                "odd max pool": plan.pool > 1 and plan.stored_map[0] * plan.pool != plan.positions[0],
                "groups": plan.groups > 1,
                "shared": share > 1,
                "shared and held": share > 1 and held and config.time_steps > 1,
                "pooled groups": plan.groups > 1 and plan.pool > 1,
                "last": not plan.spiking,
                "parallel": plan.parallel,
            }.items()
            if happened
        }
    return met


def _compare(
    port: Port, place: str, due: dict[str, Any], following: dict[str, Any], past: dict[str, Any], spiking: bool
) -> None:
    """The neuron that is due, the one that is due in the next cycle, and the one whose spike is there."""
    neuron = port.get("neuron")
    expected, found = {"potential": int(bool(due)), "update": int(bool(past))}, dict(neuron)
    shown = {"potential": found["potential"], "update": found["update"]}
    if due:
        expected |= {name: due[name] for name in ("first", "keep", "index")}
        shown |= {"first": found["first"], "keep": found["keep"], "index": port.get("index")}
    if following:
        expected["parameter_address"] = following["parameter_address"]
        shown["parameter_address"] = port.get("parameter_address")
    if past:
        names = ["time_step", "complete", *(["address", "merge", "store"] if spiking else [])]
        expected |= {"update_index": past["index"], **{name: past[name] for name in names}}
        shown |= {name: port.get(name) for name in ("update_index", *names)}
    if past and spiking and not past["store"]:
        for name in ("address", "merge"):  # nobody asks
            expected.pop(name)
            shown.pop(name)
    check(place, expected, shown)
