"""Dropout, Identity and Flatten train and are passed over; what would not do what it seems to is refused at once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from model import datasets
from model.config import Precision
from model.errors import UserError
from model.golden.network import run
from model.training import spiking
from model.training.export import to_network
from model.training.layers import Branch, Conv, Join, Linear, MaxPool, Readout, SumPool
from model.training.network import SpikingNetwork
from model.training.passing import drop
from model.training.recipe import Recipe
from model.training.train import Listener, Run

P = Precision(4, 4)


def network(precision: Precision | None = P, *, passed: bool = True, share: float = 0.5) -> SpikingNetwork:
    """A dropout before pooling, of counts, and in a row before a linear layer; a shortcut around an Identity."""
    torch.manual_seed(0)
    layers: dict[str, nn.Module] = {
        "conv": Conv(1, 6, 3, padding=1, precision=precision),
        "drop1": nn.Dropout(share),
        "pool1": MaxPool(2),
        "conv2": Conv(6, 6, 3, padding=1, precision=precision, batch_norm=False),
        "same": nn.Identity(),
        "join": Join([Branch(6, 3, padding=1)], 6, skip=True, precision=precision),
        "pool2": SumPool(2),
        "drop2": nn.Dropout(share),
        "row": nn.Flatten(),
        "hidden": Linear(6 * 4, 12, precision=precision),
        "drop3": nn.Dropout(share),
        "fc": Readout(12, 10, precision=precision),
    }
    sources = {"join": ("same", "conv2")}
    if not passed:
        layers = {name: layer for name, layer in layers.items() if not isinstance(layer, nn.Dropout | nn.Flatten)}
        del layers["same"]
        sources = {"join": ("conv2", "conv2")}
    return SpikingNetwork(layers, input_shape=(1, 8, 8), sources=sources)


IMAGES = torch.randint(0, 256, (40, 1, 8, 8), generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(40) % 10


def learn(module: nn.Module, steps: int = 1) -> list[float]:
    optimiser = torch.optim.AdamW(module.parameters(), 1e-2)
    losses = []
    for _ in range(steps):
        loss = functional.cross_entropy(module(IMAGES), LABELS)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_it_trains_and_is_exported_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sums: list[Tensor] = []
    exact = spiking.moments
    monkeypatch.setattr(spiking, "moments", lambda x: sums.append(x.detach()) or exact(x))  # type: ignore[func-returns-value]
    module = network(share=0.2)
    losses = learn(module, 8)
    assert losses[-1] < losses[0]
    assert all(torch.equal(x, x.round()) for x in sums)
    module.calibrate(IMAGES)
    made = to_network(module.eval())
    assert [layer.name for layer in made.layers] == ["conv", "conv2", "join", "hidden", "fc"]
    found = run(made, IMAGES.numpy())
    for key, values in module.observe(IMAGES).items():
        assert np.array_equal(values.numpy(), found[key]), key
    assert all(0 < found[f"{name}.spikes"].mean() < 1 for name in module.spiking())
    other = network(passed=False).eval()
    other.load_state_dict(module.state_dict())
    assert torch.equal(other(IMAGES), module(IMAGES))


def test_what_is_left_is_worth_more_by_as_much() -> None:
    """Mean real sums are those without Dropout, in batch norm and in the readout, in codes and in float32."""
    several = IMAGES.repeat(20, 1, 1, 1)
    for precision in (P, None):
        found = []
        for share in (0.0, 0.5):
            torch.manual_seed(0)
            layers = {"drop": nn.Dropout(share), "conv": Conv(1, 6, 3, precision=precision)}
            module = SpikingNetwork(
                {**layers, "drop2": nn.Dropout(share), "fc": Readout(216, 10, precision=precision)},
                input_shape=(1, 8, 8),
            )
            module.conv.momentum = 1.0  # type: ignore[union-attr]
            with torch.no_grad():
                logits = module(several)
                module.fc.weight.abs_()  # type: ignore[operator, union-attr]
                found.append((module.conv.running_mean.clone(), module(several).mean(0), logits))  # type: ignore[operator, union-attr]
        torch.testing.assert_close(found[1][0], found[0][0], rtol=0.05, atol=0.02)
        assert not torch.equal(found[0][2], found[1][2])
        torch.testing.assert_close(found[1][1], found[0][1], rtol=0.15, atol=0)


def test_a_neuron_is_left_out_at_all_time_steps() -> None:
    ones = torch.ones(4, 50, 3, 8, 8)
    kept = drop(ones, nn.Dropout(0.3))
    assert set(kept.unique().tolist()) == {0, 1}
    assert float(kept.mean()) == pytest.approx(0.7, abs=0.02)
    assert torch.equal(kept, kept[:1].expand_as(kept))
    assert drop(ones, nn.Dropout(0.3).eval()) is ones
    with pytest.raises(UserError, match="Dropout of a share 1; choose 0 to less than 1"):
        drop(ones, nn.Dropout(1.0))


def test_statistics_are_measured_without_dropout() -> None:
    found = []
    for passed in (True, False):
        module = network(passed=passed)
        module.train().calibrate(IMAGES[:20], IMAGES[20:])
        assert module.training
        assert all(layer.training for layer in module.modules())
        found.append(module.state_dict())
    assert all(torch.equal(value, found[0][name]) for name, value in found[1].items())


def test_integers_have_no_factor() -> None:
    module = network()
    module.calibrate(IMAGES)
    module.eval().drop2.train()  # type: ignore[union-attr]
    with pytest.raises(UserError, match=r"Dropout in training mode before a layer in evaluation mode"):
        module(IMAGES)
    module.drop2.p = 0.0  # type: ignore[union-attr]
    module(IMAGES)


def test_a_killed_run_drops_the_same(tmp_path: Path) -> None:
    digits = datasets.load("digits")
    some = replace(
        digits, train=replace(digits.train, images=digits.train.images[:300], labels=digits.train.labels[:300])
    )
    recipe = Recipe("mine", "digits", P, epochs=2, batch_size=50)

    def kill(entry: Any) -> None:
        raise KeyboardInterrupt

    whole = Run(recipe, network, some, tmp_path / "whole")
    whole.train(Listener())
    with pytest.raises(KeyboardInterrupt):
        Run(recipe, network, some, tmp_path / "killed").train(Listener(epoch=kill))
    torch.rand(7)
    rest = Run(recipe, network, some, tmp_path / "killed")
    rest.train(Listener())
    wanted = whole.module.state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in rest.module.state_dict().items())


def chain(*between: tuple[str, nn.Module], sources: dict[str, tuple[str, ...]] | None = None) -> SpikingNetwork:
    layers = {"first": Conv(1, 2, 3, padding=1, precision=P), **dict(between), "fc": Readout(32, 2, precision=P)}
    return SpikingNetwork(layers, input_shape=(1, 4, 4), sources=sources)


def twice(module: nn.Module) -> SpikingNetwork:
    return chain(("one", module), ("two", module))


SECOND, ROW = Conv(32, 2, 1, precision=P), nn.Flatten()
REFUSED: list[tuple[Callable[[], SpikingNetwork], str]] = [
    (lambda: twice(nn.Identity()), "layer two: it is the same module as one; make one for each"),
    (lambda: chain(("relu", nn.ReLU)), "layer relu: it is a type; give a module"),  # type: ignore[arg-type]
    (
        lambda: chain(("block", nn.Sequential(nn.Identity(), Conv(2, 2, 3, precision=P)))),
        "layer block: it is a Sequential with layers of ours in it; name each of them",
    ),
    (lambda: chain(("row", nn.Flatten(2))), "layer row: Flatten of axes 2 to -1"),
    (lambda: chain(("row", ROW), ("second", SECOND)), "layer second: it reads what Flatten made one row"),
    (lambda: chain(("row", ROW), ("pool", MaxPool(2))), "layer pool: it reads what Flatten made one row"),
    (
        lambda: chain(
            ("drop", nn.Dropout()),
            ("join", Join([Branch(2, 1), Branch(2, 1)], 2, precision=P)),
            sources={"join": ("first", "drop")},
        ),
        "layer join: its sources first, drop come through different Dropout or Flatten; put it behind the join",
    ),
    (
        lambda: chain(("last", Readout(32, 2, precision=P)), ("drop", nn.Dropout())),
        "layer drop: it reads last, a Readout, which is the last layer",
    ),
    (
        lambda: chain(("second", SECOND), ("same", nn.Identity()), sources={"same": ("first", "second")}),
        "layer same: of several sources Identity hands on one",
    ),
]


@pytest.mark.parametrize(("make", "sentence"), REFUSED)
def test_what_does_not_do_what_it_seems_to_is_refused_at_once(
    make: Callable[[], SpikingNetwork], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("conv.1", "conv-1", "", "größe", "a b", "x" * 300), "a name has letters, digits and _ only"),
        (
            ("input", "sources", "training", "forward", "_done", "inputs", "time_steps", "half"),
            "the name is taken by the network itself; rename it",
        ),
    ],
)
def test_names_are_refused_at_once(names: Sequence[str], sentence: str) -> None:
    for name in names:
        with pytest.raises(UserError, match=f"layer {name}: {sentence}"):
            chain((name, nn.Identity()))


@pytest.mark.parametrize("precision", [P, None])
def test_autocast_changes_nothing(precision: Precision | None) -> None:
    found = []
    for enabled in (False, True):
        module = network(precision, share=0.0)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            loss = functional.cross_entropy(module(IMAGES.to(torch.bfloat16)), LABELS)
            logits = module.eval()(IMAGES)
        loss.backward()
        assert logits.dtype == torch.float32
        found.append([loss, logits, *(parameter.grad for parameter in module.parameters())])
    assert all(torch.equal(mine, wanted) for mine, wanted in zip(*found, strict=True))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_refused(dtype: torch.dtype) -> None:
    module = network().to(dtype)
    with pytest.raises(UserError, match=f"weights are {dtype}; integers are exact with torch.float32: call float"):
        module(IMAGES)
    module.float()(IMAGES)
