"""Changes of a bundle that keep enough of it to be read far: of its text, its tensors, or its bytes.

Each is a function of a :class:`Parts` and a random generator, and changes the parts in place.
"""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from model.network.bundle import TYPES
from model.network.metadata import DIGEST_KEY, METADATA_KEY, digest
from model.network.packing import pack

INFINITY = "{1e999}"
"""A string that stands for the number 1e999 in the text, which Python does not write."""
NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 255, 256, 257, 10_000),
    *(sign * 2**bits + more for sign in (1, -1) for bits in (15, 16, 24, 31, 32, 33, 53, 63, 64) for more in (-1, 0)),
    *(10**200, 0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"), float("-inf"), INFINITY),
)
STRINGS = (
    *(
        "",
        "a",
        "input",
        "first",
        "last",
        "pixels",
        "spikes",
        "conv",
        "linear",
        "lif",
        "none",
        "max",
        "sum",
        "narrow",
        "memory-free",
        "binary",
    ),
    *("\ud800", "\x1b[2J", "a\nb", "\x00", "\u202e", "é", "Θ", "x" * 300, "first.weight", "first.bias", "../x"),
)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[[[]]]], [1, 1, 1], {"kind": "sum", "size": [2, 2]}, ["a"] * 50)
DTYPES = {"I8": 1, "U8": 1, "I32": 4, "F32": 4, "F64": 8, "I64": 8, "BF16": 2, "F8_E4M3": 1, "BOOL": 1, "U16": 2}


@dataclass
class Parts:
    """A bundle taken apart; ``spoil`` are changes of the text, the table of tensors and the file, in this order."""

    header: Any
    tensors: dict[str, np.ndarray]
    metadata: dict[str, Any] = field(default_factory=dict)
    signed: bool = True
    table: dict[str, dict[str, Any]] = field(default_factory=dict)
    text: Callable[[str], str] = lambda text: text
    raw_table: Callable[[str], str] = lambda text: text
    raw: Callable[[bytes], bytes] = lambda data: data

    def to_bytes(self) -> bytes:
        """The file, in the safetensors format but for what was changed in it."""
        text = self.text(json.dumps(self.header, sort_keys=True).replace(f'"{INFINITY}"', "1e999"))
        metadata = {METADATA_KEY: text} | ({DIGEST_KEY: _digest(text, self.tensors)} if self.signed else {})
        kinds = {kind: name for name, kind in TYPES.items()}
        table: dict[str, Any] = {"__metadata__": metadata | self.metadata}
        data = b""
        for name in sorted(self.tensors, key=lambda name: (-self.tensors[name].itemsize, name)):
            values = self.tensors[name].tobytes()
            place = [len(data), len(data) + len(values)]
            entry = {"dtype": kinds[self.tensors[name].dtype], "shape": list(self.tensors[name].shape)}
            table[name] = entry | {"data_offsets": place} | self.table.get(name, {})
            data += values
        raw = self.raw_table(json.dumps(table)).encode()
        return self.raw(len(raw).to_bytes(8, "little") + raw + data)


def _digest(text: str, tensors: dict[str, np.ndarray]) -> str:
    try:
        return digest(text, tensors)
    except UnicodeEncodeError:  # half a surrogate pair, unescaped
        return ""


Mutation = Callable[[Parts, Random], None]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every object or list in ``value`` with a key or an index into it."""
    if isinstance(value, dict | list):
        keys: Sequence[Any] = list(value) if isinstance(value, dict) else range(len(value))
        return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]
    return []


def _layer(parts: Parts, random: Random) -> dict[str, Any]:
    return random.choice(parts.header["layers"])


def value(parts: Parts, random: Random) -> None:
    """Another value of any type, anywhere in the text."""
    table, key = random.choice(places(parts.header))
    pools: list[Sequence[Any]] = [NUMBERS, NUMBERS, STRINGS, OTHERS, [parts.header["layers"]]]
    table[key] = copy.deepcopy(random.choice(random.choice(pools)))


def number(parts: Parts, random: Random) -> None:
    """Another number where a number was: a neighbour, a multiple, or one of the extremes."""
    found = [(table, key) for table, key in places(parts.header) if type(table[key]) in (int, float)]
    table, key = random.choice(found)
    table[key] = random.choice(
        [table[key] + 1, table[key] - 1, table[key] * 2, -table[key], table[key] * 65_537, random.choice(NUMBERS)]
    )


def _pool(kind: str, size: int) -> dict[str, Any]:
    return {"kind": kind, "size": [size, size], "stride": [size, size]}


def setting(parts: Parts, random: Random) -> None:
    """Another setting that may well be right."""
    layer = _layer(parts, random)
    header, source = parts.header, random.choice(layer["sources"])
    choices: list[tuple[Any, str, list[Any]]] = [
        (header, "time_steps", [1, 2, 3, 7, 255, 256, 257, 65_536, 65_537]),
        (header, "schema", [1, 2, 3, 4]),
        (header, "readout", ["sum", "count", "membrane", "max"]),
        (header, "state", ["image", "stream", "none"]),
        (header["input"], "kind", ["pixels", "spikes", "counts"]),
        (header["input"], "bits", [1, 2, 8]),
        (header["input"], "scale", [1, 256]),
        (layer["neuron"] or {}, "r", [*range(17)]),
        (layer["neuron"] or {}, "membrane_width", [*range(10)]),
        (layer["neuron"] or {}, "leak", [0, 0.5, 0.75, 1]),
        (layer["neuron"] or {}, "reset", ["zero", "subtract", "none"]),
        (layer["neuron"] or {}, "family", ["lif", "memory-free"]),
        (layer, "neuron", [None, {"family": "memory-free", "taps": [[1, 0], [-1, 1]], "dilation": 1}]),
        (layer["code"], "width", [*range(10)]),
        (layer["code"], "name", ["narrow", "binary", "pow2-5", "pow2-7"]),
        (layer, "step", [None, 1, 0.5, 0, -1, 1e-300, 5e-324]),
        (layer, "pool", [None, *(_pool(kind, size) for kind in ("max", "sum") for size in range(5))]),
        (layer, "skip", [None, *(each["name"] for each in header["layers"])]),
        (layer, "kind", ["conv", "linear"]),
        (source, "stride", [[n, n] for n in (1, 2, 3, 16, 17)] + [[1, 2]]),
        (source, "padding", [[n, n] for n in (0, 1, 2, 16, 17)] + [[1, 0]]),
        (source, "groups", [1, 2]),
        (source, "from", ["input", *(each["name"] for each in header["layers"])]),
        (header, "accuracy", [{"test": 1e300, "x": [{"y": "z"}]}, {"": None}]),
    ]
    table, key, values = random.choice(choices)
    table[key] = random.choice(values)


def extent(parts: Parts, random: Random) -> None:
    """Another size of the input."""
    shape = parts.header["input"]["shape"]
    if shape:
        shape[random.randrange(len(shape))] = random.choice([0, 1, 2, 5, 9, 33, 4096, 65_536, 65_537, 2**24, 2**33])


def key(parts: Parts, random: Random) -> None:
    """A key or an element less, more, or in another place."""
    table, key = random.choice(places(parts.header))
    kind = random.randrange(3)
    if kind == 0:
        del table[key]
    elif isinstance(table, dict):
        table[random.choice(["", "shape", "taps", "\x1b", "schema", "x" * 300])] = table[key]
    else:
        table.insert(random.randrange(len(table) + 1), copy.deepcopy(table[key]))


def twice(parts: Parts, random: Random) -> None:
    """A key twice in an object of the text, or of the table of tensors."""
    name = random.choice(['"r": ', '"kind": ', '"schema": ', '"from": ', '"name": '])
    if random.random() < 0.5:
        parts.text = lambda text: text.replace(name, f"{name}0, {name}", 1)
        return
    tensor = random.choice(sorted(parts.tensors) or ["a"])
    parts.raw_table = lambda text: text.replace(
        "{", f'{{"{tensor}": {{"dtype": "I8", "shape": [0], "data_offsets": [0, 0]}}, ', 1
    )


def nest(parts: Parts, random: Random) -> None:
    """Lists in lists."""
    depth = random.choice([3, 12, 13, 14, 15, 16, 17, 1000, 100_000])
    parts.text = lambda text: text.replace('"provenance": {', f'"provenance": {{"x": {"[" * depth}{"]" * depth}, ', 1)


def elements(parts: Parts, random: Random) -> None:
    """Extreme elements of a tensor."""
    if parts.tensors:
        name = random.choice(sorted(parts.tensors))
        values = parts.tensors[name] = parts.tensors[name].copy()
        limits = np.iinfo(values.dtype)
        flat = values.reshape(-1)
        picked = [int(limits.min), int(limits.max), 0, 1, 127, limits.max // 2, limits.min // 2, limits.max // 127]
        for _ in range(random.choice([1, 1, 3, flat.size])):
            if flat.size:
                flat[random.randrange(flat.size)] = random.choice(picked)


def whole(parts: Parts, random: Random) -> None:
    """All elements of a parameter alike: an extreme, or near one."""
    found = [name for name in sorted(parts.tensors) if parts.tensors[name].dtype == np.int32]
    if found:
        name = random.choice(found)
        top = 2 ** random.randrange(1, 32)
        parts.tensors[name] = np.full_like(parts.tensors[name], random.choice([top - 1, -top, 0, 1, -1]))


def shape(parts: Parts, random: Random) -> None:
    """Another shape of a tensor, its type's name, or a tensor less, more, or in another's place."""
    names = sorted(parts.tensors)
    if not names:
        return
    name, other = random.choice(names), random.choice(names)
    values = parts.tensors[name]
    kind = random.randrange(8)
    if kind == 0:
        del parts.tensors[name]
    elif kind == 1:
        parts.tensors[random.choice(["stranger", "first.skip_bias", "\x1b", ""])] = values
    elif kind == 2:
        parts.tensors[name], parts.tensors[other] = parts.tensors[other], values
    elif kind == 3:
        parts.tensors[name] = values[:-1] if values.ndim else values
    elif kind == 4:
        parts.tensors[name] = np.concatenate([values, values]) if values.ndim else values
    elif kind == 5:
        parts.tensors[name] = values.T.copy()
    elif kind == 6:
        parts.tensors[name] = values.reshape(random.choice([(-1,), (1, -1), (-1, 1), (*values.shape, 1)]))
    else:
        parts.tensors[name] = values[..., :0]


def entry(parts: Parts, random: Random) -> None:
    """Another entry of a tensor in the table: type, shape or place."""
    if parts.tensors:
        name = random.choice(sorted(parts.tensors))
        kind = random.choice(sorted(DTYPES))
        size = parts.tensors[name].nbytes
        parts.table[name] = random.choice(
            [
                {"dtype": kind},
                {"dtype": kind, "shape": [size // DTYPES[kind]]},
                {"shape": random.choice([[], [0], [-1], [2**63], [2**32, 2**32], [1.5], ["a"], None])},
                {"data_offsets": random.choice([[0, 0], [0, 2**63], [5, 1], [-1, 1], [0], None])},
                {"more": 1},
            ]
        )


def metadata(parts: Parts, random: Random) -> None:
    """Other metadata entries; the digest missing, wrong, or of another type."""
    parts.metadata[random.choice([DIGEST_KEY, DIGEST_KEY, METADATA_KEY, "format", ""])] = random.choice(
        ["", "0" * 64, "pt", "{}", "[]", "null", '"a"', 5, None, "\ud800", '{"schema": 2}', "NaN"]
    )


def repacked(parts: Parts, random: Random) -> None:
    """The weights of a layer stored in another width, packed or not."""
    layer = _layer(parts, random)
    width = random.choice(range(1, 9))
    for source in layer["sources"]:
        values = parts.tensors[source["weight"]]
        if source.get("shape") is None and values.ndim > 1:
            source["shape"] = list(values.shape)
            parts.tensors[source["weight"]] = pack(values.view(np.int8), width)
            layer["code"]["width"] = width


def flips(parts: Parts, random: Random) -> None:
    """Bits of the file."""
    seed, count = random.random(), random.choice([1, 1, 1, 2, 8, 64])

    def change(data: bytes) -> bytes:
        own, found = Random(seed), bytearray(data)
        for _ in range(count):
            found[own.randrange(len(found))] ^= 1 << own.randrange(8)
        return bytes(found)

    parts.raw = change


def cut(parts: Parts, random: Random) -> None:
    """A file that is too short, too long, or of which a part is missing or twice; another length of the header."""
    share, other, kind = random.random(), random.random(), random.randrange(5)

    def change(data: bytes) -> bytes:
        start, end = sorted((int(share * len(data)), int(other * len(data))))
        length = random.choice([0, 1, 2**63, 2**64 - 1, 100_000_001, int.from_bytes(data[:8], "little") - 8])
        return [
            data[:start],
            data + data[start:end],
            data[:start] + data[end:],
            data[:end] + data[start:],
            length.to_bytes(8, "little") + data[8:],
        ][kind]

    parts.raw = change


def unsigned(parts: Parts, random: Random) -> None:
    """No digest, and another change."""
    parts.signed = False
    random.choice(MUTATIONS[:-1])(parts, random)


MUTATIONS: tuple[Mutation, ...] = (
    *(setting, setting, setting, number, number, value, value, extent, elements, whole, whole),
    *(key, twice, nest, shape, entry, metadata, repacked, flips, cut, unsigned),
)
