"""A co-simulation of the accelerator beside its estimate: numbers and cycles must both be those that were said."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.accelerator.choose import rows_of
from model.accelerator.config import AcceleratorConfig
from model.accelerator.estimate import Estimate, measured
from model.network.network import Network
from sim.accelerator.cosim import prepare, run
from sim.accelerator.outcomes import Outcomes
from sim.harness.cosimulation import NO_WAITS, Waits


@dataclass(frozen=True)
class Comparison:
    """What was simulated, what came out, and what was estimated."""

    config: AcceleratorConfig
    waits: Waits
    outcomes: Outcomes
    estimate: Estimate

    @property
    def cycles(self) -> float:
        """Of an image, mean."""
        return float(np.mean(self.outcomes.intervals))

    @property
    def first(self) -> str | None:
        """The first difference in words: of a number, else, where nothing waited, of an image's cycles."""
        found, wanted = np.array(self.outcomes.intervals), self.estimate.intervals
        if self.outcomes.first is not None or self.waits != NO_WAITS or np.array_equal(found, wanted):
            return self.outcomes.first
        image = int(np.flatnonzero(found != wanted)[0])
        return f"image {image}: {found[image]} cycles, estimated {wanted[image]}"

    def report(self) -> dict[str, Any]:
        """What a file says of it."""
        config, outcomes = self.config, self.outcomes
        return {
            "layers": {layer.name: rows_of(layer.dataflow, layer.rows) for layer in config.layers},
            "waits": {"idle": self.waits.idle, "stall": self.waits.stall},
            "lanes": config.lanes,
            "lanes_per_neuron_unit": config.lanes_per_neuron_unit,
            "input_width": config.input_width,
            "images": outcomes.images,
            "comparisons": outcomes.comparisons,
            "mismatches": outcomes.mismatches,
            "first_mismatch": self.first,
            "cycles": self.cycles,
            "bound_cycles": float(self.estimate.bound.mean()),
            "estimated_cycles": float(self.estimate.intervals.mean()),
            "intervals": outcomes.intervals,
            "latency": outcomes.latency,
            "response": outcomes.response,
            "simulated_cycles": outcomes.cycles,
            "seconds": round(outcomes.seconds, 3),
            "cycles_per_second": round(outcomes.cycles_per_second),
        }


def cosimulate(
    network: Network,
    images: NDArray[Any],
    folder: Path,
    config: AcceleratorConfig,
    *,
    waits: Waits = NO_WAITS,
    simulator: str = "icarus",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Comparison:
    """Simulate the accelerator of ``config`` on ``images``; ``progress`` hears of cycles.

    A mismatch is no exception, but stands in what is returned. Raises
    :class:`~sim.harness.simulators.SimulationError` where there is nothing to compare.
    """
    estimate = measured(network, config, images)
    mean = int(estimate.intervals.mean())
    prepared = prepare(network, images, folder, replace(config, retire=True), cycles_an_image=mean)
    total = prepared.expected_cycles
    progress(0, total)
    outcomes = run(prepared, waits=waits, simulator=simulator, on_cycles=lambda cycles: progress(cycles, total))
    progress(total, total)
    return Comparison(config, waits, outcomes, estimate)
