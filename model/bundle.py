"""The bundle: a trained network in one safetensors file of integer tensors with JSON metadata (docs/bundle.md)."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from model.config import ConfigError, Precision, require
from model.files import replacing
from model.network import Layer, Network, Pool, Source
from model.packing import pack, packed_size, unpack
from model.tensor_file import SafetensorError, safe_open, save

SCHEMA = 2
"""What is written. Version 1, which is read as well, has no packed weights."""
METADATA_KEY = "mint"
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


def write(network: Network, path: Path) -> None:
    """Write ``network`` to ``path``: complete or not at all."""
    data = to_bytes(network)
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def to_bytes(network: Network) -> bytes:
    """What a bundle's file holds: the same bytes for the same network."""
    tensors: dict[str, np.ndarray] = {}
    layers = []
    for layer in network.layers:
        sources = []
        for index, source in enumerate(layer.sources):
            name = f"{layer.name}.weight" + (f".{index}" if len(layer.sources) > 1 else "")
            packed = layer.precision.weight_width < np.iinfo(np.int8).bits
            codes = np.ascontiguousarray(source.weight, np.int8)
            tensors[name] = pack(codes, layer.precision.weight_width) if packed else codes
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
                "neuron": layer.neuron,
                "weight_width": layer.precision.weight_width,
                "membrane_width": layer.precision.membrane_width,
                "weight_code": WEIGHT_CODE,
                "leak": layer.leak,
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
    return save(dict(sorted(tensors.items())), {METADATA_KEY: json.dumps(header, sort_keys=True)})


def read(path: Path) -> Network:
    """Read and check a bundle; every refusal is a :class:`~model.config.ConfigError` that begins with the file."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in list(file.keys())}
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: not a safetensors file that NumPy can read, or cut short ({error}); export or fetch it again"
        ) from None
    try:
        return _network(metadata, tensors)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _take(table: Any, key: str, kind: type | tuple[type, ...], where: str) -> Any:
    require(key in table, f"{where}: key {key!r} is missing; add it")
    value = table[key]
    fits = isinstance(value, kind) and not (isinstance(value, bool) and bool not in _kinds(kind))
    require(fits, f"{where}: {key} is {json.dumps(value)}; it must be {' or '.join(map(_type_name, _kinds(kind)))}")
    return value


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
    unknown = sorted(set(table) - keys)
    require(not unknown, f"{where}: unknown key {unknown[0] if unknown else ''!r}; known are {', '.join(sorted(keys))}")


def _network(metadata: dict[str, str], tensors: dict[str, np.ndarray]) -> Network:
    require(METADATA_KEY in metadata, f"metadata {METADATA_KEY!r} is missing; this is no bundle of ours")
    try:
        header = json.loads(metadata[METADATA_KEY], parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"metadata {METADATA_KEY!r} is not JSON ({error}); write it again") from None
    require(isinstance(header, dict), f"metadata {METADATA_KEY!r} must be an object")
    version = _take(header, "schema", int, "network")
    require(1 <= version <= SCHEMA, f"schema version {version}; this release reads versions 1 to {SCHEMA}")
    _known(header, _NETWORK_KEYS, "network")
    entry = _take(header, "input", dict, "network")
    _known(entry, _INPUT_KEYS, "input")
    shape = _take(entry, "shape", list, "input")
    require(
        len(shape) == 3 and all(type(n) is int for n in shape),
        f"input: shape is {shape}; give [channels, height, width]",
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
    where = f"layer {name}"
    _known(table, _LAYER_KEYS, where)
    code = _take(table, "weight_code", str, where)
    require(code == WEIGHT_CODE, f"{where}: weight_code {code!r}; this release knows {WEIGHT_CODE!r}")

    def tensor(key: str, kind: type[np.integer]) -> np.ndarray:
        require(key in tensors, f"{where}: tensor {key!r} is missing; add it")
        unused.discard(key)
        found = tensors[key]
        require(found.dtype == kind, f"{where}: tensor {key!r} is {found.dtype}; it must be {np.dtype(kind)}")
        return found

    def optional(key: str) -> np.ndarray | None:
        return tensor(f"{name}.{key}", np.int32) if f"{name}.{key}" in tensors else None

    try:
        precision = Precision(_take(table, "weight_width", int, where), _take(table, "membrane_width", int, where))
    except ConfigError as error:
        raise ConfigError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
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
        pool = Pool(_take(pool, "kind", str, where), _take(pool, "size", int, where))
    return Layer(
        name=name,
        kind=_take(table, "kind", str, where),
        neuron=_take(table, "neuron", str, where),
        precision=precision,
        sources=tuple(sources),
        bias=tensor(f"{name}.bias", np.int32),
        threshold=optional("threshold"),
        leak=_take(table, "leak", int, where),
        skip=_take(table, "skip", (str, type(None)), where),
        skip_bias=optional("skip_bias"),
        pool=pool,
        step=_take(table, "step", (float, int, type(None)), where),
    )


def _unpacked(data: np.ndarray, shape: list[Any], width: int, where: str) -> np.ndarray:
    """The codes of ``shape`` that a packed tensor holds."""
    require(
        len(shape) > 1 and all(type(n) is int and n > 0 for n in shape),
        f"{where} has shape {json.dumps(shape)}; give [out, in, k, k] or [out, in], or null if it is not packed",
    )
    codes = math.prod(shape[1:])
    wanted = [shape[0], packed_size(codes, width)]
    require(
        list(data.shape) == wanted,
        f"{where} is uint8 {list(data.shape)}; weights {shape} of {width} bits are packed in {wanted}",
    )
    try:
        return unpack(data, codes, width).reshape(shape)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}; leave it 0") from None
