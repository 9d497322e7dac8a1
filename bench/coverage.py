"""Functional coverage of the LIF family in hardware: the bins that neurons meet which are compared with golden ones.

python -m bench.coverage [--images N] [--output FILE]

A layer for each member (:mod:`sim.networks.coverage`) runs in Verilator, in array and accelerator, without
waits and with inputs that pause and results that are refused: as many of N random images as meet what all of them
would. Every potential, spike, membrane and logit is compared;
the bins are those of these neurons. Writes ``build/coverage.json`` and ends with status 1 if a number differs.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import NDArray

from bench.entry import run as start
from mint.console import console, messages
from mint.report import write_json
from model.accelerator.plan import plan
from model.errors import Defect
from model.network.network import Network
from model.neurons import Lif
from sim.accelerator import cosim as accelerator
from sim.array import cosim as array
from sim.harness.cosimulation import NO_WAITS, Waits
from sim.networks.coverage import chosen_images, covering_images, covering_network, met, possible

CHANNELS, IMAGES, SEED = 128, 150, 6
LANES, ROWS, COLUMNS = 32, 1, 16
WAITING = Waits(idle=64, stall=64)
OUTPUT = Path("build/coverage.json")


def simulations(network: Network, images: NDArray[Any]) -> list[dict[str, Any]]:
    """What was simulated, and what was compared."""
    found = []
    with TemporaryDirectory() as folder:
        config = plan(network, lanes=LANES, retire=True)
        whole = accelerator.prepare(network, images, Path(folder, "accelerator"), config, cycles_an_image=20_000)
        dense = array.prepare(network, images, Path(folder, "array"), rows=ROWS, columns=COLUMNS)
        for waits in (NO_WAITS, WAITING):
            for design, outcomes in (
                ("accelerator", accelerator.run(whole, waits=waits, simulator="verilator")),
                ("array", array.run(dense, waits=waits, simulator="verilator")),
            ):
                if outcomes.mismatches:
                    raise Defect(f"{design}, {waits}: {outcomes.first}")
                found.append({"design": design, **asdict(waits), "comparisons": outcomes.comparisons})
                console.print(f"{design}, idle {waits.idle}, stall {waits.stall}: {outcomes.comparisons:,} compared")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Functional coverage of the LIF family.")
    parser.add_argument("--images", type=int, default=IMAGES, help="how many to choose from")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    network = covering_network(CHANNELS, SEED)
    images = chosen_images(network, covering_images(network, chosen.images, SEED))
    records, meets = [], met(network, images)
    for layer in network.layers[1:-1]:
        assert isinstance(layer.neuron, Lif)
        counts, can = meets[layer.name], possible(layer.neuron)
        records.append(
            {
                **layer.neuron.fields(),
                "possible": len(can),
                "met": len(can & set(counts)),
                "impossible_met": sorted(set(counts) - can),
                "missing": sorted(can - set(counts)),
                "least": min((counts[each] for each in can), default=0),
                "neuron_steps": sum(counts.values()),
            }
        )
    found = {"images": images.shape[1], "simulations": simulations(network, images), "members": records}
    write_json(chosen.output, found)
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    start(main)
