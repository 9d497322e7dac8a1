"""What a layer asks of the quantiser of its weights."""

from typing import Protocol

from torch import Tensor


class WeightQuantiser(Protocol):
    """From real weights w to the levels n of a weight code, so that s·n stands for w; a module with its parameters.

    Every quantiser goes with every neuron: folding asks only for the step s and the levels. Levels are integers, as
    floats where a gradient passes.
    """

    soft: bool
    """Whether :meth:`values` are reals between the levels for now, as long as it learns."""

    def initialise(self, weight: Tensor) -> None:
        """A step for these weights: new ones, or those of a network of another width."""
        ...

    def step(self, numel: int) -> Tensor:
        """Step s > 0, a scalar with a gradient, scaled for ``numel`` weights."""
        ...

    def precise_step(self) -> Tensor:
        """The same in float64, without a gradient."""
        ...

    def values(self, weight: Tensor, step: Tensor) -> Tensor:
        """Levels of ``weight``, like it in shape, differentiable in weight and step."""
        ...

    def to_int(self, weight: Tensor) -> Tensor:
        """The levels as int8: exactly the values that evaluation and export compute with."""
        ...

    def rescale(self, factor: Tensor) -> None:
        """Multiply the step by ``factor`` > 0, as the weights have been: no level changes."""
        ...

    def soft_epochs(self, epochs: int) -> int:
        """How many of ``epochs`` are soft, the first ones: those after them are what a run can keep."""
        ...

    def start_epoch(self, epoch: int, epochs: int) -> None:
        """Told before epoch 0 … ``epochs`` - 1, for a quantiser that hardens while it learns."""
        ...
