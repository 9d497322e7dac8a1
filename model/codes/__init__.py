"""Weight codes: which integers weights can be, and what memory holds of them. A code is a file and a line here."""

from collections.abc import Mapping

from model.codes.code import WeightCode
from model.codes.narrow import Narrow

__all__ = ["CODES", "Narrow", "WeightCode"]

CODES: Mapping[str, type[WeightCode]] = {Narrow.name: Narrow}
"""By the names that bundles have for them."""
