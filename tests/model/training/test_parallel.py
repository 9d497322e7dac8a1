"""Two processes compute what one does with the whole batch; this file is also what a process of its own runs."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from socket import socket

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributed import run
from torch.nn import functional

from model import datasets
from model.config import Precision
from model.training import parallel
from model.training.history import Epoch
from model.training.layers import Branch, Conv, Join, Readout, SumPool
from model.training.networks import SpikingNetwork, digits
from model.training.recipe import Recipe
from model.training.train import Listener, Run

ROOT = Path(__file__).parents[3]
RECIPE = Recipe(
    "digits",
    "digits",
    Precision(4, 4),
    epochs=2,
    batch_size=64,
    learning_rate=1e-2,
    augment=1,
    leak_search=1,
    statistics_batches=2,
)
TOLERANCE = 1e-5
"""Of gradients, relative to the greatest of the network, and of a loss: float32 sums in another order."""


class KilledError(Exception):
    """A run is killed after its first epoch."""


def some() -> datasets.Dataset:
    """Four batches of digits, and half of one to judge by."""
    whole = datasets.load("digits")
    train, validation = (
        split.where(np.arange(len(split)) < n) for split, n in ((whole.train, 256), (whole.validation, 32))
    )
    return replace(whole, train=train, validation=validation)


def joined() -> SpikingNetwork:
    """Batch norm, none, a join with a shortcut, and pooling."""
    precision = Precision(4, 4)
    return SpikingNetwork(
        {
            "conv1": Conv(1, 8, 3, padding=1, precision=precision),
            "conv2": Conv(8, 8, 3, padding=1, precision=precision, batch_norm=False),
            "join": Join([Branch(8, 3, padding=1)], 8, skip=True, precision=precision),
            "pool": SumPool(4),
            "fc": Readout(8 * 4, 10, precision=precision),
        },
        input_shape=(1, 8, 8),
        sources={"join": ("conv2", "conv1")},
    )


def one_step(data: datasets.Dataset) -> dict[str, Tensor]:
    """Gradients, and the buffers that follow a batch."""
    torch.manual_seed(0)
    module = joined()
    images, labels = torch.from_numpy(data.train.images[:64].copy()), torch.from_numpy(data.train.labels[:64].copy())
    wrapped = parallel.wrap(module)
    functional.cross_entropy(wrapped(parallel.share(images)), parallel.share(labels)).backward()
    gradients = {name: parameter.grad for name, parameter in module.named_parameters() if parameter.grad is not None}
    return {**module.state_dict(), **gradients}


def interrupted(data: datasets.Dataset, folder: Path) -> Run:
    """A run that was killed after its first epoch and went on."""

    def kill(entry: Epoch) -> None:
        raise KilledError

    try:
        Run(RECIPE, digits, data, folder).train(Listener(epoch=kill))
    except KilledError:
        parallel.total(torch.zeros(1))  # all have stopped, so the checkpoint is there
    run = Run(RECIPE, digits, data, folder)
    assert len(run.history) == 1
    run.train(Listener())
    return run


def by_torchrun(folder: Path) -> None:
    run.main(["--standalone", "--nproc-per-node", "2", __file__, str(folder)])  # raises if one fails


def as_the_first(folder: Path) -> None:
    """As torchrun tells its processes, of which this is one: another has to import PyTorch, for many seconds."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    first, second = (told | {"RANK": rank, "LOCAL_RANK": rank} for rank in "01")
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, env=second, stderr=subprocess.PIPE, encoding="utf-8") as other:
        try:
            with pytest.MonkeyPatch.context() as here:
                for name, value in first.items():
                    here.setenv(name, value)
                here.setattr(parallel, "PATIENCE", timedelta(minutes=5))
                worker(folder)
        except BaseException:
            other.kill()
            raise
        finally:
            parallel.stop()
        said = other.communicate()[1]
    assert other.returncode == 0, said


@pytest.mark.parametrize("train", [as_the_first, pytest.param(by_torchrun, marks=pytest.mark.nightly)])
def test_two_processes_train_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, train: Callable[[Path], None]
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    train(tmp_path)
    data = some()

    found, other = (torch.load(tmp_path / f"step{rank}.pt") for rank in range(2))
    assert all(torch.equal(found[name], value) for name, value in other.items())
    wanted = one_step(data)
    module = joined()
    buffers = set(module.state_dict()) - {name for name, _ in module.named_parameters()}
    assert "conv1.leak" in buffers
    assert set(found) == set(wanted)
    greatest = max(float(value.abs().max()) for name, value in wanted.items() if name not in buffers)
    for name, value in wanted.items():
        if name in buffers:  # r and running statistics: from sums of integers
            assert torch.equal(found[name], value), name
        else:
            assert float(value.abs().max()) > 0, name
            assert float((found[name] - value).abs().max()) <= TOLERANCE * greatest, name

    one = Run(RECIPE, digits, data, tmp_path / "one")
    one.train(Listener())
    two = Run(RECIPE, digits, data, tmp_path / "two")  # as the first process left it
    assert [entry["epoch"] for entry in two.history] == [0, 1]
    for mine, theirs in zip(one.history, two.history, strict=True):
        assert abs(mine["loss"] - theirs["loss"]) < TOLERANCE
    written = {path.name for path in (tmp_path / "two").iterdir()}
    assert written == {"last.safetensors", "best.safetensors", "log.csv"}


def test_a_gpu_s_processes_also_add_what_is_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has one of its own; a network is tried on the host first, which takes the statistics of all."""
    started: list[str] = []
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "set_device", started.append)
    monkeypatch.setattr(parallel.distributed, "init_process_group", lambda backend, **_: started.append(backend))
    assert parallel.start("cuda") == "cuda:1"
    assert started == ["cuda:1", "cpu:gloo,cuda:nccl"]


def test_the_first_process_goes_before_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(parallel, "total", lambda values: done.append("waits"))
    for rank in (0, 1):
        monkeypatch.setattr(parallel, "rank", lambda rank=rank: rank)
        with parallel.first_alone():
            done.append(f"{rank} works")
    assert done == ["0 works", "waits", "waits", "1 works"]


def worker(folder: Path) -> None:
    """One of the processes."""
    torch.set_num_threads(1)
    parallel.start("cpu")
    assert parallel.processes() == 2
    data = some()
    step = one_step(data)
    torch.save(step, folder / f"step{parallel.rank()}.pt")
    interrupted(data, folder / "two")
    parallel.stop()


if __name__ == "__main__":
    worker(Path(sys.argv[1]))
