"""Training on scikit-learn's digits: it learns, reproduces, resumes, and evaluates to the golden integers."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from model import datasets
from model.config import Precision
from model.errors import UserError
from model.golden.network import forward, run
from model.network import bundle
from model.training import checkpoint, layers
from model.training.augmentation import augment, mix
from model.training.distillation import Lesson, ask
from model.training.export import to_network
from model.training.history import Epoch
from model.training.layers import Conv, Linear, MaxPool, Readout, SumPool
from model.training.leak_search import search_leaks
from model.training.loss import Loss
from model.training.networks import Size, SpikingNetwork, digits, named
from model.training.recipe import Recipe, usual
from model.training.reduced import LARGEST_OPERAND, allow_tf32, other_integers, tf32_is_exact
from model.training.spiking import BATCH_NORM_MOMENTUM
from model.training.train import Listener, Run, health

RECIPE = Recipe("digits", "digits", Precision(4, 4), epochs=8, learning_rate=1e-2)


@pytest.fixture(scope="module")
def data() -> datasets.Dataset:
    return datasets.load("digits")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("width", [2, 4, 8])
def test_every_width_learns_from_scratch_and_evaluates_to_the_golden_integers(
    tmp_path: Path, data: datasets.Dataset, width: int
) -> None:
    warnings: list[str] = []
    training = Run(replace(RECIPE, precision=Precision(width, width)), digits, data, tmp_path)
    training.train(Listener(warning=warnings.append))
    module = training.load_best()
    assert warnings == []
    assert max(entry["accuracy"] for entry in training.history) > 85

    network = to_network(module)
    found = run(network, data.test.images)
    observed = module.observe(torch.from_numpy(data.test.images))
    assert set(found) == set(observed)
    for key, values in observed.items():
        assert np.array_equal(values.numpy(), found[key]), key
    assert 0 < found["conv1.spikes"].mean() < 1


def test_a_killed_run_goes_on_to_the_same_result(tmp_path: Path, data: datasets.Dataset) -> None:
    class KilledError(Exception):
        pass

    def kill(entry: Epoch) -> None:
        if entry.epoch == 1:
            raise KilledError

    recipe = replace(RECIPE, epochs=4)
    whole = Run(recipe, digits, data, tmp_path / "whole")
    whole.train(Listener())
    with pytest.raises(KilledError):
        Run(recipe, digits, data, tmp_path / "killed").train(Listener(epoch=kill))
    rest = Run(recipe, digits, data, tmp_path / "killed")
    assert len(rest.history) == 2
    rest.train(Listener())
    assert [e["loss"] for e in rest.history] == [e["loss"] for e in whole.history]
    for (name, mine), wanted in zip(
        rest.module.state_dict().items(), whole.module.state_dict().values(), strict=True
    ):  # fmt: skip
        assert torch.equal(mine, wanted), name
    with pytest.raises(UserError, match="other settings"):
        Run(replace(recipe, seed=1), digits, data, tmp_path / "killed")


def test_a_folder_with_files_of_no_training_is_refused(tmp_path: Path, data: datasets.Dataset) -> None:
    for name in ("log.csv", "result.json", "bundle.safetensors", "best.safetensors"):
        path = tmp_path / name / name
        path.parent.mkdir()
        path.write_text("mine", encoding="utf-8")
        with pytest.raises(UserError, match=f"{name} is in the way, and no training|{name}: not a checkpoint"):
            Run(RECIPE, digits, data, path.parent)


def test_a_run_that_was_killed_in_its_first_epoch_starts_again(tmp_path: Path, data: datasets.Dataset) -> None:
    run = Run(RECIPE, digits, data, tmp_path)
    checkpoint.write(run.best, run.module, None, run._notes())
    Run(RECIPE, digits, data, tmp_path)
    with pytest.raises(UserError, match="other settings"):
        Run(replace(RECIPE, seed=1), digits, data, tmp_path)


def mixed(precision: Precision | None) -> SpikingNetwork:
    """Every layer kind, sum pooling included."""
    return SpikingNetwork(
        {
            "conv1": Conv(1, 6, 3, stride=2, padding=1, precision=precision),
            "conv2": Conv(6, 8, 3, padding=1, precision=precision),
            "pool2": SumPool(2),
            "hidden": Linear(8 * 4, 20, precision=precision),
            "fc": Readout(20, 10, precision=precision),
        },
        input_shape=(1, 8, 8),
        time_steps=3,
    )


@pytest.mark.parametrize("precision", [Precision(2, 8), Precision(8, 2), Precision(4, 4)])
def test_other_layers_and_negative_gains_are_exact_too(data: datasets.Dataset, precision: Precision) -> None:
    torch.manual_seed(0)
    module = mixed(precision)
    images = torch.from_numpy(data.train.images[:200].copy())
    module(images)
    with torch.no_grad():
        for layer in module.spiking().values():
            layer.gamma[::3] *= -1
    for _ in range(30):
        module(images)
    module.eval()
    network = to_network(module)
    assert network.largest_value("conv2") == 4
    found = run(network, data.test.images[:50])
    for key, values in module.observe(torch.from_numpy(data.test.images[:50])).items():
        assert np.array_equal(values.numpy(), found[key]), key
    assert all(0 < found[f"{name}.spikes"].mean() < 1 for name in module.spiking())


def test_spike_input_is_exact_too() -> None:
    torch.manual_seed(0)
    precision = Precision(4, 4)
    module = SpikingNetwork(
        {"conv": Conv(2, 4, 3, precision=precision), "pool": MaxPool(2), "fc": Readout(16, 3, precision=precision)},
        input_shape=(2, 6, 6),
        input_kind="spikes",
        time_steps=5,
    )
    x = (torch.rand(5, 40, 2, 6, 6) < 0.4).to(torch.uint8)
    for _ in range(30):
        module(x)
    module.eval()
    found = run(to_network(module), x.numpy())
    for key, values in module.observe(x).items():
        assert np.array_equal(values.numpy(), found[key]), key


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ({"relu": nn.ReLU()}, "layer relu: ReLU has no integer form"),
        ({"pool": MaxPool(2), "again": MaxPool(2)}, "layer again: pooling follows a spiking layer, once"),
    ],
)
def test_what_has_no_integers_is_refused_by_name(layers: dict[str, nn.Module], sentence: str) -> None:
    precision = Precision(4, 4)
    module = SpikingNetwork(
        {"conv": Conv(1, 2, 3, precision=precision), **layers, "fc": Readout(2, 2, precision=precision)},
        input_shape=(1, 8, 8),
    )
    module.conv.leak = 1
    with pytest.raises(UserError, match=sentence):
        to_network(module)


def test_float_and_untrained_networks_are_refused() -> None:
    with pytest.raises(UserError, match="layer conv1: it was trained in float32"):
        to_network(digits(None))
    with pytest.raises(UserError, match="the network is untrained: no batch has chosen r"):
        to_network(digits(Precision(4, 4)))
    with pytest.raises(UserError, match="Linear cannot be exported"):
        to_network(nn.Linear(2, 2))


def test_sick_layers_are_named(data: datasets.Dataset) -> None:
    module = digits(Precision(4, 4))
    images = torch.from_numpy(data.train.images[:64].copy())
    with torch.no_grad():
        module.spiking()["conv1"].beta.fill_(-50)
    module(images)
    assert any("layer conv1 is dead" in sentence for sentence in health(module))
    with torch.no_grad():
        module.spiking()["conv1"].beta.fill_(50)
    module(images)
    assert any("layer conv1 is saturated" in sentence for sentence in health(module))


def test_a_diverged_run_stops_and_names_the_layer(tmp_path: Path, data: datasets.Dataset) -> None:
    training = Run(RECIPE, digits, data, tmp_path)
    with torch.no_grad():
        training.module.fc.weight[0, 0] = float("nan")  # type: ignore[union-attr, index, operator]
    with pytest.raises(UserError, match="the loss is nan in epoch 1: layer fc has exploded; lower"):
        training.train(Listener())
    training = Run(RECIPE, digits, data, tmp_path / "other")
    with torch.no_grad():
        training.module.conv1.gamma[1] = float("inf")  # type: ignore[union-attr, index, operator]
    with pytest.raises(UserError, match=r"layer conv1 has diverged in epoch 1: .* lower the learning rate"):
        training.train(Listener())


def test_a_bundle_teaches_logits_and_membranes(tmp_path: Path, data: datasets.Dataset) -> None:
    recipe = replace(RECIPE, epochs=2)
    first = Run(recipe, digits, data, tmp_path / "teacher")
    first.train(Listener())
    module = first.load_best()
    path = tmp_path / "teacher.safetensors"
    bundle.write(to_network(module), path)
    losses = {first.history[0]["loss"]}
    questions: list[int] = []
    for weight in (0.0, 1.0):
        taught = Run(replace(recipe, teacher=str(path), membrane_loss=weight), digits, data, tmp_path / f"{weight}")
        taught.train(Listener(teacher=lambda done, total: questions.append(done)))
        losses.add(taught.history[0]["loss"])
    assert len(losses) == 3

    images = data.train.images[:20]
    lesson = ask(path, images, lambda done, total: None)
    assert questions == sorted(set(questions))  # the second run found the first one's answers
    (kept,) = tmp_path.glob("lesson-*.safetensors")
    asked = Lesson.read(kept)
    assert asked is not None
    assert torch.equal(asked.logits[:20], lesson.logits)
    assert torch.equal(asked.potentials[:20], lesson.potentials)
    kept.write_bytes(kept.read_bytes()[:-1])  # cut short, so asked again
    assert Lesson.read(kept) is None
    assert torch.equal(taught._lesson(Listener()).logits, asked.logits)
    observed = module.observe(torch.from_numpy(images.copy()))
    unit = float(to_network(module).layers[-1].step or 0) / module.time_steps
    torch.testing.assert_close(lesson.logits, observed["logits"] * unit)
    thresholds = module.spiking()["conv1"].folded().threshold
    torch.testing.assert_close(lesson.potentials, (observed["conv1.potential"].mean((0, 3, 4)) / thresholds).float())

    recipe = replace(recipe, teacher=str(path), membrane_loss=3.0)
    loss = Loss(recipe, module.train())
    pupil = module(torch.from_numpy(images.copy()))
    far = Lesson(lesson.logits, module.spiking()["conv1"].potential.detach() + 0.5)
    same = Lesson(lesson.logits, module.spiking()["conv1"].potential.detach())
    labels = torch.from_numpy(data.train.labels[:20].copy())
    assert (loss(pupil, labels, far) - loss(pupil, labels, same)).item() == pytest.approx(3 * 0.5**2, rel=1e-3)
    with pytest.raises(UserError, match="the teacher's last spiking layer has 4 channels, the network's 16"):
        loss(pupil, labels, Lesson(lesson.logits, lesson.potentials[:, :4]))


def test_the_loss_of_every_time_step(data: datasets.Dataset) -> None:
    torch.manual_seed(0)
    module = digits(Precision(4, 4))
    images, labels = torch.from_numpy(data.train.images[:32].copy()), torch.from_numpy(data.train.labels[:32].copy())
    mean = module(images)
    loss = Loss(replace(RECIPE, step_loss=0.25), module)
    logits = module(images)
    assert logits.shape == (4, 32, 10)
    torch.testing.assert_close(logits.mean(0), mean)
    steps = torch.stack([functional.cross_entropy(step, labels) for step in logits])
    assert steps.std().item() > 0
    torch.testing.assert_close(
        loss(logits, labels, None), 0.75 * functional.cross_entropy(mean, labels) + 0.25 * steps.mean()
    )
    shares = functional.one_hot(labels, 10).float()  # as a mixture of two images has them
    torch.testing.assert_close(loss(logits, shares, None), loss(logits, labels, None))
    module.eval()
    assert np.array_equal(module(images).detach().numpy(), forward(to_network(module), data.train.images[:32]))


@pytest.mark.parametrize("batch_norm", [True, False])
def test_precision_becomes_narrower_from_run_to_run(tmp_path: Path, data: datasets.Dataset, batch_norm: bool) -> None:
    def build(precision: Precision | None) -> SpikingNetwork:
        return SpikingNetwork(
            {
                "conv1": Conv(1, 8, 3, padding=1, precision=precision, batch_norm=batch_norm),
                "fc": Readout(8 * 64, 10, precision=precision),
            },
            input_shape=(1, 8, 8),
        )

    wide = Run(replace(RECIPE, precision=Precision(8, 8), epochs=1), build, data, tmp_path / "wide")
    wide.train(Listener())
    recipe = replace(RECIPE, precision=Precision(2, 2), epochs=2, initial=str(tmp_path / "wide"))
    assert recipe.name == "digits-w2u2-after-wide-seed0"
    narrow = Run(recipe, build, data, tmp_path / "narrow")
    before, after = (run.module.state_dict() for run in (wide, narrow))
    for name, value in after.items():
        if name.endswith(("log_step", "leak")):
            assert float(value) > float(before[name]), name  # ternary codes: a wide step, a membrane of few codes
        else:
            assert torch.equal(value, before[name]), name
    narrow.train(Listener())
    scratch = Run(replace(recipe, initial=None), build, data, tmp_path / "scratch")
    scratch.train(Listener())
    assert narrow.history[0]["loss"] < scratch.history[0]["loss"]
    assert len(Run(recipe, build, data, tmp_path / "narrow").history) == 2


def test_r_is_searched_where_the_loss_is_less(data: datasets.Dataset) -> None:
    torch.manual_seed(0)
    module = mixed(Precision(4, 4))
    images, labels = torch.from_numpy(data.train.images.copy()), torch.from_numpy(data.train.labels.copy())
    module.calibrate(images[:200])
    layers = module.spiking()
    layers["conv2"].leak = layers["conv2"].largest_leak
    before = {name: value.clone() for name, value in module.state_dict().items()}

    def loss() -> float:
        found = copy.deepcopy(module).train()(images[:1000])
        return functional.cross_entropy(found, labels[:1000]).item()

    worse = loss()
    search_leaks(module.eval(), images, labels, batch_size=500)
    assert loss() < worse
    assert not module.training
    changed = {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert changed <= {f"{name}.leak" for name in layers}
    assert all(abs(layer.leak - int(before[f"{name}.leak"])) <= 1 for name, layer in layers.items())


def rounded_to_tf32(x: torch.Tensor) -> torch.Tensor:
    """The nearest number with 10 bits of mantissa, ties to even."""
    bits = x.float().view(torch.int32)
    return ((bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFF).view(torch.float32)


def test_a_device_that_computes_other_integers_is_found(
    tmp_path: Path, data: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a layer that is wrong on anything larger than what is compared; once TensorFloat-32 is off, or still."""
    training = Run(replace(RECIPE, epochs=1), digits, data, tmp_path)
    images = torch.from_numpy(data.train.images[:16].copy())
    training.module(images)
    assert other_integers(training.module, images) == ""
    exact = layers._convolve

    def wrong(x: torch.Tensor, *others: Any) -> torch.Tensor:
        sums = exact(x, *others)
        tf32 = torch.backends.cudnn.conv.fp32_precision == "tf32"
        return sums + (x.shape[1] == 16 and (tf32 or always))

    monkeypatch.setattr(layers, "_convolve", wrong)
    monkeypatch.setattr(training, "device", "a GPU")
    for always in (False, True):
        allow_tf32(training.module)
        assert other_integers(training.module, images) == "conv1"
        if always:
            with pytest.raises(UserError, match="layer conv1: a GPU computes other sums than the CPU; train on the"):
                training._check_device(images)
        else:
            training._check_device(images)
        assert torch.backends.cudnn.conv.fp32_precision == "ieee"


def test_tf32_changes_no_integer() -> None:
    every = torch.arange(LARGEST_OPERAND + 1).float()
    assert torch.equal(rounded_to_tf32(every), every)
    assert torch.equal(rounded_to_tf32(-every), -every)
    assert float(rounded_to_tf32(every[-1:] + 1)) != LARGEST_OPERAND + 1

    # The largest layers of the papers' networks: 512 channels, 3 × 3; pixels; counts of 64 × 64 / 16 spikes at 4 steps.
    generator = torch.Generator().manual_seed(0)
    for fan_in, largest in ((512 * 9, 1), (27, 255), (256, 256)):
        for width in (2, 4, 8):
            limit = Precision(width, width).code.limit
            x = torch.randint(0, largest + 1, (20, fan_in), generator=generator)
            w = torch.randint(-limit, limit + 1, (fan_in, 8), generator=generator)
            assert fan_in * largest * limit < 1 << 24
            assert torch.equal((rounded_to_tf32(x) @ rounded_to_tf32(w)).long(), x @ w)

    for bits in (2, 4, 8):
        size = Size(Precision(bits, bits), width=1 / 8, input_shape=(3, 64, 64), classes=200)
        module = named("vgg9", size)
        assert all(tf32_is_exact(layer) for layer in module.children() if isinstance(layer, Conv | Readout))
        allow_tf32(module)
        assert torch.backends.cuda.matmul.fp32_precision == torch.backends.cudnn.conv.fp32_precision == "tf32"
    layer = Readout(64, 10, precision=Precision(4, 4))
    layer.connect(largest_input=1024, input_scale=1.0, time_steps=4)
    assert not tf32_is_exact(layer)
    allow_tf32(named("vgg9", Size(None)))
    assert torch.backends.cuda.matmul.fp32_precision == torch.backends.cudnn.conv.fp32_precision == "ieee"


def test_logits_are_the_sum_over_time_and_bias(data: datasets.Dataset) -> None:
    torch.manual_seed(1)
    module = digits(Precision(4, 4))
    module(torch.from_numpy(data.train.images[:64].copy()))
    with torch.no_grad():
        module.fc.bias.copy_(torch.linspace(-1, 1, 10))  # type: ignore[union-attr, operator]
    module.eval()
    network = to_network(module)
    assert np.abs(network.layers[-1].bias).max() > 0
    logits = module(torch.from_numpy(data.test.images[:5]))
    assert np.array_equal(logits.detach().numpy(), forward(network, data.test.images[:5]))


def test_augmentation_mirrors_and_moves() -> None:
    image = torch.zeros(1, 1, 5, 5, dtype=torch.uint8)
    image[0, 0, 2, 1] = 7
    generator = torch.Generator().manual_seed(0)
    seen = {tuple(augment(image, 1, generator)[0, 0].nonzero()[0].tolist()) for _ in range(300)}
    # Column 1 or, mirrored, 3; each moved by -1, 0 or 1, as is row 2.
    assert seen == {(row, column) for row in (1, 2, 3) for column in (0, 1, 2, 3, 4)}
    assert int(augment(image, 1, generator).sum()) == 7


def test_sums_beyond_float32_are_exact_in_float64() -> None:
    torch.manual_seed(0)
    precision = Precision(8, 8)
    module = SpikingNetwork(
        {"hidden": Linear(784, 6, precision=precision), "fc": Readout(6, 3, precision=precision)},
        input_shape=(1, 28, 28),
    )
    assert module.spiking()["hidden"].dtype == torch.float64
    x = torch.randint(0, 256, (40, 1, 28, 28), dtype=torch.uint8)
    for _ in range(20):
        module(x).sum().backward()
    module.eval()
    found = run(to_network(module), x.numpy())
    for key, values in module.observe(x).items():
        assert np.array_equal(values.numpy(), found[key]), key


def test_the_codes_of_export_are_those_of_the_forward_pass() -> None:
    layer = Conv(3, 8, 3, precision=Precision(8, 8))
    for value in np.linspace(-9, -2, 500):
        with torch.no_grad():
            layer.quantiser.log_step.fill_(float(value))
        assert torch.equal(layer.step(), layer.quantiser.log_step.exp())
        assert torch.equal(
            layer.quantiser.to_int(layer.weight).float(), layer.quantiser.values(layer.weight, layer.step())
        )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: digits(Precision(4, 4)), "cannot be made from a precision"),
        (lambda precision: nn.Linear(2, 2), "it is a Linear; return a SpikingNetwork"),
        (lambda precision: mixed(precision)[:2], "return a SpikingNetwork|takes|cannot be made"),
        (
            lambda precision: SpikingNetwork(
                {"conv": Conv(1, 2, 3, precision=precision), "fc": Readout(3, 10, precision=precision)},
                input_shape=(1, 8, 8),
            ),
            "does not run after layer conv",
        ),
        (
            lambda precision: SpikingNetwork(
                {"conv": Conv(1, 2, 3, precision=precision), "fc": Readout(72, 5, precision=precision)},
                input_shape=(1, 8, 8),
            ),
            "has 10 classes",
        ),
        (
            lambda precision: SpikingNetwork(
                {
                    "conv": Conv(1, 2, 3, precision=precision),
                    "relu": nn.ReLU(),
                    "fc": Readout(72, 10, precision=precision),
                },
                input_shape=(1, 8, 8),
            ),
            "layer relu: ReLU has no integer form",
        ),
    ],
)
def test_a_network_that_cannot_work_is_refused_before_training(
    tmp_path: Path, data: datasets.Dataset, make: Callable[..., SpikingNetwork], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        Run(RECIPE, make, data, tmp_path)


def test_mixtures_are_of_two_images_and_stay_integers() -> None:
    images = torch.stack([torch.full((1, 16, 16), 40 * n, dtype=torch.uint8) for n in range(4)])
    generator = torch.Generator().manual_seed(0)
    cuts = 0
    for mixup, cutmix in ((0.4, 0.0), (0.0, 1.0), (1.0, 1.0)):
        for _ in range(30):
            mixed, target = mix(images, torch.arange(4), 4, mixup, cutmix, generator)
            assert mixed.dtype == torch.uint8
            torch.testing.assert_close(target.sum(1), torch.ones(4))
            # The mean of the pixels is the labels' mean: both are shared alike, up to rounding.
            wanted = target @ (40.0 * torch.arange(4))
            assert float((mixed.float().mean((1, 2, 3)) - wanted).abs().max()) <= 0.5 + 1e-3
            cuts += int(len(mixed[1:].flatten(1).unique(dim=1).T) > 1)
            assert mixup or not cutmix or set(mixed.unique().tolist()) <= {0, 40, 80, 120}
    assert 30 < cuts < 90


def test_the_learning_rate_rises_and_falls() -> None:
    recipe = replace(RECIPE, epochs=10, warmup=2, learning_rate=1.0)
    rates = [recipe.rate(step, 5) for step in range(50)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == 1
    assert rates[30] == pytest.approx(0.5)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.01


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epochs": 0}, "0 epochs; train at least 1"),
        ({"warmup": 8}, "a warm-up of 8 epochs of 8; choose fewer"),
        ({"label_smoothing": 1.0}, "a label smoothing of 1; choose 0 to less than 1"),
        ({"mixup": -1.0}, "mixup -1 and cutmix 0 are parameters of Beta"),
        ({"teacher": "t", "cutmix": 1.0}, "a teacher's logits are of whole images"),
        ({"step_loss": 1.5}, "a share of 1.5 for the time steps' loss; choose 0 to 1"),
        ({"membrane_loss": 1.0}, "a weight of 1 for the teacher's membranes; choose 0 or more, and name a teacher"),
        ({"statistics_batches": -1}, "statistics of -1 batches; choose 0"),
        ({"leak_search": 8}, "r searched after 8 epochs of 8; choose fewer"),
        ({"precision": None, "leak_search": 1}, "a float32 network has no codes and no r"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        replace(RECIPE, **changes)


def test_every_part_of_a_recipe_is_resumed_and_logged(tmp_path: Path, data: datasets.Dataset) -> None:
    recipe = replace(RECIPE, epochs=3, warmup=1, label_smoothing=0.1, mixup=0.2, cutmix=1.0, augment=1)
    recipe = replace(recipe, step_loss=0.5, leak_search=1, statistics_batches=2)
    whole = Run(recipe, digits, data, tmp_path / "whole")
    whole.train(Listener())
    killed = Run(recipe, digits, data, tmp_path / "killed")

    def kill(entry: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed.train(Listener(epoch=kill))
    rest = Run(recipe, digits, data, tmp_path / "killed")
    rest.train(Listener())
    for key in ("loss", "accuracy"):
        assert [e[key] for e in rest.history] == [e[key] for e in whole.history]
    lines = (tmp_path / "killed" / "log.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "epoch,loss,accuracy,seconds,density_conv1"
    assert [float(line.split(",")[1]) for line in lines[1:]] == [e["loss"] for e in whole.history]


def test_a_refit_takes_every_labelled_image_and_keeps_the_last_epoch(
    tmp_path: Path, data: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = iter([90.0, 10.0])
    monkeypatch.setattr("model.training.train.accuracy", lambda *_: next(falling))
    recipe = replace(RECIPE, epochs=2, refit=True)
    training = Run(recipe, digits, data, tmp_path)
    assert len(training.split) == len(data.train) + len(data.validation)
    assert np.array_equal(training.split.labels[-len(data.validation) :], data.validation.labels)
    batches = []
    training.train(Listener(batch=lambda _, total, __: batches.append(total)))
    assert set(batches) == {len(training.split) // recipe.batch_size}
    assert training.kept["epoch"] == 1
    kept = training.load_best().state_dict()
    last = Run(recipe, digits, data, tmp_path).module.state_dict()
    assert all(torch.equal(kept[name], last[name]) for name in last)
    assert recipe.name == "digits-w4u4-refit-seed0"
    assert recipe.command.endswith(" --refit")


def test_a_run_of_an_earlier_release_goes_on(tmp_path: Path, data: datasets.Dataset) -> None:
    from model.training import checkpoint

    run = Run(RECIPE, digits, data, tmp_path)
    notes = run._notes()
    for later in (
        "width",
        "time_steps",
        "warmup",
        "mixup",
        "cutmix",
        "step_loss",
        "membrane_loss",
        "initial",
        "statistics_batches",
    ):
        del notes["recipe"][later]
    for later in ("weight_code", "neuron_family"):
        del notes["recipe"]["precision"][later]
    checkpoint.write(run.last, run.module, None, notes)
    assert Run(RECIPE, digits, data, tmp_path).history == []


@pytest.mark.parametrize("precision", [Precision(2, 2), None])
def test_statistics_are_the_mean_of_the_batches(data: datasets.Dataset, precision: Precision | None) -> None:
    """Of the weights as they are: the running statistics are of those before."""
    module = digits(precision)
    images = torch.from_numpy(data.train.images[:96].copy())
    module.train()(images[:32])
    with torch.no_grad():
        for layer in module.spiking().values():
            layer.weight.mul_(3 * torch.rand_like(layer.weight))
    alone = []
    for batch in images.split(32):
        one = copy.deepcopy(module)
        one.calibrate(batch)
        alone.append([(layer.running_mean, layer.running_variance) for layer in one.spiking().values()])
    module.eval().calibrate(*images.split(32))
    assert not module.training
    for index, layer in enumerate(module.spiking().values()):
        mean, variance = (torch.stack([batch[index][which] for batch in alone]).mean(0) for which in (0, 1))
        torch.testing.assert_close(layer.running_mean, mean)
        torch.testing.assert_close(layer.running_variance, variance)
        assert layer.momentum == BATCH_NORM_MOMENTUM
    before = [layer.running_mean.clone() for layer in module.spiking().values()]
    module.calibrate()
    assert all(torch.equal(a, layer.running_mean) for a, layer in zip(before, module.spiking().values(), strict=True))


def test_a_run_measures_statistics(tmp_path: Path, data: datasets.Dataset) -> None:
    """They change what is judged, not what is trained."""
    runs = [Run(replace(RECIPE, epochs=2, statistics_batches=n), digits, data, tmp_path / str(n)) for n in (0, 2)]
    for each in runs:
        each.train(Listener())
    running, measured = (each.module.state_dict() for each in runs)
    for name in running:
        assert torch.equal(running[name], measured[name]) == ("running" not in name), name


def test_a_command_names_what_is_not_usual() -> None:
    recipe = replace(usual("vgg9", "tiny-imagenet"), precision=Precision(2, 2), width=0.25, time_steps=8)
    assert recipe.name == "vgg9-tiny-imagenet-x0.25-T8-w2u2-seed0"
    assert recipe.command == (
        "mint train --network vgg9 --dataset tiny-imagenet -W 2 -U 2 --epochs 200 --warmup 5 --batch-size 128 "
        "--learning-rate 0.002 --seed 0 --width 0.25 --time-steps 8"
    )
    assert usual("mine.py:Net").name == "mine-Net-w4u4-seed0"


def test_the_learning_rate_follows_the_width() -> None:
    rates = {width: usual("vgg9", width=width).learning_rate for width in (1, 1 / 4, 1 / 8)}
    assert rates == {1: 2e-3, 1 / 4: 4e-3, 1 / 8: 5.7e-3}
    assert usual("vgg9", width=-1) == usual("vgg9")


@pytest.mark.parametrize(
    ("network", "dataset", "pixels"),
    [("vgg9", None, 4), ("vgg9", "tiny-imagenet", 8), ("resnet19", "digits", None), ("pooled", "cifar10", None)],
)
def test_only_photographs_are_mirrored(network: str, dataset: str | None, pixels: int | None) -> None:
    """A mirrored digit is another sign."""
    recipe = usual(network, dataset)
    assert recipe.augment == pixels
    assert "--augment" not in recipe.command
