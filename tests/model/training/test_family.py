"""Networks with every kind of leak and reset: trained, they compute what the golden model computes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mint.app import app
from model.config import Precision
from model.errors import UserError
from model.network import bundle
from model.network.graph import Readout as Readouts
from model.neurons.lif import LEAKS, Reset, nearest_leak
from model.training import settings
from model.training.equality import compare
from model.training.export import export
from model.training.layers import READOUTS, Conv, Linear, MaxPool, MembraneReadout, Readout
from model.training.leak_search import search_leaks
from model.training.network import SpikingNetwork, reading_out
from model.training.sizes import Size

pytestmark = pytest.mark.usefixtures("one_thread")
MEMBERS = [(0.0, "zero"), (1 / 2, "subtract"), (3 / 4, "none"), (7 / 8, "zero"), (31 / 32, "subtract"), (1.0, "none")]


def precision_of(leak: float, reset: str, weight_width: int = 3, membrane_width: int = 4) -> Precision:
    return Precision(weight_width, membrane_width if leak else 0, leak=leak, reset=reset)


def trained(precision: Precision, steps: int = 6, readout: str = "sum") -> tuple[SpikingNetwork, torch.Tensor]:
    """A few steps on random images."""
    torch.manual_seed(0)
    plain = SpikingNetwork(
        {
            "conv": Conv(1, 6, 3, precision=precision),
            "pool": MaxPool(2),
            "hidden": Linear(54, 12, precision=precision),
            "fc": Readout(12, 3, precision=precision),
        },
        input_shape=(1, 8, 8),
    )
    module = plain if readout == "sum" else reading_out(plain, readout)
    optimiser = torch.optim.AdamW(module.parameters(), 0.01)
    images = torch.randint(0, 256, (40, 1, 8, 8))
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(module(images), images.flatten(1).sum(1) % 3)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return module.eval(), images


@pytest.mark.parametrize(("leak", "reset"), MEMBERS)
def test_a_trained_network_is_its_golden_model(leak: float, reset: str, tmp_path: Path) -> None:
    module, images = trained(precision_of(leak, reset))
    export(module, tmp_path / "network.safetensors")
    network = bundle.read(tmp_path / "network.safetensors")
    for layer in network.layers[:-1]:
        assert (layer.neuron.leak, layer.neuron.reset) == (leak, reset)
    found = compare(module, network, images.numpy().astype(np.uint8))
    assert found.differing == 0
    assert found.compared > 0
    densities = [float(layer.density) for layer in module.spiking().values()]
    assert all(0 < density < 1 for density in densities), densities


@pytest.mark.parametrize(
    ("readout", "leak", "reset"),
    [
        ("count", 1 / 2, "zero"),
        ("count", 7 / 8, "subtract"),
        ("membrane", 7 / 8, "subtract"),
        ("membrane", 0.0, "zero"),
    ],
)
def test_readouts_of_neurons_are_their_golden_model(readout: str, leak: float, reset: str, tmp_path: Path) -> None:
    module, images = trained(precision_of(leak, reset), readout=readout)
    export(module, tmp_path / "network.safetensors")
    network = bundle.read(tmp_path / "network.safetensors")
    assert network.readout == readout
    found = compare(module, network, images.numpy().astype(np.uint8))
    assert found.differing == 0
    assert len(np.unique(found.logits)) > 2


def test_potentials_are_learned_from_every_time_step() -> None:
    """The gradient of a membrane readout is that of plain PyTorch: potentials that leak, straight through codes."""
    torch.manual_seed(0)
    layer = MembraneReadout(5, 3, precision=Precision(4, 8, leak=7 / 8))
    layer.connect(largest_input=1, input_scale=1.0, time_steps=4)
    x = (torch.rand(4, 6, 5, 1, 1) < 0.5).float()
    layer(x).sum().backward()
    layer.settle()
    layer.zero_grad()
    logits = layer(x)
    wanted = torch.randn(6, 3)
    (logits * wanted).sum().backward()
    carried, gradient = torch.zeros(6, 3), torch.zeros(3)
    for _ in range(4):
        carried = wanted / 4 + carried * 7 / 8
        gradient += carried.sum(0)
    assert torch.allclose(layer.beta.grad, gradient, rtol=1e-4)
    layer.every_step = True
    assert torch.allclose(layer(x).mean(0), logits, rtol=1e-5)


def test_potentials_of_many_time_steps_are_summed_exactly() -> None:
    """Each is below 2^24, their sum is not."""
    steps = 6001
    layer = MembraneReadout(2500, 3, precision=Precision(4, 8, leak=7 / 8))
    layer.connect(largest_input=1, input_scale=1.0, time_steps=steps)
    layer.leak = 6
    with torch.no_grad():
        layer.weight.abs_()
    layer.eval()
    assert layer.dtype == torch.float32
    logits = layer(torch.ones(steps, 1, 2500, 1, 1))
    layer.trace = {}
    layer(torch.ones(steps, 1, 2500, 1, 1))
    exact = layer.trace["potential"].double().sum(0).flatten()
    assert exact.abs().max() > 2**24
    assert logits.flatten().tolist() == exact.tolist()


def test_readouts_have_the_names_of_bundles() -> None:
    assert tuple(READOUTS) == settings.READOUTS == tuple(Readouts)


def test_wide_sums_times_the_leaks_numerator_are_exact() -> None:
    """31·H of 8-bit weights on pixels passes 2^24, so the layer computes in float64."""
    kinds = {}
    for leak in LEAKS:
        conv = Conv(8, 4, 3, precision=precision_of(leak, "zero", 8, 8))
        conv.connect(largest_input=255, input_scale=1 / 256, time_steps=4)
        kinds[leak] = conv.dtype
    assert kinds[1 / 2] == kinds[1.0] == torch.float32
    assert kinds[31 / 32] == torch.float64


def test_a_search_of_leaks_keeps_to_what_there_is() -> None:
    for leak, least in ((1 / 2, 0), (3 / 4, 1), (0.0, 1)):
        module, images = trained(precision_of(leak, "zero"), 1)
        for layer in module.spiking().values():
            layer.leak = least
        search_leaks(module, images, images.flatten(1).sum(1) % 3, 20)
        found = [layer.leak for layer in module.spiking().values()]
        assert all(least <= r <= (1 if leak == 0 else least + 1) for r in found)


def test_ends_of_other_widths_have_the_same_leak() -> None:
    size = Size(precision_of(7 / 8, "subtract"), ends_bits=8)
    assert size.ends == replace(precision_of(7 / 8, "subtract"), weight_width=8, membrane_width=8)
    assert Size(precision_of(0.0, "zero"), ends_bits=8).ends == Precision(8, 0, leak=0.0)


@pytest.mark.parametrize(("wanted", "leak"), [(0.9, 7 / 8), (0.95, 15 / 16), (0.99, 1.0), (0.2, 0.0), (0.25, 1 / 2)])
def test_the_nearest_leak(wanted: float, leak: float) -> None:
    assert nearest_leak(wanted) == leak


def test_the_nearest_leak_of_no_share_is_refused() -> None:
    with pytest.raises(UserError, match=r"leak 1\.5 is no share"):
        nearest_leak(1.5)


def test_the_command_says_what_it_takes_and_refuses(tmp_path: Path) -> None:
    options = ["train", "digits", "--epochs", "1", "--run", str(tmp_path), "--batch-size", "512"]
    done = CliRunner().invoke(app, [*options, "--leak", "0.9", "--reset", "subtract"])
    assert done.exit_code == 0
    said = " ".join(done.output.split())
    assert (
        "leak 0.875, the nearest to 0.9: half of a potential is left after 5.2 time steps; of the greatest code" in said
    )
    assert "of 4 bits after 4" in said
    (folder,) = tmp_path.iterdir()
    assert folder.name == "digits-w4u4-leak0.875-subtract-seed0"
    network = bundle.read(folder / "bundle.safetensors")
    assert {(layer.neuron.leak, layer.neuron.reset) for layer in network.layers[:-1]} == {(7 / 8, "subtract")}
    assert "--leak 0.875 --reset subtract" in network.provenance["command"]
    for wrong, sentence in (
        (["--leak", "0", "-U", "4"], "with leak 0, which keeps nothing"),
        (["--float32", "--leak", "0.5"], "a float32 network has no levels, leaks by 1/2"),
        (["--float32", "--quantiser", "sigmoids"], "a float32 network has no levels"),
        (["--quantiser", "sums"], "quantiser 'sums'; choose one of learned-step, sigmoids"),
        (["--levels", "five"], "levels 'five'; choose one of binary, ternary, pow2-5, pow2-7"),
        (["--levels", "binary", "--bits", "2"], "--levels are the weights'; leave out --bits"),
        (["--neuron", "izhikevich"], "neuron 'izhikevich'; choose lif or memory-free"),
        (["--neuron", "memory-free", "-U", "4"], "memory-free neurons have no membrane, no leak and no reset"),
        (["--neuron", "memory-free", "--dilation", "9"], "dilation '9'; choose 1 to 8, or sawtooth"),
        (["--neuron", "memory-free", "--window", "9"], "a window of 9 taps; choose 1 to 8"),
        (["--window", "2"], "are those of memory-free neurons; add --neuron memory-free"),
        (["--reset", "soft"], "reset 'soft'; choose one of zero, subtract, none"),
    ):
        refused = CliRunner().invoke(app, [*options, *wrong])
        assert refused.exit_code != 0
        assert sentence in " ".join(refused.output.split())
    assert all(reset in list(Reset) for _, reset in MEMBERS)
