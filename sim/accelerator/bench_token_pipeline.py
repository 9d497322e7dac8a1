"""Bench of the token pipeline: tokens pass as early as they may, and lanes get weights and step three cycles later."""

from random import Random
from typing import Any

from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from sim.accelerator.memory_reader import MemoryReader
from sim.accelerator.packets import signed_word
from sim.harness.checker import check, expect
from sim.harness.port import Port

TOKENS = 50
"""Of each layer."""
STAGES = 3
"""Cycles from a token to the lanes' step."""


def random_token(config: AcceleratorConfig, plan: LayerPlan, random: Random) -> dict[str, int]:
    token = {"row": random.randrange(config.weight_rows), "empty": int(random.random() < 0.1)}
    token |= {name: int(random.random() < 0.3) for name in ("double", "fire")}
    return token | ({"mask": random.randrange(1 << plan.rows)} if config.rows > 1 else {})


def level(name: str, code: int, width: int) -> int:
    """What a code stands for; -4 of three bits, which is none, for 0."""
    if name == "binary":
        return 2 * (code & 1) - 1
    if name == "narrow":
        return signed_word(code, width)
    power = signed_word(code & 7, 3)
    return 0 if power in (0, -4) else (1 if power > 0 else -1) * 2 ** (abs(power) - 1)


def weights_of(config: AcceleratorConfig, plan: LayerPlan, token: dict[str, int], word: int) -> int:
    """What the lanes add."""
    if token["empty"]:
        return 0
    lanes = range(config.lanes)
    adding = [lane for lane in lanes if plan.rows == 1 or token["mask"] >> lane // plan.row_lanes & 1]
    stored, bits = config.code_width, config.lane_weight_width
    codes = {lane: word >> lane * stored & (1 << stored) - 1 for lane in adding}
    levels = codes if config.signless else {lane: level(plan.code, code, stored) for lane, code in codes.items()}
    return sum((value & (1 << bits) - 1) << lane * bits for lane, value in levels.items())


async def check_token_pipeline(port: Port, config: AcceleratorConfig, seed: int, idle: float) -> set[str]:
    """Random tokens of every layer, with logits that take their time; gives what was met."""
    random, met = Random(seed), set()
    width = config.lanes * config.code_width
    words = [random.getrandbits(width) for _ in range(config.weight_rows)]
    memory = MemoryReader(["word"], [[word] for word in words], width, random)
    for index, plan in enumerate(config.layers):
        shared, interval = config.lanes_per_neuron_unit > 1, config.fire_interval(plan)
        emits = index == len(config.layers) - 1
        fired, summed, free = -interval, 0, 0  # the last token that fired; when its logits are there, and out
        due: dict[int, tuple[dict[str, int], int]] = {}
        offered: dict[str, int] | None = None
        left, cycle = TOKENS, 0
        port.set("layer", index)
        port.set("emits", int(emits))
        while left or cycle < fired + interval or any(each >= cycle for each in due):
            if offered is None and left and random.random() >= idle:
                offered = random_token(config, plan, random)
            port.set("i.valid", int(offered is not None))
            if offered:
                port.set("i.payload", offered)
            port.set("summed", int(emits and cycle == summed))
            port.set("results_busy", int(emits and summed < cycle < free))
            memory.drive(port)
            await port.tick()
            memory.observe(port, cycle)
            place = f"layer {plan.name}, cycle {cycle}"
            if offered:
                early = cycle < fired + interval and bool(offered["fire"] or shared)
                waits = emits and bool(offered["fire"]) and cycle < free
                expect(port.get("i.ready") == int(not early and not waits), f"{place}: ready is {port.get('i.ready')}")
                met |= {"units are at work"} if early else set()
                met |= {"logits wait"} if waits else set()
                met |= {"as early as may be"} if offered["fire"] and cycle == fired + interval and not waits else set()
                if not early and not waits:
                    due[cycle + STAGES] = offered, weights_of(config, plan, offered, words[offered["row"]])
                    if offered["fire"]:
                        fired = cycle
                        summed = cycle + STAGES + random.randint(1, 9)
                        free = summed + random.randint(1, 20) if emits else 0
                    met |= {name for name in ("empty", "double") if offered[name]}
                    met |= {"rows"} if plan.rows > 1 and not offered["empty"] else set()
                    offered, left = None, left - 1
            _compare(port, place, due.get(cycle))
            cycle += 1
    return met


def _compare(port: Port, place: str, due: tuple[dict[str, int], int] | None) -> None:
    """What the lanes do in this cycle."""
    found: dict[str, Any] = dict(port.get("step"))
    expected = {"enable": int(due is not None), "weights": due[1] if due else 0}
    if due:
        expected |= {name: due[0][name] for name in ("double", "fire")}
        expected |= {"adds": int(not due[0]["empty"])} if "adds" in found else {}
    shown = found | {"weights": port.get("weights")}
    check(place, expected, {name: shown[name] for name in expected})
