"""Cycles, bound and traffic of an accelerator before any synthesis: exact for images, expected for densities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.accelerator.bound import bound_cycles, set_bits, useful_cycles
from model.accelerator.config import AcceleratorConfig
from model.accelerator.cycles import Cycles, layer_cycles
from model.accelerator.history import remembered
from model.accelerator.input_bits import layer_inputs
from model.accelerator.layer_plan import SKIP, LayerPlan
from model.accelerator.schedule import classes, latency, loads
from model.accelerator.traffic import Traffic, read_places, traffic
from model.accelerator.words import Counts, stored_counts, words_of
from model.errors import require
from model.golden.network import recordings
from model.network.network import Network

WORD_BYTES = 100_000_000
"""Of a layer's words that are held at a time."""


@dataclass(frozen=True)
class LayerEstimate:
    """One layer on all images.

    Members
    -------
    runs : [N, frames]
        Cycles from its start to the next layer's.
    first_fire : [N, frames]
        Cycles from its start to its first fire.
    tokens : [N]
        Cycles in which the lanes take an input, or an empty word that fires or doubles.
    set_bits : [N]
        nnz of its inputs after im2col.
    added : [N]
        Of those, how many lanes add: each as often as the turns of a window of earlier frames see it.
    events : [N, frames], of the first layer
        Sum of what it reads, as it comes: spikes, or counts.
    """

    plan: LayerPlan
    lanes: int
    runs: Cycles
    first_fire: Cycles
    tokens: NDArray[np.int64]
    set_bits: NDArray[np.int64]
    added: NDArray[np.int64]
    events: Cycles | None = None

    @property
    def cycles(self) -> Cycles:
        """Of an image, [N]."""
        return self.runs.sum(1)

    @property
    def bound(self) -> NDArray[np.int64]:
        return bound_cycles(self.set_bits, self.plan.channels, self.lanes)

    @property
    def utilisation(self) -> float:
        """Lanes at work, of all lanes in all cycles."""
        return float(useful_cycles(self.added, self.plan.channels, self.lanes).sum() / self.cycles.sum())

    @property
    def additions(self) -> NDArray[np.int64]:
        """Weights that lanes add to a sum, [N]."""
        return self.added * self.plan.channels

    @property
    def density(self) -> float:
        """Set bits, of all bits after im2col but padding."""
        bits = sum(read_places(source) * source.stored_rounds * source.source_channels for source in self.plan.sources)
        bits *= self.runs.shape[1]
        return float(self.set_bits.mean() / bits) if bits else 0.0


@dataclass(frozen=True)
class Estimate:
    """All layers, in the order in which they run."""

    config: AcceleratorConfig
    layers: tuple[LayerEstimate, ...]

    @property
    def layer_cycles(self) -> NDArray[np.int64]:
        """[N, frames, layers]."""
        return np.stack([layer.runs for layer in self.layers], axis=2)

    @property
    def cycles(self) -> Cycles:
        """Of all layers, [N]: what an image takes where no input is waited for. See :attr:`intervals`."""
        return self.layer_cycles.sum((1, 2))

    @property
    def bound(self) -> NDArray[np.int64]:
        return np.sum([layer.bound for layer in self.layers], axis=0)

    @property
    def ratio(self) -> float:
        """Cycles from class to class, of the bound."""
        return float(self.intervals.sum() / max(1, self.bound.sum()))

    @property
    def utilisation(self) -> float:
        """Lanes at work, of all lanes in all cycles from class to class."""
        return sum(layer.utilisation * layer.cycles.sum() for layer in self.layers) / float(self.intervals.sum())

    @property
    def latency(self) -> Cycles:
        """From an image's first input beat to its class, both included, [N], of an accelerator that was idle."""
        layers = self.layer_cycles
        fires = self.layers[-1].first_fire.reshape(-1)
        return latency(self.config, layers.reshape(-1, layers.shape[2]), fires, self.loads.reshape(-1))

    @property
    def loads(self) -> Cycles:
        """Cycles of the input, [N, frames]."""
        events = self.layers[0].events
        assert events is not None
        return loads(self.config, events)

    @property
    def load(self) -> float:
        """Cycles of an image's input, mean; intervals cannot be shorter."""
        return float(self.loads.sum(1).mean())

    @property
    def intervals(self) -> Cycles:
        """From the class before to each image's own, [N], the first after the last, input and output never pausing.

        The cycles of an image: those of the layers or of the input port, whichever are more.
        """
        order = [*range(len(self.cycles)), 0]
        layers = self.layer_cycles[order]
        fires, load = (each[order].reshape(-1) for each in (self.layers[-1].first_fire, self.loads))
        leave, _ = classes(self.config, layers.reshape(-1, layers.shape[2]), fires, load)
        return np.roll(np.diff(leave), 1)

    def traffic(self, index: int) -> Traffic:
        """Of a layer, the mean of all images."""
        layer = self.layers[index]
        return traffic(layer.plan, self.config, float(layer.tokens.mean()))


def measured(
    network: Network, config: AcceleratorConfig, images: NDArray[Any], advance: Callable[[int], None] = lambda _: None
) -> Estimate:
    """The exact numbers for ``images``; calls ``advance`` with the images that are done."""
    stored: dict[str, list[list[Counts]]] = {layer.name: [] for layer in config.layers}
    nnz: dict[str, list[NDArray[np.int64]]] = {layer.name: [] for layer in config.layers}
    events = []
    for part, membranes in recordings(network, images):
        inputs = layer_inputs(network, part, membranes)
        events.append(_events(inputs[config.layers[0].name], config))
        for layer, plan in zip(network.layers, config.layers, strict=True):
            read = inputs.pop(layer.name)
            stored[plan.name].append(stored_counts(_runs(read, config), plan))
            nnz[plan.name].append(set_bits(network, layer, read))
        advance(part.shape[network.inputs.axis])
    first, *others = (
        _layer(plan, config, _together(stored.pop(plan.name)), np.concatenate(nnz[plan.name])) for plan in config.layers
    )
    return Estimate(config, (replace(first, events=np.concatenate(events)), *others))


def expected(config: AcceleratorConfig, densities: Sequence[float], images: int = 1, seed: int = 0) -> Estimate:
    """What to expect of ``densities``, one for what each layer reads: every bit is set independently with that
    probability, and the cycles are the exact ones of ``images`` such draws, the same ones for every dataflow."""
    require(
        len(densities) == len(config.layers), f"{len(densities)} densities; give one for each of {len(config.layers)}"
    )
    require(images >= 1, f"{images} draws; at least 1")
    for density in densities:
        require(0 <= density <= 1, f"density {density:g}; choose 0 to 1")
    return Estimate(
        config,
        tuple(_drawn(config, index, density, images, seed) for index, density in enumerate(densities)),
    )


def measured_layer(network: Network, images: NDArray[Any]) -> Callable[[AcceleratorConfig, int], float]:
    """Mean cycles of one layer on ``images``, of any accelerator of the network."""
    inputs = layer_inputs(network, images)

    def cycles(config: AcceleratorConfig, index: int) -> float:
        plan = config.layers[index]
        return float(_layer(plan, config, stored_counts(_runs(inputs[plan.name], config), plan)).cycles.mean())

    return cycles


def _runs(inputs: list[NDArray[np.uint8]], config: AcceleratorConfig) -> list[NDArray[np.uint8]]:
    """[rounds, N, ...] of images as [rounds, runs, ...] of what a layer reads of each source in each run."""
    if not config.streaming:
        return inputs
    found = []
    for bits in inputs:
        of_frames = bits.reshape(config.frames, -1, *bits.shape[1:])  # [frames, planes, N, ...]
        found.append(
            of_frames.transpose(1, 2, 0, *range(3, of_frames.ndim)).reshape(len(of_frames[0]), -1, *bits.shape[2:])
        )
    return found


def _events(inputs: list[NDArray[np.uint8]], config: AcceleratorConfig) -> Cycles:
    """Sum of each packet, [N, frames], of what the first layer reads, bits [rounds, N, ...]."""
    rounds, planes = inputs[0].sum((2, 3, 4), dtype=np.int64).T, config.inputs.planes
    return (rounds << np.arange(rounds.shape[1])[::-1] % planes).reshape(len(rounds), config.frames, -1).sum(2)


def expected_layer(densities: Sequence[float], seed: int = 0) -> Callable[[AcceleratorConfig, int], float]:
    """Cycles to expect of one layer, of any accelerator of the network."""

    def cycles(config: AcceleratorConfig, index: int) -> float:
        return float(_drawn(config, index, densities[index], 1, seed).cycles.mean())

    return cycles


def _drawn(config: AcceleratorConfig, index: int, density: float, images: int, seed: int) -> LayerEstimate:
    """A layer on random inputs: those of layer and image, whatever the dataflow and however many images there are."""
    plan = config.layers[index]
    once: dict[str, Any] = {"dataflow": SKIP, "rows": 1, "rounds": plan.stored_rounds, "history": ()}
    alone = replace(plan, **once, joined=tuple(replace(source, **once) for source in plan.joined))
    random = np.random.default_rng((seed, index))
    stored, nnz, events = [], [], []
    for _ in range(images):
        drawn = [_drawn_bits(source, config.frames, density, random) for source in plan.sources]
        events.append(_events(drawn, config))
        bits = _runs(drawn, config)
        stored.append(stored_counts(bits, plan))
        if plan.rows > 1 or plan.history:
            nnz.append(words_of(stored_counts(bits, alone), alone).bits.sum(dtype=np.int64))
    found = _layer(plan, config, _together(stored), np.array(nnz) if nnz else None)
    return replace(found, events=np.concatenate(events))


def _drawn_bits(source: LayerPlan, frames: int, density: float, random: np.random.Generator) -> NDArray[np.uint8]:
    """What one image's layer reads of a source, as [rounds, 1, H, W, C]."""
    shape = (source.stored_rounds * frames, 1, *source.source_map, source.source_channels)
    return (random.random(shape, np.float32) < density).astype(np.uint8)


def _together(parts: list[list[Counts]]) -> list[Counts]:
    """Of each source, the counts of all images."""
    return [np.concatenate(each, axis=-1) for each in zip(*parts, strict=True)]


def _layer(
    plan: LayerPlan, config: AcceleratorConfig, stored: list[Counts], nnz: NDArray[np.int64] | None = None
) -> LayerEstimate:
    """A layer on all images, as many at a time as memory allows; without ``nnz``, the set bits of its words."""
    rows, columns = plan.positions
    frames = stored[0].shape[-1] if config.lasts else config.frames
    stored = [remembered(own, plan.history, frames) if plan.history else own for own in stored]
    words = 0
    for source in plan.sources:
        places = 1 if plan.window else source.kernel[0] * source.kernel[1]
        words += rows * columns * source.rounds * source.words * source.source_pool**2 * places
    size = max(1, WORD_BYTES // (words * stored[0].itemsize * config.frames)) * config.frames
    parts: list[tuple[NDArray[np.int64], ...]] = []
    for start in range(0, stored[0].shape[-1], size):
        found = words_of([own[..., start : start + size] for own in stored], plan)
        cycles = layer_cycles(plan, config, found)
        sums = (counts.sum((0, 1), dtype=np.int64) for counts in (found.tokens, found.bits))
        parts.append((cycles.cycles, cycles.first_fire, *sums))
    cycles_, first_fire, tokens, bits = (np.concatenate(values) for values in zip(*parts, strict=True))
    runs, fires, tokens, bits = (each.reshape(-1, config.frames) for each in (cycles_, first_fire, tokens, bits))
    read = bits.sum(1)
    nnz = read if nnz is None else nnz
    return LayerEstimate(
        plan, config.lanes, runs, fires, tokens.sum(1) * plan.groups, nnz, read if plan.history else nnz
    )
