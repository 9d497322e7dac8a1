"""The baseline's numbers: rounding, scales, configuration, latency, and a network with three scales."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.baseline.config import Shifts, UqConfig
from model.baseline.law import Scales, round_shift, uq_fire, uq_potential, uq_step
from model.baseline.network import calibrate, quantise_scale, uq_accuracy, uq_config, uq_forward, uq_layers
from model.config import Precision
from model.errors import UserError
from model.golden.network import classify, forward
from model.network import bundle
from model.network.shipped import chosen

P44 = Precision(4, 4)


def config(**changes):
    return UqConfig(
        **{"precision": P44, "accumulator_width": 17, "shared": False, "shifts": (Shifts(17, 4, 60),)} | changes
    )


@given(st.integers(-(1 << 60), 1 << 60), st.integers(-8, 62))
def test_rounds_half_up(value, shift):
    assert round_shift(value, shift) == floor(Fraction(value) / Fraction(2) ** shift + Fraction(1, 2))


@given(st.integers(-(1 << 30), 1 << 30), st.integers(1, 40))
def test_rounding_is_a_shift_and_the_last_bit_dropped(value, shift):
    assert round_shift(value, shift) == (value >> shift) + (value >> (shift - 1) & 1)


@given(st.integers(-5000, 5000), st.integers(-7, 7), st.integers(-9000, 9000), st.integers(0, 255), st.integers(0, 255))
def test_arrays_and_integers_agree(accumulator, membrane, threshold, weight, output):
    scales = Scales(weight, 200, output, Shifts(6, 3, 14))
    expected = uq_step(accumulator, membrane, threshold, scales, width=4, potential_width=17)
    arrays = (np.array([each]) for each in (accumulator, membrane, threshold))
    found = uq_step(*arrays, scales, width=4, potential_width=17)
    assert tuple(int(each[0]) for each in found) == expected


def test_a_tie_fires_and_the_membrane_is_narrow():
    scales = Scales(1, 1, 16, Shifts(0, 0, 4))
    assert uq_fire(5, 5, scales, 4) == (1, 0)
    assert [uq_fire(p, 100, scales, 4)[1] for p in (-9, -8, -7, 7, 8)] == [-7, -7, -7, 7, 7]
    assert uq_potential(65535, 1, scales, 17) == -65536


@given(st.floats(2.0**-20, 2.0**20), st.integers(2, 32))
def test_a_scale_has_all_its_bits_and_is_nearest(scale, bits):
    number, shift = quantise_scale(scale, bits)
    assert number.bit_length() == bits
    assert abs(Fraction(number) / Fraction(2) ** shift / Fraction(scale) - 1) <= Fraction(1, 1 << bits)


def test_widths_and_latency():
    own, shared = config(rows=16, columns=8), config(rows=16, columns=8, shared=True)
    assert (own.potential_width, own.product_width) == (32, 64)
    assert config(scale_bits=4, shifts=(Shifts(4, -9, 17),)).product_width == 4 + 17
    assert (own.update_cycles, own.fire_cycles, shared.fire_cycles) == (3, 3, 1 + 16 * 3)
    assert own.spiking_tile_cycles(100, 4) == 8 + 1 + 4 * (100 + 3)
    assert shared.spiking_tile_cycles(100, 4) == 8 + 4 * (100 + 1 + 48)
    assert own.spiking_tile_cycles(1, 3) == 16 + 2 * 16  # spikes leave a row per cycle
    assert own.offset(5) == 0
    assert shared.offset(5) == 5 * 8


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scale_bits": 1}, "scales of 1 bits"),
        ({"shifts": ()}, "no shifts"),
        ({"shifts": (Shifts(64, 0, 40),)}, "weight shift 64; it is -32 to 63"),
        ({"shifts": (Shifts(0, 0, 31),)}, "output shift 31; it is 32 to 63"),
        ({"rows": 0}, "0 rows"),
    ],
)
def test_what_cannot_work_is_refused(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        config(**changes)


@pytest.mark.parametrize("bits", [32, 4])
def test_a_shipped_network_with_three_scales(bits):
    """Nearly as with one: most images of noise and blocks are classified alike, and an array can hold the scales."""
    network = bundle.read(chosen(None, P44))
    random = np.random.default_rng(3)
    blocks = random.integers(0, 256, (40, 1, 4, 4), np.uint8).repeat(7, 2).repeat(7, 3)
    layers = uq_layers(network, calibrate(network, blocks[:20], 1.0), bits)
    made = uq_config(network, layers, bits, shared=True)
    assert made.potential_width == max(bits, 17)
    assert all(layer.scales.weight < 1 << bits for layer in layers.values())
    expected = classify(forward(network, blocks))
    assert (classify(uq_forward(network, blocks, layers)) == expected).mean() > 0.6
    assert uq_accuracy(network, blocks, expected, layers) > 60
