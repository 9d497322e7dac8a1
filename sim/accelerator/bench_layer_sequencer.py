"""Bench of the layer sequencer: layers in order, frames in order, each first layer with a bank that is full."""

from random import Random

from model.accelerator.config import AcceleratorConfig
from sim.harness.checker import check
from sim.harness.port import Port

PACKETS = 9


async def check_layer_sequencer(port: Port, config: AcceleratorConfig, seed: int) -> set[str]:
    """Packets that come early or late, layers of random lengths; gives what was met."""
    random, met = Random(seed), set()
    full, filling, packets, bank, layer, frame = 0, 0, 0, 0, 0, 0
    firsts, begins = 0, 0
    left: int | None = None  # cycles of the layer that runs
    for cycle in range(PACKETS * (len(config.layers) + 1) * 20):
        first, last = layer == 0, layer == len(config.layers) - 1
        present = full >> bank & 1
        start = cycle > 0 and left is None and (not first or bool(present))
        done = left == 0
        port.set("full", full)
        port.set("done", int(done))
        if config.lasts:
            port.set("first", firsts)
        await port.tick()
        expected = {
            "layer": layer,
            "start": int(start),
            "clear": int(cycle == 0),
            "emits": int(last and frame == config.frames - 1),
            "bank": bank,
            "release": int(first and done) << bank,
            "working": int(left is not None or not first or frame != 0),
        }
        expected |= {"frame": frame} if config.streaming else {}
        expected |= {"begins": begins} if config.lasts else {}
        check(f"cycle {cycle}", expected, {name: port.get(name) for name in expected})
        met |= {"waits"} if first and not present and left is None and cycle else set()
        met |= {"both banks are full"} if full == 3 else set()
        if first and done:
            full &= ~(1 << bank)
            bank ^= 1
            packets += 1
        if not full >> filling & 1 and random.random() < 0.1:
            full |= 1 << filling
            firsts = firsts & ~(1 << filling) | random.randint(0, 1) << filling
            filling ^= 1
        if start:
            left = random.choice([0, 1, 5])
            if first and config.lasts:
                begins = firsts >> bank & 1
                met |= {"a recording begins within an image"} if begins and frame else set()
                frame = 0 if begins else frame
        elif done:
            left, layer = None, 0 if last else layer + 1
            frame = (frame + last) % config.frames
        elif left is not None:
            left -= 1
        met |= {"another frame"} if frame else set()
        if packets == PACKETS:
            return met | {"all packets"}
    return met
