"""The queue: which networks are trained, in which order, by which recipe."""

from dataclasses import replace

from model.config import Precision, require
from model.training.recipe import Recipe, usual

MOST_EPOCHS = 200
"""More bring nothing: a run that has the time for them ends before its time is up."""
SEARCHED_AT = 1 / 4
"""Share of the run after which each layer's r is searched."""
QUEUE = (
    ("vgg9", 2),
    ("vgg16", 2),
    ("vgg9", 4),
    ("resnet19", 2),
    ("vgg9", 8),
    ("vgg16", 4),
    ("resnet19", 4),
    ("vgg16", 8),
    ("resnet19", 8),
)
TINY = (("vgg9", 2), ("vgg16", 2), ("vgg9", 4), ("vgg16", 4), ("vgg9", 8), ("vgg16", 8))


def jobs(dataset: str = "cifar10", width: float = 1.0) -> dict[str, Recipe]:
    """Recipes by name, in order."""
    chosen = TINY if dataset == "tiny-imagenet" else QUEUE
    found = {}
    for network, bits in chosen:
        recipe = replace(
            usual(network, dataset, width),
            precision=Precision(bits, bits),
            epochs=MOST_EPOCHS,
            leak_search=round(MOST_EPOCHS * SEARCHED_AT),
        )
        found[recipe.name.removesuffix("-seed0")] = recipe
    return found


def select(names: list[str], dataset: str, width: float) -> dict[str, Recipe]:
    """Those that were named, or all."""
    found = jobs(dataset, width)
    for name in names:
        require(name in found, f"run {name!r} is not known for {dataset}; choose of {', '.join(found)}")
    return {name: found[name] for name in names} if names else found
