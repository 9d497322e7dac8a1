"""The compiled neuron against plain PyTorch, and its gradient against autograd."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch

from model.codes import Narrow
from model.config import Precision
from model.neurons import Lif, MemoryFree
from model.neurons.lif import LEAKS, Reset
from model.training import layers
from model.training.layers import Conv, MaxPool, Readout
from model.training.network import SpikingNetwork
from model.training.neurons import generic, kernel
from model.training.neurons.config import NeuronConfig
from model.training.neurons.firing import BATCH_NORM_EPSILON, NormalisedFiring, PooledFiring, fold_layer, moments
from model.training.neurons.lif import Plane, backward, backward_pooled, fire, fire_pooled, fire_reference, membranes
from model.training.neurons.window_firing import WindowedFiring

STEPS, BATCH, CHANNELS, SIZE = 4, 3, 5, 37


FAMILY = [
    Lif(4 if leak else 0, r, leak, reset)
    for leak, r in zip(LEAKS, (1, 2, 1, 3, 1, 2, 1), strict=True)
    for reset in Reset
    if (leak, reset) != (1 / 2, "zero")
]


def described(neuron: Lif) -> str:
    return neuron.describe().replace(" ", "-")


def case(leak, width, static, gains=(0.6, 0.8, 1.0, 1.2, 1.4)):  # type: ignore[no-untyped-def]
    """The same of MINT's neuron."""
    return case_of(Lif(width, leak), static, gains)


def case_of(neuron, static, gains=(0.6, 0.8, 1.0, 1.2, 1.4)):  # type: ignore[no-untyped-def]
    """Sums that make some neurons fire and some saturate on both sides."""
    generator = torch.Generator().manual_seed(neuron.r * 10 + neuron.membrane_width)
    sums = torch.randint(-40, 60, (1 if static else STEPS, BATCH, CHANNELS, SIZE), generator=generator).float()
    config = NeuronConfig(Narrow(4), neuron, STEPS, 1, 1.0)
    codes = torch.randint(-7, 8, (CHANNELS, 12), generator=generator).float()
    step, gamma = torch.tensor(0.05), torch.tensor(gains)
    beta = torch.linspace(-0.2, 0.3, CHANNELS)
    mean, variance = moments(sums)
    folded = fold_layer(codes, step, gamma, beta, mean, variance, config)
    # The clamp of the threshold knows the codes only; these sums come from nowhere.
    threshold = torch.ceil(1 / folded.unit).long()
    folded = type(folded)(**{**vars(folded), "threshold": threshold})
    return sums, step, gamma, beta, mean, variance, folded, config


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("width", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("leak", [0, 1, 2, 4])
def test_kernel_and_reference_agree(leak: int, width: int, static: bool) -> None:
    check_agreement(*case(leak, width, static))


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("neuron", FAMILY, ids=described)
def test_kernel_reference_and_law_agree_for_the_family(neuron: Lif, static: bool) -> None:
    sums, *others, folded, config = case_of(neuron, static)
    potential, spikes = check_agreement(sums, *others, folded, config)
    wanted = generic.fire(sums, folded, config)  # which is the law itself
    assert torch.equal(potential, wanted[0])
    assert torch.equal(spikes, wanted[1])
    threshold = folded.threshold.float()
    stored = membranes(potential, threshold, config)
    assert torch.equal(stored, generic.membranes(potential, threshold, config))
    assert (stored.min() < 0 < stored.max()) == (neuron.limit > 0)


def check_agreement(*parts):  # type: ignore[no-untyped-def]
    """Compiled loops and plain PyTorch: potentials and spikes, which are returned, equal; gradients close."""
    sums, *_, folded, config = parts
    potential, spikes = fire(sums, folded, config)
    bias, threshold = (x.float() for x in (folded.bias, folded.threshold))
    wanted_potential, wanted_spikes = fire_reference(sums, bias, threshold, config)
    assert torch.equal(potential, wanted_potential)
    assert torch.equal(spikes, wanted_spikes)
    assert 0 < spikes.mean() < 1

    grad = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(1))
    assert kernel.compiled(sums)
    real, reductions = backward_pooled(grad, sums, sums, folded, config, Plane(SIZE))
    wanted, wanted_reductions = backward(grad, potential, sums, folded.unit.float(), threshold, config)
    torch.testing.assert_close(real, wanted, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(reductions, wanted_reductions, rtol=1e-3, atol=1e-2)
    return potential, spikes


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("leak", [0, 1, 4])
def test_the_twin_of_any_neuron_is_that_of_a_leaky_one(leak: int, static: bool) -> None:
    sums, *_, folded, config = case(leak, 3, static)
    potential, spikes = generic.fire(sums, folded, config)
    wanted = fire(sums, folded, config)
    assert torch.equal(potential, wanted[0])
    assert torch.equal(spikes, wanted[1])
    threshold = folded.threshold.float()
    stored = generic.membranes(potential, threshold, config)
    assert torch.equal(stored, membranes(potential, threshold, config))
    assert stored.min() < 0 < stored.max()

    grad = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(1))
    arguments = grad, potential, sums, folded.unit.float(), threshold, config
    found, expected = generic.backward(*arguments), backward(*arguments)
    # A potential just below the last code's counts as inside.
    assert float(torch.nn.functional.cosine_similarity(found[0].flatten(), expected[0].flatten(), 0)) > 0.99


def test_a_convolution_that_rounds_changes_no_integer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off the CPU: an error of the sums far greater than a transform's is taken off before anything is compared."""
    monkeypatch.setattr(kernel, "compiled", lambda x: False)
    torch.manual_seed(0)
    layer = Conv(2, 3, 3, precision=Precision(4, 4))
    layer.connect(largest_input=1, input_scale=1.0, time_steps=STEPS)
    spikes = torch.randint(0, 2, (STEPS, BATCH, 2, 8, 8)).float()
    exact = layers._convolve
    found = []
    for error in (0.0, 0.4):
        monkeypatch.setattr(layers, "_convolve", lambda *x, error=error: exact(*x) + error * torch.rand(()))
        layer.zero_grad()
        out = layer.train()(spikes)
        out.sum().backward()
        found.append((out.detach(), layer.weight.grad.clone(), layer.eval()(spikes)))  # type: ignore[union-attr]
        layer.running_mean.zero_()
        layer.running_variance.fill_(1)
    assert 0 < found[0][0].mean() < 1
    assert all(torch.equal(mine, wanted) for mine, wanted in zip(*found, strict=True))


@pytest.mark.parametrize("gains", [(0.6, 0.8, 1.0, 1.2, 1.4), (0.0, 1e-7, 1.0, 1e-5, 0.8)], ids=["usual", "floored"])
@pytest.mark.parametrize("static", [False, True])
def test_gradient_is_that_of_the_real_equations(static: bool, gains: tuple[float, ...]) -> None:
    check_gradient(Lif(8, 1), static, gains)


@pytest.mark.parametrize("neuron", FAMILY, ids=described)
def test_gradients_of_the_family_are_those_of_the_real_equations(neuron: Lif) -> None:
    check_gradient(neuron, False, (0.6, 0.8, 1.0, 1.2, 1.4))


def check_gradient(neuron: Lif, static: bool, gains: tuple[float, ...]) -> None:
    """With rounding and the unit's floor taken as constant, autograd through batch norm and time has the same ones."""
    sums, step, gamma, beta, mean, variance, folded, config = case_of(neuron, static, gains)
    assert int(folded.floored) == sum(gain < 1e-4 for gain in gains)
    grad = torch.randn((STEPS, *sums.shape[1:]), generator=torch.Generator().manual_seed(2))

    leaves = [x.clone().requires_grad_() for x in (sums, step, gamma, beta)]
    heard = torch.randn(grad.shape, generator=torch.Generator().manual_seed(3)) / 10
    spikes, found = NormalisedFiring.apply(*leaves, folded, mean, variance, config)
    real = found * folded.unit.float()[:, None]
    ((spikes * grad).sum() + (real * heard).sum()).backward()

    a, s, g, b = (x.clone().double().requires_grad_() for x in (sums, step, gamma, beta))
    mu, var = a.mean((0, 1, 3)), a.var((0, 1, 3), unbiased=False)
    unit = s * g / torch.sqrt(s * s * var + BATCH_NORM_EPSILON)
    unit = unit + (folded.unit - unit).detach()  # straight through the floor
    current = (a - mu[:, None]) * unit[:, None] + b[:, None]
    threshold = folded.threshold.double()[:, None]
    potential, wanted = fire(sums, folded, config)
    limit = config.neuron.state_range[1]
    total = 0
    membrane = torch.zeros_like(current[0])
    for t in range(STEPS):
        # Straight through: the value is the integer one, the derivative that of h.
        h = current[0 if static else t] + membrane
        fixed = potential[t].double()
        fired = wanted[t].double()
        x = ((fixed - threshold) * unit.detach()[:, None]) * np.pi
        total = total + (grad[t].double() * h / (1 + x**2)).sum() + (heard[t].double() * h).sum()
        leak, reset, half_unit = neuron.leak, neuron.reset, 2.0 ** (neuron.r - 1)
        left = {"zero": fixed * (1 - fired), "subtract": fixed - threshold * fired, "none": fixed}[reset]
        code = leak * left / half_unit
        code = (torch.floor(code) if leak == 1 / 2 else torch.trunc(code)) if leak else 0 * code
        kept = code.clamp(-limit, limit)
        inside = (kept == code).double() * (1 - fired if reset == "zero" else 1)
        # unit·load(n(v/unit)): derivative β to h inside the clip; to unit the residual; v_th = unit·Θ is constant.
        residual = (kept * half_unit - inside * left * leak) * unit[:, None]
        membrane = inside * h * leak + residual
        membrane = membrane - membrane.detach()
    total.backward()
    for mine, reference in zip(leaves, (a, s, g, b), strict=True):
        torch.testing.assert_close(mine.grad.double(), reference.grad, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize(("height", "width", "size"), [(6, 6, 2), (7, 5, 2), (9, 9, 3), (3, 4, 5)])
def test_spikes_are_pooled_as_pytorch_pools_them(height: int, width: int, size: int, static: bool) -> None:
    """Spikes, gradients and the share of neurons that spike, with a shortcut and without."""
    generator = torch.Generator().manual_seed(0)
    sums, step, gamma, beta, *others, config = case(1, 4, static)
    sums = torch.randint(-40, 60, (len(sums), BATCH, CHANNELS, height * width), generator=generator).float()
    shape = (STEPS, BATCH, CHANNELS, height, width)
    mean, variance, folded = others
    skips = torch.randint(0, 2, (*shape[:3], height * width), generator=generator).float()
    for skip in (None,) if static else (None, skips):  # no shortcut comes from pixels
        found = []
        for pooled in (True, False):
            leaves = [x.clone().requires_grad_() for x in (sums, step, gamma, beta)]
            other = None if skip is None else skip.clone().requires_grad_()
            arguments = (*leaves, folded, mean, variance, config, other)
            if pooled:
                out, density = PooledFiring.apply(*arguments, Plane(width, size))
            else:
                spikes, _ = NormalisedFiring.apply(*arguments)
                whole = spikes.view(shape)[..., : height // size * size, : width // size * size].flatten(0, 1)
                out = torch.nn.functional.max_pool2d(whole, size) if min(whole.shape[2:]) else whole
                out, density = out.reshape(*shape[:3], -1), spikes.detach().mean()
            weights = torch.arange(1.0, out.numel() + 1).view(out.shape) / 100
            (out * weights).sum().backward()
            found.append((out, density, [x.grad for x in (*leaves, *([] if other is None else [other]))]))
        (mine, density, gradients), (wanted, wanted_density, wanted_gradients) = found
        assert torch.equal(mine, wanted)
        assert 0 < float(density) == pytest.approx(float(wanted_density))
        for gradient, other in zip(gradients, wanted_gradients, strict=True):
            torch.testing.assert_close(gradient, other, rtol=1e-4, atol=1e-4)


def test_a_layer_pools_for_the_max_pooling_that_alone_reads_it() -> None:
    """Unless someone watches one of the two; what comes out is the same, in training and in evaluation."""
    called: list[str] = []

    def network() -> SpikingNetwork:
        torch.manual_seed(0)
        layers = {
            "conv": Conv(1, 3, 3, padding=1, precision=Precision(4, 4)),
            "pool": MaxPool(2),
            "again": MaxPool(2),
            "fc": Readout(3 * 4, 10, precision=Precision(4, 4)),
        }
        return SpikingNetwork(layers, input_shape=(1, 8, 8))

    images = torch.randint(0, 256, (4, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found = []
    for watched in (False, True):
        module = network()
        if watched:
            module.pool.register_forward_hook(lambda *_: called.append("pool"))
        logits = module(images)
        logits.square().sum().backward()
        found.append([logits, module.conv.weight.grad, module.eval()(images), module.conv.density])
    assert called == ["pool", "pool"]
    for mine, wanted in zip(*found, strict=True):
        torch.testing.assert_close(mine, wanted, rtol=1e-5, atol=1e-6)
    assert 0 < float(found[0][3]) < 1


def test_the_step_learns_from_weights_and_membranes() -> None:
    layer = Conv(1, 4, 3, precision=Precision(4, 4))
    layer.connect(largest_input=1, input_scale=1.0, time_steps=4)
    x = (torch.rand(4, 8, 1, 6, 6, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    layer(x).sum().backward()
    assert layer.quantiser.log_step.grad is not None
    assert float(layer.quantiser.log_step.grad.abs()) > 0


def test_the_gradient_of_a_gain_is_finite_and_alike_on_both_sides_of_zero() -> None:
    spikes = (torch.rand(STEPS, 8, 2, 8, 8, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    found = []
    for gain in (1e-7, 0.0, -1e-7):
        torch.manual_seed(0)
        layer = Conv(2, CHANNELS, 3, precision=Precision(8, 8))
        layer.connect(largest_input=1, input_scale=1.0, time_steps=STEPS)
        with torch.no_grad():
            layer.gamma.fill_(gain)
            layer.beta.fill_(0.4)
        (layer(spikes) * torch.linspace(-1, 1, 36).view(6, 6)).sum().backward()
        found.append(layer.gamma.grad)
    for side in found:
        torch.testing.assert_close(side, found[1], rtol=0.02, atol=0)
    assert float(found[1].abs().min()) > 0


@pytest.mark.parametrize("neuron", [Lif(4, 1), MemoryFree(((1, 0),))], ids=["lif", "memory-free"])
@pytest.mark.parametrize("loops", [True, False])
def test_wide_numbers_are_compared_exactly(neuron, loops, monkeypatch):
    """B and Θ beyond 2^24, which float32 rounds: one more or less decides."""
    monkeypatch.setattr(kernel, "AVAILABLE", loops)
    bias = torch.full((1,), 2**26 + 1, dtype=torch.int32)
    folded = SimpleNamespace(bias=bias, threshold=bias + 1, unit=torch.ones(1, dtype=torch.double))
    sums = torch.tensor([0.0, 1.0], dtype=torch.double).view(1, 1, 1, 2)
    config = NeuronConfig(code=Narrow(8), neuron=neuron, time_steps=1, largest_input=1, input_scale=1.0)
    wanted = [0.0, 1.0]
    assert fire(sums, folded, config)[1].flatten().tolist() == wanted
    if loops:
        assert fire_pooled(sums, folded, config, Plane(2))[0].flatten().tolist() == wanted
    if loops and isinstance(neuron, MemoryFree):
        given = (torch.ones(1), *[None] * 3, folded, *[None] * 2, config, Plane(2))
        context = MagicMock()
        assert WindowedFiring.forward(context, sums, *given)[0].flatten().tolist() == wanted
