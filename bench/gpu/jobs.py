"""The queue: which networks are trained, in which order, by which recipe."""

from dataclasses import replace

from model.config import Precision
from model.errors import require
from model.training.recipe import Recipe, usual

MOST_EPOCHS = 200
"""More bring nothing: a run that has the time for them ends before its time is up."""
SEARCHED_AT = 1 / 4
"""Share of the run after which each layer's r is searched."""
QUEUE = (
    ("vgg9", 2, 0),
    ("vgg16", 2, 0),
    ("vgg9", 4, 0),
    ("resnet19", 2, 0),
    ("vgg9", 8, 0),
    ("vgg9", 2, 8),
    ("vgg16", 2, 8),
    ("resnet19", 2, 8),
    ("vgg16", 4, 0),
    ("resnet19", 4, 0),
    ("vgg16", 8, 0),
    ("resnet19", 8, 0),
)
"""Network, bits, and bits of first and last layer, where they are as others have them."""
TINY = (("vgg9", 2, 0), ("vgg16", 2, 0), ("vgg9", 4, 0), ("vgg16", 4, 0), ("vgg9", 8, 0), ("vgg16", 8, 0))


def jobs(dataset: str = "cifar10", width: float = 1.0) -> dict[str, Recipe]:
    """Recipes by name, in order."""
    chosen = TINY if dataset == "tiny-imagenet" else QUEUE
    found = {}
    for network, bits, ends in chosen:
        recipe = replace(
            usual(network, dataset, width),
            precision=Precision(bits, bits),
            ends_bits=ends,
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
