"""Small networks of random integers: every layer kind, join, pool, width and leak, thresholds about where sums are."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from model.codes import narrow
from model.config import Precision
from model.inputs import COUNTS, INPUTS, Inputs, inputs_of
from model.network.fold import fold
from model.network.graph import INPUT, Layer, LayerKind, Pool, PoolKind, Shape, Source
from model.network.network import Network
from model.neurons import lif
from sim.networks.chains import last_layer

PAIRS = tuple(Precision(*widths) for widths in ((2, 2), (5, 5), (3, 8), (4, 2), (4, 4), (6, 7), (8, 3), (7, 6), (8, 8)))
"""Each width of weights and of membranes, narrower and wider ones of the other beside it."""
ALL = tuple(Precision(*widths) for widths in product(narrow.WIDTHS, lif.WIDTHS))
STEP = 1 / 64
"""The real weight step; any will do, because the gains are relative to it."""


def random_network(seed: int, count_bits: int | None = None) -> Network:
    """A network of three to six layers; seeds 0 to 8 have :data:`PAIRS`, each layer of further ones its own widths."""
    builder = _Builder(np.random.default_rng(seed), PAIRS[seed : seed + 1] or ALL, count_bits)
    random = builder.random
    builder.convolution("first", INPUT, pool=True)
    builder.convolution("second", "first", pool=False)
    kinds: tuple[Callable[[], None], ...] = (builder.shortcut, builder.identity)
    for kind in random.permutation(len(kinds))[: random.integers(1, 3)]:
        kinds[kind]()
    if random.random() < 0.5:
        builder.linear("hidden")
    return builder.finish(seed)


def random_inputs(random: Generator, count_bits: int | None) -> Inputs:
    """Any kind; with ``count_bits`` counts of so many."""
    drawn = INPUTS[str(random.choice(list(INPUTS)))]
    return inputs_of(COUNTS, count_bits) if count_bits else drawn


def random_images(network: Network, count: int, seed: int) -> NDArray[np.uint8]:
    """Images as :func:`model.golden.network.forward` takes them; spikes are as likely as none."""
    shape = *network.inputs.steps(network.time_steps), count, *network.input_shape
    return np.random.default_rng(seed).integers(0, network.inputs.largest + 1, shape, np.uint8)


class _Builder:
    """Adds layer after layer, and knows what each hands on."""

    def __init__(self, random: Generator, precisions: Sequence[Precision], count_bits: int | None) -> None:
        self.random = random
        self._precisions, self._precision = precisions, precisions[0]
        self._inputs = random_inputs(random, count_bits)
        shape = (*map(int, random.integers([1, 6, 6], [4, 9, 9])),)
        self._shapes: dict[str, Shape] = {INPUT: (shape[0], shape[1], shape[2])}
        self._largest = {INPUT: self._inputs.largest}
        self._layers: list[Layer] = []
        self._flipped = 0

    def _next(self) -> Generator:
        """Chance for the next layer, whose widths are drawn where there are several."""
        if len(self._precisions) > 1:
            self._precision = self._precisions[int(self.random.integers(len(self._precisions)))]
        return self.random

    @property
    def _last(self) -> str:
        return self._layers[-1].name

    def convolution(self, name: str, origin: str, *, pool: bool) -> None:
        """A convolution of any geometry that leaves at least 2 × 2 positions."""
        random = self._next()
        inputs, height, width = self._shapes[origin]
        while True:
            kernel, stride, padding = (
                int(random.choice(choices)) for choices in ((1, 2, 3, 5), (1, 1, 2, 3), (0, 1, 2))
            )
            weight = self._codes((int(random.integers(2, 6)), inputs, kernel, kernel))
            source = Source(origin, weight, stride, padding)
            if min(height, width) + 2 * padding >= kernel and min(map(source.positions, (height, width))) >= 2:
                break
        kind = str(random.choice(["max", "sum"])) if pool and random.random() < 0.8 else ""
        neurons = len(weight), source.positions(height), source.positions(width)
        self._add(name, [source], neurons, Pool(PoolKind(kind), 2) if kind else None)

    def shortcut(self) -> None:
        """A join of two convolutions, main and shortcut, of the same input."""
        origin, channels = self._last, int(self._next().integers(2, 6))
        inputs, height, width = self._shapes[origin]
        sources = [Source(origin, self._codes((channels, inputs, kernel, kernel)), 1, kernel // 2) for kernel in (3, 1)]
        self._add("shortcut", sources, (channels, height, width))

    def identity(self) -> None:
        """A join of a convolution with its own input."""
        origin = self._last
        self._next()
        channels, height, width = self._shapes[origin]
        weight = self._codes((channels, channels, 3, 3))
        self._add("identity", [Source(origin, weight, 1, 1)], (channels, height, width), skip=origin)

    def linear(self, name: str) -> None:
        outputs = int(self._next().integers(3, 8))
        self._add(name, [self._flat(outputs)], (outputs, 1, 1))

    def finish(self, seed: int) -> Network:
        """The last layer, and the network."""
        weight = self._flat(int(self._next().integers(2, 8)))
        bias = self.random.integers(-20, 21, len(weight.weight), np.int32)
        last = last_layer(self._precision, [weight], bias)
        return Network(
            self._inputs,
            self._shapes[INPUT],
            int(self.random.integers(1, 6)),
            (*self._layers, last),
            name=f"random_{seed}",
            provenance={"seed": seed, "flipped_channels": self._flipped},
        )

    def _flat(self, outputs: int) -> Source:
        return Source(self._last, self._codes((outputs, int(np.prod(self._shapes[self._last])))))

    def _codes(self, shape: tuple[int, ...]) -> NDArray[np.int8]:
        limit = self._precision.code.limit
        return self.random.integers(-limit, limit + 1, shape, np.int8)

    def _add(
        self,
        name: str,
        sources: list[Source],
        neurons: Shape,
        pool: Pool | None = None,
        skip: str | None = None,
    ) -> None:
        """Fold random gains, some of them negative, means and shifts in units of how far the sums spread."""
        random, channels = self.random, neurons[0]
        codes = np.concatenate([source.weight.reshape(channels, -1) for source in sources], 1).astype(np.int64)
        largest = max(self._largest[source.origin] for source in sources)
        spread = 1 + np.sqrt((codes**2).sum(1)) * largest / 2
        # v_th is 1: the threshold is one over the unit STEP·|gain|.
        gain = random.choice([-1, 1], channels) / (STEP * spread * random.uniform(0.2, 1.2, channels))
        neuron = self._precision.lif(int(random.integers(0, 7)))
        folded = fold(
            codes,
            code=self._precision.code,
            neuron=neuron,
            step=STEP,
            gain=gain,
            mean=STEP * spread * random.normal(0, 0.5, channels),
            shift=random.normal(0, 0.5, channels),
            firing_threshold=1.0,
            largest_input=largest,
            skip_unit=1.0 if skip else 0.0,
        )
        self._flipped += int((folded.sign < 0).sum())
        sizes = np.cumsum([source.fan_in for source in sources])[:-1]
        weights = np.split(folded.weight.astype(np.int8), sizes, 1)
        self._layers.append(
            Layer(
                name=name,
                kind=LayerKind.LINEAR if sources[0].weight.ndim == 2 else LayerKind.CONV,
                neuron=neuron,
                code=self._precision.code,
                sources=tuple(
                    Source(source.origin, weight.reshape(source.weight.shape), source.stride, source.padding)
                    for source, weight in zip(sources, weights, strict=True)
                ),
                bias=folded.bias.astype(np.int32),
                threshold=folded.threshold.astype(np.int32),
                skip=skip,
                skip_bias=folded.skip.astype(np.int32) if skip else None,
                pool=pool,
            )
        )
        self._shapes[name] = pool.output(neurons) if pool else neurons
        self._largest[name] = pool.largest if pool else 1
