"""Files in the safetensors format where the library of that name is missing: the part of its interface that is used.

A file is the length of its header (8 bytes, little-endian), the header in JSON, and the tensors' bytes, of the widest
type first. What is written has the library's bytes.
"""

import json
import math
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

ALIGNMENT = 8
LONGEST_HEADER = 100_000_000
TYPES: dict[str, np.dtype[Any]] = {
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "I32": np.dtype("<i4"),
    "F16": np.dtype("<f2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
ORDER = tuple(TYPES)
NAMES = {kind: name for name, kind in TYPES.items()}


class SafetensorError(Exception):
    """The file is none, or cut short."""


def save(tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """The bytes of a file."""
    ordered = sorted(tensors, key=lambda name: (ORDER.index(NAMES[tensors[name].dtype]), name))
    header: dict[str, Any] = {"__metadata__": metadata}
    position, parts = 0, []
    for name in ordered:
        values = np.ascontiguousarray(tensors[name])
        end = position + values.nbytes
        header[name] = {
            "dtype": NAMES[values.dtype],
            "shape": list(tensors[name].shape),
            "data_offsets": [position, end],
        }
        parts.append(values.tobytes())
        position = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


class safe_open:  # noqa: N801, the library's name
    """A file to read from, as a context: its metadata, and tensors by name for ``framework`` "numpy" or "pt"."""

    def __init__(self, path: Path | str, framework: str) -> None:
        self.framework = framework
        self._metadata, found = _parts(Path(path).read_bytes())
        self._tensors = {
            name: np.frombuffer(entry["data"], TYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in found.items()
        }

    def __enter__(self) -> "safe_open":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._tensors = {}

    def metadata(self) -> dict[str, str] | None:
        return self._metadata

    def keys(self) -> list[str]:
        return sorted(self._tensors)

    def get_tensor(self, name: str) -> Any:
        values = self._tensors[name]
        if self.framework == "numpy":
            return values
        import torch

        return torch.from_numpy(values)


def deserialize(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The tensors of a file's bytes by name: ``dtype``, ``shape`` and ``data``."""
    return list(_parts(data)[1].items())


def _parts(data: bytes) -> tuple[dict[str, str] | None, dict[str, dict[str, Any]]]:
    """Metadata and tensors of a file's bytes."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, LONGEST_HEADER):
        raise SafetensorError("header too long or cut short")
    try:
        header = json.loads(data[8 : 8 + length])
        metadata = header.pop("__metadata__", None)
        found = {name: _tensor(data[8 + length :], **entry) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SafetensorError(f"invalid header: {error}") from None
    if sum(len(entry["data"]) for entry in found.values()) != len(data) - 8 - length:
        raise SafetensorError("tensors are not all of the file")
    return metadata, found


def _tensor(data: bytes, dtype: str, shape: list[int], data_offsets: list[int]) -> dict[str, Any]:
    start, end = data_offsets
    if not 0 <= start <= end <= len(data):
        raise ValueError("a tensor ends beyond the file")
    if end - start != math.prod(shape) * TYPES[dtype].itemsize:
        raise ValueError("a tensor has another size than its shape")
    return {"dtype": dtype, "shape": shape, "data": bytearray(data[start:end])}
