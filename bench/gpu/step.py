"""One step of training; on a GPU all its kernels are captured once and started together."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bench.gpu.batches import Batches

EAGER_STEPS = 3
"""Before a step is captured: libraries choose their kernels and the optimiser makes its state."""


class Step:
    """Forward, backward, update. ``total`` adds up the losses on the device."""

    capturing = True
    """Whether any step is captured."""

    def __init__(
        self,
        module: nn.Module,
        loss: Callable[[Tensor, Tensor, None], Tensor],
        optimiser: torch.optim.Optimizer,
        batches: Batches,
        log: Callable[[str], None],
    ) -> None:
        self.module, self.loss, self.optimiser, self.batches, self.log = module, loss, optimiser, batches, log
        device = batches.device
        self.on_gpu = device != "cpu"
        self.place = torch.zeros(4, batches.recipe.batch_size, dtype=torch.int64, device=device)
        self.total = torch.zeros((), dtype=torch.float64, device=device)
        self.captures = self.on_gpu and self.capturing
        self.forget()

    def forget(self) -> None:
        """What was captured is of other constants: capture again."""
        self.graph: torch.cuda.CUDAGraph | None = None
        self.done = 0

    def __call__(self, place: Tensor, rate: float) -> None:
        """Train on the images that ``place`` names."""
        self.place.copy_(place)
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        if self.captures and self.graph is None and self.done >= EAGER_STEPS:
            self._capture()
        if self.graph is not None:
            self.graph.replay()
        elif self.captures:
            self._aside()
        else:
            self.run()
        self.done += 1

    def run(self) -> None:
        """The step itself, kernel by kernel."""
        images, labels = self.batches.take(self.place)
        loss = self.loss(self.module(images), labels, None)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.total += loss.detach()

    def _aside(self) -> None:
        """On a stream of its own, as capturing asks of what goes before."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self.run()
        torch.cuda.current_stream().wait_stream(stream)

    def _capture(self) -> None:
        graph = torch.cuda.CUDAGraph()
        self.optimiser.zero_grad(set_to_none=True)
        try:
            with torch.cuda.graph(graph):
                self.run()
            self.graph = graph
        except Exception as error:  # whatever a driver says; what is slower still trains
            self.captures = False
            self.log(f"a step cannot be captured ({str(error).splitlines()[0]}); its kernels start one by one")
            torch.cuda.synchronize()
