"""Which network a name means: one of ours, or a function in a user's file."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.config import Precision
    from model.network.graph import Shape
    from model.network.network import Network
    from model.training.network import SpikingNetwork

NAMES = "vgg9, vgg9-plain, vgg16, resnet19, pooled, fashion, mlp, digits, moving, nmnist, gesture"


def builder(
    name: str,
    *,
    width: float = 1.0,
    time_steps: int = 4,
    input_shape: "Shape" = (3, 32, 32),
    classes: int = 10,
    ends_bits: int = 0,
    count_bits: int = 1,
) -> "Callable[[Precision | None], SpikingNetwork]":
    """The function from a precision to the untrained network ``name``, or ``file.py:Name``.

    Width, T, images, classes, and bits of the ends and of counts are for networks of any size; others have their own.
    """
    import importlib.util

    from model.errors import UserError, require
    from model.training.networks import Size, named

    path, _, attribute = name.rpartition(":")
    if not path:
        return lambda precision: named(
            name, Size(precision, width, input_shape, classes, time_steps, ends_bits, count_bits)
        )
    require(
        (width, time_steps, ends_bits) == (1, 4, 0),
        f"{name} has its own width, time steps and precisions; leave out --width, --time-steps and --ends-bits",
    )
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if not Path(path).is_file() or spec is None or spec.loader is None:
        raise UserError(f"{path}: no such Python file; give --network file.py:Name")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path}: it cannot be imported: {type(error).__name__}: {error}") from error
    found: Any = getattr(module, attribute, None)
    if not callable(found):
        raise UserError(f"{path}: it defines no function {attribute!r}; give --network file.py:Name")
    return found


def integers(
    name: str, precision: "Precision", *, width: float, time_steps: int | None, dataset: str | None
) -> "Network":
    """A bundle's network; or the named one, untrained, for what depends on sizes alone: its weights are random.

    A bundle has its own precision, width, T and images.
    """
    from model.network import bundle

    if Path(name).suffix == ".safetensors":
        return bundle.read(Path(name))

    import torch

    from model import datasets
    from model.files.text import printable
    from model.network.validation import LONGEST_NAME
    from model.training.export import to_network
    from model.training.recipe import usual

    dataset = dataset or usual(name).dataset
    recipe = usual(name, dataset)
    shape, classes = datasets.sizes(dataset, recipe.framing)
    steps = recipe.time_steps if time_steps is None else time_steps
    module = builder(name, width=width, time_steps=steps, input_shape=shape, classes=classes)(precision)
    inputs = module.inputs.kind
    drawn = (*inputs.steps(module.time_steps), 2, *module.input_shape)
    module.calibrate(torch.randint(0, inputs.largest + 1, drawn, generator=torch.Generator().manual_seed(0)))
    return to_network(module.eval(), name=printable(name)[-LONGEST_NAME:])
