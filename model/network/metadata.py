"""The text of a bundle: JSON that all programs read alike, and the digest over it and the tensors (docs/bundle.md)."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import UserError, require
from model.files.text import printable

METADATA_KEY = "mint"
DIGEST_KEY = "mint.sha256"
LARGEST_INTEGER = (1 << 63) - 1
DEEPEST = 16
"""Objects and lists within one another."""


def parse(text: str) -> dict[str, Any]:
    """The object that ``text`` is; refuses what another program may read as something else, or not at all."""
    try:
        header = json.loads(
            text, parse_constant=_constant, parse_float=_float, parse_int=_integer, object_pairs_hook=once
        )
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"metadata {METADATA_KEY!r} is not JSON that a bundle can have ({error}); write it again"
        ) from None
    require(isinstance(header, dict), f"metadata {METADATA_KEY!r} must be an object")
    level: list[Any] = [header]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _strings_checked(outer)]
    require(not level, f"metadata {METADATA_KEY!r} is nested more than {DEEPEST} deep; make it flatter")
    return header


def _strings_checked(value: Any) -> list[Any]:
    """What is in an object or a list; refuses a string that cannot be printed."""
    if isinstance(value, str):
        require(
            value.isprintable(),
            f"metadata {METADATA_KEY!r} has a string that cannot be printed, '{printable(value[:100])}'; "
            "remove its control characters",
        )
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, for ``json.loads``; of two keys that are the same, programs take the first, the last, or none."""
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = counts.most_common(1)[0][0]
        raise ValueError(f"the key '{printable(twice[:100])}' stands twice in an object")
    return found


def _constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is beyond the numbers of 64 bits")
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > LARGEST_INTEGER:
        raise ValueError(f"{text[:40]} is beyond the integers of 64 bits")
    return int(text)


TYPE_NAMES = {np.dtype(name): name for name in ("int8", "uint8", "int32")}


def digest(text: str, tensors: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 in hexadecimal digits over the metadata ``text`` and all tensors, in the order of their names."""
    found = hashlib.sha256(text.encode() + b"\0")
    for name in sorted(tensors):
        values = tensors[name]
        shape = ",".join(map(str, values.shape))
        found.update(f"{name}\0{TYPE_NAMES[values.dtype]}\0{shape}\0".encode())
        found.update(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
    return found.hexdigest()
