"""Networks that are known by their shape: untrained, with random codes, for what does not depend on the weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.config import Precision
from model.errors import require
from model.inputs import PIXELS
from model.network.graph import INPUT, Layer, LayerKind, Pool, PoolKind, Shape, Source
from model.network.network import Network

DENSITY = 0.1
"""Spikes for which thresholds are about right."""
FIRING = 1.3
"""Thresholds in standard deviations of sums of random codes: one in ten is beyond."""

Plan = tuple[int | str, ...]
VGG9: Plan = (64, 64, "max", 128, 128, "max", 256, 256, 256, "global")
VGG16: Plan = (64, 64, "max", 128, 128, "max", 256, 256, 256, "max", 512, 512, 512, "max", 512, 512, 512, "average")
"""Channels of convolutions 3 × 3 with padding 1, and pooling: ``max`` of spikes over 2 × 2, ``average`` over 2 × 2 or,
``global``, over all positions."""

STEM = 64
STAGES = ((128, 3), (256, 3), (512, 2))
"""ResNet-19: channels and basic blocks of each stage; its first block halves the image."""
HIDDEN = 256


def halvings(plan: Plan) -> int:
    """How often a plan halves the image."""
    return sum(entry in ("max", "average") for entry in plan)


def check_images(shape: Shape, halved: int) -> None:
    """Refuse images that are no square or cannot be halved so often."""
    _, height, width = shape
    require(
        height == width and height % (1 << halved) == 0,
        f"images of {height}×{width} pixels cannot be halved {halved} times; give squares of a multiple of "
        f"{1 << halved}",
    )


def vgg9(
    precision: Precision,
    input_shape: Shape = (3, 32, 32),
    classes: int = 10,
    time_steps: int = 4,
    seed: int = 0,
    *,
    width: float = 1,
) -> Network:
    """MINT's VGG-9, its channels multiplied by ``width``."""
    plan = tuple(max(1, round(entry * width)) if isinstance(entry, int) else entry for entry in VGG9)
    return _vgg("vgg9", plan, precision, input_shape, classes, time_steps, seed)


def vgg16(
    precision: Precision, input_shape: Shape = (3, 32, 32), classes: int = 10, time_steps: int = 4, seed: int = 0
) -> Network:
    """MINT's VGG-16."""
    return _vgg("vgg16", VGG16, precision, input_shape, classes, time_steps, seed)


def _vgg(
    name: str, plan: Plan, precision: Precision, input_shape: Shape, classes: int, time_steps: int, seed: int
) -> Network:
    check_images(input_shape, halvings(plan))
    random = np.random.default_rng(seed)
    layers: list[Layer] = []
    inputs, extent, origin = input_shape[0], input_shape[1], INPUT
    for entry in plan:
        if isinstance(entry, int):
            source = Source(origin, _codes(random, precision, (entry, inputs, 3, 3)), 1, 1)
            mean_square = DENSITY if layers else PIXELS.scale**2 / 3
            bias, threshold = np.zeros(entry, np.int32), _thresholds([source], mean_square)
            inputs, origin = entry, f"conv{len(layers) + 1}"
            layers.append(
                Layer(
                    name=origin,
                    kind=LayerKind.CONV,
                    neuron=precision.lif(),
                    code=precision.code,
                    sources=(source,),
                    bias=bias,
                    threshold=threshold,
                )
            )
        else:
            window = extent if entry == "global" else 2
            layers[-1] = replace(layers[-1], pool=Pool(PoolKind.MAX if entry == "max" else PoolKind.SUM, window))
            extent //= window
    source = Source(origin, _codes(random, precision, (classes, inputs * extent**2)))
    layers.append(_readout(precision, source))
    return Network(PIXELS, input_shape, time_steps, tuple(layers), name=name, provenance={"untrained": True})


def resnet19(precision: Precision, time_steps: int = 4, seed: int = 0) -> Network:
    """MINT's ResNet-19 on 32 x 32 pixels, its joins by our law; an identity adds what fires by itself."""
    random = np.random.default_rng(seed)
    layers: list[Layer] = []

    def add(
        name: str, outputs: int, *sources: tuple[str, int, int, int], skip: str | None = None, pool: Pool | None = None
    ) -> str:
        """A layer of ``sources``: origin, inputs, kernel (0: linear) and stride."""
        found = []
        for origin, inputs, kernel, stride in sources:
            codes = _codes(random, precision, (outputs, inputs, *(kernel, kernel)[: 2 * (kernel > 0)]))
            found.append(Source(origin, codes, stride, kernel // 2))
        mean_square = DENSITY if layers else PIXELS.scale**2 / 3
        threshold = _thresholds(found, mean_square)
        bias, joined = np.zeros(outputs, np.int32), threshold if skip else None
        layers.append(
            Layer(
                name=name,
                kind=LayerKind.CONV if sources[0][2] else LayerKind.LINEAR,
                neuron=precision.lif(),
                code=precision.code,
                sources=tuple(found),
                bias=bias,
                threshold=threshold,
                skip=skip,
                skip_bias=joined,
                pool=pool,
            )
        )
        return name

    before, inputs = add("stem", STEM, (INPUT, 3, 3, 1)), STEM
    for stage, (outputs, blocks) in enumerate(STAGES, 1):
        for block in range(1, blocks + 1):
            first, last = block == 1, (stage, block) == (len(STAGES), blocks)
            conv = add(f"stage{stage}_conv{block}", outputs, (before, inputs, 3, 1 + first))
            shortcut = [(before, inputs, 1, 2)] * first
            pool = Pool(PoolKind.SUM, 32 >> len(STAGES)) if last else None
            name, skip = f"stage{stage}_join{block}", None if first else before
            before = add(name, outputs, (conv, outputs, 3, 1), *shortcut, skip=skip, pool=pool)
            inputs = outputs
    add("hidden", HIDDEN, (before, inputs, 0, 1))
    source = Source("hidden", _codes(random, precision, (10, HIDDEN)))
    layers.append(_readout(precision, source))
    return Network(PIXELS, (3, 32, 32), time_steps, tuple(layers), name="resnet19", provenance={"untrained": True})


SHAPES: Mapping[str, Callable[[Precision], Network]] = {"vgg9": vgg9, "vgg16": vgg16, "resnet19": resnet19}


def _readout(precision: Precision, source: Source) -> Layer:
    bias = np.zeros(len(source.weight), np.int32)
    return Layer(name="fc", kind=LayerKind.LINEAR, neuron=None, code=precision.code, sources=(source,), bias=bias)


def _codes(random: np.random.Generator, precision: Precision, shape: tuple[int, ...]) -> NDArray[np.int8]:
    limit = precision.code.limit
    return random.integers(-limit, limit + 1, shape, np.int8)


def _thresholds(sources: Sequence[Source], mean_square: float) -> NDArray[np.int32]:
    """About where sums of inputs with this mean square are, so that an untrained network spikes."""
    flat = np.concatenate([source.weight.reshape(len(source.weight), -1) for source in sources], 1).astype(np.float64)
    spread = np.sqrt(mean_square * (flat**2).sum(1))
    return np.maximum(1, np.rint(FIRING * spread)).astype(np.int32)
