"""``mint train``, ``export``, ``check``, ``evaluate`` and ``golden``, as a user types them."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mint.api import Training
from mint.app import app
from model import datasets
from model.datasets import cifar10
from model.errors import UserError
from model.golden.network import run
from model.network import bundle
from model.training import parallel
from model.training.equality import Comparison
from model.training.recipe import Recipe
from model.training.session import run_folder
from sim.networks.random_networks import random_images, random_network

runner = CliRunner()


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def mint(*words: str, status: int = 0) -> str:
    result = runner.invoke(app, list(words))
    assert result.exit_code == status, result.output
    return result.output


def test_from_training_to_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    short = ["--network", "digits", "--epochs", "2", "--run", "runs"]
    said = mint("train", *short, "--seeds", "2", "-o", "mine.safetensors")
    assert "trained model = golden model on 360 test images: 0 of" in said
    report = json.loads(Path("runs/digits-w4u4-seeds.json").read_text(encoding="utf-8"))
    assert len(report["accuracies"]) == 2
    assert report["mean"] == pytest.approx(np.mean(report["accuracies"]))
    assert report["standard_deviation"] == pytest.approx(np.std(report["accuracies"], ddof=1))
    assert "torch" in report["tools"]

    assert "trained before" in mint("train", *short)
    mint("export", "runs/digits-w4u4-seed0", "-o", "again.safetensors")
    assert Path("again.safetensors").read_bytes() == Path("mine.safetensors").read_bytes()

    assert "made by: mint train --network digits" in mint("check", "mine.safetensors")
    said = mint("evaluate", "mine.safetensors", "--json", "e.json")
    found = json.loads(Path("e.json").read_text(encoding="utf-8"))
    assert found["accuracy"] == pytest.approx(report["accuracies"][0])
    assert found["images"] == 360
    assert [layer["name"] for layer in found["layers"]] == ["conv1", "fc"]
    assert f"{found['accuracy']:.2f} %" in said

    monkeypatch.setattr("model.training.finish.compare", lambda *_: Comparison(1, 2, np.zeros((360, 10), np.int64)))
    said = mint("export", "runs/digits-w4u4-seed0", "-o", "other.safetensors", status=70)
    assert "defect: trained model and golden model are not equal: 1 of 2 potentials" in said
    assert not Path("other.safetensors").exists()


def test_a_second_training_in_a_runs_folder_is_refused() -> None:
    short = ["train", "--network", "digits", "--epochs", "1"]
    with run_folder(Path("runs/digits-w4u4-seed0")):
        said = mint(*short, status=2)
    assert (
        "runs/digits-w4u4-seed0: another training is at work in it; wait for it, or choose another with --run" in said
    )
    assert not Path("runs").exists()


def test_a_refused_training_leaves_the_folder_of_one_that_started_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def held(*_: object) -> Iterator[None]:
        raise UserError("another training")
        yield

    monkeypatch.setattr("model.training.session.locked", held)
    with pytest.raises(UserError), run_folder(Path("runs/digits-w4u4-seed0")):
        raise AssertionError
    assert Path("runs/digits-w4u4-seed0").is_dir()


def test_a_network_of_any_width_trains_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("data/cifar10")
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    monkeypatch.setattr(cifar10, "RECORDS", 12)
    for name in (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"):
        records = random.integers(0, 256, (12, 3073), np.uint8)
        records[:, 0] = np.arange(12) % 10
        records.tofile(folder / name)
    short = ["--width", "0.05", "--epochs", "1", "--batch-size", "10", "--data-dir", "data", "-T", "2"]
    said = mint("train", "vgg9", "--bits", "2", *short, "-o", "vgg.safetensors")
    assert "trained model = golden model on 12 test images: 0 of" in said
    run = Path("runs/vgg9-x0.05-T2-w2u2-seed0")
    assert (run / "log.csv").read_text(encoding="utf-8").startswith("epoch,loss,accuracy,seconds,density_conv1,")
    mint("export", str(run), "-o", "again.safetensors", "--data-dir", "data")
    assert Path("again.safetensors").read_bytes() == Path("vgg.safetensors").read_bytes()
    assert "sum pooling 8×8" in mint("check", "vgg.safetensors")


@pytest.mark.parametrize(
    "words",
    [
        ["resnet19", "--width", "0.25", "--epochs", "20", "--warmup", "5", "--leak-search", "5"],
        ["vgg9", "--bits", "2", "--width", "0.125", "--epochs", "20", "--statistics-batches", "0", "-T", "2"],
        ["vgg9", "--learning-rate", "0.001", "--augment", "1", "--step-loss", "0.5", "--mixup", "0.2", "--seed", "3"],
        ["digits", "--float32", "--refit"],
    ],
)
def test_a_recorded_command_trains_the_same(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    recipes: list[Recipe] = []

    def note(recipe: Recipe, *_: object) -> Training:
        recipes.append(recipe)
        return Training(Path(), {}, before=False)

    monkeypatch.setattr("mint.commands.train.train_one", note)
    mint("train", *words, "--dataset", "digits")
    mint(*shlex.split(recipes[0].command)[1:])
    assert recipes[0] == recipes[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["vgg9", "--network", "vgg16"], "two networks, vgg9 and vgg16; name one"),
        (["--bits", "2", "-W", "4"], "--bits is both widths; give it, or -W and -U"),
        (["digits", "--width", "0.5"], "network digits has one size"),
        (["digits", "--device", "tpu"], "device 'tpu' is not known"),
        (["lenet", "--dataset", "digits"], "network 'lenet' is not known; choose"),
        (
            ["pooled", "--dataset", "digits"],
            "digits has pixels [1, 8, 8], network pooled takes pixels [1, 28, 28]; choose another network",
        ),
        (["vgg16", "--dataset", "digits"], "images of 8×8 pixels cannot be halved 5 times"),
    ],
)
def test_what_cannot_be_trained_gets_a_sentence(words: list[str], sentence: str) -> None:
    assert sentence in mint("train", *words, status=2)


def test_the_first_process_reads_the_data_before_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may download them."""
    order: list[str] = []

    @contextmanager
    def first_alone() -> Iterator[None]:
        order.append("alone")
        yield
        order.append("together")

    def load(*arguments: object, framing: datasets.Framing | None) -> None:
        order.append("load")
        raise UserError("there is no data")

    monkeypatch.setattr(parallel, "first_alone", first_alone)
    monkeypatch.setattr(datasets, "load", load)
    assert "there is no data" in mint("train", "--network", "digits", status=2)
    assert order == ["alone", "load"]


def test_float32_runs_give_no_bundle() -> None:
    mint("train", "--network", "digits", "--epochs", "1", "--float32")
    result = json.loads(Path("runs/digits-float32-seed0/result.json").read_text(encoding="utf-8"))
    assert result["accuracy"]["test"] > 20
    assert "leave out --float32" in mint("train", "--network", "digits", "--float32", "-o", "x", status=2)
    assert "has no integers" in mint("export", "runs/digits-float32-seed0", "-o", "x", status=2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def Net(precision):\n    return 1/0\n", "ZeroDivisionError"),
        ("x = = 1\n", "it cannot be imported: SyntaxError"),
        ("y = 1\n", "it defines no function 'Net'"),
    ],
)
def test_a_file_that_makes_no_network_gets_a_sentence(text: str, sentence: str) -> None:
    Path("mine.py").write_text(text, encoding="utf-8")
    said = mint("train", "--network", "mine.py:Net", "--dataset", "digits", status=2)
    assert sentence in said
    assert "Traceback" not in said


def test_golden_stores_what_the_model_computes() -> None:
    network = random_network(3)
    bundle.write(network, Path("n.safetensors"))
    images = random_images(network, 3, 3)
    np.save("images.npy", images)
    mint("golden", "n.safetensors", "--input", "images.npy", "--output", "out.npz")
    wanted = run(network, images)
    with np.load("out.npz") as found:
        assert set(found) == set(wanted)
        assert all(np.array_equal(found[key], wanted[key]) for key in wanted)
    assert "tools" in json.loads(Path("out.json").read_text(encoding="utf-8"))

    Path("broken.npy").write_bytes(b"PK\x03\x04 no archive")
    np.save("pickled.npy", np.array([{"any": "object"}], object))
    np.savez("several.npz", a=images)
    np.save("short.npy", images[..., :1])
    for file, sentence in (
        ("broken.npy", "not a NumPy array file"),
        ("pickled.npy", "not a NumPy array file"),
        ("several.npz", "it has no array x; it has a"),
        ("short.npy", "images have shape"),
        ("absent.npy", "no such file"),
    ):
        said = mint("golden", "n.safetensors", "--input", file, "--output", "none.npz", status=2)
        assert sentence in said
        assert not Path("none.npz").exists()


def test_check_refuses_in_one_line_and_shows_brackets() -> None:
    Path("x.safetensors").write_bytes(b"nothing")
    said = mint("check", "x.safetensors", status=2)
    assert said.count("\n") == 1
    assert "not a safetensors file" in said
    from dataclasses import replace

    bundle.write(replace(random_network(0), name="[/a]"), Path("y.safetensors"))
    assert "[/a]" in mint("check", "y.safetensors")
