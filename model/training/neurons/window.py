"""The window of past sums of memory-free neurons: a few shifted additions of whole tensors, no loop over time.

    V[t] = Σ_j σ_j·2^e_j·A[t - d·j]          over the taps j with d·j <= t

Batch norm, threshold and gradient of the spikes come after, as for neurons that keep nothing: for them V is the sum,
and s·2^(-e_max) the step.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from model.config import LEARNED, Precision
from model.errors import require
from model.network.fold import DIVERGED
from model.neurons import MemoryFree
from model.neurons.memory_free import LARGEST_SHIFT


class Window(nn.Module):
    """Taps of a layer, which start as 1, 1/2, 1/4, ...

    Learned ones are the nearest powers of two in logarithms (the multiplication-free neuron, arXiv 2501.14490, which
    has one per channel; this one is of a layer), with gradients straight through: w_j stands for σ_j·2^p_j, p_j =
    rint(log2 |w_j|). Of taps with p_j < p_max - 7 the sign is 0. What is learned is each tap's ratio to its start, so
    that a step of AdamW, which is as long for each, is as large a part of each.
    """

    start: Tensor

    def __init__(self, window: int, dilation: int, kind: str) -> None:
        super().__init__()
        self.register_buffer("start", torch.tensor([2.0**-j for j in range(window)]), persistent=False)
        self.dilation = dilation
        self.learned = kind == LEARNED
        if self.learned:
            self.ratio = nn.Parameter(torch.ones(window))

    @staticmethod
    def of(precision: Precision) -> "Window":
        return Window(precision.window, precision.dilation or 1, precision.taps)

    @property
    def weight(self) -> Tensor:
        """w_j."""
        return self.start * self.ratio if self.learned else self.start

    def neuron(self) -> MemoryFree:
        """The neuron with the taps as they are now; reading them waits for the device."""
        powers = [_power(float(value)) for value in self.weight.detach().tolist()]
        require(bool(self.weight.isfinite().all()) and any(sign for sign, _ in powers), DIVERGED)
        least = max(power for sign, power in powers if sign) - LARGEST_SHIFT
        live = [(sign, power) if sign and power >= least else (0, 0) for sign, power in powers]
        floor = min(power for sign, power in live if sign)
        return MemoryFree(tuple((sign, power - floor if sign else 0) for sign, power in live), self.dilation)

    def forward(self, sums: Tensor, time_steps: int, neuron: MemoryFree) -> Tensor:
        """V [T, ...] of sums [T or 1, ...], integers of the same float type."""
        return Windowed.apply(sums, self.taps(neuron, sums), time_steps, neuron.dilation)

    def taps(self, neuron: MemoryFree, like: Tensor) -> Tensor:
        """σ_j·2^e_j in the float type of ``like``, in training with gradients to what is learned."""
        taps = like.new_tensor([sign * 2.0**shift for sign, shift in neuron.taps])
        if not self.learned or not self.training:
            return taps
        # The greatest tap has the shift e_max: in units of V, a weight counts 2^(e_max - p_max) times.
        real = self.weight * (2.0**neuron.gain_shift / 2.0 ** self._largest_power())
        return real + (taps - real).detach()

    def _largest_power(self) -> int:
        return max(power for sign, power in map(_power, self.weight.detach().tolist()) if sign)


def _power(value: float) -> tuple[int, int]:
    """Sign and logarithm of the nearest power of two."""
    if value == 0 or not math.isfinite(value):
        return 0, 0
    return (1 if value > 0 else -1), round(math.log2(abs(value)))


class Windowed(torch.autograd.Function):
    """V of sums, and the gradients of sums and taps: dA[t] = Σ_j tap_j·dV[t + d·j], dtap_j = Σ dV[t]·A[t - d·j]."""

    @staticmethod
    def forward(ctx: Any, sums: Tensor, taps: Tensor, time_steps: int, dilation: int) -> Tensor:
        ctx.save_for_backward(sums, taps)
        ctx.dilation = dilation
        values = taps.tolist()
        whole = sums if len(sums) > 1 or time_steps == 1 else sums.expand(time_steps, *sums.shape[1:])
        found = whole * values[0]
        for j, value in enumerate(values[1:], 1):
            if value and dilation * j < time_steps:
                found[dilation * j :].add_(whole[: time_steps - dilation * j], alpha=value)
        return found

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        sums, taps = ctx.saved_tensors
        steps, dilation = len(grad), ctx.dilation
        values = taps.tolist()
        of_sums = grad * values[0]
        of_taps = torch.zeros_like(taps)
        whole = sums.expand(steps, *sums.shape[1:])
        for j, value in enumerate(values):
            late = steps - dilation * j
            if late <= 0:
                break
            if j and value:
                of_sums[:late].add_(grad[dilation * j :], alpha=value)
            if ctx.needs_input_grad[1]:
                of_taps[j] = (grad[dilation * j :] * whole[:late]).sum()
        return (of_sums if len(sums) == steps else of_sums.sum(0, keepdim=True)), of_taps, None, None
