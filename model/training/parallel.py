"""Several processes that train one network, started by torchrun: one a GPU, on one machine or more.

Every process draws the same batch and takes its share. Batch statistics are sums of integers over the whole batch, so
that all forward passes compute the integers that one process alone would; gradients are the mean over the processes,
and differ from one process's by the rounding of float32 sums.
"""

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from model.errors import require

PATIENCE = timedelta(hours=48)
"""How long processes wait for one that evaluates a finished run before the next seed, or asks a teacher."""


def start(device: str) -> str:
    """Join the processes that torchrun started, if it did; returns this one's device."""
    if "RANK" not in os.environ:
        return device
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    # With a GPU as well: a network is tried on the host before it moves there.
    distributed.init_process_group("gloo" if device == "cpu" else "cpu:gloo,cuda:nccl", timeout=PATIENCE)
    return device


def stop() -> None:
    """Leave them."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def processes() -> int:
    """How many there are; 1 without torchrun."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this is; the one with rank 0 writes."""
    return distributed.get_rank() if distributed.is_initialized() else 0


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process does what follows before the others begin, who then find its files."""
    if rank() > 0:
        total(torch.zeros(1))
    yield
    if rank() == 0:
        total(torch.zeros(1))


def share(batch: Tensor) -> Tensor:
    """This process's part of a batch; all are of one size, so that the mean of their losses is the batch's."""
    require(
        len(batch) % processes() == 0,
        f"batches of {len(batch)} over {processes()} processes; choose a multiple with --batch-size",
    )
    return batch[rank() :: processes()]


def total(values: Tensor) -> Tensor:
    """Sum over the processes."""
    if processes() > 1:
        values = values.clone()
        distributed.all_reduce(values)
    return values


def wrap(module: nn.Module) -> nn.Module:
    """``module`` with gradients that are the mean over the processes."""
    if processes() == 1:
        return module
    # Running statistics follow the whole batch in every process, so there are no buffers to hand round.
    known = inspect.signature(DistributedDataParallel).parameters
    buffers = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"  # since torch 2.13
    return DistributedDataParallel(module, **{buffers: False})
