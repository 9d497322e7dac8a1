"""From a recipe to compared Verilog in Python: what the commands call, as plain functions.

They stand here together, and not on the floors that they call, because two of them need two floors, and because a
user then reads one page, docs/python.md. They print nothing and ask for nothing; what takes long is told to a
callback. Importing this module imports neither PyTorch nor Amaranth: each function imports what it needs.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from model.accelerator.estimate import Estimate
    from model.config import Precision
    from model.datasets import Dataset
    from model.network.network import Network
    from model.training.recipe import Recipe
    from model.training.train import Listener
    from sim.accelerator.comparison import Comparison

Progress = Callable[[int, int], None]
"""Hears what is done, of how much."""


def silent(done: int, total: int) -> None:
    """A progress that nobody watches."""


class Training(NamedTuple):
    """A run that is over: its folder and what ``result.json`` there says; ``before`` if nothing was left to do."""

    folder: Path
    result: dict[str, Any]
    before: bool

    @property
    def bundle(self) -> Path:
        """The integers; there is none of a network in float32."""
        return self.folder / "bundle.safetensors"


class Generated(NamedTuple):
    """What ``mint.json`` says of an accelerator, and the texts of its files by name."""

    description: dict[str, Any]
    files: dict[str, str]


def recipe(network: str, precision: "Precision | None", dataset: str | None = None, **fields: Any) -> "Recipe":
    """The usual recipe of ``network``, a name or ``file.py:Name``, with some fields of ``Recipe`` in place of its own.

    A ``precision`` of ``None`` is float32. Where epochs are given, the warm-up is at most a tenth of them.
    """
    from model.training.recipe import adjusted

    return adjusted(network, precision, dataset, **fields)


def train(
    recipe: "Recipe",
    runs: Path | str = "runs",
    *,
    data: "Dataset | None" = None,
    data_dir: Path | None = None,
    device: str = "cpu",
    listener: "Listener | None" = None,
) -> Training:
    """Train, or go on with, the run of ``recipe`` in its folder of ``runs``, and write checkpoints, bundle and report.

    The epoch that is best on the validation split counts. Its integers are compared with the golden model's on all test
    images: raises :class:`~model.errors.Defect` if one differs, :class:`~model.errors.UserError` for what can be
    mended. Of several processes under torchrun the first one writes; the others return an empty result.
    """
    import json
    from dataclasses import replace

    from mint.report import tool_versions, write_json
    from model import datasets
    from model.network import bundle
    from model.training import parallel
    from model.training.finish import best, result
    from model.training.session import built_for, checked_device, run_folder, sources_of
    from model.training.train import Listener, Run

    checked_device(device.partition(":")[0])
    listener = listener or Listener()
    data = data or datasets.load(recipe.dataset, data_dir, framing=recipe.framing)
    recipe = replace(recipe, sources=sources_of(recipe, data))
    with run_folder(Path(runs) / recipe.name) as folder:
        run = Run(recipe, built_for(recipe, data), data, folder, device)
        if parallel.rank() > 0:
            run.train(Listener())
            return Training(folder, {}, False)
        report = folder / "result.json"
        if len(run.history) == recipe.epochs and report.exists():
            return Training(folder, json.loads(report.read_text(encoding="utf-8")), True)
        listener.begin(len(run.history))
        run.train(listener)
        trained, network = best(run), None
        if recipe.precision is not None:
            network = trained.network(tool_versions(), listener.compared)
            bundle.write(network, folder / "bundle.safetensors")
        found = result(run, trained, network)
        write_json(report, found)
    return Training(folder, found, False)


def read(path: Path | str) -> "Network":
    """The network of a bundle, checked."""
    from model.network import bundle

    return bundle.read(Path(path))


def fold(module: "nn.Module", name: str = "network") -> "Network":
    """The integers that a trained ``SpikingNetwork`` computes with in evaluation mode, batch norm folded into them.

    Write them with ``model.network.bundle.write(network, path)``.
    """
    from model.training.export import to_network

    return to_network(module, name=name)


def with_state(network: "Network", state: str | None) -> "Network":
    """``network`` with another state, ``image`` or ``stream``: when its membranes start at 0."""
    from dataclasses import replace

    from model.network.graph import State
    from model.network.keys import one_of

    return network if state is None else replace(network, state=one_of(State, state, "state"))


def golden(network: "Network", images: "NDArray[Any]") -> "dict[str, NDArray[Any]]":
    """Every integer of ``network`` on pixels [N, C, H, W], or spikes or counts [T, N, C, H, W].

    For each spiking layer NAME.potential (H), NAME.spikes (before pooling) and NAME.membrane (the stored code after the
    reset), each [T, N, C, H, W]; and logits [N, classes]. Of a network whose state lasts, all images are one recording.
    """
    from model.golden.network import run

    return run(network, images)


def estimate(
    network: "Network",
    images: "NDArray[Any] | None" = None,
    *,
    densities: Sequence[float] | None = None,
    draws: int = 1,
    lanes: int | None = None,
    lanes_per_neuron_unit: int | None = None,
    dataflow: str = "skip",
    input_stream: str = "frames",
    state: str | None = None,
    chosen_on: "NDArray[Any] | None" = None,
    progress: Progress = silent,
) -> "Estimate":
    """Cycles, zero-skip bound and traffic of the accelerator: exact on ``images``, or expected of ``densities``.

    ``densities`` are the shares of set bits that each layer reads, of ``draws`` random inputs. With ``dataflow`` auto,
    the first two of ``images``, or of ``chosen_on``, decide for each layer.
    """
    from model.accelerator.choose import accelerator_config, cycles_by
    from model.accelerator.estimate import expected, expected_layer, measured
    from model.errors import require
    from model.golden.network import check_images

    network = with_state(network, state)
    require((images is None) != (densities is None), "an estimate is of images or of densities; give one of them")
    if densities is not None:
        by_density = expected_layer(densities)
        config = accelerator_config(
            network, lanes, lanes_per_neuron_unit, dataflow, cycles=by_density, input_stream=input_stream
        )
        return expected(config, densities, draws)
    assert images is not None
    check_images(network, images)
    cycles, done = cycles_by(network, images if chosen_on is None else chosen_on), 0
    config = accelerator_config(
        network, lanes, lanes_per_neuron_unit, dataflow, cycles=cycles, input_stream=input_stream
    )
    count = images.shape[network.inputs.axis]

    def counted(some: int) -> None:
        nonlocal done
        done += some
        progress(done, count)

    return measured(network, config, images, counted)


def generate(
    network: "Network",
    folder: Path | str,
    images: "NDArray[Any] | None" = None,
    *,
    count: int = 2,
    dataset: str | None = None,
    data_dir: Path | None = None,
    lanes: int | None = None,
    lanes_per_neuron_unit: int | None = None,
    dataflow: str = "skip",
    input_stream: str = "frames",
    state: str | None = None,
    memory_kbit: str | None = None,
    name: str = "mint",
    clock_mhz: float | None = None,
    vivado: bool = False,
) -> Generated:
    """Write the accelerator of ``network`` to ``folder``: Verilog, memories, and a testbench with ``images``.

    Without ``images`` these are the first ``count`` test images of ``dataset``, or of the network's own data set if
    that is at hand, else drawn ones. Refuses a folder where a file is in the way that no earlier run wrote.
    """
    from hdl.folder.constraints import CLOCK_MHZ
    from hdl.folder.files import accelerator_files
    from hdl.folder.listing import write_folder
    from hdl.verilog.names import Names
    from mint.report import makers
    from model.accelerator.choose import accelerator_config, cycles_by
    from model.datasets.samples import some_images

    network = with_state(network, state)
    config = accelerator_config(
        network,
        lanes,
        lanes_per_neuron_unit,
        dataflow,
        input_stream=input_stream,
        memory_kbit=memory_kbit,
        cycles=None if images is None else cycles_by(network, images),
        dataset=dataset,
        data_dir=data_dir,
    )
    tests, source = some_images(network, count, dataset, data_dir) if images is None else (images, "given")
    # Everything is there before the first file is written.
    found = accelerator_files(
        network, config, tests, source, makers(), Names(name), CLOCK_MHZ if clock_mhz is None else clock_mhz, vivado
    )
    write_folder(Path(folder), found[1])
    return Generated(*found)


def cosim(
    network: "Network",
    images: "NDArray[Any]",
    folder: Path | str,
    *,
    lanes: int | None = None,
    lanes_per_neuron_unit: int | None = None,
    dataflow: str = "skip",
    input_stream: str = "frames",
    state: str | None = None,
    chosen_on: "NDArray[Any] | None" = None,
    idle: int = 0,
    stall: int = 0,
    simulator: str = "icarus",
    progress: Progress = silent,
) -> "Comparison":
    """Simulate the accelerator in Verilog, and compare every neuron, logit, class and cycle with what was said of them.

    ``idle`` and ``stall`` are how often, of 256, an input waits and a result is refused. ``folder`` holds what is
    simulated, for one run at a time. A difference is no exception: ``outcomes.mismatches`` counts them, and ``first``
    is the first one in words.
    """
    from model.accelerator.choose import accelerator_config, cycles_by
    from model.files.folders import work_folder
    from sim.accelerator.comparison import cosimulate
    from sim.harness.cosimulation import Waits
    from sim.harness.simulators import installed

    installed(simulator)
    waits, network = Waits(idle, stall), with_state(network, state)
    cycles = cycles_by(network, images if chosen_on is None else chosen_on)
    config = accelerator_config(
        network, lanes, lanes_per_neuron_unit, dataflow, cycles=cycles, input_stream=input_stream, retire=True
    )
    with work_folder(Path(folder)) as work:
        return cosimulate(network, images, work, config, waits=waits, simulator=simulator, progress=progress)
