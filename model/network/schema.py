"""What a bundle's text and tensors say of a network: schema 3 (docs/bundle.md).

The schema has a place for more than this release runs, so that it need not change for it; what is not built is refused
by name.
"""

import math
from typing import Any

import numpy as np

from model.codes import CODES, WeightCode
from model.errors import UserError, require
from model.files.text import shown
from model.inputs import Inputs, inputs_of
from model.network.graph import Layer, LayerKind, Pool, PoolKind, Readout, Source, State
from model.network.keys import known, layer_name, one_of, runs, square, take
from model.network.network import Network
from model.network.older_schemas import upgraded
from model.network.packing import pack, packed_size, unpack
from model.neurons import NEURONS, Neuron
from model.version import VERSION

SCHEMA = 3
"""What is written; older ones are read."""

NETWORK_KEYS = {"schema", "written_by", "name", "input", "time_steps", "readout", "state", "layers"} | {
    "provenance",
    "accuracy",
}
INPUT_KEYS = {"kind", "bits", "scale", "shape"}
LAYER_KEYS = {"name", "kind", "neuron", "code", "sources", "skip", "pool", "step"}
CODE_KEYS = {"name", "width"}
SOURCE_KEYS = {"from", "weight", "shape", "stride", "padding", "groups"}
POOL_KEYS = {"kind", "size", "stride"}
BYTE = 8

Tensors = dict[str, np.ndarray]


def described(network: Network) -> tuple[dict[str, Any], Tensors]:
    """The text's object and the tensors of ``network``."""
    tensors: Tensors = {}
    inputs = network.inputs
    header = {
        "schema": SCHEMA,
        "written_by": f"mint-snn {VERSION}",
        "name": network.name,
        "input": {
            "kind": inputs.name,
            "bits": inputs.planes,
            "scale": inputs.scale,
            "shape": list(network.input_shape),
        },
        "time_steps": network.time_steps,
        "readout": str(network.readout),
        "state": str(network.state),
        "layers": [_described(layer, tensors) for layer in network.layers],
        "provenance": network.provenance,
        "accuracy": network.accuracy,
    }
    return header, tensors


def _described(layer: Layer, tensors: Tensors) -> dict[str, Any]:
    """A layer's object; its tensors go into ``tensors``."""
    sources = []
    for index, source in enumerate(layer.sources):
        name = f"{layer.name}.weight" + (f".{index}" if len(layer.sources) > 1 else "")
        packed = layer.code.bits < BYTE
        codes = np.ascontiguousarray(layer.code.encode(source.weight), np.int8)
        tensors[name] = pack(codes, layer.code.bits) if packed else codes
        shape = list(codes.shape) if packed else None
        geometry = {"stride": [source.stride] * 2, "padding": [source.padding] * 2, "groups": 1}
        sources.append({"from": source.origin, "weight": name, "shape": shape, **geometry})
    for key in ("bias", "threshold", "skip_bias"):
        values = getattr(layer, key)
        if values is not None:
            tensors[f"{layer.name}.{key}"] = np.ascontiguousarray(values, np.int32)
    pool = layer.pool
    return {
        "name": layer.name,
        "kind": layer.kind,
        "neuron": {"family": layer.neuron.family} | layer.neuron.fields() if layer.neuron else None,
        "code": {"name": layer.code.name, "width": layer.code.bits},
        "sources": sources,
        "skip": layer.skip,
        "pool": {"kind": pool.kind, "size": [pool.size] * 2, "stride": [pool.size] * 2} if pool else None,
        "step": layer.step,
    }


def network_of(header: dict[str, Any], tensors: Tensors) -> Network:
    """The network that text and tensors say; UserError for what they cannot, or what no network is."""
    version = take(header, "schema", int, "network")
    require(1 <= version <= SCHEMA, f"schema version {version}; this release reads versions 1 to {SCHEMA}")
    if version < SCHEMA:
        header = upgraded(header, version)
    known(header, NETWORK_KEYS, "network")
    take(header, "written_by", str, "network")
    entry = take(header, "input", dict, "network")
    known(entry, INPUT_KEYS, "input")
    shape = take(entry, "shape", list, "input")
    require(
        len(shape) == 3 and all(type(n) is int for n in shape),
        f"input: shape is {shown(shape)}; give [channels, height, width]",
    )
    readout = one_of(Readout, take(header, "readout", str, "network"), "readout")
    state = one_of(State, take(header, "state", str, "network"), "state")
    unused = set(tensors)
    layers = tuple(
        _layer(index, table, tensors, unused) for index, table in enumerate(take(header, "layers", list, "network"))
    )
    require(not unused, f"tensor {min(unused, default='')!r} belongs to no layer; remove it or name its layer")
    require(
        not layers or layers[-1].readout == readout,
        f"readout {str(readout)!r}: layer {layers[-1].name if layers else ''} has "
        f"{'no ' * (not layers[-1].spiking)}neurons and {'no ' * (layers[-1].threshold is None)}thresholds, "
        f"which is {layers[-1].readout}; say so",
    )
    return Network(
        inputs=_inputs(entry),
        input_shape=tuple(shape),
        time_steps=take(header, "time_steps", int, "network"),
        layers=layers,
        name=take(header, "name", str, "network"),
        state=state,
        provenance=take(header, "provenance", dict, "network"),
        accuracy=take(header, "accuracy", dict, "network"),
    )


def _inputs(entry: dict[str, Any]) -> Inputs:
    found = inputs_of(take(entry, "kind", str, "input"), take(entry, "bits", int, "input"))
    scale = take(entry, "scale", int, "input")
    require(scale == found.scale, f"input: scale is {scale}; {found.name} have {found.scale}")
    return found


def _neuron(table: Any, where: str) -> Neuron | None:
    entry = take(table, "neuron", (dict, type(None)), where)
    if entry is None:
        return None
    family = take(entry, "family", str, f"{where}, neuron")
    runs(f"{where}: neuron family", family, NEURONS)
    keys = NEURONS[family].keys
    known(entry, {"family", *keys}, f"{where}, neuron")
    return NEURONS[family].of({key: take(entry, key, kind, f"{where}, neuron") for key, kind in keys.items()})


def _code(table: Any, where: str) -> WeightCode:
    entry = take(table, "code", dict, where)
    known(entry, CODE_KEYS, f"{where}, code")
    name = take(entry, "name", str, f"{where}, code")
    runs(f"{where}: weight code", name, CODES)
    return CODES[name].of(take(entry, "width", int, f"{where}, code"))


def _layer(index: int, table: Any, tensors: Tensors, unused: set[str]) -> Layer:
    name = layer_name(index, table)
    where = f"layer {name}"
    known(table, LAYER_KEYS, where)

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
        neuron, code = _neuron(table, where), _code(table, where)
    except UserError as error:
        raise UserError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
    sources = []
    for source in take(table, "sources", list, where):
        require(isinstance(source, dict), f"{where}: a source must be an object")
        known(source, SOURCE_KEYS, f"{where}, source")
        key = take(source, "weight", str, where)
        shape = take(source, "shape", (list, type(None)), where)
        if shape is None:
            codes = tensor(key, np.int8)
        else:
            codes = _unpacked(tensor(key, np.uint8), shape, code.bits, f"{where}: tensor {key!r}")
        groups = take(source, "groups", int, f"{where}, source")
        require(groups == 1, f"{where}, source: groups {groups}: this release does not run them; give 1")
        sources.append(
            Source(
                origin=take(source, "from", str, where),
                weight=code.decode(codes),
                stride=square(source, "stride", f"{where}, source"),
                padding=square(source, "padding", f"{where}, source"),
            )
        )
    step = take(table, "step", (float, int, type(None)), where)
    return Layer(
        name=name,
        kind=one_of(LayerKind, take(table, "kind", str, where), f"{where}: kind"),
        neuron=neuron,
        code=code,
        sources=tuple(sources),
        bias=tensor(f"{name}.bias", np.int32),
        threshold=optional("threshold"),
        skip=take(table, "skip", (str, type(None)), where),
        skip_bias=optional("skip_bias"),
        pool=_pool(table, where),
        step=None if step is None else float(step),
    )


def _pool(table: Any, where: str) -> Pool | None:
    pool = take(table, "pool", (dict, type(None)), where)
    if pool is None:
        return None
    where = f"{where}, pool"
    known(pool, POOL_KEYS, where)
    size, stride = square(pool, "size", where), square(pool, "stride", where)
    require(
        stride == size, f"{where}: stride {stride} of windows of {size}: this release runs windows side by side only"
    )
    return Pool(one_of(PoolKind, take(pool, "kind", str, where), f"{where}: kind"), size)


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
