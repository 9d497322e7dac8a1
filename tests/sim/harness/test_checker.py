"""The checker: counts, the first difference by name, any shape and width."""

import numpy as np
import pytest

from sim.harness.checker import Checker, check, neuron


def test_equal_numbers_are_counted():
    checker = Checker()
    numbers = neuron(np.arange(6).reshape(2, 3), np.zeros((2, 3)), -np.ones((2, 3)))
    checker.compare("row {}, column {}", numbers, numbers)
    checker.require()
    assert (checker.comparisons, checker.mismatches, checker.first) == (18, 0, None)


def test_first_difference_has_place_name_and_numbers():
    checker = Checker()
    golden = neuron([1, 2, 3], [0, 0, 1], [4, 5, 0])
    checker.compare("tile 3, column {}", golden, neuron([1, -(2**31), 3], [0, 1, 1], [4, 5, 0]))
    checker.compare("tile 4, column {}", golden, neuron([0, 2, 3], [0, 0, 1], [4, 5, 0]))
    assert (checker.comparisons, checker.mismatches) == (18, 3)
    with pytest.raises(AssertionError, match=r"^tile 3, column 1: H is -2147483648, expected 2$"):
        checker.require()


def test_what_is_not_shown_is_not_compared():
    checker = Checker()
    checker.compare("column {}", neuron([1], [0], [4]), {"the spike": [0]})
    assert (checker.comparisons, checker.mismatches) == (1, 0)


def test_single_numbers():
    check("cycle 7", {"the sum": -5}, {"the sum": -5})
    with pytest.raises(AssertionError, match=r"^cycle 7: the sum is 5, expected -5$"):
        check("cycle 7", {"the sum": -5}, {"the sum": 5})


def test_unsigned_and_signed_are_not_confused():
    with pytest.raises(AssertionError, match="U is 255, expected -1"):
        check("column {}", {"U": np.array([-1], np.int8)}, {"U": np.array([255], np.uint8)})
    check("column {}", {"U": np.array([1], np.int8)}, {"U": np.array([1], np.uint64)})


def test_another_number_of_values_is_an_error():
    with pytest.raises(ValueError, match="shape"):
        check("column {}", {"U": [1, 2, 3]}, {"U": [1, 2]})
