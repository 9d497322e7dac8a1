"""The benches that compare run, report what they compared, and fail when something differs."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bench import ablation, crop, exactness, memory, race
from bench.entry import run
from model import datasets
from model.config import Precision
from model.datasets import Dataset, Split
from model.network import bundle
from model.training import equality
from model.training.recipe import Recipe
from model.training.spiking import Weighted
from model.training.train import Run


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_exactness_compares_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["vgg9", "--dataset", "digits", "--bits", "2", "--width", "0.05", "--images", "5", "--steps", "1"]
    monkeypatch.setattr(sys, "argv", ["exactness", *words])
    exactness.main()
    assert "w2u2: 0 of" in capsys.readouterr().out
    (found,) = json.loads(Path("build/exactness.json").read_text(encoding="utf-8"))["networks"]
    assert found["compared"] == 5 * (3 * 4 * found["neurons"] + 10)
    different = equality.Comparison(1, 2, np.zeros((5, 10), np.int64))
    monkeypatch.setattr(equality, "compare", lambda *arguments: different)
    with pytest.raises(SystemExit, match="differ"):
        exactness.main()


def test_what_is_wrong_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["exactness", "--dataset", "nothing"])
    with pytest.raises(SystemExit, match="2"):
        run(exactness.main)
    assert capsys.readouterr().err.startswith("error: data set 'nothing' is not known")
    monkeypatch.setattr(sys, "argv", ["exactness", "--dataset", "moving-digits"])
    with pytest.raises(SystemExit, match="2"):
        run(exactness.main)
    assert "moving-digits has spikes, and these networks take pixels" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="70"):
        run(lambda: divmod(1, 0) and None)
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert "This is a defect of mint-snn" in said


def test_a_race_times_every_step_of_every_contestant() -> None:
    built = []

    class Silent(nn.Module):
        def forward(self, currents: torch.Tensor) -> torch.Tensor:
            built.append(currents.shape)
            return currents

    builds = {
        "ours": race.ours(Precision(4, 4), race.CHANNELS),
        "peer": lambda time_steps: race.Peer(time_steps, race.CHANNELS, Silent),
    }
    found = race.race(builds, time_steps=2, rounds=1, device="cpu")
    assert list(found) == ["ours", "peer"]
    assert all(seconds > 0 for taken in found.values() for seconds in taken.values())
    assert built == [(2, 128, 16, 28, 28), (2, 128, 32, 14, 14)] * 2  # the round that does not count, and one


def test_a_peer_has_the_parameters_that_ours_has_but_its_steps() -> None:
    ours, peer = race.ours(Precision(4, 4), race.CHANNELS)(2), race.Peer(2, race.CHANNELS, nn.Identity)
    shapes = [sorted(tuple(each.shape) for each in module.parameters() if each.ndim) for module in (ours, peer)]
    assert shapes[0] == shapes[1]


def test_an_ablation_goes_on_where_it_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    splits = (Split(random.integers(0, 256, (n, 3, 8, 8), np.uint8), np.arange(n) % 10) for n in (40, 20, 10))
    data = Dataset("cifar10", *splits)
    small = replace(ablation.BASELINE, epochs=1, warmup=0, batch_size=20, width=1 / 32, time_steps=2)
    monkeypatch.setattr(ablation, "BASELINE", small)
    stages = "8 bits, then 4, then 2"
    tables = {"rows": {"baseline": ({},), stages: (ablation.EIGHT, {}), "taught": ({"teacher": "teacher"},)}}
    monkeypatch.setattr(ablation, "TABLES", tables)
    trained: list[str] = []
    train = ablation.train

    def killed(recipe: Recipe, data: Dataset, folder: Path, *factors: float) -> Run:
        run = train(recipe, data, folder, *factors)
        trained.append(folder.name)
        if len(trained) == 4:
            raise KeyboardInterrupt
        return run

    monkeypatch.setattr(ablation, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        ablation.ablate(["rows"], data)
    assert trained == ["row0-seed0-stage0", "row1-seed0-stage0", "row1-seed0-stage1", "teacher"]
    assert [(row["row"], row["seed"]) for row in ablation.finished("rows")] == [("baseline", [0]), (stages, [0])]
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("last.safetensors")}
    ablation.ablate(["rows"], data)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())  # trained once
    found = ablation.finished("rows")
    assert [row["row"] for row in found] == ["baseline", stages, "taught"]
    assert [row["seed"] for row in found] == [[0, 1, 2]] * 3
    assert {path.name for path in ablation.FOLDER.glob("*.json")} == {
        f"row{row}-seed{seed}.json" for row in (0, 1, 2) for seed in (0, 1, 2)
    }


def test_an_ablation_s_first_steps_can_be_others(monkeypatch: pytest.MonkeyPatch) -> None:
    splits = (Split(np.zeros((n, 3, 8, 8), np.uint8), np.arange(n) % 10) for n in (40, 20, 10))
    data = Dataset("cifar10", *splits)
    found = []

    def steps(run: Run, listener: object) -> None:
        found.append([float(layer.step().detach()) for layer in run.module.children() if isinstance(layer, Weighted)])

    monkeypatch.setattr(Run, "train", steps)
    recipe = replace(ablation.BASELINE, epochs=1, warmup=0, batch_size=20, width=1 / 32)
    for factor in (1.0, 0.5):
        ablation.train(recipe, data, Path(f"run{factor}"), factor)
    assert found[1] == pytest.approx([step / 2 for step in found[0]])


def test_images_are_halved_to_the_rounded_mean() -> None:
    image = np.array([[[[0, 1, 255, 255], [1, 0, 255, 254]]]], np.uint8)
    assert ablation.halved(image).tolist() == [[[[1, 255]]]]
    assert ablation.halved(image // 255).tolist() == [[[[0, 1]]]]


def test_memory_grows_by_as_much_for_every_time_step_and_image(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {}
    for batch in (1, 3):
        monkeypatch.setattr(
            sys, "argv", ["memory", "--width", "0.05", "--batch", str(batch), "--time-steps", "1", "2", "3"]
        )
        memory.main()
        found[batch] = list(
            json.loads(Path("build/training_memory.json").read_text(encoding="utf-8"))["bytes"].values()
        )
        assert f"{found[batch][2] / 2**20:,.1f}" in capsys.readouterr().out
    one, three = found[1], found[3]
    assert one[2] - one[1] == one[1] - one[0] > 0
    assert three[2] - three[1] == 3 * (one[2] - one[1])
    module = race.ours(Precision(4, 4), race.CHANNELS)(2)
    kept = [memory.kept_bytes(module, torch.zeros(count, 1, 28, 28, dtype=torch.uint8)) for count in (1, 2, 3)]
    assert kept[2] - kept[1] == kept[1] - kept[0] > (16 * 28**2 + 2 * 32 * 14**2) * 4  # sums alone, T = 2


def test_crop_is_the_middle_of_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 32, 32), np.uint8)
    split = Split(images, np.zeros(5, np.int64))
    monkeypatch.setattr(datasets, "load", lambda name, folder: Dataset(name, split, split, split))
    monkeypatch.setattr(sys, "argv", ["crop", "build/vgg9", "--bits", "2", "--images", "2"])
    crop.main()
    network = bundle.read(Path("build/vgg9.safetensors"))
    assert (network.input_shape, network.precision, len(network.layers)) == ((3, 8, 8), Precision(2, 2), 8)
    assert np.load("build/vgg9.npy").tolist() == images[:2, :, 12:20, 12:20].tolist()
