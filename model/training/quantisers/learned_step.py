"""Learned-step quantiser: one step per layer, shared by weights and membranes."""

import math

import torch
from torch import Tensor, nn

from model.codes import WeightCode


def round_ste(x: Tensor) -> Tensor:
    """Round half to even; the gradient passes straight through."""
    return x + (torch.round(x) - x).detach()


class LearnedStep(nn.Module):
    """Levels n nearest to w/s, from -Q to Q, with a learned step s = exp(log_step).

    Gradients are those of LSQ (Esser et al., ICLR 2020): straight through inside the clip, none to w outside, and the
    step's gradient is scaled by 1/√(numel·Q). The membrane's share of it enters where the neuron uses :meth:`step`.

    Parameters
    ----------
    code : WeightCode
        Its levels; Q is the greatest. Of two that are equally near the even one where all integers are levels.
    """

    def __init__(self, code: WeightCode) -> None:
        super().__init__()
        self.soft = False
        self.limit = float(code.limit)
        self.levels = None if len(code.levels) > 2 * code.limit else torch.tensor(code.levels, dtype=torch.float32)
        self.log_step = nn.Parameter(torch.zeros(()))

    @torch.no_grad()
    def initialise(self, weight: Tensor) -> None:
        """Step 2·mean|w|/√Q, after the final weight initialisation (the released MINT code takes this as the range).

        Weights that are all 0 leave it as it is.
        """
        mean = weight.abs().mean().item()
        if mean > 0:
            self.log_step.fill_(math.log(2 * mean / math.sqrt(self.limit)))

    def step(self, numel: int) -> Tensor:
        """Step s, its gradient scaled for ``numel`` weights."""
        scale = 1 / math.sqrt(numel * self.limit)
        fixed = self.log_step.detach()
        return (fixed + (self.log_step - fixed) * scale).exp()  # the value exactly, the gradient scaled

    def precise_step(self) -> Tensor:
        """Step s in float64, without a gradient."""
        return self.log_step.detach().double().exp()

    def values(self, weight: Tensor, step: Tensor) -> Tensor:
        """Integer-valued levels of ``weight``, differentiable in weight and step."""
        inside = torch.clamp(weight / step, -self.limit, self.limit)
        if self.levels is None:
            return round_ste(inside)
        levels = self.levels.to(inside)
        nearest = levels[torch.bucketize(inside.detach(), (levels[1:] + levels[:-1]) / 2)]
        return nearest + (inside - inside.detach())  # exactly the level, however far it is

    @torch.no_grad()
    def to_int(self, weight: Tensor) -> Tensor:
        """The levels as int8: exactly the values that the forward pass multiplies by."""
        return self.values(weight, self.log_step.exp()).to(torch.int8)

    @torch.no_grad()
    def rescale(self, factor: Tensor) -> None:
        self.log_step.add_(factor.log().to(self.log_step))

    def soft_epochs(self, epochs: int) -> int:
        return 0

    def start_epoch(self, epoch: int, epochs: int) -> None:
        """The same in every epoch."""
