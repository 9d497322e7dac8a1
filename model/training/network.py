"""A spiking network: named layers, each of which reads earlier ones, run for T time steps."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from model.config import PIXEL_SCALE, require
from model.training.inputs import Inputs
from model.training.pooling import SumPool
from model.training.spiking import Spiking, Weighted
from model.validation import INPUT


class SpikingNetwork(nn.Module):
    """Named layers, by default in a chain.

    Parameters
    ----------
    layers : dict of str to module
        In order; the last one a :class:`Readout`. Foreign modules run in training, export refuses them by name.
    input_shape : (C, H, W)
    time_steps : int
    input_kind : "pixels" or "spikes"
        Pixels 0 ... 255 [N, C, H, W], the same at every step, or spikes [T, N, C, H, W].
    sources : dict of str to names
        What a layer reads, where that is not just the layer before it: earlier layers or "input", in the order of
        its branches, an identity shortcut last.
    """

    def __init__(
        self,
        layers: Mapping[str, nn.Module],
        *,
        input_shape: tuple[int, int, int],
        time_steps: int = 4,
        input_kind: str = "pixels",
        sources: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__()
        require(input_kind in ("pixels", "spikes"), f"input kind {input_kind!r}; choose pixels or spikes")
        self.input_shape, self.time_steps, self.input_kind = input_shape, time_steps, input_kind
        self.inputs = Inputs(input_kind, input_shape, time_steps)
        named = dict(sources or {})
        self.sources: dict[str, tuple[str, ...]] = {}
        before = INPUT
        for name, layer in layers.items():
            self.add_module(name, layer)
            self.sources[name] = tuple(named.pop(name, (before,)))
            for source in self.sources[name]:
                require(
                    source == INPUT or (source in self.sources and source != name),
                    f"layer {name}: source {source!r} is neither 'input' nor an earlier layer; name one of them",
                )
            before = name
        require(not named, f"sources are given for layer {next(iter(named), '')!r}, which the network has not")
        last_reader = {source: name for name, read in self.sources.items() for source in read}
        self._done: dict[str, list[str]] = {name: [] for name in self.sources}
        """What is read for the last time by each layer."""
        for source, name in last_reader.items():
            self._done[name].append(source)
        self._connect()

    def _connect(self) -> None:
        """Tell every layer the greatest integer at its inputs and what it is worth in real terms."""
        values = {INPUT: (PIXEL_SCALE - 1, 1 / PIXEL_SCALE) if self.input_kind == "pixels" else (1, 1.0)}
        for name, layer in self.named_children():
            found = {values[source] for source in self.sources[name]}
            require(
                len(found) == 1,
                f"layer {name}: its sources {', '.join(self.sources[name])} hand on pixels or counts of "
                "different range, which cannot share a step; pool them alike",
            )
            largest, scale = found.pop()
            if isinstance(layer, Weighted):
                try:
                    layer.connect(largest_input=largest, input_scale=scale, time_steps=self.time_steps)
                except ValueError as error:
                    raise type(error)(f"layer {name}: {error}") from None
                largest, scale = 1, 1.0
            elif isinstance(layer, SumPool):
                largest, scale = largest * layer.size**2, scale / layer.size**2
            values[name] = largest, scale

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images; raises :class:`~model.config.ConfigError` for what are not pixels or spikes of this shape.

        On a GPU, which is not waited for, wrong values are refused by a later pass, or by ``inputs.check()``.
        """
        x = self.inputs.take(x)
        values = {INPUT: x[None] if self.input_kind == "pixels" else x}
        for name, layer in self.named_children():
            out = layer(*(values[source] for source in self.sources[name]))
            for source in self._done[name]:
                del values[source]
            values[name] = out
        if self.training and out.requires_grad and not all(layer.settled for layer in self.spiking().values()):
            out.register_hook(lambda _: self._settle())
        return out

    def _settle(self) -> None:
        """Each layer keeps the r that the batch has chosen from which the network learns."""
        for layer in self.spiking().values():
            layer.settle()

    def spiking(self) -> dict[str, Spiking]:
        """The spiking layers by name."""
        return {name: layer for name, layer in self.named_children() if isinstance(layer, Spiking)}

    @torch.no_grad()
    def calibrate(self, *batches: Tensor, again: bool = False) -> None:
        """Make the running statistics the mean of the batches' means and variances, and take r if there is none yet.

        r, and without batch norm the scale of the weights, is that of the first batch; ``again`` chooses it anew.

        An untrained network then spikes in evaluation mode. In training, running statistics are of the weights of the
        last dozen batches, and at 2 bits every step changes some codes: measured again they are of the weights as they
        are (precise BN, arXiv 2105.07576 §3, without the variance of the means).
        """
        was_training = self.training
        momenta = {layer: layer.momentum for layer in self.spiking().values()}
        self.train()
        for layer in momenta if again else ():
            layer.leak = -1
        try:
            for number, batch in enumerate(batches, 1):
                for layer in momenta:
                    layer.momentum = 1 / number
                self(batch)
                self._settle()
        finally:
            for layer, momentum in momenta.items():
                layer.momentum = momentum
            self.train(was_training)

    @torch.no_grad()
    def observe(self, x: Tensor) -> dict[str, Tensor]:
        """Evaluation-mode forward that keeps NAME.potential, NAME.spikes, NAME.membrane and logits."""
        require(not self.training, "observe() needs evaluation mode; call eval() first")
        for layer in self.spiking().values():
            layer.trace = {}
        try:
            logits = self(x)
            found = {f"{name}.{key}": v for name, layer in self.spiking().items() for key, v in layer.trace.items()}
        finally:
            for layer in self.spiking().values():
                layer.trace = None
        return found | {"logits": logits}
