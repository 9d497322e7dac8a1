"""What a bundle or a network may not be: every limit has its sentence."""

import json
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mint.commands.check import described
from model.accelerator.plan import plan, spike_memories
from model.config import Precision
from model.errors import UserError
from model.inputs import SPIKES
from model.network import bundle, metadata, validation
from model.network.graph import Layer, LayerKind, Pool, Source
from model.network.metadata import DIGEST_KEY, METADATA_KEY
from model.network.network import Network
from model.network.packing import unpack
from sim.networks.random_networks import random_network

W8 = Precision(8, 4)


def header_of(data: bytes) -> dict[str, Any]:
    found = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(found["__metadata__"][METADATA_KEY])


def two_layers(height: int, width: int, pool: Pool | None = None, *, weight: int = 1, **changes: Any) -> Network:
    """A convolution of one channel and one weight, pooled, and a linear layer that adds up what it hands on."""
    one = np.ones(1, np.int32)
    first = Layer(
        name="a",
        kind=LayerKind.CONV,
        neuron=W8.lif(),
        code=W8.code,
        sources=(Source("input", np.ones((1, 1, 1, 1), np.int8)),),
        bias=one,
        threshold=one,
        pool=pool,
    )
    inputs = height // pool.size * (width // pool.size) if pool else height * width
    last = Layer(
        name="b",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=W8.code,
        sources=(Source("a", np.full((2, inputs), weight, np.int8)),),
        bias=one.repeat(2),
    )
    return Network(
        **{"inputs": SPIKES, "input_shape": (1, height, width), "time_steps": 4} | changes, layers=(first, last)
    )


def with_text(text: str, **metadata: str) -> bytes:
    """The file of a small network with another text."""
    whole = bundle.to_bytes(two_layers(2, 2))
    start = 8 + int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8:start]) | {"__metadata__": {METADATA_KEY: text, **metadata}}
    raw = json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + whole[start:]


POOL = {"kind": "sum", "size": [2, 2], "stride": [2, 2]}


def text_of(*keys: Any, value: Any) -> str:
    """The text of a small network with one value changed."""
    header: Any = header_of(bundle.to_bytes(two_layers(2, 2)))
    table = header
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] = value
    return json.dumps(header)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (text_of("layers", 0, "step", value=1).replace('"step": 1', '"step": 1e999'), "1e999 is beyond the numbers of"),
        (text_of("layers", 0, "step", value=float("nan")), "NaN is no number of JSON"),
        (text_of("accuracy", value={"test": float("-inf")}), "-Infinity is no number of JSON"),
        (text_of("layers", 0, "step", value=0), "layer a: step 0.0; give the size of a step, a number above 0"),
        (text_of("layers", 0, "step", value=-0.5), "layer a: step -0.5; give"),
        (text_of("layers", 0, "step", value=True), "layer a: step is true; it must be a number or an integer or null"),
        (
            text_of("layers", 0, "pool", value=POOL | {"size": [10**200, 10**200]}),
            "0000 is beyond the integers of 64 bits",
        ),
        (
            text_of("layers", 0, "pool", value=POOL | {"size": [2**33] * 2, "stride": [2**33] * 2}),
            "layer a: pool size 8589934592 on 2×2",
        ),
        (text_of("input", "shape", value=[1, 10**9, 10**9]), "the input: 1×1000000000×1000000000 values; give at most"),
        (text_of("input", "shape", value=[1, 4097, 4096]), "the input: 1×4097×4096 values; give at most 65,536"),
        (text_of("time_steps", value=validation.LARGEST_TIME_STEPS + 1), r"\d+ time steps; choose 1 to \d+"),
        (text_of("layers", value={}), "network: layers is {}; it must be a list"),
        (text_of("name", value="\ud800"), r"a string that cannot be printed, '\\ud800'; remove its control characters"),
        (text_of("name", value="\x1b[2J"), r"a string that cannot be printed, '\\x1b\[2J'"),
        (text_of("name", value="n" * 201), "the network's name \"n+…; give at most 200 characters"),
        (text_of("provenance", value={"command": ["\x9b31m"]}), r"a string that cannot be printed, '\\x9b31m'"),
        (text_of("accuracy", value={"\u202e": 1}), r"a string that cannot be printed, '\\u202e'"),
        (text_of("layers", 0, "name", value="\x1b[8m"), r"a string that cannot be printed"),
        (
            text_of("layers", 0, "name", value="x" * 201),
            "a name has letters, digits and _ only, at most 200; rename it",
        ),
        (
            text_of("provenance", value={"x": json.loads("[" * 20 + "]" * 20)}),
            "is nested more than 16 deep; make it flatter",
        ),
        ("[" * 100_000, "is not JSON that a bundle can have"),
        ("[]", "metadata 'mint' must be an object"),
        (
            text_of("layers", 0, "step", value=1).replace('"r": 1', '"r": 1, "r": 3', 1),
            "the key 'r' stands twice in an object",
        ),
        (text_of("layers", 1, "sources", 0, "weight", value="a.bias"), "layer b: tensor 'a.bias' is used twice"),
        (text_of("layers", 0, "kind", value=["conv"] * 10_000), "layer a: kind is .*…; it must be a string"),
    ],
)
def test_a_text_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "n.safetensors"
    path.write_bytes(with_text(text))
    with pytest.raises(UserError, match=sentence) as caught:
        bundle.read(path)
    found = str(caught.value).removeprefix(f"{path}: ")
    assert found.isprintable()
    assert len(found) <= bundle.LONGEST_SENTENCE + 3


def test_a_file_that_is_too_large_or_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "n.safetensors"
    path.write_bytes(with_text(text_of("name", value="n")))
    assert bundle.read(path).name == "n"
    with pytest.raises(UserError, match="not a file"):
        bundle.read(tmp_path)
    monkeypatch.setattr(bundle, "LARGEST_HEADER", 100)
    with pytest.raises(UserError, match=r"its header has [\d,]+ bytes; a bundle has one of at most 100"):
        bundle.read(path)
    with path.open("wb") as file:
        file.truncate(bundle.LARGEST_FILE + 1)
    with pytest.raises(UserError, match=r"it has 268,435,457 bytes; a bundle has at most 268,435,456"):
        bundle.read(path)


def test_a_flipped_bit_is_a_sentence_or_changes_nothing() -> None:
    """Every byte of a small file; what is not in the contents, such as the name of the digest itself, may change."""
    network = random_network(1)
    whole = bundle.to_bytes(network)
    accepted = 0
    for place in range(0, len(whole), 7):
        data = bytearray(whole)
        data[place] ^= 1 << place % 8
        try:
            found = bundle.from_bytes(bytes(data))
        except UserError:
            continue
        accepted += 1
        assert bundle.to_bytes(found) == whole
    assert accepted < len(DIGEST_KEY)


def test_a_key_that_stands_twice_in_the_table_of_tensors_is_refused() -> None:
    whole = bundle.to_bytes(two_layers(2, 2))
    start = 8 + int.from_bytes(whole[:8], "little")
    raw = (
        whole[8:start]
        .rstrip()
        .replace(b'"a.bias":', b'"a.bias":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"a.bias":')
    )
    with pytest.raises(UserError, match=r"stands twice in an object"):
        bundle.from_bytes(len(raw).to_bytes(8, "little") + raw + whole[start:])


def test_what_cannot_be_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for change, sentence in (
        ({"accuracy": {"test": float("inf")}}, "Infinity is no number of JSON"),
        ({"provenance": {"command": "\x1b[31m"}}, "a string that cannot be printed"),
        ({"provenance": {"seed": 1 << 64}}, "beyond the integers of 64 bits"),
    ):
        with pytest.raises(UserError, match=f"n.safetensors is not written: .*{sentence}"):
            bundle.write(two_layers(2, 2, **change), tmp_path / "n.safetensors")
    monkeypatch.setattr(bundle, "LARGEST_FILE", 1000)
    with pytest.raises(UserError, match=r"is not written: it has [0-9,]+ bytes; a bundle has at most 1,000"):
        bundle.write(two_layers(2, 2), tmp_path / "n.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [181, 2048, 4096])
def test_bounds_of_large_counts_are_exact(size: int) -> None:
    """Counts of size² and a weight of 127: the width follows from the logit, whatever 32 bits would make of it."""
    largest = 4 * (size**2 * 127 + 1)
    bits = largest.bit_length() + 1
    if bits <= 32:
        network = two_layers(size, size, Pool("sum", size), weight=127)
        assert int(network.potential_range(network.layers[-1])[1].max()) == largest
        assert described(network, network.layers[-1])[-1] == f"logits 4 to {largest:,}: {bits} bits of accumulator"
    else:
        with pytest.raises(UserError, match=f"layer b: potentials need {bits} bits; an array has at most 32"):
            two_layers(size, size, Pool("sum", size), weight=127)


def test_sums_beyond_64_bits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the other limits were higher: counts of 2^80 do not wrap."""
    monkeypatch.setattr(validation, "LARGEST_EXTENT", 1 << 50)
    monkeypatch.setattr(validation, "LARGEST_MAP", 1 << 100)
    for size in (1 << 33, 1 << 40):
        with pytest.raises(UserError, match=r"layer b: sums of up to [0-9]+ need more than 62 bits"):
            two_layers(size, size, Pool("sum", size))


def test_a_parameter_beyond_32_bits_is_refused() -> None:
    network = random_network(2)
    layer = network.layers[0]
    assert layer.threshold is not None
    with pytest.raises(UserError, match="layer first: threshold 2147483648 is beyond the integers of 32 bits"):
        Network(
            network.inputs,
            network.input_shape,
            4,
            (replace(layer, threshold=np.full(layer.channels, 1 << 31, np.int64)), *network.layers[1:]),
        )


def deep(layers: int) -> Network:
    """A chain of layers of one neuron each."""
    one, weight = np.ones(1, np.int32), np.ones((1, 1), np.int8)
    chain = [
        Layer(
            name=f"l{i}",
            kind=LayerKind.LINEAR,
            neuron=W8.lif(),
            code=W8.code,
            sources=(Source(f"l{i - 1}" if i else "input", weight),),
            bias=one,
            threshold=one,
        )
        for i in range(layers - 1)
    ]
    last = Layer(
        name="out",
        kind=LayerKind.LINEAR,
        neuron=None,
        code=W8.code,
        sources=(Source(chain[-1].name, weight),),
        bias=one,
    )
    return Network(SPIKES, (1, 1, 1), 4, (*chain, last))


class Counted(tuple[Layer, ...]):
    """Layers that count how often one of them is looked at from the first on."""

    looks = 0

    def __iter__(self) -> Iterator[Layer]:
        for layer in super().__iter__():
            Counted.looks += 1
            yield layer


def test_checking_describing_and_planning_are_linear_in_the_layers() -> None:
    """By what is looked at, which no busy machine changes."""
    layers = 100
    network = deep(layers)
    Counted.looks = 0
    network = replace(network, layers=Counted(network.layers))
    for step in (
        lambda: [described(network, layer) for layer in network.layers],
        lambda: list(network.warnings()),
        lambda: spike_memories(network),
        lambda: plan(network),
    ):
        assert 0 < Counted.looks < 20 * layers
        Counted.looks = 0
        step()
    assert 0 < Counted.looks < 20 * layers


def test_unpacking_takes_the_memory_of_the_codes() -> None:
    data = np.zeros((16, 1 << 14), np.uint8)
    tracemalloc.start()
    codes = unpack(data, 4 << 14, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes.nbytes == 4 * data.nbytes
    assert peak < 7 * data.nbytes


def test_a_network_has_some_layers_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="the network has no layers; give 1 to 10,000"):
        Network(SPIKES, (1, 1, 1), 4, ())
    monkeypatch.setattr(validation, "LARGEST_NETWORK", 4)
    with pytest.raises(UserError, match="the network has 5 layers; give 1 to 4"):
        deep(5)


def test_the_document_has_the_limits() -> None:
    page = (Path(__file__).parents[3] / "docs" / "bundle.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE))
    assert {
        "file": f"{bundle.LARGEST_FILE >> 20} MiB",
        "header": f"{bundle.LARGEST_HEADER >> 20} MiB",
        "nesting of the JSON": f"{metadata.DEEPEST}",
        "names": f"{validation.LONGEST_NAME} characters",
        "layers": f"{validation.LARGEST_NETWORK:,}",
        "channels, rows, columns": f"{validation.LARGEST_EXTENT:,}",
        "values": f"{validation.LARGEST_MAP:,}",
        "T": f"{validation.LARGEST_TIME_STEPS:,}",
        "potentials, logits": f"{validation.LARGEST_ACCUMULATOR} bits",
    }.items() <= rows.items()
