"""Sum of sigmoids: steps between the levels of a code that begin soft and end hard.

    in training   n = Σ_i s_i·σ(T·(β·w - b_i)) - o          hard   n = Σ_i s_i·[β·w > b_i] - o

From Shymyrbay, Fouda and Eltawil (arXiv 2305.19295), whose function is that of Quantization Networks (Yang et al., CVPR
2019). α, by which they multiply, is the layer's step s.

The gradient has the slope of a sigmoid of temperature 1, which they have for two levels alone, whatever T: that of a
steep one is none but for weights next to a step, so that the others stay where they were in the first epochs.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from model.codes import WeightCode

SPAN = 1.25
"""β at first: the greatest weight is so many times the greatest level."""
HIGHEST_TEMPERATURE = 2000.0
"""T in the last epoch of soft steps; it rises by the same in each, in 100 to 200 epochs by their 10 to 20."""
HARD_EPOCHS = 2
"""At least, at the end."""
CLUSTERINGS = 100


def midpoints(values: Tensor, count: int) -> Tensor:
    """Between the ``count`` clusters of K-means, ascending, of [N] values: Lloyd's steps, from equal shares on; of
    fewer values than clusters, from values that are as far apart as may be."""
    values = values.double().sort().values
    if len(values) < count:
        centres = values[torch.linspace(0, len(values) - 1, count).round().long()]
    else:
        centres = torch.stack([part.mean() for part in values.tensor_split(count)])
    for _ in range(CLUSTERINGS):
        between = (centres[1:] + centres[:-1]) / 2
        nearest = torch.bucketize(values, between)
        sizes = torch.bincount(nearest, minlength=count)
        sums = torch.zeros_like(centres).scatter_add_(0, nearest, values)
        moved = torch.where(sizes > 0, sums / sizes.clamp_min(1), centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return (centres[1:] + centres[:-1]) / 2


class SoftStep(torch.autograd.Function):
    """σ(T·x), with the gradient 4·σ(x)·(1 - σ(x)): 1 at the step, and what is left at others."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, temperature: float) -> Tensor:
        ctx.save_for_backward(x)
        return torch.sigmoid(temperature * x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        sigma = torch.sigmoid(x)
        return grad * 4 * sigma * (1 - sigma), None


class SigmoidSum(nn.Module):
    """Levels of a code by a sum of sigmoids; s, with α's gradient, and β are learned.

    Biases b_i are the midpoints of the clusters of the weights that it starts from, scaled by β: those of a trained
    float32 network. Of two levels there is one step, at 0. T grows with every epoch; the last ones have hard
    steps, whose gradient to β·w is 1 between the outermost levels, as rounding's is. Before any epoch steps are hard.

    Parameters
    ----------
    code : WeightCode
    """

    def __init__(self, code: WeightCode) -> None:
        super().__init__()
        levels = torch.tensor(code.levels, dtype=torch.float32)
        self.limit = float(code.limit)
        self.register_buffer("sizes", levels.diff(), persistent=False)
        self.register_buffer("biases", torch.zeros(len(levels) - 1))
        self.log_step = nn.Parameter(torch.zeros(()))
        self.log_beta = nn.Parameter(torch.zeros(()))
        self.soft = False
        self.temperature = HIGHEST_TEMPERATURE

    @torch.no_grad()
    def initialise(self, weight: Tensor) -> None:
        """β = 1.25·v_n/max |w|, s = 1/β, and the biases; weights that are all 0 leave them as they are."""
        largest = weight.abs().max().item()
        if largest == 0:
            return
        beta = SPAN * self.limit / largest
        self.log_beta.fill_(math.log(beta))
        self.log_step.fill_(-math.log(beta))
        if len(self.biases) > 1:
            self.biases.copy_(midpoints(beta * weight.flatten(), len(self.biases) + 1))

    def step(self, numel: int) -> Tensor:
        """Step s, its gradient scaled for ``numel`` weights as a learned step's."""
        scale = 1 / math.sqrt(numel * self.limit)
        fixed = self.log_step.detach()
        return (fixed + (self.log_step - fixed) * scale).exp()

    def precise_step(self) -> Tensor:
        return self.log_step.detach().double().exp()

    def values(self, weight: Tensor, step: Tensor) -> Tensor:
        """Levels of ``weight``, reals while steps are soft; differentiable in weight and β."""
        scaled = self.log_beta.exp() * weight
        if not self.soft:
            inside = scaled.clamp(-self.limit, self.limit)
            return self._hard(scaled.detach()) + (inside - inside.detach())  # exactly the level
        soft = torch.zeros_like(scaled)
        for size, bias in zip(self.sizes, self.biases, strict=True):
            soft = soft + size * SoftStep.apply(scaled - bias, self.temperature)
        return soft - self.sizes.sum() / 2

    @torch.no_grad()
    def to_int(self, weight: Tensor) -> Tensor:
        return self._hard(self.log_beta.exp() * weight).to(torch.int8)

    def _hard(self, scaled: Tensor) -> Tensor:
        above = torch.zeros_like(scaled)
        for size, bias in zip(self.sizes, self.biases, strict=True):
            above = above + size * (scaled > bias)
        return above - self.sizes.sum() / 2

    @torch.no_grad()
    def rescale(self, factor: Tensor) -> None:
        """Step times ``factor``, β divided by it."""
        self.log_step.add_(factor.log().to(self.log_step))
        self.log_beta.sub_(factor.log().to(self.log_beta))

    def soft_epochs(self, epochs: int) -> int:
        """All but the last tenth, two at least: the learning rate is next to none in the very last one."""
        return max(0, epochs - max(HARD_EPOCHS, epochs // 10))

    def start_epoch(self, epoch: int, epochs: int) -> None:
        """T of this epoch, or hard steps in the last ones."""
        soft = self.soft_epochs(epochs)
        self.soft = epoch < soft
        self.temperature = HIGHEST_TEMPERATURE * min((epoch + 1) / max(soft, 1), 1)
