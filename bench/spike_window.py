"""What a window saves where a first layer reads spikes of few channels: its cycles, beside the zero-skip bound.

python -m bench.spike_window [--data-dir DIR] [--recordings N] [--output FILE]

The first test recordings of N-MNIST in 10 and 50 time steps, or, where that set is not at hand, of moving-digits; a
3 × 3 convolution of 16 channels, as wide as the map and, as in the network ``nmnist``, half as wide. Cycles are the
exact ones (:mod:`model.accelerator.cycles`), with a window and without. Writes ``build/spike_window.json``.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.entry import run
from mint.console import console, messages
from mint.report import write_json
from model import datasets
from model.accelerator.bound import bound_cycles, set_bits
from model.accelerator.config import STREAMING, AcceleratorConfig
from model.accelerator.estimate import measured_layer
from model.accelerator.input_bits import layer_inputs
from model.accelerator.layer_plan import SKIP, SYSTOLIC
from model.accelerator.plan import plan
from model.config import Precision
from model.datasets.events.recording import Framing
from model.errors import UserError
from model.inputs import SPIKES
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network

TIME_STEPS, STRIDES, CHANNELS, LANES = (10, 50), (1, 2), 16, 128
WAYS = ((SKIP, 1), *((SYSTOLIC, rows) for rows in (2, 4, 8)), (STREAMING, 1))
RECORDINGS = 100
OUTPUT = Path("build/spike_window.json")


def first_layer(shape: tuple[int, ...], steps: int, stride: int) -> Network:
    """A convolution on recordings of this shape, [polarity, row, column], and a layer that ends the network."""
    precision, one = Precision(4, 4), np.ones(CHANNELS, np.int32)
    source = Source(INPUT, np.ones((CHANNELS, shape[0], 3, 3), np.int8), stride, 1)
    reads = CHANNELS * source.positions(shape[1]) * source.positions(shape[2])
    common: dict[str, Any] = {"code": precision.code}
    layers = (
        Layer(
            name="conv",
            kind=LayerKind.CONV,
            neuron=precision.lif(),
            sources=(source,),
            bias=one,
            threshold=one,
            **common,
        ),
        Layer(
            name="fc",
            kind=LayerKind.LINEAR,
            neuron=None,
            sources=(Source("conv", np.ones((1, reads), np.int8)),),
            bias=one[:1],
            **common,
        ),
    )
    return Network(SPIKES, (shape[0], shape[1], shape[2]), steps, layers)


def recordings(data_dir: Path | None, count: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Name of the set and spikes [T, N, polarity, row, column], for each T."""
    try:
        for steps in TIME_STEPS:
            data = datasets.load("n-mnist", data_dir, framing=Framing(steps))
            chosen = np.linspace(0, len(data.test) - 1, count).astype(int)  # of all classes
            yield data.name, datasets.for_network(data.test.images[np.unique(chosen)])
    except UserError as error:
        if data_dir:
            raise
        messages.print(f"{error}; moving-digits takes its place")
        data = datasets.load("moving-digits", download=False)
        yield data.name, datasets.for_network(data.test.images[:count])


def without(config: AcceleratorConfig) -> AcceleratorConfig:
    """The same, but for the window."""
    first, *others = config.layers
    return replace(config, layers=(replace(first, window=False), *others))


def measure(name: str, images: NDArray[np.uint8]) -> Iterator[dict[str, Any]]:
    """A record for each stride and way."""
    steps, count, *shape = images.shape
    for stride in STRIDES:
        network = first_layer(tuple(shape), steps, stride)
        layer = network.layers[0]
        nnz = set_bits(network, layer, layer_inputs(network, images)[layer.name])
        cycles = measured_layer(network, images)
        for dataflow, rows in WAYS:
            chosen: Any = [(dataflow, rows), (SKIP, 1)] if rows > 1 else dataflow
            config = plan(network, lanes=LANES, lanes_per_neuron_unit=1, dataflow=chosen)
            yield {
                "dataset": name,
                "recordings": count,
                "time_steps": steps,
                "stride": stride,
                "dataflow": dataflow,
                "rows": rows,
                "cycles": cycles(config, 0),
                "without": cycles(without(config), 0),
                "bound": float(bound_cycles(nnz, layer.channels, LANES).mean()),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description="Cycles of a first layer on spikes of few channels.")
    parser.add_argument("--data-dir", type=Path, help="N-MNIST's folder; without it, MINT_DATA's")
    parser.add_argument("--recordings", type=int, default=RECORDINGS, help="how many")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the JSON report goes")
    chosen = parser.parse_args()
    rows = []
    for name, images in recordings(chosen.data_dir, chosen.recordings):
        for row in measure(name, images):
            way = f"{row['dataflow']} {row['rows']}" if row["rows"] > 1 else row["dataflow"]
            ratios = (
                f"{row['without'] / row['bound']:6.2f} × the bound, {row['cycles'] / row['bound']:5.2f} × with a window"
            )
            console.print(f"{name} T = {row['time_steps']:2} stride {row['stride']} {way:10} {ratios}", soft_wrap=True)
            rows.append(row)
    write_json(chosen.output, {"channels": CHANNELS, "lanes": LANES, "rows": rows})
    messages.print(f"written: {chosen.output}")


if __name__ == "__main__":
    run(main)
