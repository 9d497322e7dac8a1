"""A network that was trained with one scale, run by the baseline's law with three: the accuracy of scales of few bits.

The membrane gets a scale of its own, calibrated on images, the potential one that fills its bits; thresholds are those
of the network in units of the potential. See ``docs/numerics.md`` for what is assumed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from model.baseline.config import Shifts, UqConfig
from model.baseline.law import Scales, uq_step
from model.errors import require
from model.golden.network import Array, LayerTrace, chunks, classify, exact_float, forward, pooled, weighted_sum
from model.network.graph import Layer
from model.network.network import INPUT, Network

LEAK = 0.5
"""What a membrane keeps from one time step to the next; part of its scale."""


@dataclass(frozen=True)
class UqLayer:
    """What the baseline has instead of a leak and a threshold in units of the weights' step."""

    scales: Scales
    threshold: NDArray[np.int64]
    potential_width: int


def quantise_scale(scale: float, bits: int) -> tuple[int, int]:
    """M and shift of the fixed-point number M / 2^shift nearest to ``scale`` with M of exactly ``bits`` bits."""
    require(scale > 0, f"a scale of {scale}; scales are positive")
    shift = bits - 1 - math.floor(math.log2(scale))
    number = round(Fraction(scale) * Fraction(2) ** shift)
    if number >> bits:
        number, shift = number >> 1, shift - 1
    return number, shift


def calibrate(network: Network, images: Array, quantile: float) -> dict[str, float]:
    """The membrane's scale of every spiking layer, in units of the weights' step.

    Its largest code stands for the given quantile of the potentials, without sign, that do not fire.
    """
    kept: dict[str, list[Array]] = {}

    def observe(name: str, trace: LayerTrace) -> None:
        kept.setdefault(name, []).append(np.abs(trace.potential[trace.spikes == 0])[::7])

    for _, part in chunks(network, images):
        forward(network, part, observe)
    return {
        name: max(1.0, float(np.quantile(np.concatenate(found), quantile))) / _limit(network.layer(name))
        for name, found in kept.items()
    }


def _limit(layer: Layer) -> int:
    """The largest membrane code."""
    assert layer.neuron is not None
    return layer.neuron.state_range[1]


def uq_layer(network: Network, layer: Layer, membrane_scale: float, scale_bits: int) -> UqLayer:
    """Scales of ``scale_bits`` bits and thresholds of one layer.

    The potential's scale makes the largest potential fill its bits. The thresholds are in units of the potential
    that the quantised scale of the weights gives, so that its error costs nothing.
    """
    require(layer.skip is None, f"layer {layer.name} has an identity shortcut; the baseline has none")
    assert layer.threshold is not None
    width = max(scale_bits, layer.code.accumulator_width)
    low, high = network.sum_range(layer)
    largest = float(np.maximum(np.abs(low + layer.bias), np.abs(high + layer.bias)).max())
    reach = largest + LEAK * membrane_scale * _limit(layer)
    potential_scale = reach * (1 + 2.0 ** (1 - scale_bits)) / ((1 << (width - 1)) - 2)

    weight, weight_shift = quantise_scale(1 / potential_scale, scale_bits)
    membrane, membrane_shift = quantise_scale(LEAK * membrane_scale / potential_scale, scale_bits)
    output, output_shift = quantise_scale(potential_scale / membrane_scale, scale_bits)
    scales = Scales(weight, membrane, output, Shifts(weight_shift, membrane_shift, output_shift))

    real = Fraction(weight) / Fraction(2) ** weight_shift
    limit = (1 << (width - 1)) - 1
    threshold = [max(-limit, min(limit, math.ceil(int(value) * real))) for value in layer.threshold]
    return UqLayer(scales, np.array(threshold, np.int64), width)


def uq_layers(network: Network, membrane_scales: Mapping[str, float], scale_bits: int) -> dict[str, UqLayer]:
    """Every spiking layer with scales of ``scale_bits`` bits."""
    return {
        layer.name: uq_layer(network, layer, membrane_scales[layer.name], scale_bits)
        for layer in network.layers
        if layer.spiking
    }


def uq_config(network: Network, layers: Mapping[str, UqLayer], scale_bits: int, *, shared: bool) -> UqConfig:
    """The array that runs ``layers``: refuses scales and shifts that it could not hold."""
    precision = network.precision
    return UqConfig(
        precision=precision,
        accumulator_width=precision.code.accumulator_width,
        scale_bits=scale_bits,
        shared=shared,
        shifts=tuple(dict.fromkeys(layer.scales.shifts for layer in layers.values())),
    )


def uq_forward(network: Network, images: Array, layers: Mapping[str, UqLayer]) -> NDArray[np.int64]:
    """Integer logits [N, classes] of ``images`` [N, C, H, W], which are pixels."""
    require(network.inputs.static, f"the baseline is evaluated on pixels, and the network takes {network.inputs}")
    steps = network.time_steps
    values: dict[str, Array] = {INPUT: images.transpose(0, 2, 3, 1)}
    for layer in network.layers:
        dtype = exact_float(network, layer)
        parts = [weighted_sum(values[s.origin], s, layer.kind, dtype) for s in layer.sources]
        sums = np.sum(parts, axis=0).astype(np.int64) if len(parts) > 1 else parts[0].astype(np.int64)
        if not layer.spiking:
            return sums.reshape(steps, -1, layer.channels).sum(0) + steps * layer.bias.astype(np.int64)
        baseline = layers[layer.name]
        static = network.is_static(layer)
        sums = sums.reshape(1 if static else steps, -1, *sums.shape[1:]) + layer.bias
        spikes = np.empty((steps, *sums.shape[1:]), np.uint8)
        membrane = np.zeros(sums.shape[1:], np.int64)
        for t in range(steps):
            _, spikes[t], membrane = uq_step(
                sums[0 if static else t],
                membrane,
                baseline.threshold,
                baseline.scales,
                width=layer.state_bits,
                potential_width=baseline.potential_width,
            )
        values[layer.name] = pooled(spikes.reshape(-1, *sums.shape[2:]), layer.pool)
    raise AssertionError("a network ends with a layer without neurons")


def uq_accuracy(network: Network, images: Array, labels: NDArray[np.int64], layers: Mapping[str, UqLayer]) -> float:
    """Images that the baseline classifies right, in percent."""
    correct = sum(
        int((classify(uq_forward(network, part, layers)) == labels[where]).sum())
        for where, part in chunks(network, images)
    )
    return 100 * correct / len(labels)
