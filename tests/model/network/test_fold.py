"""Folding against the float rule: the integers fire exactly where the real neuron would."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from model.config import Precision
from model.errors import UserError
from model.network.fold import accumulator_range, fold

PRECISION = Precision(4, 4)


def one(codes=((3, -7, 5),), **changes):  # type: ignore[no-untyped-def]
    """Fold one channel."""
    arguments = {
        "code": PRECISION.code,
        "neuron": PRECISION.lif(),
        "step": 0.25,
        "gain": 1.0,
        "mean": 0.0,
        "shift": 0.0,
        "firing_threshold": 1.0,
        "largest_input": 1,
    }
    return fold(np.array(codes), **{**arguments, **changes})


def test_threshold_is_rounded_up_and_an_exact_tie_fires() -> None:
    assert one(step=0.25).threshold[0] == 4  # 4·0.25 = 1: H = 4 reaches it
    assert one(step=0.3).threshold[0] == 4  # 3·0.3 = 0.9 does not
    assert one(step=0.2501).threshold[0] == 4


def test_bias_rounds_half_to_even() -> None:
    assert [int(one(step=0.25, shift=s * 0.25).bias[0]) for s in (0.5, 1.5, 2.5, -0.5, -1.5)] == [0, 2, 2, 0, -2]


def test_a_negative_gain_flips_the_weights_and_keeps_its_sign_in_the_mean() -> None:
    plain, flipped = one(gain=2.0, mean=-1.5), one(gain=-2.0, mean=1.5)
    assert (flipped.weight == -plain.weight).all()
    assert flipped.sign[0] == -1
    assert (flipped.bias == plain.bias).all()
    assert (flipped.threshold == plain.threshold).all()
    for step in (0.01, 100.0):  # thresholds that are clamped above and below, to the range of the flipped weights
        flipped, plain = one(((1, 2, -1),), gain=-1.0, step=step), one(((-1, -2, 1),), step=step)
        assert flipped.threshold.tolist() == plain.threshold.tolist()


@given(
    step=st.floats(1e-3, 1),
    gain=st.floats(-4, 4).filter(lambda g: abs(g) > 1e-2),
    mean=st.floats(-3, 3),
    shift=st.floats(-2, 2),
    data=st.data(),
)
def test_folded_spike_is_the_real_spike(
    step: float, gain: float, mean: float, shift: float, data: st.DataObject
) -> None:
    codes = data.draw(st.lists(st.integers(-7, 7), min_size=4, max_size=4))
    inputs = data.draw(st.lists(st.integers(0, 1), min_size=4, max_size=4))
    folded = one((codes,), step=step, gain=gain, mean=mean, shift=shift)
    if folded.floored or folded.limited:
        return
    potential = int(folded.weight[0] @ np.array(inputs)) + int(folded.bias[0])
    # The real neuron, with B as the one rounded quantity, in exact fractions.
    real = Fraction(float(folded.unit[0])) * potential
    assert (potential >= folded.threshold[0]) == (real >= 1) or abs(real - 1) < Fraction(1, 10**9)


@given(
    st.lists(st.integers(-7, 7), min_size=1, max_size=6),
    st.floats(1e-4, 1),
    st.floats(-5, 5),
    st.integers(0, 4),
    st.sampled_from([0.0, 1.0]),
)
@example([1], 0.05, 0.0, 1, 1.0)  # the skip reaches what the sum alone does not
def test_the_clamp_of_the_threshold_changes_no_spike(
    codes: list[int], step: float, shift: float, leak: int, skip_unit: float
) -> None:
    folded = one((codes,), step=step, shift=shift, neuron=PRECISION.lif(leak), skip_unit=skip_unit)
    assert (folded.skip[0] > 0) == (skip_unit > 0 and folded.unit[0] < 2)
    low, high = accumulator_range(folded.weight, 1)
    load_low, load_high = PRECISION.lif(leak).load_range
    low, high = int(low[0] + folded.bias[0] + load_low), int(high[0] + folded.bias[0] + folded.skip[0] + load_high)
    wanted = int(np.ceil(1 / folded.unit[0]))
    assert low <= folded.threshold[0] <= high + 1
    for potential in {low, high, wanted - 1, wanted, int(folded.threshold[0])}:
        if low <= potential <= high:
            assert (potential >= folded.threshold[0]) == (potential >= wanted)


channels = st.lists(
    st.tuples(
        st.floats(-4, 4), st.floats(-300, 300), st.floats(-4, 4), st.lists(st.integers(-7, 7), min_size=3, max_size=3)
    ),
    min_size=1,
    max_size=5,
)


@given(channels, st.floats(1e-6, 1), st.sampled_from([0.0, 1.0]), st.sampled_from([1, 255]), st.integers(0, 8))
def test_numpy_and_pytorch_fold_alike(drawn, step: float, skip_unit: float, largest: int, leak: int) -> None:  # type: ignore[no-untyped-def]
    """Bit for bit: what training and a GPU fold is what NumPy folds."""
    gain, mean, shift, codes = (list(column) for column in zip(*drawn, strict=True))
    shared = {"skip_unit": skip_unit, "largest_input": largest, "neuron": PRECISION.lif(leak), "step": step}
    wanted = one(codes, gain=np.array(gain), mean=np.array(mean), shift=np.array(shift), **shared)
    real = {
        name: torch.tensor(x, dtype=torch.float64) for name, x in (("gain", gain), ("mean", mean), ("shift", shift))
    }
    shared |= {"code": PRECISION.code, "firing_threshold": 1.0}
    found = fold(torch.tensor(codes), xp=torch, **{**shared, **real}).check()
    for name, value in vars(wanted).items():
        assert np.array_equal(vars(found)[name].numpy(), value), name


def test_limits_are_kept_and_counted() -> None:
    folded = one(step=1e-9, shift=1.0)
    assert folded.floored == 1
    assert folded.limited == 1
    assert abs(folded.bias[0]) == PRECISION.code.bias_limit
    assert 1 / folded.unit[0] == pytest.approx(PRECISION.code.threshold_limit)


def test_an_identity_alone_reaches_the_threshold_at_the_floor() -> None:
    for gain in (0.0, 1e-5, -1e-5, 1.0):
        folded = one(gain=gain, skip_unit=1.0)
        assert PRECISION.code.bias_limit >= folded.skip[0] >= folded.threshold[0]


def test_a_layer_that_has_diverged_is_refused() -> None:
    with pytest.raises(UserError, match="diverged"):
        one(step=float("nan"))
    with pytest.raises(UserError, match="diverged"):
        one(gain=float("inf"))


@pytest.mark.parametrize("name", ["step", "gain", "mean", "shift"])
def test_a_tensor_that_is_not_finite_is_refused_when_asked(name: str) -> None:
    real = {"step": 0.25, "gain": 1.0, "mean": 0.0, "shift": 0.0} | {name: float("nan")}
    arguments = {key: torch.tensor(value).double() for key, value in real.items()}
    codes = torch.tensor([[3, -7, 5]])
    arguments |= {"code": PRECISION.code, "neuron": PRECISION.lif(), "firing_threshold": 1.0, "largest_input": 1}
    folded = fold(codes, xp=torch, **arguments)
    with pytest.raises(UserError, match="diverged"):
        folded.check()
