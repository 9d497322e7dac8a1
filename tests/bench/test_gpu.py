"""Training by the clock: a killed run ends as one that was not, in a network that the golden model confirms."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.gpu import __main__ as kit
from bench.gpu import check, floor, jobs, state, training
from bench.gpu.batches import Batches
from bench.gpu.clock import Clock
from bench.gpu.log import Log
from bench.gpu.moments import narrow_average, narrow_square, wide_average, wide_square
from bench.gpu.state import Store
from bench.gpu.step import Step
from model import datasets
from model.config import Precision
from model.datasets import Dataset, Split
from model.errors import UserError
from model.golden.network import forward
from model.network import bundle
from model.network.shipped import FOLDER
from model.training.loss import Loss
from model.training.networks import Size, named

BATCH, NAME = 16, "vgg9-x0.125-w2u2"
ROOT = Path(__file__).parents[2]


class Fake(Clock):
    """A clock that moves only when a stretch of steps is done; at ``killed`` seconds the process ends."""

    def __init__(self, minutes: float, step: float, start: float = 0.0, killed: float = float("inf")) -> None:
        super().__init__(minutes)
        self.step, self.time, self.killed = step, start, killed

    def now(self) -> float:
        return self.time

    def lap(self) -> float:
        self.time += self.step
        if self.time >= self.killed:
            raise KeyboardInterrupt
        return self.time


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Colours that tell the class, in noise; the queue on these, with small batches."""
    random = np.random.default_rng(0)

    def split(count: int) -> Split:
        labels = np.arange(count) % 10
        colour = np.stack([labels % 2, labels // 2 % 2, labels // 4 % 2], 1)[:, :, None, None] * 120
        return Split((colour + random.integers(0, 130, (count, 3, 8, 8))).astype(np.uint8), labels)

    made = Dataset("cifar10", split(48), split(32), split(32))
    monkeypatch.setattr(kit, "LEAST_MINUTES", 0.5)
    monkeypatch.setattr(datasets, "load", lambda name, folder=None, **_: made)
    usual = jobs.jobs
    monkeypatch.setattr(
        jobs, "jobs", lambda *given: {name: replace(recipe, batch_size=BATCH) for name, recipe in usual(*given).items()}
    )
    return made


def words(folder: Path, *more: str) -> list[str]:
    where = ["--state", str(folder / "state"), "--out", str(folder / "out"), "--device", "cpu"]
    return ["--minutes", "1", *where, "--width", "0.125", "--runs", NAME, *more]


def results(folder: Path) -> tuple[bytes, bytes, dict[str, object]]:
    out = folder / "out"
    result = json.loads((out / f"{NAME}.json").read_text(encoding="utf-8"))
    network = replace(bundle.read(out / f"{NAME}.safetensors"), provenance={})
    bundle.write(network, folder / "plain.safetensors")
    kept = {key: result[key] for key in ("recipe", "accuracy", "epochs", "history", "training_seconds")}
    return (folder / "plain.safetensors").read_bytes(), (out / f"{NAME}.npy").read_bytes(), kept


def test_a_killed_run_ends_in_the_same_network(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 15.0)
    monkeypatch.setattr(state, "MIB", 1 << 16)  # so that the state has several pieces
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    kit.main(words(whole), Fake(1, 3.5625))
    with pytest.raises(KeyboardInterrupt):
        kit.main(words(killed, "--piece-mib", "1"), Fake(1, 3.5625, killed=30))
    found = Store(killed / "state")
    assert found.index["run"] == NAME
    assert len(found.index["pieces"]) > 1
    assert {path.name for path in (killed / "state").iterdir()} == {
        "state.json", *(entry["file"] for entry in found.index["pieces"]),
    }  # fmt: skip
    # The last state is of 17.8125 seconds: the clock that is handed in goes on from there.
    kit.main(words(killed, "--piece-mib", "1"), Fake(1, 3.5625, start=17.8125))
    assert "going on after 1 epochs and 2 steps" in capsys.readouterr().out
    assert results(killed) == results(whole)
    _, _, result = results(whole)
    assert result["training_seconds"] == 57  # of 60, three for the end
    assert result["epochs"] == pytest.approx(16 / 3)
    assert "after the search" in (whole / "out" / "log.txt").read_text(encoding="utf-8")
    assert list(Store(killed / "state").done) == [NAME]
    kit.main(words(killed), Fake(1, 3.5625))
    assert "all runs of the queue are done" in capsys.readouterr().out

    # What came back is what the golden model says of all test images.
    out = str(whole / "out")
    check.main([out])
    assert "0 of 320 logits differ" in capsys.readouterr().out
    checked = bundle.read(whole / "out" / f"{NAME}.safetensors").accuracy
    assert checked["differing"] == 0
    assert checked["test"] == pytest.approx(result["accuracy"]["test"])  # type: ignore[index]
    assert json.loads((whole / "out" / f"{NAME}.json").read_text(encoding="utf-8"))["accuracy"] == checked
    logits = np.load(whole / "out" / f"{NAME}.npy")
    logits[5, 3] += 1
    np.save(whole / "out" / f"{NAME}.npy", logits)
    with pytest.raises(UserError, match="1 of 320 logits differ between GPU and golden model"):
        check.main([out])
    with pytest.raises(UserError, match="no bundle with its logits"):
        check.main([str(tmp_path)])


def test_spikes_are_checked_as_the_network_takes_them(tmp_path: Path) -> None:
    network, path = bundle.read(FOLDER / "moving-w2-memory-free.safetensors"), tmp_path / "moving.safetensors"
    bundle.write(network, path)
    images = datasets.load("moving-digits").test.images[:20]
    np.save(path.with_suffix(".npy"), forward(network, images.swapaxes(0, 1)))
    assert check.check(path, None, 20)["differing"] == 0


PROGRAM = """
import sys
site, root, folder, *words = sys.argv[1:]
sys.path += [site, root]
from dataclasses import replace
import numpy as np
import bench.gpu.__main__ as kit
from bench.gpu import check, jobs
from bench.gpu.clock import Clock
from model import datasets
from model.datasets import Dataset, Split

class Fake(Clock):
    time = 0.0
    def now(self):
        return self.time
    def lap(self):
        self.time += 28.5
        return self.time

found = np.load(folder + "/data.npz")
split = Split(found["images"], found["labels"])
datasets.load = lambda name, folder=None, **_: Dataset(name, split, split, split)
usual = jobs.jobs
jobs.jobs = lambda *given: {name: replace(one, batch_size=16, leak_search=0) for name, one in usual(*given).items()}
kit.LEAST_MINUTES = 0.5
kit.main(words, Fake(1))
check.main([folder + "/out"])
"""
"""The kit and its check on the data in a folder."""


def place_of(names: list[str], site: Path) -> None:
    """Put the named distributions, and what they need, into a folder: nothing else is installed there."""
    done: set[str] = set()
    while names:
        name = names.pop()
        if name not in done:
            done.add(name)
            found = distribution(name)
            for top in {file.parts[0] for file in found.files or []} - {"..", "__pycache__"}:
                (site / top).symlink_to(found.locate_file(top))
            names += [re.split(r"[^\w-]", line)[0] for line in found.requires or [] if "extra ==" not in line]
            names = [name for name in names if _is_there(name)]


def _is_there(name: str) -> bool:
    try:
        return distribution(name) is not None
    except PackageNotFoundError:
        return False


def test_it_runs_with_numpy_and_pytorch_alone(data: Dataset, tmp_path: Path) -> None:
    """Smoke included, in a Python that has nothing else."""
    site = tmp_path / "site"
    site.mkdir()
    place_of(["torch", "numpy"], site)
    assert {"torch", "numpy"} < {path.name for path in site.iterdir()}
    assert not any((site / name).exists() for name in ("numba", "safetensors", "rich", "typer", "amaranth"))
    np.savez(tmp_path / "data.npz", images=data.train.images, labels=data.train.labels)
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(site), str(ROOT), str(tmp_path)]
    ran = subprocess.run(
        [*command, *words(tmp_path, "--smoke")], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "numba is missing" in ran.stdout
    assert "after the search" not in ran.stdout
    assert "0 of 480 logits differ" in ran.stdout
    smoke = json.loads((tmp_path / "out" / "smoke.json").read_text(encoding="utf-8"))
    assert smoke["sums"]["exact"]
    greatest = [smoke["sums"][name]["greatest_sum"] for name in ("spikes of VGG-9", "spikes of VGG-16", "pixels")]
    assert greatest == [2304, 4608, 6885]
    assert not any("failed" in found for found in smoke.values() if isinstance(found, dict))


def small(device: str = "cpu"):  # type: ignore[no-untyped-def]
    """A step of a narrow VGG-9 and what it is made of."""
    torch.manual_seed(0)
    recipe = replace(jobs.jobs("cifar10", 1 / 8)[NAME], batch_size=4)
    module = named("vgg9", Size(Precision(2, 2), 1 / 8, (3, 8, 8)))
    images = torch.randint(0, 256, (9, 3, 8, 8), dtype=torch.uint8)
    module.calibrate(images)
    module.train().to(device)
    batches = Batches(images, torch.arange(9), recipe, device)
    optimiser = torch.optim.AdamW(module.parameters(), 1e-3)
    said: list[str] = []
    return Step(module, Loss(recipe, module), optimiser, batches, said.append), images, said


def test_a_step_reads_nothing_back() -> None:
    """On PyTorch's meta device, which has no values."""
    step, *_ = small("meta")
    step.run()
    assert step.total.is_meta
    assert all(parameter.grad.is_meta for parameter in step.module.parameters())


def test_batches_are_moved_and_mirrored_images() -> None:
    step, images, _ = small()
    batches = step.batches
    table = batches.table(3)
    assert table.shape == (2, 4, 4)
    assert torch.equal(table, batches.table(3))
    assert not torch.equal(table, batches.table(4))
    assert len(set(table[:, 0].flatten().tolist())) == 8
    place = torch.tensor([[7, 2], [4, 5], [4, 1], [0, 1]])  # in the middle; down a row, to the right, and mirrored
    found, labels = batches.take(place)
    assert labels.tolist() == [7, 2]
    assert torch.equal(found[0], images[7])
    moved = torch.zeros_like(images[2])
    moved[:, :7, 3:] = images[2][:, 1:, :5]
    assert torch.equal(found[1], moved.flip(2))
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_a_step_that_cannot_be_captured_runs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    step, _, said = small()
    step.captures, step.done = True, 3

    def refused(graph: object) -> None:
        raise RuntimeError("operation not permitted\nwhen stream is capturing")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "graph", refused)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    before = [parameter.clone() for parameter in step.module.parameters()]
    step(step.batches.table(0)[0], 1e-2)
    assert said == ["a step cannot be captured (operation not permitted); its kernels start one by one"]
    assert float(step.total) > 0
    assert not all(map(torch.equal, before, step.module.parameters()))


@pytest.mark.parametrize(("limit", "form"), [(0, (32, 32)), (60, (32, 8)), (30, (16, 8)), (20, (16, 0))])
def test_a_state_is_as_good_as_fits(
    limit: int, form: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything float32 has 330 kB here: weights, and twice as much for the moments."""
    monkeypatch.setattr(state, "MIB", 5400)
    step, *_ = small()
    for place in step.batches.table(0):
        step(place, 1e-3)
    store = Store(tmp_path, 8, limit)
    assert "weights of {} bits, moments of {}".format(*form) in store.write("it", step.module, step.optimiser, {"a": 1})
    assert max(path.stat().st_size for path in tmp_path.glob("state-*")) <= 8 * 5400
    other, *_ = small()
    notes = Store(tmp_path).read(other.module, other.optimiser)
    assert (notes["a"], notes["optimiser_step"]) == (1, 2)
    tolerance = {32: 0.0, 16: 1e-3}[form[0]]
    for mine, wanted in zip(other.module.parameters(), step.module.parameters(), strict=True):
        torch.testing.assert_close(mine, wanted, rtol=tolerance, atol=tolerance)
        found, kept = (one.optimiser.state.get(p, {}) for one, p in ((other, mine), (step, wanted)))
        assert set(found) == (set(kept) if form[1] else set())
        if form[1] == 32:
            assert all(torch.equal(found[key], kept[key]) for key in kept)
    store.finish("it", {"accuracy": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_a_state_that_is_too_large_or_not_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, *_ = small()
    monkeypatch.setattr(state, "MIB", 5400)
    with pytest.raises(UserError, match="a state of 1 MiB does not hold it; allow more with --state-mib"):
        Store(tmp_path, 0, 1).write("it", step.module, step.optimiser, {})
    assert not list(tmp_path.iterdir())
    Store(tmp_path, 8).write("it", step.module, step.optimiser, {})
    piece = tmp_path / "state-1.1"
    data = piece.read_bytes()
    piece.write_bytes(data[:-1] + b"?")
    with pytest.raises(UserError, match=r"state-1\.1: this piece of the state is not what was written"):
        Store(tmp_path).read(step.module, step.optimiser)
    piece.unlink()
    with pytest.raises(UserError, match=r"state-1\.1: a piece of the state is missing"):
        Store(tmp_path).read(step.module, step.optimiser)
    (tmp_path / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="not a state of ours"):
        Store(tmp_path)


def test_moments_of_eight_bits_are_near() -> None:
    random = np.random.default_rng(0)
    average = (random.standard_normal((30, 70)) * 10.0 ** random.integers(-6, 1, (30, 1))).astype(np.float32)
    square = average**2
    found = wide_average(*narrow_average(average), average.shape)
    greatest = np.abs(average).max()
    assert np.abs(found - average).max() < greatest / 100
    assert (np.sign(found) * np.sign(average) >= 0).all()
    again = wide_square(*narrow_square(square), square.shape)
    assert (again >= square * 0.999).all()  # never less: a step of AdamW divides by its root
    assert again[square == 0].sum() == 0
    zero = np.zeros((3, 3), np.float32)
    assert (wide_average(*narrow_average(zero), (3, 3)) == 0).all()
    assert (wide_square(*narrow_square(zero), (3, 3)) == 0).all()


def test_the_schedule_rises_and_falls_to_nothing() -> None:
    recipe = jobs.jobs()["vgg9-w2u2"]
    warm = recipe.warmup / recipe.epochs
    rates = [training.rate(recipe, share) for share in np.linspace(0, 1, 201)]
    assert 0 < rates[0] < rates[1]
    assert training.rate(recipe, warm) == pytest.approx(recipe.learning_rate)
    falling = [training.rate(recipe, share) for share in np.linspace(warm, 1, 50)]
    assert falling == sorted(falling, reverse=True)
    assert rates[-1] == 0


def test_the_queue_has_the_papers_networks_in_order() -> None:
    assert list(jobs.jobs())[:5] == ["vgg9-w2u2", "vgg16-w2u2", "vgg9-w4u4", "resnet19-w2u2", "vgg9-w8u8"]
    assert jobs.jobs()["vgg9-w2u2-ends8"].ends_bits == 8
    assert next(iter(jobs.jobs("tiny-imagenet"))) == "vgg9-tiny-imagenet-w2u2"
    with pytest.raises(UserError, match="run 'vgg11-w2u2' is not known for cifar10; choose of vgg9-w2u2"):
        jobs.select(["vgg11-w2u2"], "cifar10", 1.0)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--device", "cuda", "this PyTorch sees no NVIDIA GPU"),
        ("--device", "tpu", "device 'tpu' is not known"),
        ("--piece-mib", "-1", "a size of the state below 0 MiB"),
        ("--state-mib", "-1", "a size of the state below 0 MiB"),
    ],
)
def test_what_cannot_run_is_said_first(
    option: str, value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=said):
        kit.main(words(tmp_path, option, value))
    assert not list(tmp_path.iterdir())


def test_no_time_left_is_said(data: Dataset, tmp_path: Path) -> None:
    log = Log(tmp_path / "log.txt", Fake(0.04, 1))
    made = training.Training(NAME, jobs.jobs("cifar10", 1 / 8)[NAME], data, Store(tmp_path), log.clock, log, "cpu")
    with pytest.raises(UserError, match="no time is left"):
        made.train()


def test_the_floor_counts_three_convolutions_a_time_step() -> None:
    """2 · 3 · 4 · 190.5 M an image, less what the first layer saves: two passes once instead of three four times."""
    first = 64 * 32 * 32 * 27
    dense = 190_530_048 - first
    cost = floor.count("vgg9")
    assert abs(cost.operations - (2 * 3 * 4 * dense + 2 * 2 * first)) < 1e-3 * cost.operations
    assert 50e6 < cost.bytes < 60e6
    page = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    assert f"| VGG-9 | {cost.operations * 5e-8:.1f} | {cost.bytes * 5e-8:.2f} |" in page
