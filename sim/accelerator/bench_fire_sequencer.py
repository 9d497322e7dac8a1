"""Bench of the fire sequencer: which neuron is due when, with which parameters, and where its spikes belong."""

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np

from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from sim.harness.checker import check
from sim.harness.port import Port


def hand_overs(config: AcceleratorConfig, plan: LayerPlan) -> Iterator[list[dict[str, Any]]]:
    """For each hand-over of sums, the neurons that are due, in order."""
    steps, share = config.time_steps if plan.spiking else 1, config.lanes_per_neuron_unit
    held = plan.fires_steps_together and plan.spiking
    rows, columns = plan.stored_map
    tiled, stored = plan.parts > 1, plan.tiles[1]
    for group, y, tile in np.ndindex(plan.groups, *plan.tiles):
        neurons = [
            {
                "part": part,
                "row": step if plan.steps_together else part,
                "parameter_address": plan.parameter_row + group * share + lane,
                "index": lane,
                "first": int(step == 0),
                "keep": int(held and step < steps - 1),
                "time_step": step,
                "complete": int(lane == share - 1),
                "address": ((step * plan.groups + group) * rows + row) * stored + tile
                if plan.together > 1
                else ((row * columns + column) * steps + step) * plan.groups + group,
                "again": int(tiled and x % plan.pool != 0),
                "merge": int(y % plan.pool != 0 or x % plan.pool != 0) if not tiled or x % plan.pool == 0 else 0,
                "store": int(row < rows and (column < columns or plan.together > 1)),
                "skip": ((y * plan.positions[1] + x) * steps + step) * plan.groups + group,
            }
            for step in range(steps)
            for part, x in enumerate(range(tile * plan.tile, tile * plan.tile + plan.parts))
            for row, column in [(y // plan.pool, x // plan.pool)]
            for lane in range(share)
        ]
        times = 1 if held else steps
        for i in range(times):
            yield neurons if held else neurons[i * share * plan.parts : (i + 1) * share * plan.parts]


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
        fires: list[int] = []
        due: dict[int, dict[str, Any]] = {}  # by the cycle
        gap = 2 if held and share == 1 and plan.parts == 1 else 1
        cycle = 0
        for neurons in expected:
            fires.append(cycle)
            due |= {cycle + 1 + gap * i: neuron for i, neuron in enumerate(neurons)}
            wait = random.choice([0, 0, 0, 1, 5])
            met.add("apart" if wait else "as close as may be")
            cycle += config.fire_interval(plan) + wait
        end = max(due) + 2
        skip = plan.skip_memory is not None
        word = -1  # of the identity shortcut, read in time
        for cycle in range(end + 6):
            port.set("fire", int(cycle in fires))
            await port.tick()
            place = f"layer {plan.name}, cycle {cycle}, fires in {[each for each in fires if each < cycle][-2:]}"
            now, following, past = (due.get(cycle + i, {}) for i in (0, 1, -1))
            _compare(port, config, place, now, following, past, plan.spiking)
            if skip and now:
                check(place, {"the shortcut's word": now["skip"]}, {"the shortcut's word": word})
            if skip and port.get("skip_read"):
                word = port.get("skip_address")
            expected_now = {"done": int(cycle == end), "spiking": int(plan.stores)}
            expected_now |= {"skip_read": int(cycle == 0 or bool(past.get("complete")))} if config.skips else {}
            check(place, expected_now, {name: port.get(name) for name in expected_now})
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
                "time steps in rows": plan.steps_together,
                "tiles": plan.parts > 1,
                "tiles at once": plan.together > 1,
                "pooled tiles at once": plan.at_once and plan.pool > 1,
                "pixels in tiles": plan.tile > 1 and plan.static,
                "pooled tiles": plan.tile > plan.pool > 1,
                "partial tile": plan.positions[1] % plan.tile != 0,
                "identity": skip,
                "groups of an identity": skip and plan.groups > 1,
                "shared identity": skip and share > 1,
            }.items()
            if happened
        }
    return met


def _compare(
    port: Port,
    config: AcceleratorConfig,
    place: str,
    due: dict[str, Any],
    following: dict[str, Any],
    past: dict[str, Any],
    spiking: bool,
) -> None:
    """The neuron that is due, the one that is due in the next cycle, and the one whose spike is there."""
    neuron = port.get("neuron")
    potential = int(bool(due) and due["part"] == 0)
    expected, found = {"potential": potential, "update": int(bool(past))}, dict(neuron)
    shown = {"potential": found["potential"], "update": found["update"]}
    if due:
        expected |= {name: due[name] for name in ("first", "index")}
        shown |= {"first": found["first"], "index": port.get("index")}
        if config.lanes_per_neuron_unit > 1:  # sums of a lane alone are kept anyway
            expected["keep"], shown["keep"] = due["keep"], found["keep"]
    if following:
        expected["parameter_address"] = following["parameter_address"]
        shown["parameter_address"] = port.get("parameter_address")
    if past:
        names = ["time_step", "complete", *(["address", "merge", "store"] if spiking else [])]
        names += ["row"] if config.rows > 1 and spiking else []
        names += ["again"] if spiking and any(plan.parts > 1 for plan in config.layers) else []
        expected |= {"update_index": past["index"], **{name: past[name] for name in names}}
        shown |= {name: port.get(name) for name in ("update_index", *names)}
    if past and spiking and not past["store"]:
        for name in ("address", "merge", "again"):  # nobody asks
            expected.pop(name, None)
            shown.pop(name, None)
    check(place, expected, shown)
