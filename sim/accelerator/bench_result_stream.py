"""Bench of the result stream: logits and class of every image, with ties, over all groups of lanes."""

from random import Random

import numpy as np

from model.accelerator.config import AcceleratorConfig
from sim.accelerator.packets import results, signed_word
from sim.harness.checker import expect
from sim.harness.port import Port

IMAGES = 12


def random_logits(config: AcceleratorConfig, random: Random) -> list[int]:
    """Of few values, so that they tie, one bit apart, or of the widest; often all of them negative."""
    high = (1 << (config.accumulator_width - 1)) - 1
    low, top = random.choice([(-2, 1), (-5, -4), (-high - 1, high), (-high - 1, -high), (0, 0)])
    if low < top:
        return [random.randint(low, top) for _ in range(config.classes)]
    first = random.randint(-high - 1, high)
    return [first ^ 1 << random.randrange(config.accumulator_width - 1) for _ in range(config.classes)]


async def check_result_stream(port: Port, config: AcceleratorConfig, seed: int, stall: float) -> set[str]:
    """Images as the last layer hands them over, group by group, lane by lane; gives what was met."""
    random, met = Random(seed), set()
    share, units, groups = config.lanes_per_neuron_unit, config.neuron_units, config.output_groups
    for image in range(IMAGES):
        logits = random_logits(config, random)
        best = max(logits)
        met |= {"tie"} if logits.count(best) > 1 else set()
        met |= {"negative"} if best < 0 else set()
        met |= {"first"} if logits[0] == best else {"later"}
        met |= {"groups"} if groups > 1 else {"one group"}
        expected = results(np.array([logits]))[0]
        others = [random.randint(-9, 9) for _ in range(groups * config.lanes - len(logits))]
        lanes = [*logits, *others]
        found: list[tuple[int, int]] = []
        refused: tuple[int, int] | None = None
        for group in range(groups):
            for lane in range(share):
                for unit in range(units):
                    port.set(f"potentials.{unit}", lanes[group * config.lanes + unit * share + lane])
                complete = lane == share - 1
                port.set("update", 1)
                port.set("complete", int(complete))
                await port.tick()
                expect(not port.get("valid"), f"image {image}: a beat is there before the group {group}")
            port.set("update", 0)
            for _ in range(30 * config.lanes + 30):
                ready = int(random.random() >= stall)
                port.set("ready", ready)
                await port.tick()
                expect(port.get("busy") == port.get("valid"), "busy with something to offer, and only then")
                if not port.get("valid"):
                    expect(refused is None, f"image {image}: the beat {refused} went away")
                    break
                beat = port.get("data"), port.get("last")
                expect(refused in (None, beat), f"image {image}: the beat {refused} became {beat}")
                met |= {"stalled"} if not ready else set()
                refused = None if ready else beat
                if ready:
                    found.append((signed_word(beat[0]), beat[1]))
        wanted = [(value, int(i == len(expected) - 1)) for i, value in enumerate(expected)]
        expect(found == wanted, f"image {image}: {found}, expected {wanted}")
    return met
