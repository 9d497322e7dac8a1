"""The bundle: a trained network in one safetensors file of integer tensors with JSON metadata (docs/bundle.md)."""

import json
import math
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from model.config import Precision
from model.errors import UserError, require
from model.files.replacing import replacing
from model.files.tensor_file import SafetensorError, deserialize, save
from model.files.text import printable, shown
from model.network.graph import Layer, LayerKind, Pool, PoolKind, Source
from model.network.metadata import DIGEST_KEY, METADATA_KEY, digest, once, parse
from model.network.network import Network
from model.network.packing import pack, packed_size, unpack
from model.network.validation import check_name
from model.neurons import Lif
from model.neurons.lif import LARGEST_R

SCHEMA = 2
"""What is written. Version 1, which is read as well, has no packed weights."""
LARGEST_FILE = 256 << 20
"""In bytes."""
LARGEST_HEADER = 16 << 20
"""In bytes: the metadata, and names, types and places of all tensors."""
LONGEST_SENTENCE = 500
NEURONS = ("lif", "none")
Kind = TypeVar("Kind", LayerKind, PoolKind)
WEIGHT_CODE = "narrow"
"""Symmetric two's complement codes -Q ... Q, Q = 2^(width-1) - 1."""

_NETWORK_KEYS = {"schema", "name", "input", "time_steps", "layers", "provenance", "accuracy"}
_INPUT_KEYS = {"kind", "shape"}
_LAYER_KEYS = {"name", "kind", "neuron", "weight_width", "membrane_width", "weight_code", "leak"} | {
    "sources",
    "skip",
    "pool",
    "step",
}
_SOURCE_KEYS = {"from", "weight", "stride", "padding"}
_PACKED_KEYS = {"shape"}
"""Further keys of a source since version 2."""
_POOL_KEYS = {"kind", "size"}
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
    tensors: dict[str, np.ndarray] = {}
    layers = []
    for layer in network.layers:
        sources = []
        for index, source in enumerate(layer.sources):
            name = f"{layer.name}.weight" + (f".{index}" if len(layer.sources) > 1 else "")
            packed = layer.code.bits < np.iinfo(np.int8).bits
            codes = np.ascontiguousarray(source.weight, np.int8)
            tensors[name] = pack(codes, layer.code.bits) if packed else codes
            shape = list(codes.shape) if packed else None
            geometry = {"stride": source.stride, "padding": source.padding}
            sources.append({"from": source.origin, "weight": name, "shape": shape, **geometry})
        for key in ("bias", "threshold", "skip_bias"):
            values = getattr(layer, key)
            if values is not None:
                tensors[f"{layer.name}.{key}"] = np.ascontiguousarray(values, np.int32)
        layers.append(
            {
                "name": layer.name,
                "kind": layer.kind,
                "neuron": layer.neuron.family if layer.neuron else "none",
                "weight_width": layer.code.bits,
                "membrane_width": layer.state_bits or network.precision.membrane_width,
                "weight_code": layer.code.name,
                "leak": layer.neuron.r if isinstance(layer.neuron, Lif) else 1,
                "sources": sources,
                "skip": layer.skip,
                "pool": {"kind": layer.pool.kind, "size": layer.pool.size} if layer.pool else None,
                "step": layer.step,
            }
        )
    header = {
        "schema": SCHEMA,
        "name": network.name,
        "input": {"kind": network.input_kind, "shape": list(network.input_shape)},
        "time_steps": network.time_steps,
        "layers": layers,
        "provenance": network.provenance,
        "accuracy": network.accuracy,
    }
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
    return _network(parse(text), tensors)


def _take(table: Any, key: str, kind: type | tuple[type, ...], where: str) -> Any:
    require(key in table, f"{where}: key {key!r} is missing; add it")
    value = table[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = " or ".join(map(_type_name, _kinds(kind)))
        raise UserError(f"{where}: {key} is {shown(value)}; it must be {wanted}")
    return value


def _one_of(kinds: type[Kind], name: str, what: str) -> Kind:
    require(name in list(kinds), f"{what} {name!r}; choose one of {', '.join(kinds)}")
    return kinds(name)


def _kinds(kind: type | tuple[type, ...]) -> tuple[type, ...]:
    return kind if isinstance(kind, tuple) else (kind,)


def _type_name(kind: type) -> str:
    names = {
        int: "an integer",
        str: "a string",
        float: "a number",
        list: "a list",
        dict: "an object",
        type(None): "null",
    }
    return names[kind]


def _known(table: dict[str, Any], keys: set[str], where: str) -> None:
    if unknown := sorted(set(table) - keys):
        raise UserError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(keys))}")


def _network(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> Network:
    version = _take(header, "schema", int, "network")
    require(1 <= version <= SCHEMA, f"schema version {version}; this release reads versions 1 to {SCHEMA}")
    _known(header, _NETWORK_KEYS, "network")
    entry = _take(header, "input", dict, "network")
    _known(entry, _INPUT_KEYS, "input")
    shape = _take(entry, "shape", list, "input")
    require(
        len(shape) == 3 and all(type(n) is int for n in shape),
        f"input: shape is {shown(shape)}; give [channels, height, width]",
    )
    unused = set(tensors)
    layers = tuple(
        _layer(index, table, version, tensors, unused)
        for index, table in enumerate(_take(header, "layers", list, "network"))
    )
    require(not unused, f"tensor {min(unused, default='')!r} belongs to no layer; remove it or name its layer")
    return Network(
        input_kind=_take(entry, "kind", str, "input"),
        input_shape=tuple(shape),
        time_steps=_take(header, "time_steps", int, "network"),
        layers=layers,
        name=_take(header, "name", str, "network"),
        provenance=_take(header, "provenance", dict, "network"),
        accuracy=_take(header, "accuracy", dict, "network"),
    )


def _layer(index: int, table: Any, version: int, tensors: dict[str, np.ndarray], unused: set[str]) -> Layer:
    require(isinstance(table, dict), f"layer {index}: it must be an object")
    name = _take(table, "name", str, f"layer {index}")
    where = f"layer {shown(name)}"
    check_name(name, where)
    where = f"layer {name}"
    _known(table, _LAYER_KEYS, where)
    code = _take(table, "weight_code", str, where)
    require(code == WEIGHT_CODE, f"{where}: weight_code {code!r}; this release knows {WEIGHT_CODE!r}")

    def tensor(key: str, kind: type[np.integer]) -> np.ndarray:
        require(key in tensors, f"{where}: tensor {key!r} is missing; add it")
        require(key in unused, f"{where}: tensor {key!r} is used twice; give each use a tensor of its own")
        unused.remove(key)
        found = tensors[key]
        if found.dtype != kind:
            raise UserError(f"{where}: tensor {key!r} is {found.dtype}; it must be {np.dtype(kind)}")
        return found

    def optional(key: str) -> np.ndarray | None:
        return tensor(f"{name}.{key}", np.int32) if f"{name}.{key}" in tensors else None

    try:
        precision = Precision(_take(table, "weight_width", int, where), _take(table, "membrane_width", int, where))
    except UserError as error:
        raise UserError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
    family, leak = _take(table, "neuron", str, where), _take(table, "leak", int, where)
    require(family in NEURONS, f"{where}: neuron {family!r}; choose one of {', '.join(NEURONS)}")
    require(0 <= leak <= LARGEST_R, f"{where}: leak r = {leak}; choose 0 to {LARGEST_R}")
    neuron = precision.lif(leak) if family == "lif" else None
    sources = []
    for source in _take(table, "sources", list, where):
        require(isinstance(source, dict), f"{where}: a source must be an object")
        _known(source, _SOURCE_KEYS | (_PACKED_KEYS if version > 1 else set()), f"{where}, source")
        key = _take(source, "weight", str, where)
        shape = _take(source, "shape", (list, type(None)), where) if version > 1 else None
        if shape is None:
            weight = tensor(key, np.int8)
        else:
            weight = _unpacked(tensor(key, np.uint8), shape, precision.weight_width, f"{where}: tensor {key!r}")
        sources.append(
            Source(
                origin=_take(source, "from", str, where),
                weight=weight,
                stride=_take(source, "stride", int, where),
                padding=_take(source, "padding", int, where),
            )
        )
    pool = _take(table, "pool", (dict, type(None)), where)
    if pool is not None:
        _known(pool, _POOL_KEYS, f"{where}, pool")
        pool = Pool(
            _one_of(PoolKind, _take(pool, "kind", str, where), f"{where}: pool"), _take(pool, "size", int, where)
        )
    step = _take(table, "step", (float, int, type(None)), where)
    return Layer(
        name=name,
        kind=_one_of(LayerKind, _take(table, "kind", str, where), f"{where}: kind"),
        neuron=neuron,
        code=precision.code,
        sources=tuple(sources),
        bias=tensor(f"{name}.bias", np.int32),
        threshold=optional("threshold"),
        skip=_take(table, "skip", (str, type(None)), where),
        skip_bias=optional("skip_bias"),
        pool=pool,
        step=None if step is None else float(step),
    )


def _unpacked(data: np.ndarray, shape: list[Any], width: int, where: str) -> np.ndarray:
    """The codes of ``shape`` that a packed tensor holds."""
    require(
        len(shape) > 1 and all(type(n) is int and n > 0 for n in shape),
        f"{where} has shape {shown(shape)}; give [out, in, k, k] or [out, in], or null if it is not packed",
    )
    codes = math.prod(shape[1:])
    wanted = [shape[0], packed_size(codes, width)]
    require(
        list(data.shape) == wanted,
        f"{where} is uint8 {list(data.shape)}; weights {shown(shape)} of {width} bits are packed in {wanted}",
    )
    try:
        return unpack(data, codes, width).reshape(shape)
    except ValueError as error:
        raise UserError(f"{where}: {error}; leave it 0") from None
