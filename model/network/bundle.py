"""The bundle: a trained network in one safetensors file of integer tensors with JSON metadata (docs/bundle.md)."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import UserError, require
from model.files.replacing import replacing
from model.files.tensor_file import SafetensorError, deserialize, save
from model.files.text import printable
from model.network.metadata import DIGEST_KEY, METADATA_KEY, digest, once, parse
from model.network.network import Network
from model.network.schema import described, network_of

LARGEST_FILE = 256 << 20
"""In bytes."""
LARGEST_HEADER = 16 << 20
"""In bytes: the metadata, and names, types and places of all tensors."""
LONGEST_SENTENCE = 500
TYPES: dict[str, np.dtype[Any]] = {"I8": np.dtype("int8"), "U8": np.dtype("uint8"), "I32": np.dtype("<i4")}
"""By their names in the file."""


def write(network: Network, path: Path) -> None:
    """Write ``network`` to ``path``: complete or not at all, and the same bytes for the same network.

    A network that :func:`read` would refuse is refused with the same sentence.
    """
    data = to_bytes(network)
    try:
        from_bytes(data)
    except UserError as error:
        raise UserError(f"{path} is not written: {_short(error)}") from None
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def read(path: Path) -> Network:
    """Read and check a bundle; every refusal is a :class:`~model.errors.UserError` that begins with the file."""
    try:
        require(path.exists(), "no such file")
        require(path.is_file(), "not a file")
        _check_size(path.stat().st_size)
        return from_bytes(path.read_bytes())
    except UserError as error:
        raise UserError(f"{path}: {_short(error)}") from None
    except OSError as error:
        raise UserError(f"{path}: {(error.strerror or 'it cannot be read').lower()}") from None


def _check_size(size: int) -> None:
    require(size <= LARGEST_FILE, f"it has {size:,} bytes; a bundle has at most {LARGEST_FILE:,}")


def _short(error: UserError) -> str:
    """The sentence, printable, its middle left out where something in it is long."""
    text = printable(str(error))
    left = LONGEST_SENTENCE // 2
    return text if len(text) <= LONGEST_SENTENCE else f"{text[:left]} … {text[-left:]}"


def to_bytes(network: Network) -> bytes:
    """What a bundle's file holds: the same bytes for the same network."""
    header, tensors = described(network)
    text = json.dumps(header, sort_keys=True)
    return _ordered(save(dict(sorted(tensors.items())), {METADATA_KEY: text, DIGEST_KEY: digest(text, tensors)}))


def _ordered(data: bytes) -> bytes:
    """A safetensors file whose metadata entries are in the order of their names; the library's order is random."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[start:]


def from_bytes(data: bytes) -> Network:
    """The network of a file's bytes, checked: types, shapes, ranges, keys, version and, if there is one, digest."""
    _check_size(len(data))
    length = int.from_bytes(data[:8], "little")
    require(
        not LARGEST_HEADER < length <= len(data),
        f"its header has {length:,} bytes; a bundle has one of at most {LARGEST_HEADER:,}",
    )
    try:
        found: list[tuple[str, dict[str, Any]]] = deserialize(data)
        header = json.loads(data[8 : 8 + length], object_pairs_hook=once)
    except (SafetensorError, ValueError) as error:
        raise UserError(f"not a safetensors file, or cut short ({error}); export or fetch it again") from None
    metadata = header.get("__metadata__") or {}
    require(METADATA_KEY in metadata, f"metadata {METADATA_KEY!r} is missing; this is no bundle of ours")
    tensors = {}
    for name, entry in found:
        kind = str(entry["dtype"])
        require(kind in TYPES, f"tensor {name!r} is {kind}; a bundle has {', '.join(TYPES)} only")
        tensors[name] = np.frombuffer(entry["data"], TYPES[kind]).reshape(entry["shape"])
    text = metadata[METADATA_KEY]
    require(
        DIGEST_KEY not in metadata or metadata[DIGEST_KEY] == digest(text, tensors),
        f"its contents are not those of its digest {DIGEST_KEY}: it was damaged or changed; export or fetch it again",
    )
    return network_of(parse(text), tensors)
