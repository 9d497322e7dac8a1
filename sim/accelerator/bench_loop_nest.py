"""Bench of the loop nest: every iteration's numbers equal those of Python's nested loops."""

from itertools import product
from math import prod
from random import Random

from amaranth.hdl import Shape, signed, unsigned

from hdl.accelerator.loop_nest import LoopNest, Program, Quantity
from sim.harness.checker import check
from sim.harness.port import Port, decode

RUNS = 5


def random_nest(seed: int) -> LoopNest:
    """Up to five levels, up to three programs; counts of 1 and powers of two, steps of both signs that wrap around."""
    random = Random(seed)
    levels = [f"level_{i}" for i in range(random.randint(1, 5))]
    shapes: dict[str, Shape] = {"up": unsigned(random.randint(1, 9)), "both": signed(random.randint(1, 9))}
    programs = []
    for _ in range(random.randint(1, 3)):
        quantities = {
            name: Quantity(
                random.randint(-20, 20), {level: random.randint(-9, 9) for level in levels if random.random() < 0.6}
            )
            for name in shapes
        }
        programs.append(Program({level: random.choice([1, 1, 2, 3, 4]) for level in levels}, quantities))
    return LoopNest(levels, programs, shapes)


async def check_loop_nest(port: Port, nest: LoopNest, seed: int) -> set[str]:
    """Programs in any order, some left before their end; gives what was met."""
    random = Random(seed)
    met = set()
    for run in range(RUNS):
        index = random.randrange(len(nest.programs))
        program = nest.programs[index]
        counts = [program.counts[level] for level in nest.levels]
        leave = random.randrange(prod(counts)) if random.random() < 0.3 else None
        port.set("program", index)
        port.set("start", 1)
        port.set("advance", random.randrange(2))
        await port.tick()
        port.set("start", 0)
        for number, place in enumerate(product(*map(range, counts))):
            if number == leave:
                met.add("left before its end")
                break
            expected = {
                name: decode(nest.shapes[name], quantity.start + _added(nest, quantity, place))
                for name, quantity in program.quantities.items()
            }
            at_end = [i == count - 1 for i, count in zip(place, counts, strict=True)]
            expected["ends"] = sum(all(at_end[i + 1 :]) << i for i in range(len(counts)))
            expected["final"] = all(at_end)
            advance = 0
            while not advance:
                advance = random.random() < 0.7
                port.set("advance", advance)
                await port.tick()
                found = {name: port.get(f"values.{name}") for name in nest.shapes}
                found |= {name: port.get(name) for name in ("ends", "final")}
                check(f"run {run}, iteration {place}", expected, found)
                met.add("waited" if not advance else "went on")
        else:
            met.add("to the end")
    return met


def _added(nest: LoopNest, quantity: Quantity, place: tuple[int, ...]) -> int:
    return sum(quantity.steps.get(level, 0) * i for level, i in zip(nest.levels, place, strict=True))
