"""Every batch that goes into a network is looked at, and what are not its pixels, spikes or counts is refused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.errors import require
from model.inputs import WIDEST, Inputs
from model.network.inputs import check_shape, check_values
from model.training.neurons import kernel


class InputCheck:
    """What one network takes: pixels [N, C, H, W], integers 0 ... 255, or [T, N, C, H, W] spikes, 0 and 1, or counts of
    n bits, 0 ... 2^n - 1.

    Shapes are refused at once; values on the CPU too. A GPU is not waited for: what its batches hold is added up
    there and copied to the host meanwhile; the first batch after the copy has come reads it, and so does :meth:`check`.
    Bytes are pixels, and counts of 8 bits, whatever they are, and need no look.
    """

    def __init__(self, kind: Inputs, input_shape: Sequence[int], time_steps: int) -> None:
        self.kind, self.input_shape, self.time_steps = kind, input_shape, time_steps
        self._seen: Tensor | None = None
        """(-least, greatest, farthest from an integer) of the batches that were not judged yet, on their device."""
        self._copy: tuple[Tensor, torch.cuda.Event] | None = None
        """The same on the host, once the event has come."""

    def __reduce__(self) -> Any:
        return InputCheck, (self.kind, self.input_shape, self.time_steps)  # a copy of the network has seen nothing

    def take(self, x: Tensor) -> Tensor:
        """``x`` in float32; raises :class:`~model.errors.UserError` if it, or a batch before it, is to be refused."""
        require(isinstance(x, Tensor), f"images are a {type(x).__name__}; give a torch.Tensor")
        require(not x.is_complex(), f"images are {x.dtype}; give integers")
        check_shape(x.shape, self.kind, input_shape=self.input_shape, time_steps=self.time_steps)
        values = x.float()
        if self._copy is not None and not capturing() and self._copy[1].query():
            self._judge(self._copy[0])
        if x.dtype != torch.bool and not (x.dtype == torch.uint8 and self.kind.planes == WIDEST):
            self._look(values.detach())
        return values

    def check(self) -> None:
        """Wait for what the device still holds, and refuse it if it has to be."""
        if self._seen is not None:
            self._judge(self._seen)

    def _look(self, values: Tensor) -> None:
        if kernel.compiled(values) and not asynchronous(values):
            row = values.reshape(-1).numpy()
            if kernel.are_integers(row, np.float32(self.kind.largest)):  # a fifth of the time of what follows
                return
        found = torch.stack([-values.amin(), values.amax(), values.frac().abs_().amax()])
        if not asynchronous(found):
            self._judge(found)
            return
        if self._seen is not None and self._seen.device != found.device:
            self.check()
        self._seen = found if self._seen is None else torch.maximum(self._seen, found)
        self._copy = copied(self._seen)

    def _judge(self, seen: Tensor) -> None:
        self._seen = self._copy = None  # a batch is refused once
        least, greatest, stray = seen.tolist()
        check_values(-least, greatest, self.kind, whole=stray == 0)


def copied(values: Tensor) -> tuple[Tensor, torch.cuda.Event] | None:
    """A copy on the host, and the event after which it is there; of other devices than CUDA's there is none."""
    if not values.is_cuda or capturing():
        return None
    copy, event = values.to("cpu", non_blocking=True), torch.cuda.Event()
    event.record()
    return copy, event


def capturing() -> bool:
    """Whether a CUDA graph is being captured, which knows no host."""
    return torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()


def asynchronous(values: Tensor) -> bool:
    """Whether reading ``values`` waits for a device."""
    return values.device.type != "cpu"
