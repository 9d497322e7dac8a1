"""Bench of the membrane memory: every word comes back a frame later, in the cycle of its potential."""

from random import Random

from model.accelerator.config import AcceleratorConfig
from sim.harness.checker import expect
from sim.harness.port import Port

FRAMES = 5


async def check_membrane_memory(port: Port, config: AcceleratorConfig, seed: int) -> set[str]:
    """Hand-overs of all layers in order, a cycle a lane of a unit, with pauses between them; gives what was met."""
    random, met = Random(seed), set()
    before: dict[tuple[str, int], int] = {}
    for frame in range(FRAMES):
        for index, layer in enumerate(config.layers):
            sums = index == len(config.layers) - 1
            # The lines of a layer follow each other, so those of all spiking layers do.
            first = 0 if sums else sum(each.fires for each in config.layers[:index]) * config.lanes_per_neuron_unit
            await _step(port, start=1, first=int(index == 0), sums=int(sums))
            what, width = ("carried", config.accumulator_width) if sums else ("stored", config.membrane_width)
            pending: int | None = None
            for fire in range(layer.fires):
                for _ in range(random.choice([1, 1, 2, 5])):
                    await _update(port, pending, sums)
                    pending = None
                for lane in range(config.lanes_per_neuron_unit):
                    place = what, first + fire * config.lanes_per_neuron_unit + lane
                    _write(port, pending, sums)
                    port.set("potential", 1)
                    await port.tick()
                    port.set("potential", 0)
                    if place in before:
                        found = port.get(what)
                        expect(found == before[place], f"frame {frame}, {place}: {found}, not {before[place]}")
                        met.add(what)
                    met |= {"written in the cycle of a read"} if pending is not None else {"written alone"}
                    pending = before[place] = random.getrandbits(width * config.neuron_units)
            await _update(port, pending, sums)
    return met


def _write(port: Port, word: int | None, sums: bool) -> None:
    """What the neuron units made of the potentials of the cycle before."""
    port.set("update", int(word is not None))
    port.set("potentials" if sums else "membranes", word or 0)


async def _update(port: Port, word: int | None, sums: bool) -> None:
    _write(port, word, sums)
    await port.tick()
    port.set("update", 0)


async def _step(port: Port, **values: int) -> None:
    for path, value in values.items():
        port.set(path, value)
    await port.tick()
    port.set("start", 0)
