"""The neuron's law against its definition, over every code and every small value."""

import math

import numpy as np
import pytest

from model.arithmetic import code_limit
from model.errors import UserError
from model.neurons import NEURONS, Lif
from model.neurons.lif import WIDTHS


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
    assert Lif.calibrated(4, np.array([median]), 9) == Lif(4, wanted)


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
