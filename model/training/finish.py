"""The end of a training run: its integers are proved equal to the golden model's, tested, and reported."""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from model import datasets
from model.config import Precision
from model.datasets import Dataset, for_network
from model.errors import Defect, UserError, require
from model.files.text import all_printable, printable
from model.golden.network import classify
from model.network.network import Network
from model.network.validation import LONGEST_NAME
from model.training import checkpoint
from model.training.equality import compare
from model.training.export import to_network
from model.training.network import SpikingNetwork
from model.training.recipe import Recipe
from model.training.session import DIGESTS, built_for, sources_of
from model.training.train import Run, accuracy


@dataclass(frozen=True)
class Trained:
    """A network in evaluation mode, the recipe and the data that it was trained with, and its validation accuracy."""

    recipe: Recipe
    module: SpikingNetwork
    data: Dataset
    validation: float | None
    """In percent; ``None`` after a refit, which leaves no validation split."""

    def network(
        self, tools: dict[str, str], progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Network:
        """The integers, with their accuracy on the test split; ``tools`` are versions for the bundle's provenance.

        Every potential, spike, membrane and logit of all test images is compared with the golden model's: raises
        :class:`~model.errors.Defect` where one differs.
        """
        recorded = replace(self.recipe, dataset=self.data.name)  # of a user's file its name, not where it lies
        provenance = {
            "command": recorded.command,
            "dataset": self.data.name,
            **self.data.provenance,
            "recipe": asdict(recorded),
            "tools": tools,
        }
        width = f"-x{recorded.width:g}" if recorded.width != 1 else ""
        name = recorded.network.rpartition(":")[2] + width
        # Names of files may hold anything; a bundle's text does not.
        network = to_network(self.module, name=printable(name)[:LONGEST_NAME], provenance=all_printable(provenance))
        test, done = self.data.test, 0

        def compared(images: int) -> None:
            nonlocal done
            done += images
            progress(done, len(test))

        found = compare(self.module, network, for_network(test.images), compared)
        if found.differing:
            raise Defect(f"trained model and golden model are not equal: {equality(found.differing, found.compared)}")
        correct = int((classify(found.logits) == test.labels).sum())
        scores = {"test": 100 * correct / len(test), "test_images": len(test), "unit": "percent"}
        if self.validation is not None:
            scores["validation"] = self.validation
        scores |= {"compared_with_golden": found.compared, "differing": found.differing}
        return replace(network, accuracy=scores)


def equality(differing: int, compared: int) -> str:
    """What a comparison came to, in words."""
    return f"{differing} of {compared:,} potentials, spikes, membranes and logits differ"


def reopened(folder: Path, dataset: str | None = None, data_dir: Path | None = None) -> Trained:
    """The best epoch of the run in ``folder``; ``dataset`` is where a user's own data lies by now."""
    tensors, notes = checkpoint.read(folder / "best.safetensors")
    fields: dict[str, Any] = notes["recipe"]
    if fields["precision"] is None:
        raise UserError(f"{folder}: the network was trained in float32, which has no integers; train it with widths")
    recipe = Recipe(**{**fields, "precision": Precision(**fields["precision"])})
    data = datasets.load(dataset or recipe.dataset, data_dir, framing=recipe.framing)
    require(
        sources_of(recipe, data) == recipe.sources
        if any(key in data.provenance for key in DIGESTS)
        else data.name == recipe.dataset,
        f"{folder}: it was trained on {recipe.dataset}, and {data.name} is another data set or has other recordings, "
        "or the run's network file, teacher or initial weights were changed since; name the run's own with --dataset",
    )
    module = built_for(recipe, data)(recipe.precision)
    checkpoint.restore(tensors, module)
    return Trained(recipe, module.eval(), data, None if recipe.refit else notes["history"][-1]["accuracy"])


def best(run: Run) -> Trained:
    """The kept epoch of a run that is over."""
    return Trained(run.recipe, run.load_best(), run.dataset, None if run.recipe.refit else run.kept["accuracy"])


def result(run: Run, trained: Trained, network: Network | None) -> dict[str, Any]:
    """The report of a run; one in float32 has no ``network`` of integers."""
    if network is None:
        scores = {"validation": trained.validation, "test": accuracy(trained.module, run.dataset.test)}
    else:
        scores = dict(network.accuracy)
    return {
        "recipe": asdict(run.recipe),
        "accuracy": scores,
        "best_epoch": run.kept["epoch"],
        "epoch_seconds": statistics.median(entry["seconds"] for entry in run.history),
        "history": run.history,
    }
