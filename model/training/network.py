"""A spiking network: named layers, each of which reads earlier ones, run for T time steps."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from model.config import SAWTOOTH
from model.errors import require
from model.inputs import inputs_of
from model.network.graph import INPUT
from model.network.validation import check_name
from model.training.inputs import InputCheck
from model.training.layers import READOUTS, LastLayer, Linear, MaxPool, Readout, SumPool
from model.training.passing import drop, passed_over
from model.training.quantisers.quantiser import WeightQuantiser
from model.training.spiking import Spiking, Weighted

LARGEST_TOOTH = 3
"""Dilations of layers that have one each: 1, 2, 3, and again."""


@dataclass(frozen=True)
class _Values:
    """What is handed on: the greatest integer, its real scale, what may be dropped on the way, whether as one row."""

    largest: int
    scale: float
    dropouts: tuple[nn.Dropout, ...] = ()
    flat: bool = False


class SpikingNetwork(nn.Module):
    """Named layers, by default in a chain.

    Parameters
    ----------
    layers : dict of str to module
        In order; the last one a :class:`LastLayer`. ``nn.Dropout``, ``nn.Identity`` and ``nn.Flatten`` are passed over
        by evaluation and export. Other foreign modules run, export refuses them by name.
    input_shape : (C, H, W)
    time_steps : int
    input_kind : "pixels", "spikes" or "counts"
        Pixels 0 ... 255 [N, C, H, W], the same at every step, or spikes [T, N, C, H, W], or counts [T, N, C, H, W] of
        0 ... 2^``input_bits`` - 1.
    input_bits : int
        Of counts, 1 to 8; the others have their own.
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
        input_bits: int | None = None,
        sources: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__()
        self.input_shape, self.time_steps = input_shape, time_steps
        self.inputs = InputCheck(inputs_of(input_kind, input_bits), input_shape, time_steps)
        named = dict(sources or {})
        self.sources: dict[str, tuple[str, ...]] = {}
        self._done: dict[str, list[str]] = {}
        """What is read for the last time by each layer."""
        before = INPUT
        for name, layer in layers.items():
            self._check_layer(name, layer)
            self.add_module(name, layer)
            self.sources[name] = tuple(named.pop(name, (before,)))
            for source in self.sources[name]:
                require(
                    source == INPUT or (source in self.sources and source != name),
                    f"layer {name}: source {source!r} is neither 'input' nor an earlier layer; name one of them",
                )
                require(
                    not isinstance(self._modules.get(source), LastLayer),
                    f"layer {name}: it reads {source}, a {type(self._modules.get(source)).__name__}, which is the last "
                    "layer; move or remove it",
                )
            require(
                len(self.sources[name]) == 1 or not passed_over(layer),
                f"layer {name}: of several sources {type(layer).__name__} hands on one; name one",
            )
            before = name
        require(not named, f"sources are given for layer {next(iter(named), '')!r}, which the network has not")
        last_reader = {source: name for name, read in self.sources.items() for source in read}
        self._done |= {name: [] for name in self.sources}
        for source, name in last_reader.items():
            self._done[name].append(source)
        readers = [source for read in self.sources.values() for source in read]
        self._pool_of = {
            read[0]: name
            for name, read in self.sources.items()
            if type(layers[name]) is MaxPool and readers.count(read[0]) == 1
        }
        """The max pooling that alone reads a layer."""
        self._connect()

    def _check_layer(self, name: str, layer: nn.Module) -> None:
        """Refuse a name that a bundle or this class could not take, and a module that would not do what it seems to."""
        where = f"layer {name}"
        check_name(name, where)
        require(
            name != INPUT and not hasattr(self, name), f"{where}: the name is taken by the network itself; rename it"
        )
        require(isinstance(layer, nn.Module), f"{where}: it is a {type(layer).__name__}; give a module")
        kind = type(layer).__name__
        known = next((other for other, module in self.named_children() if module is layer), None)
        require(known is None, f"{where}: it is the same module as {known}; make one for each")
        inner = (module for module in layer.modules() if module is not layer)
        require(
            not any(isinstance(module, Weighted | MaxPool | SumPool) for module in inner),
            f"{where}: it is a {kind} with layers of ours in it; name each of them in the network",
        )
        if isinstance(layer, nn.Flatten):
            require(
                (layer.start_dim, layer.end_dim) == (1, -1),
                f"{where}: Flatten of axes {layer.start_dim} to {layer.end_dim}; channels, rows and columns become "
                "one row by Flatten()",
            )

    def _connect(self) -> None:
        """Tell every layer the greatest integer at its inputs and what it is worth in real terms, and its dilation."""
        inputs = self.inputs.kind
        values = {INPUT: _Values(inputs.largest, 1 / inputs.scale)}
        for name, layer in self.named_children():
            found = {values[source] for source in self.sources[name]}
            read = ", ".join(self.sources[name])
            require(
                len({(each.largest, each.scale) for each in found}) == 1,
                f"layer {name}: its sources {read} hand on pixels or counts of "
                "different range, which cannot share a step; pool them alike",
            )
            require(
                len(found) == 1,
                f"layer {name}: its sources {read} come through different Dropout or Flatten; put it behind the join",
            )
            values[name] = self._handed_on(name, layer, found.pop())
        for index, layer in enumerate(self.spiking().values()):
            if layer.window and layer.precision and layer.precision.dilation == SAWTOOTH:
                layer.window.dilation = 1 + index % LARGEST_TOOTH

    def _handed_on(self, name: str, layer: nn.Module, read: "_Values") -> "_Values":
        """What a layer hands on that reads ``read``, which it is told."""
        require(
            not read.flat or isinstance(layer, Linear | LastLayer) or passed_over(layer),
            f"layer {name}: it reads what Flatten made one row, which only Linear and readouts do; remove the Flatten",
        )
        if isinstance(layer, Weighted):
            try:
                layer.connect(
                    largest_input=read.largest,
                    input_scale=read.scale,
                    time_steps=self.time_steps,
                    dropouts=read.dropouts,
                )
            except ValueError as error:
                raise type(error)(f"layer {name}: {error}") from None
            return _Values(1, 1.0)
        if isinstance(layer, SumPool):
            return replace(read, largest=read.largest * layer.size**2, scale=read.scale / layer.size**2)
        if type(layer) is nn.Dropout:
            return replace(read, dropouts=(*read.dropouts, layer))
        return replace(read, flat=read.flat or isinstance(layer, nn.Flatten))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images; raises :class:`~model.errors.UserError` for what are not inputs of this kind and shape.

        On a GPU, which is not waited for, wrong values are refused by a later pass, or by ``inputs.check()``. Autocast
        is off inside: half precision rounds sums.
        """
        x = self.inputs.take(x)
        kind = x.device.type
        with torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext():
            out = self._run(x[None] if self.inputs.kind.static else x)
        if self.training and out.requires_grad and not all(layer.settled for layer in self.spiking().values()):
            out.register_hook(lambda _: self._settle())
        return out

    def _run(self, x: Tensor) -> Tensor:
        values = {INPUT: x}
        pooled: set[str] = set()
        for name, layer in self.named_children():
            read = [values[source] for source in self.sources[name]]
            if passed_over(layer):
                out = drop(read[0], layer) if isinstance(layer, nn.Dropout) else read[0]
            elif name in pooled:
                out = read[0]
            elif name in self._pool_of and self._pools(layer, self._modules[self._pool_of[name]], read[0]):
                pooled.add(self._pool_of[name])
                out = layer(*read, pool=self._modules[self._pool_of[name]].size)
            else:
                out = layer(*read)
            for source in self._done[name]:
                del values[source]
            values[name] = out
        return out

    @staticmethod
    def _pools(layer: nn.Module, pool: nn.Module, x: Tensor) -> bool:
        """Whether ``layer`` does what ``pool`` would: not if someone watches what either of them gives."""
        watched = any(hooks for each in (layer, pool) for hooks in (each._forward_hooks, each._backward_hooks))
        own = isinstance(layer, Spiking) and type(layer).forward is Spiking.forward
        return own and not watched and layer.pools(x)

    def integer_sources(self) -> dict[str, tuple[str, ...]]:
        """What each layer reads, without the modules that evaluation passes over."""
        found: dict[str, tuple[str, ...]] = {}
        instead: dict[str, str] = {}
        for name, layer in self.named_children():
            read = tuple(instead.get(source, source) for source in self.sources[name])
            if passed_over(layer):
                instead[name] = read[0]
            else:
                found[name] = read
        return found

    def _settle(self) -> None:
        """Each layer keeps the r that the batch has chosen from which the network learns."""
        for layer in self.spiking().values():
            layer.settle()

    def spiking(self) -> dict[str, Spiking]:
        """The spiking layers by name."""
        return {name: layer for name, layer in self.named_children() if isinstance(layer, Spiking)}

    def quantisers(self) -> list[WeightQuantiser]:
        """Those of all layers, none of a float32 network."""
        layers = (layer for layer in self.children() if isinstance(layer, Weighted))
        return [cast(WeightQuantiser, layer.quantiser) for layer in layers if layer.precision is not None]

    def start_epoch(self, epoch: int, epochs: int) -> None:
        """Tell the quantisers which epoch of how many begins."""
        for quantiser in self.quantisers():
            quantiser.start_epoch(epoch, epochs)

    def forget_leaks(self) -> None:
        """Let the next batch choose r, where batch norm makes sums the same as before."""
        for layer in self.spiking().values():
            if layer.batch_norm and layer.precision is not None:
                layer.leak = -1

    def soft_epochs(self, epochs: int) -> int:
        """How many of ``epochs``, the first ones, have weights that are no levels yet."""
        return max((quantiser.soft_epochs(epochs) for quantiser in self.quantisers()), default=0)

    @torch.no_grad()
    def calibrate(self, *batches: Tensor, again: bool = False) -> None:
        """Make the running statistics the mean of the batches' means and variances, and take r if there is none yet.

        r, and without batch norm the scale of the weights, is that of the first batch; ``again`` chooses it anew.

        An untrained network then spikes in evaluation mode. In training, running statistics are of the weights of the
        last dozen batches, and at 2 bits every step changes some codes: measured again they are of the weights as they
        are (precise BN, arXiv 2105.07576 §3, without the variance of the means).
        """
        with self.measuring() as layers:
            for layer in layers if again else ():
                layer.leak = -1
            for number, batch in enumerate(batches, 1):
                for layer in layers:
                    layer.momentum = 1 / number
                self(batch)
                self._settle()

    @contextmanager
    def measuring(self) -> Iterator[list[Spiking]]:
        """Training mode, each batch with its own statistics, but nothing is dropped; gives the spiking layers."""
        was_training = self.training
        momenta = {layer: layer.momentum for layer in self.spiking().values()}
        self.train()
        for layer in self.children():
            if passed_over(layer):
                layer.eval()
        try:
            yield list(momenta)
        finally:
            for spiking, momentum in momenta.items():
                spiking.momentum = momentum
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


def reading_out(network: SpikingNetwork, readout: str) -> SpikingNetwork:
    """``network``, untrained, with another readout in place of its last layer."""
    require(
        type(network) is SpikingNetwork,
        f"another readout takes the place of a SpikingNetwork's last layer, and this is a {type(network).__name__}; "
        "build it with that readout",
    )
    layers = dict(network.named_children())
    name, last = list(layers.items())[-1]
    require(
        isinstance(last, Readout),
        f"layer {name}: it is a {type(last).__name__}; another readout replaces a Readout",
    )
    assert isinstance(last, Readout)
    outputs, inputs = last.weight.shape
    layers[name] = READOUTS[readout](inputs, outputs, precision=last.precision)
    return SpikingNetwork(
        layers,
        input_shape=network.input_shape,
        time_steps=network.time_steps,
        input_kind=network.inputs.kind.name,
        input_bits=network.inputs.kind.planes,
        sources=network.sources,
    )
