"""Bundles that are changed at random: each is refused with one sentence, or is a network that everything takes.

python -m tools.fuzz [--first 0] [--count 20000] [--keep FOLDER]

Case N follows from N alone. What is accepted must be written and read again to an equal network, be described as ``mint
check`` does, be estimated as ``mint estimate`` does, and run through the golden model, where potentials stay within the
bounds that the network states; what is large only as far as time allows. A warning counts as a failure. The
files of cases that fail are kept; the exit status is 1 if there are some.
"""

import argparse
import io
import json
import signal
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import numpy as np
from rich.table import Table

from hdl.array.tiling import tilings
from mint.commands.check import check
from mint.console import console, messages, print_wide
from model.accelerator.config import STREAMING
from model.accelerator.estimate import expected, measured
from model.accelerator.layer_plan import SKIP
from model.accelerator.plan import plan
from model.accelerator.report import describe
from model.accelerator.traffic import read_places
from model.costs.evaluation import evaluate
from model.datasets import Split
from model.errors import UserError
from model.golden.network import run
from model.network import bundle
from model.network.graph import LayerKind
from model.network.network import Network
from sim.networks.random_chains import random_chain
from sim.networks.random_joins import random_joins
from sim.networks.random_networks import random_images, random_network
from sim.networks.small_networks import first_layer
from tools.extremes import extreme_network
from tools.mutations import MUTATIONS, Parts

SECONDS = 30
"""Of a processor, for one case; more is a failure."""
WORK, WORDS = 3_000_000, 4_000
"""Additions of an image, and words that the accelerator reads for it: networks with more are not run, or estimated."""
SAME, ACCEPTED, REFUSED, FAILED = "unchanged", "accepted", "refused", "FAILED"


@cache
def bases() -> tuple[bytes, ...]:
    """The files that are changed."""
    networks = [random_network(seed) for seed in range(9)]
    networks += [random_joins(seed).network for seed in range(5)]
    networks += [random_chain(seed).network for seed in range(8)]
    networks += [first_layer(kind, taken, (2, 6, 5)) for kind in ("conv", "linear") for taken in ("pixels", "spikes")]
    return tuple(map(bundle.to_bytes, networks))


def case(number: int) -> tuple[str, bytes, bytes]:
    """What is changed, the file, and what it was."""
    random = Random(number)
    base = bundle.to_bytes(extreme_network(random)) if random.random() < 0.3 else random.choice(bases())
    start = 8 + int.from_bytes(base[:8], "little")
    table = json.loads(base[8:start])
    header = json.loads(table.pop("__metadata__")["mint"])
    tensors = {}
    for name, entry in table.items():
        first, last = (start + place for place in entry["data_offsets"])
        tensors[name] = np.frombuffer(base[first:last], bundle.TYPES[entry["dtype"]]).reshape(entry["shape"])
    parts = Parts(header, tensors)
    done = []
    for _ in range(random.choice([0, 1, 1, 1, 2, 3])):
        mutation = random.choice(MUTATIONS)
        try:
            mutation(parts, random)
        except (TypeError, KeyError, IndexError, AttributeError, ValueError, OverflowError):
            continue  # what it changes is gone
        done.append(mutation.__name__)
    return " ".join(sorted(set(done))) or "nothing", parts.to_bytes(), base


def same(one: Any, other: Any) -> bool:
    """Whether two networks, or parts of them, are equal, types and shapes of arrays included."""
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, each.name), getattr(other, each.name)) for each in fields(one)
        )
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def judge(data: bytes, path: Path) -> str:
    """Whether a file is accepted or refused; AssertionError, or whatever else is raised, where neither is right."""
    path.write_bytes(data)
    try:
        network = bundle.read(path)
    except UserError as error:
        sentence = str(error)
        assert sentence.startswith(f"{path}: "), sentence
        assert sentence.isprintable(), sentence
        assert len(sentence) < bundle.LONGEST_SENTENCE + len(str(path)) + 10, sentence
        return REFUSED
    again = path.with_suffix(".again")
    bundle.write(network, again)
    assert same(network, bundle.read(again)), "it is another network once it is written"
    check(path)
    images = None
    if work(network) <= WORK:
        images = random_images(network, 1, 0)
        golden(network, images)
        if network.inputs.static:
            evaluate(network, Split(images, np.zeros(1, np.int64)))
    if words(network) <= WORDS:
        for dataflow in (SKIP, STREAMING):
            estimate(network, dataflow, images)
    return ACCEPTED


def estimate(network: Network, dataflow: str, images: Any | None) -> None:
    """What ``mint estimate`` computes, with every bit set and, if there are some, for images."""
    try:
        config = plan(network, dataflow=dataflow)
        array = network.array_config()
    except UserError:
        return  # it can be run, and not built
    dense = {name: each.cycles for name, each in tilings(network, array).items()}
    full = expected(config, [1.0] * len(network.layers))
    describe(full, dense)
    for layer in full.layers:
        assert layer.density == any(map(read_places, layer.plan.sources)), f"{layer.plan.name}: set bits are lost"
    if images is not None:
        describe(measured(network, config, images), dense)


def golden(network: Network, images: Any) -> None:
    """Run the golden model, and compare potentials and logits with the bounds that follow from the weights."""
    found = run(network, images)
    for layer in network.layers:
        low, high = network.potential_range(layer)
        values = found[f"{layer.name}.potential"] if layer.spiking else found["logits"].reshape(1, 1, -1, 1, 1)
        channels = np.moveaxis(values, 2, 0).reshape(layer.channels, -1)
        assert (channels.min(1) >= low).all(), f"layer {layer.name}: a potential is below its bound"
        assert (channels.max(1) <= high).all(), f"layer {layer.name}: a potential is above its bound"


def work(network: Network) -> int:
    """Additions of an image without zero skipping."""
    sizes = ((layer, int(np.prod(network.shapes[layer.name]))) for layer in network.layers)
    return sum(size * source.fan_in for layer, size in sizes for source in layer.sources) * network.time_steps


def words(network: Network) -> int:
    """About the words that an accelerator reads of an image."""
    total = 0
    for layer in network.layers:
        _, height, width = network.shapes[layer.name]
        for source in layer.sources:
            channels = -(-source.weight.shape[1] // 32) if layer.kind == LayerKind.LINEAR else 1
            kernel = source.weight[0, 0].size * channels * network.largest_repeat(source.origin)
            total += height * width * kernel * max(8, network.rounds(layer))
    return total


@contextmanager
def limited() -> Iterator[None]:
    """No warnings, nothing printed, and no more than so many seconds."""

    def over(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {SECONDS} seconds of a processor")

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("error")
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def outcome(number: int, folder: Path) -> tuple[str, str, str | None]:
    """What was changed in a case, how it ended, and of a failure what happened."""
    what, data, base = case(number)
    try:
        with limited():
            ended = judge(data, folder / "case.safetensors")
            if ended == ACCEPTED and what in ("flips", "cut"):
                read = bundle.from_bytes(data)
                assert same(read, bundle.from_bytes(base)), "damaged, and another network"
                ended = SAME
    except Exception:
        return what, FAILED, traceback.format_exc()
    return what, ended, None


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz")
    parser.add_argument("--first", type=int, default=0, metavar="N")
    parser.add_argument("--count", type=int, default=20_000, metavar="N")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), metavar="FOLDER")
    options = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    with TemporaryDirectory(prefix="mint-fuzz-") as folder:
        for number in range(options.first, options.first + options.count):
            what, ended, why = outcome(number, Path(folder))
            for each in what.split():
                counts[each, ended] += 1
            counts["all", ended] += 1
            if why is not None:
                options.keep.mkdir(parents=True, exist_ok=True)
                kept = options.keep / f"{number}.safetensors"
                kept.write_bytes(case(number)[1])
                messages.print(f"case {number} ({what}), kept in {kept}:\n{why}", soft_wrap=True)
    table = Table("changed", ACCEPTED, SAME, REFUSED, FAILED)
    for each in [*sorted({each for each, _ in counts} - {"all"}), "all"]:
        table.add_row(each, *(f"{counts[each, ended]:,}" for ended in (ACCEPTED, SAME, REFUSED, FAILED)))
    last = options.first + options.count - 1
    print_wide(table, f"cases {options.first} to {last}")
    accepted, unchanged, refused, failed = (counts["all", each] for each in (ACCEPTED, SAME, REFUSED, FAILED))
    console.print(
        f"{options.count:,} bundles, from case {options.first} on: {accepted:,} accepted, {unchanged:,} unchanged, "
        f"{refused:,} refused with a sentence, {failed:,} failed",
        soft_wrap=True,
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
