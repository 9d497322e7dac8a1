"""The neuron's law against its definition, over every code and every small value."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from model.arithmetic import code_limit
from model.errors import UserError
from model.neurons import NEURONS, Lif
from model.neurons.lif import LEAKS, WIDTHS, Reset


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("r", range(6))
def test_store_floors_the_shift_and_saturates_on_both_sides(width: int, r: int) -> None:
    neuron, limit = Lif(width, r), code_limit(width)
    span = (limit + 3) << r
    hit = set()
    for potential in range(-span, span + 1):
        wanted = max(-limit, min(limit, math.floor(potential / 2**r)))
        assert neuron.store(potential) == wanted
        hit.add(wanted)
    assert hit == set(range(-limit, limit + 1))
    assert neuron.state_range == (-limit, limit)


@pytest.mark.parametrize("width", WIDTHS)
def test_load_halves_each_code(width: int) -> None:
    codes = range(-code_limit(width), code_limit(width) + 1)
    for code in codes:
        assert Lif(width, 0).load(code) == math.floor(code / 2)
        for r in range(1, 6):
            assert Lif(width, r).load(code) == code * 2 ** (r - 1)
    for r in range(6):
        loads = [Lif(width, r).load(code) for code in codes]
        assert Lif(width, r).load_range == (min(loads), max(loads))
        assert Lif(width, r).potential_range(-5, 7) == (min(loads) - 5, max(loads) + 7)


@pytest.mark.parametrize("r", range(6))
def test_every_r_halves_the_membrane_and_minus_one_never_decays(r: int) -> None:
    neuron = Lif(8, r)
    assert neuron.load(neuron.store(2**6 << r)) == 2**5 << r
    code = neuron.store(-1)
    assert code == -1
    for _ in range(8):
        code = neuron.store(neuron.load(code))
    assert code == -1


def test_arrays_and_integers_agree() -> None:
    potentials, states = np.arange(-300, 300), np.arange(-300, 300) % 15 - 7
    for r in range(4):
        neuron = Lif(4, r)
        for dtype in (np.int32, np.int64):
            found = neuron.step(potentials.astype(dtype), 3, states.astype(dtype), 20)
            each = [neuron.step(int(a), 3, int(u), 20) for a, u in zip(potentials, states, strict=True)]
            assert [list(row) for row in zip(*(part.tolist() for part in found), strict=True)] == [*map(list, each)]
            assert found[0].dtype == found[2].dtype == dtype  # the golden model's integers stay narrow


@pytest.mark.parametrize(("median", "wanted"), [(1, 1), (14, 1), (15, 2), (28, 2), (29, 3), (10**6, 9)])
def test_calibration_takes_the_least_r_whose_membrane_spans_half_of_the_threshold(median: int, wanted: int) -> None:
    assert Lif(4).calibrated(np.array([median]), 9) == Lif(4, wanted)


def test_a_neuron_is_a_key_and_comes_back_from_its_fields() -> None:
    assert len({Lif(4, 2), Lif(4, 2), Lif(8, 2)}) == 2
    assert sorted([Lif(4, 2), Lif(2, 3)]) == [Lif(2, 3), Lif(4, 2)]
    assert NEURONS["lif"].of(Lif(5, 3).fields()) == Lif(5, 3)


@pytest.mark.parametrize(
    ("width", "r", "sentence"),
    [(1, 1, "a membrane width of 1 bits is not supported; choose 2 to 8"), (9, 1, "of 9 bits"), (4, 16, "r = 16")],
)
def test_what_no_neuron_is_is_refused(width: int, r: int, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Lif(width, r)


def members(width: int, *rs: int) -> list[Lif]:
    """All others than MINT's, with membranes of ``width`` bits where there are any."""
    return [
        Lif(width if leak else 0, r, leak, reset)
        for leak in LEAKS
        for reset in Reset
        for r in rs
        if (leak, reset) != (1 / 2, "zero")
    ]


@pytest.mark.parametrize("width", [2, 4, 8])
def test_every_member_is_its_formula_in_fractions(width: int) -> None:
    """V by the reset, β·V in units of 2^(r-1), rounded towards zero (with leak 1/2 down), saturated."""
    for neuron in members(width, 1, 3):
        limit, hit = neuron.limit, set()
        for potential in {0, *range(-(limit + 2) << 4, (limit + 2) << 4, 1 if width < 8 else 7)}:
            for threshold in (potential, potential + 1, -5, 9):
                spike, membrane = neuron.fire(potential, threshold)
                assert spike == (potential >= threshold)
                kept = {"zero": 0, "subtract": potential - threshold, "none": potential}[neuron.reset]
                share = Fraction(neuron.leak) * (kept if spike else potential) / 2 ** (neuron.r - 1)
                rounded = math.floor(share) if neuron.leak == 1 / 2 else int(share)
                assert membrane == max(-limit, min(limit, rounded))
                hit.add(membrane)
        assert {-limit, 0, limit} <= hit


@pytest.mark.parametrize("neuron", members(4, 1, 2, 6), ids=lambda neuron: neuron.describe().replace(" ", "-"))
def test_without_input_a_membrane_falls_to_zero_or_stays(neuron: Lif) -> None:
    """With trunc every |U| falls until it is 0, without a leak it stays; with leak 1/2, which floors, -1 stays -1."""
    for code in range(-neuron.limit, neuron.limit + 1):
        u, never = code, 1 << 30
        for _ in range(20):
            before, u = u, neuron.step(0, 0, u, never)[2]
            assert u == before if neuron.leak == 1 else abs(u) < abs(before) or u == before in (0, -1)
        assert u == (code if neuron.leak == 1 else -1 if neuron.leak == 1 / 2 and code < 0 else 0)


def test_a_stored_code_loses_at_least_one_code_a_step() -> None:
    """So narrow membranes cannot tell the slow leaks apart: on 4 bits 7/8, 15/16 and 31/32 are one and the same."""

    def decays(width: int) -> set[tuple[int, ...]]:
        found = set()
        for leak in LEAKS[2:-1]:
            u, path = Lif(width).limit, []
            while u:
                path.append(u)
                u = Lif(width, 1, leak).store(u)
            found.add(tuple(path))
        return found

    assert [len(decays(width)) for width in (2, 4, 8)] == [1, 2, 4]


def test_arrays_of_every_member_agree_with_integers_at_the_ends_of_32_bits() -> None:
    ends = [-(1 << 31), -(1 << 31) + 1, -9, -1, 0, 1, 9, (1 << 31) - 1]
    potentials, thresholds = (np.array(each, np.int32) for each in zip(*product(ends, ends), strict=True))
    for neuron in members(4, 1, 15):
        spikes, membranes = neuron.fire(potentials, thresholds)
        each = [neuron.fire(int(h), int(t)) for h, t in zip(potentials, thresholds, strict=True)]
        assert list(zip(spikes.tolist(), membranes.tolist(), strict=True)) == each


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((4, 1, 0.9), r"leak 0.9; choose one of 0, 0.5, 0.75, 0.875, 0.9375, 0.96875, 1"),
        ((4, 1, 0.5, "soft"), "reset 'soft'; choose one of zero, subtract, none"),
        ((4, 0, 0.75), "leak r = 0; choose 1 to 15"),
        ((4, 1, 0.0), "a membrane of 4 bits with leak 0, which keeps nothing; give 0 bits"),
        ((0, 1, 1.0), "a membrane width of 0 bits is not supported; choose 2 to 8"),
    ],
)
def test_what_is_no_member_is_refused(arguments: tuple, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Lif(*arguments)


def test_calibration_follows_the_leak() -> None:
    """The least r >= 1 with Q·2^(r-1) >= β·median(Θ)."""
    found = [Lif(4, 1, leak).calibrated(np.array([28]), 9).r for leak in (0.5, 0.75, 0.875, 1.0)]
    assert found == [2, 3, 3, 3]
    assert Lif(4, 1, 0.75, "subtract").calibrated(np.array([10**6]), 9) == Lif(4, 9, 0.75, "subtract")
