"""A user's own images through every command that takes a data set: pixels and spikes, trained, evaluated, built."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mint.app import app
from model.datasets.samples import some_images
from model.network import bundle
from model.network.shipped import FOLDER

runner = CliRunner()
SHORT = ["--network", "net.py:Net", "--epochs", "1", "--batch-size", "8", "--dataset"]
NETWORK = """
from model.training.layers import Linear, Readout
from model.training.network import SpikingNetwork

def Net(precision, kind="{kind}"):
    layers = {{"hidden": Linear(16, 5, precision=precision), "last": Readout(5, 3, precision=precision)}}
    return SpikingNetwork(layers, input_shape=(1, 4, 4), time_steps=3, input_kind=kind)
"""
LABELS = np.arange(60) % 3


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")


def mint(*words: str, status: int = 0) -> str:
    result = runner.invoke(app, list(words))
    assert result.exit_code == status, result.output
    return " ".join(result.output.split())


def images(kind: str) -> np.ndarray:
    """Of each class another row that is bright."""
    random = np.random.default_rng(1)
    bright = np.arange(4)[None, :, None] == LABELS[:, None, None]
    if kind == "pixels":
        return np.where(bright, random.integers(100, 256, (60, 4, 4)), 20).astype(np.uint8)
    return (random.random((60, 3, 1, 4, 4)) < 0.1 + 0.8 * bright[:, None, None]).astype(np.uint8)


@pytest.fixture(params=["pixels", "spikes"])
def trained(request, tmp_path):
    """A network of one epoch on the user's file, which lies in another folder."""
    kind = request.param
    (tmp_path / "data").mkdir()
    np.savez("data/mine.npz", x=images(kind), y=LABELS, class_names=np.array(["top", "middle", "bottom"]))
    Path("net.py").write_text(NETWORK.format(kind=kind), encoding="utf-8")
    data = str(tmp_path / "data" / "mine.npz")
    said = mint("train", *SHORT, data, "-o", "m.safetensors")
    assert "trained model = golden model on 9 test images: 0 of" in said
    return kind, data


def test_a_users_file_serves_every_command(trained):
    kind, data = trained
    run = Path("runs/net-Net-mine-w4u4-seed0")
    network = bundle.read(Path("m.safetensors"))
    assert network.provenance["dataset"] == "mine.npz"
    assert network.provenance["class_names"] == ["top", "middle", "bottom"]
    assert data not in json.dumps(network.provenance), "a name and a digest, not a place"

    for command in (["evaluate", "m.safetensors"], ["estimate", "--bundle", "m.safetensors"]):
        assert "data set 'mine.npz' is none that is known, but a user's" in mint(*command, status=2)
    said = mint("evaluate", "m.safetensors", "--dataset", data)
    report = json.loads(Path("build/evaluate.json").read_text(encoding="utf-8"))
    assert report["accuracy"] == pytest.approx(network.accuracy["test"])
    assert f"on mine.npz: {report['accuracy']:.2f} % of 9 test images" in said
    assert "mean of 9 test images of mine.npz" in mint(
        "estimate", "--bundle", "m.safetensors", "--dataset", data, "--images", "9"
    )
    assert "test images: the first test images of mine.npz" in mint(
        "verilog", "--bundle", "m.safetensors", "--dataset", data, "-o", "v"
    )
    assert some_images(network, 2)[1] == "drawn, because mine.npz is not at hand"
    Path(data).rename("elsewhere.npz")
    assert "mine.npz: no such file or folder" in mint("export", str(run), "-o", "again.safetensors", status=2)
    Path("elsewhere.npz").rename("mine.npz")
    mint("export", str(run), "-o", "again.safetensors", "--dataset", "mine.npz")
    assert Path("again.safetensors").read_bytes() == Path("m.safetensors").read_bytes()
    np.savez(data, x=images(kind), y=LABELS[::-1])
    assert "holds a run with other settings" in mint("train", *SHORT, data, status=2)
    for other in (data, "digits"):
        said = mint("export", str(run), "-o", "other.safetensors", "--dataset", other, status=2)
        assert f"it was trained on {data}, and {Path(other).name} is another data set" in said
    assert not Path("other.safetensors").exists()


def test_images_and_labels_of_files(trained):
    kind, _ = trained
    own = images(kind)
    np.save("x.npy", own[:, None] if kind == "pixels" else own.swapaxes(0, 1))
    np.save("y.npy", LABELS)
    np.savez("both.npz", x=own, y=LABELS)
    evaluate = ["evaluate", "m.safetensors", "--json", "e.json", "--input"]
    found = []
    for words in (["x.npy", "--labels", "y.npy"], ["both.npz"]):
        assert "% of 60 images" in mint(*evaluate, *words)
        found.append(json.loads(Path("e.json").read_text(encoding="utf-8"))["accuracy"])
    assert found[0] == found[1]
    assert "x.npy: it has no labels, so there is no accuracy" in mint(*evaluate, "x.npy", status=2)
    np.save("y.npy", LABELS[:9])
    said = mint(*evaluate, "x.npy", "--labels", "y.npy", status=2)
    assert "error: y.npy has 9 labels, and x.npy 60 images; give one for each image" in said
    assert "--labels are those of --input's images" in mint("evaluate", "m.safetensors", "--labels", "y.npy", status=2)
    np.save("x.npy", np.array([{}], object))
    assert "x.npy: not a NumPy array file" in mint(*evaluate, "x.npy", status=2)


def test_a_folder_of_images_is_trained_on():
    for number, pixels in enumerate(images("pixels")):
        path = Path("faces") / ("ada", "bob", "eve")[LABELS[number]] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    Path("net.py").write_text(NETWORK.format(kind="pixels"), encoding="utf-8")
    mint("train", *SHORT, "faces", "-o", "f.safetensors")
    provenance = bundle.read(Path("f.safetensors")).provenance
    assert (provenance["dataset"], provenance["class_names"]) == ("faces", ["ada", "bob", "eve"])
    assert "on faces:" in mint("evaluate", "f.safetensors", "--dataset", "faces")


def test_a_network_without_a_data_set_is_compared_with_none(tmp_path):
    network = replace(bundle.read(FOLDER / "mlp-fashion-w4u4.safetensors"), provenance={})
    bundle.write(network, tmp_path / "bare.safetensors")
    options = ["--bundle", "bare.safetensors"]
    for command in ("evaluate", "estimate", "cosim"):
        said = mint(command, *options, status=2)
        assert "the network names no data set; name one with --dataset, or images with --input" in said
    assert "the network names no data set; name one with" in mint("energy", "bare.safetensors", status=2)
