"""Layers of a quantised spiking network, in PyTorch.

Activations travel as integer-valued float32 tensors [T, N, C, H, W]; a static input (pixels) has T = 1,
so that the first layer is computed once per image.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.config import Precision
from model.errors import require
from model.network import graph
from model.network.fold import Folded, fold
from model.neurons import MemoryFree
from model.neurons.lif import Reset
from model.training.passing import scale
from model.training.pooling import MaxPool, SumPool
from model.training.quantisers.learned_step import round_ste
from model.training.spiking import Spiking, Weighted

__all__ = [
    "READOUTS",
    "Branch",
    "Conv",
    "CountReadout",
    "Join",
    "LastLayer",
    "Linear",
    "MaxPool",
    "MembraneReadout",
    "Readout",
    "SumPool",
]
NEVER = 2**31 - 1
"""A threshold that no potential reaches."""


def _convolve(x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    y = functional.conv2d(x.flatten(0, 1), weight, stride=stride, padding=padding)
    return y.view(*x.shape[:2], *y.shape[1:])


class Conv(Spiking):
    """Convolution with spiking neurons: [T, N, Cin, H, W] to [T, N, Cout, H', W']."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        precision: Precision | None,
        batch_norm: bool = True,
    ) -> None:
        super().__init__(torch.empty(outputs, inputs, kernel, kernel), precision, batch_norm=batch_norm)
        self.stride, self.padding = stride, padding

    def _weigh(self, inputs: Sequence[Tensor], weight: Tensor) -> Tensor:
        return _convolve(inputs[0], weight, self.stride, self.padding)


@dataclass(frozen=True)
class Branch:
    """One convolution of a :class:`Join`: input channels and geometry."""

    inputs: int
    kernel: int
    stride: int = 1
    padding: int = 0

    @property
    def fan_in(self) -> int:
        return self.inputs * self.kernel**2


class Join(Spiking):
    """A residual join: the sum of convolutions, one an input, under one batch norm, then spiking neurons.

    The branches share step and gain, so that each is more fan-in of the same neurons. With ``skip`` there is one more
    input, an identity shortcut, whose spikes add 1 to the real potential, J[c] to the integer one. The weight holds the
    branches' kernels side by side: [outputs, Σ fan-in].
    """

    def __init__(
        self, branches: Sequence[Branch], outputs: int, *, skip: bool = False, precision: Precision | None
    ) -> None:
        super().__init__(torch.empty(outputs, sum(branch.fan_in for branch in branches)), precision)
        self.branches, self.skip = tuple(branches), skip

    def split(self, weight: Tensor) -> list[Tensor]:
        """The branches' kernels [outputs, inputs, k, k]."""
        parts = weight.split([branch.fan_in for branch in self.branches], 1)
        shapes = ((len(weight), branch.inputs, branch.kernel, branch.kernel) for branch in self.branches)
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def _weigh(self, inputs: Sequence[Tensor], weight: Tensor) -> Tensor:
        parts = zip(inputs, self.split(weight), self.branches, strict=True)
        sums = [_convolve(x, kernel, branch.stride, branch.padding) for x, kernel, branch in parts]
        return sum(sums[1:], sums[0])


class Linear(Spiking):
    """Fully connected layer with spiking neurons: [T, N, C, H, W] to [T, N, outputs, 1, 1]."""

    def __init__(self, inputs: int, outputs: int, *, precision: Precision | None, batch_norm: bool = True) -> None:
        super().__init__(torch.empty(outputs, inputs), precision, batch_norm=batch_norm)

    def _weigh(self, inputs: Sequence[Tensor], weight: Tensor) -> Tensor:
        return functional.linear(inputs[0].flatten(2), weight)[..., None, None]


class LastLayer(Weighted):
    """A layer whose outputs are the network's logits.

    In training mode they are real mean logits [N, classes], or those of every time step [T, N, classes] where
    ``every_step`` is set, whose mean they are; in evaluation mode the integers.
    """

    every_step = False

    def _logits(self, steps: Tensor) -> Tensor:
        """Of real logits of every time step [T, N, classes], in training, or integers, in evaluation."""
        if not self.training:
            return steps.sum(0, dtype=torch.float64)  # steps are exact, T of them may pass 2^24
        return steps if self.every_step else steps.mean(0)


class CountReadout(Linear, LastLayer):
    """The last layer with neurons: logits are the spikes of all time steps; in training T times those of each."""

    def forward(self, *inputs: Tensor, pool: int = 1) -> Tensor:
        spikes = super().forward(*inputs, pool=pool).flatten(2)
        return self._logits(spikes * self.time_steps if self.training else spikes)


class MembraneReadout(Linear, LastLayer):
    """The last layer with neurons that leak and never fire: logits are the potentials of all time steps.

    One step for the layer, so no batch norm: potentials of different classes are compared.
    """

    def __init__(self, inputs: int, outputs: int, *, precision: Precision | None) -> None:
        require(precision is not None, "readout membrane has no float32 form; choose sum or count, or widths")
        assert precision is not None
        family = precision.neuron_family
        require(
            family != MemoryFree.family, f"readout membrane of {family} neurons, which have none; choose sum or count"
        )
        super().__init__(inputs, outputs, precision=replace(precision, reset=Reset.NONE), batch_norm=False)
        self.taught = True  # potentials are computed

    def folded(self) -> Folded:
        """As of every layer, with thresholds that nothing reaches."""
        folded = super().folded()
        return replace(folded, threshold=torch.full_like(folded.threshold, NEVER))

    def _handed_on(self, spikes: Tensor, potential: Tensor, unit: Tensor | None = None) -> Tensor:
        self.density = None
        return potential if unit is None else potential * unit.to(potential)[:, None]

    def forward(self, *inputs: Tensor, pool: int = 1) -> Tensor:
        return self._logits(super().forward(*inputs, pool=pool).flatten(2))


class Readout(LastLayer):
    """The last layer without neurons: logits = Σ_t (Σ W·S[t] + B), one step for the layer; in training s·logits/T."""

    sums_over_time = True

    def __init__(self, inputs: int, outputs: int, *, precision: Precision | None) -> None:
        super().__init__(torch.empty(outputs, inputs), precision)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def folded(self) -> Folded:
        """Codes and B = rint(bias/s)."""
        assert self.precision is not None
        bias = self.bias.detach()
        return fold(
            self.quantiser.to_int(self.weight),
            code=self.precision.code,
            neuron=None,
            step=self.step().detach().double() * self.input_scale,
            gain=torch.ones_like(bias),
            mean=torch.zeros_like(bias),
            shift=bias,
            firing_threshold=1.0,
            largest_input=self.largest_input,
            xp=torch,
        ).check()

    def forward(self, x: Tensor) -> Tensor:
        self._check([x])
        if self.precision is None:
            return functional.linear(self._over_time(x) * self._scale(), self.weight, self.bias)
        if not self.training:
            folded = self.folded()
            total = functional.linear(x.to(self.dtype).flatten(2).sum(0), folded.weight.to(self.dtype))
            return total + self.time_steps * folded.bias.to(total)
        step = self.step()
        unit = step * self._scale()
        codes = self.quantiser.values(self.weight, step)
        assert self.precision is not None
        limit = float(self.precision.code.bias_limit)
        bias = round_ste(self.bias / unit).clamp(-limit, limit)
        return unit * (functional.linear(self._over_time(x), codes) + bias)

    def _scale(self) -> float:
        return self.input_scale * scale(self.dropouts)

    def _over_time(self, x: Tensor) -> Tensor:
        return x.flatten(2) if self.every_step and self.training else x.flatten(2).mean(0)


READOUTS: dict[str, Callable[..., LastLayer]] = {
    graph.Readout.SUM: Readout,
    graph.Readout.COUNT: CountReadout,
    graph.Readout.MEMBRANE: MembraneReadout,
}
"""The last layer of each readout; made from inputs, outputs and a precision."""
