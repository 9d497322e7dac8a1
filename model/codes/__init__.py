"""Weight codes: which integers weights can be, and what memory holds of them. A code is a file and a line here."""

from collections.abc import Mapping

from model.codes.binary import Binary
from model.codes.code import WeightCode
from model.codes.narrow import Narrow
from model.codes.powers import Powers5, Powers7

__all__ = ["CODES", "Binary", "Narrow", "Powers5", "Powers7", "WeightCode"]

CODES: Mapping[str, type[WeightCode]] = {
    Narrow.name: Narrow,
    Binary.name: Binary,
    Powers5.name: Powers5,
    Powers7.name: Powers7,
}
"""By the names that bundles have for them."""
