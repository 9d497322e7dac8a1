"""Bundles of the schemas 1 and 2, as schema 3 would have them: so every network that was ever written is read."""

from typing import Any

from model.errors import UserError, require
from model.inputs import inputs_of
from model.network.keys import known, layer_name, take
from model.neurons import Lif

NETWORK_KEYS = {"schema", "name", "input", "time_steps", "layers", "provenance", "accuracy"}
INPUT_KEYS = {"kind", "shape"}
LAYER_KEYS = {"name", "kind", "neuron", "weight_width", "membrane_width", "weight_code", "leak"} | {
    "sources",
    "skip",
    "pool",
    "step",
}
SOURCE_KEYS = {"from", "weight", "stride", "padding"}
PACKED_KEYS = {"shape"}
"""Further keys of a source since version 2; version 1 has no packed weights."""
POOL_KEYS = {"kind", "size"}
NEURONS = ("lif", "none")


def upgraded(header: dict[str, Any], version: int) -> dict[str, Any]:
    """The object of a schema 3 that means the same; refuses what the older ones did not have."""
    known(header, NETWORK_KEYS, "network")
    entry = take(header, "input", dict, "network")
    known(entry, INPUT_KEYS, "input")
    inputs = inputs_of(take(entry, "kind", str, "input"))
    layers = [_layer(index, table, version) for index, table in enumerate(take(header, "layers", list, "network"))]
    return header | {
        "written_by": "",
        "input": entry | {"bits": inputs.planes, "scale": inputs.scale},
        "readout": "sum",
        "state": "image",
        "layers": layers,
    }


def _layer(index: int, table: Any, version: int) -> dict[str, Any]:
    where = f"layer {layer_name(index, table)}"
    known(table, LAYER_KEYS, where)
    family, r = take(table, "neuron", str, where), take(table, "leak", int, where)
    require(family in NEURONS, f"{where}: neuron {family!r}; choose one of {', '.join(NEURONS)}")
    try:
        neuron = Lif(take(table, "membrane_width", int, where), r)
    except UserError as error:
        raise UserError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
    pool = take(table, "pool", (dict, type(None)), where)
    if pool is not None:
        known(pool, POOL_KEYS, f"{where}, pool")
        size = [take(pool, "size", int, f"{where}, pool")] * 2
        pool = pool | {"size": size, "stride": size}
    code = {"name": take(table, "weight_code", str, where), "width": take(table, "weight_width", int, where)}
    rest = {key: value for key, value in table.items() if key in ("name", "kind", "skip", "step")}
    return rest | {
        "neuron": None if family == "none" else {"family": family} | neuron.fields(),
        "code": code,
        "sources": [_source(source, version, where) for source in take(table, "sources", list, where)],
        "pool": pool,
    }


def _source(source: Any, version: int, where: str) -> dict[str, Any]:
    require(isinstance(source, dict), f"{where}: a source must be an object")
    known(source, SOURCE_KEYS | (PACKED_KEYS if version > 1 else set()), f"{where}, source")
    if version > 1:
        take(source, "shape", (list, type(None)), f"{where}, source")
    pairs = {key: [take(source, key, int, f"{where}, source")] * 2 for key in ("stride", "padding")}
    return {"shape": None, "groups": 1} | source | pairs
