"""Layers of a quantised spiking network, in PyTorch.

Activations travel as integer-valued float32 tensors [T, N, C, H, W]; a static input (pixels) has T = 1,
so that the first layer is computed once an image.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.arithmetic import code_limit, signed_width
from model.config import LARGEST_LEAK, Precision, require
from model.fold import Folded, calibrated_leak, fold
from model.training import kernel
from model.training.neuron import NeuronConfig, NormalisedFiring, fire, fold_layer, moments
from model.training.quantizer import Quantizer, round_ste

EXACT_FLOAT32, EXACT_FLOAT64 = 1 << 24, 1 << 53
BATCH_NORM_MOMENTUM = 0.1


class _Weighted(nn.Module):
    """A layer with quantised weights; the network that owns it sets input range, scale and T."""

    def __init__(self, weight: Tensor, precision: Precision | None) -> None:
        super().__init__()
        self.precision = precision
        self.weight = nn.Parameter(weight)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        self.largest_input = 1
        self.input_scale = 1.0
        self.time_steps = 1
        self.dtype = torch.float32
        """Of sums and potentials: the narrower one in which every integer that can occur is exact."""
        if precision is not None:
            self.quantizer = Quantizer(precision)
            self.quantizer.initialise(self.weight)

    def connect(self, *, largest_input: int, input_scale: float, time_steps: int) -> None:
        """Take the input's greatest integer, its real scale (1/256 for pixels, 1/n for counts) and T."""
        self.largest_input, self.input_scale, self.time_steps = largest_input, input_scale, time_steps
        if self.precision is not None:
            inputs = self.weight[0].numel() * self.precision.weight_limit * largest_input
            bound = time_steps * (inputs + self.precision.bias_limit)
            bound += self.precision.membrane_limit << (LARGEST_LEAK - 1)
            require(bound < EXACT_FLOAT64, f"sums of up to {bound} pass 2^53; narrow the fan-in")
            self.dtype = torch.float32 if bound < EXACT_FLOAT32 else torch.float64

    def step(self) -> Tensor:
        return self.quantizer.step(self.weight.numel())


class _Spiking(_Weighted, ABC):
    """Σ W·x, batch norm and leaky integrate-and-fire neurons with hard reset."""

    def __init__(self, weight: Tensor, precision: Precision | None) -> None:
        super().__init__(weight, precision)
        channels = len(weight)
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))
        self.register_buffer("leak", torch.tensor(-1))
        self.density: Tensor | None = None
        self.trace: dict[str, Tensor] | None = None
        self.folding: Folded | None = None

    @abstractmethod
    def _weigh(self, x: Tensor, weight: Tensor) -> Tensor:
        """Σ W·x of [T, N, ...] for given weights: [T, N, C, H, W]."""

    def _config(self) -> NeuronConfig:
        assert self.precision is not None
        return NeuronConfig(
            precision=self.precision,
            leak=int(self.leak),
            time_steps=self.time_steps,
            largest_input=self.largest_input,
            input_scale=self.input_scale,
        )

    def folded(self) -> Folded:
        """The integers of this layer with the running statistics: what evaluation uses and export writes."""
        require(int(self.leak) >= 0, "a layer has no leak r yet; run it once in training mode to calibrate it")
        step = self.step()
        codes = self.quantizer.to_int(self.weight)
        effective = (step.detach().double() * self.input_scale).cpu()
        mean = self.running_mean.double().cpu() / effective
        variance = self.running_variance.double().cpu() / effective**2
        return fold_layer(codes, step, self.gamma, self.beta, mean, variance, self._config())

    def forward(self, x: Tensor) -> Tensor:
        if self.precision is None:
            return self._forward_float(x)
        if self.training:
            spikes = self._forward_training(x)
        else:
            folded = self.folded()
            sums = self._weigh(x.to(self.dtype), torch.from_numpy(folded.weight).to(x.device, self.dtype))
            shape = sums.shape
            potential, spikes = fire(sums.flatten(3), folded, self._config())
            if self.trace is not None:
                self.trace.update(self._trace(potential, spikes, shape))
            spikes = spikes.view(-1, *shape[1:])
        self.density = spikes.detach().mean()
        return spikes

    def _trace(self, potential: Tensor, spikes: Tensor, shape: torch.Size) -> dict[str, Tensor]:
        store_scale, _, limit, _ = self._config().constants
        membrane = torch.floor(potential * float(store_scale)).clamp(-float(limit), float(limit)) * (1 - spikes)
        named = {"potential": potential, "spikes": spikes, "membrane": membrane}
        return {key: value.view(-1, *shape[1:]) for key, value in named.items()}

    def _forward_training(self, x: Tensor) -> Tensor:
        # A negative gain flips the channel's weights; from here on the gain is positive.
        sign = torch.where(self.gamma < 0, -1.0, 1.0).detach()
        step = self.step()
        codes = self.quantizer.codes(self.weight, step) * sign.view(-1, *[1] * (self.weight.dim() - 1))
        gamma = self.gamma * sign
        sums = self._weigh(x.to(self.dtype), codes.to(self.dtype)).contiguous()
        shape = sums.shape
        sums = sums.flatten(3)
        mean, variance = moments(sums)
        if int(self.leak) < 0:
            self._calibrate(codes, step, gamma, mean, variance)
        config = self._config()
        self.folding = folded = fold_layer(codes, step, gamma, self.beta, mean, variance, config)
        with torch.no_grad():
            effective = step.double() * self.input_scale
            count = sums.numel() // sums.shape[2]
            self.running_mean.lerp_((mean * sign * effective).float(), BATCH_NORM_MOMENTUM)
            unbiased = variance * effective**2 * (count / max(count - 1, 1))
            self.running_variance.lerp_(unbiased.float(), BATCH_NORM_MOMENTUM)
        spikes = NormalisedFiring.apply(sums, step, gamma, self.beta, folded, mean, variance, config)
        return spikes.view(-1, *shape[1:])

    def _calibrate(self, codes: Tensor, step: Tensor, gamma: Tensor, mean: Tensor, variance: Tensor) -> None:
        self.leak.fill_(1)
        folded = fold_layer(codes, step, gamma, self.beta, mean, variance, self._config())
        assert self.precision is not None
        fits = max(
            r
            for r in range(1, LARGEST_LEAK + 1)
            if signed_width(0, code_limit(self.precision.membrane_width) << (r - 1)) < self.precision.accumulator_width
        )
        self.leak.fill_(calibrated_leak(folded.threshold, self.precision, fits))

    def _forward_float(self, x: Tensor) -> Tensor:
        """The same layer in float32: no codes, no rounding; the reference that quantisation is compared with."""
        z = self._weigh(x * self.input_scale, self.weight)
        z = functional.batch_norm(
            z.flatten(0, 1),
            self.running_mean,
            self.running_variance,
            self.gamma,
            self.beta,
            self.training,
            BATCH_NORM_MOMENTUM,
        ).view(z.shape)
        membrane = torch.zeros_like(z[0])
        spikes = []
        for t in range(self.time_steps):
            h = z[t if len(z) > 1 else 0] + membrane / 2
            s = _ArcTangent.apply(h - 1)
            membrane = h * (1 - s.detach())
            spikes.append(s)
        out = torch.stack(spikes)
        self.density = out.detach().mean()
        return out


class _ArcTangent(torch.autograd.Function):
    """Step function with the ATan surrogate gradient of the quantised neuron."""

    @staticmethod
    def forward(ctx, x):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        return (x >= 0).float()

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        (x,) = ctx.saved_tensors
        return grad / (1 + (math.pi * x) ** 2)


class Conv(_Spiking):
    """Convolution with spiking neurons: [T, N, Cin, H, W] to [T, N, Cout, H', W']."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, padding: int = 0, precision: Precision | None
    ) -> None:
        super().__init__(torch.empty(outputs, inputs, kernel, kernel), precision)
        self.stride, self.padding = stride, padding

    def _weigh(self, x: Tensor, weight: Tensor) -> Tensor:
        y = functional.conv2d(x.flatten(0, 1), weight, stride=self.stride, padding=self.padding)
        return y.view(*x.shape[:2], *y.shape[1:])


class Linear(_Spiking):
    """Fully connected layer with spiking neurons: [T, N, C, H, W] to [T, N, outputs, 1, 1]."""

    def __init__(self, inputs: int, outputs: int, *, precision: Precision | None) -> None:
        super().__init__(torch.empty(outputs, inputs), precision)

    def _weigh(self, x: Tensor, weight: Tensor) -> Tensor:
        return functional.linear(x.flatten(2), weight)[..., None, None]


class Readout(_Weighted):
    """The last layer: logits = Σ_t (Σ W·S[t] + B), no neuron, one step for the layer.

    In training mode it returns real mean logits s·logits/T, in evaluation mode the integers.
    """

    def __init__(self, inputs: int, outputs: int, *, precision: Precision | None) -> None:
        super().__init__(torch.empty(outputs, inputs), precision)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def folded(self) -> Folded:
        """Codes and B = rint(bias/s)."""
        assert self.precision is not None
        step = self.step()
        return fold(
            self.quantizer.to_int(self.weight).cpu().numpy(),
            precision=self.precision,
            step=float(step.detach().double()) * self.input_scale,
            gain=1.0,
            mean=0.0,
            shift=self.bias.detach().cpu().double().numpy(),
            firing_threshold=1.0,
            largest_input=self.largest_input,
            leak=1,
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.precision is None:
            return functional.linear(x.flatten(2).mean(0) * self.input_scale, self.weight, self.bias)
        if not self.training:
            folded = self.folded()
            total = functional.linear(
                x.to(self.dtype).flatten(2).sum(0), torch.from_numpy(folded.weight).to(x.device, self.dtype)
            )
            return total + self.time_steps * torch.from_numpy(folded.bias).to(total)
        step = self.step()
        unit = step * self.input_scale
        codes = self.quantizer.codes(self.weight, step)
        assert self.precision is not None
        limit = float(self.precision.bias_limit)
        bias = round_ste(self.bias / unit).clamp(-limit, limit)
        return unit * (functional.linear(x.flatten(2).mean(0), codes) + bias)


class _MaxPool(torch.autograd.Function):
    """PyTorch's max_pool2d without its index tensor, twice as fast on the CPU."""

    @staticmethod
    def forward(ctx, x, size):  # type: ignore[no-untyped-def]
        if x.device.type == "cpu":
            y = torch.empty(*x.shape[:3], x.shape[3] // size, x.shape[4] // size)
            kernel.max_pool_forward(x.detach().contiguous().flatten(0, 2).numpy(), size, y.flatten(0, 2).numpy())
        else:
            y = functional.max_pool2d(x.flatten(0, 2), size).view(*x.shape[:3], x.shape[3] // size, x.shape[4] // size)
        ctx.save_for_backward(x, y)
        ctx.size = size
        return y

    @staticmethod
    def backward(ctx, grad):  # type: ignore[no-untyped-def]
        x, y = ctx.saved_tensors
        if x.device.type == "cpu":
            exact = x.shape[3] % ctx.size == 0 and x.shape[4] % ctx.size == 0
            out = torch.empty_like(x) if exact else torch.zeros_like(x)
            planes = (t.contiguous().flatten(0, 2).numpy() for t in (grad, x, y))
            kernel.max_pool_backward(*planes, ctx.size, out.flatten(0, 2).numpy())
        else:
            with torch.enable_grad():
                again = x.detach().flatten(0, 2).requires_grad_()
                pooled = functional.max_pool2d(again, ctx.size)
            (out,) = torch.autograd.grad(pooled, again, grad.flatten(0, 2))
            out = out.view_as(x)
        return out, None


class MaxPool(nn.Module):
    """Maximum of spikes, an OR, over size × size; odd rows and columns at the end are dropped."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return _MaxPool.apply(x, self.size)


class SumPool(nn.Module):
    """Average pooling in integers: the count of spikes over size × size; 1/size² enters the next layer's step."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        y = functional.avg_pool2d(x.flatten(0, 1), self.size, divisor_override=1)
        return y.view(*x.shape[:2], *y.shape[1:])
