"""``mint memory`` and ``mint energy``, as a user types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mint.app import app
from model.config import Precision
from model.network.shipped import FOLDER, shipped

runner = CliRunner()


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def mint(*words: str, status: int = 0) -> str:
    result = runner.invoke(app, list(words))
    assert result.exit_code == status, result.output
    return result.output


def test_memory_has_the_paper_s_values_beside_ours() -> None:
    said = mint("memory", "vgg9", "--batch", "50", "--time-steps", "8")
    for value in ("1,736,896 weights, 245,760 neurons", "95.41", "59.63", "59.62", "47.70", "23.85", "93.8 %", "3.34"):
        assert value in said
    found = json.loads(Path("build/memory.json").read_text(encoding="utf-8"))
    assert [row["paper"] for row in found["rows"]] == [None, 95.41, 59.62, 47.71, 23.85]
    assert found["rows"][4]["every_step"] == pytest.approx(23.852, abs=5e-4)
    assert "tools" in found
    assert Path("build/memory.png").exists()
    picture = Path("build/memory.svg").read_text(encoding="utf-8")
    assert "Share of the membranes, vgg9" in picture


def test_memory_of_another_network_has_no_paper() -> None:
    mint("memory", "vgg9", "--batch", "1", "--width", "0.125", "--json", "m.json")
    found = json.loads(Path("m.json").read_text(encoding="utf-8"))
    assert {row["paper"] for row in found["rows"]} == {None}
    assert found["rows"][0]["membrane_share"] == pytest.approx(
        8 * found["neurons"] / (8 * found["neurons"] + found["weights"])
    )


def test_energy_of_a_bundle_is_measured() -> None:
    bundle = str(shipped(Precision(2, 2)))
    said = mint("energy", bundle, "--images", "20")
    assert "test images of fashion-mnist" in said
    found = json.loads(Path("build/energy.json").read_text(encoding="utf-8"))
    assert found["memory"] > found["compute"]
    measured = [layer["density"] for layer in found["layers"]]
    assert len(set(measured)) == 4
    assert "density assumed" in mint("energy", bundle, "--density", "0.25")
    found = json.loads(Path("build/energy.json").read_text(encoding="utf-8"))
    assert [layer["density"] for layer in found["layers"]] == [0.25] * 4


def test_energy_of_a_named_network_needs_no_data() -> None:
    said = mint("energy", "resnet19", "--width", "0.125", "--bits", "2", "-T", "2")
    assert "resnet19, w2u2, T = 2, density assumed" in said
    assert "stage3_join2" in said


def test_what_cannot_be_estimated_gets_a_sentence() -> None:
    assert "network 'lenet' is not known" in mint("memory", "lenet", status=2)
    assert "data set 'svhn' is not known" in mint("energy", "vgg9", "--dataset", "svhn", status=2)
    assert "a density of 2; choose 0 to 1" in mint("energy", "digits", "--density", "2", status=2)
    assert "no such file" in mint("memory", "gone.safetensors", status=2)


def test_every_named_network_has_a_recipe_and_is_named_in_help() -> None:
    from model import datasets
    from model.training.named import NAMES
    from model.training.networks import FIXED, SCALABLE
    from model.training.recipe import RECIPES

    assert set(NAMES.split(", ")) == {*FIXED, *SCALABLE} == set(RECIPES)
    assert {recipe.dataset for recipe in RECIPES.values()} <= set(datasets.NAMES)


def test_energy_of_memory_free_neurons_is_refused() -> None:
    """SATA's formulas would charge them nothing for what they keep."""
    path = FOLDER / "moving-w2-memory-free.safetensors"
    said = " ".join(mint("energy", str(path), "--density", "0.1", status=2).split())
    assert "layer conv1 has memory-free neurons, which SATA's formulas do not know" in said
