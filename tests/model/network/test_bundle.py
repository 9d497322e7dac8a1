"""Bundles: what is written is read, and every mistake gets its sentence."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from model.codes import Narrow
from model.errors import UserError
from model.golden.network import run
from model.inputs import SPIKES
from model.network import bundle
from model.network.graph import Layer, LayerKind, Readout, Source, State
from model.network.network import Network
from model.neurons import MemoryFree
from sim.networks.family import reading_out, varied
from sim.networks.random_networks import random_images, random_network

Parts = tuple[Path, dict[str, np.ndarray], dict[str, Any]]


@pytest.mark.parametrize("family", [False, True], ids=["mint", "family"])
@pytest.mark.parametrize("seed", range(9))
def test_a_network_survives_the_file(tmp_path: Path, seed: int, family: bool) -> None:
    network = random_network(seed, seed if family and seed % 3 else None)
    if family:
        network = reading_out(varied(network, seed), list(Readout)[seed % 3], seed)
        network = network if network.inputs.static else replace(network, state=State.STREAM)
    path = tmp_path / "network.safetensors"
    bundle.write(network, path)
    again = bundle.read(path)
    assert (again.inputs, again.state) == (network.inputs, network.state)
    images = random_images(network, 2, seed)
    found, wanted = run(again, images), run(network, images)
    assert all((found[key] == wanted[key]).all() for key in wanted)
    assert again.readout == network.readout
    if network.state == State.STREAM and network.readout == "sum":
        with pytest.raises(UserError, match="state stream: the array's membranes start at 0 with every image"):
            network.array_config()
    elif network.readout == "sum":
        assert again.array_config() == network.array_config()
    else:
        with pytest.raises(UserError, match=f"readout {network.readout}: the array has sum only"):
            network.array_config()
    first = path.read_bytes()
    bundle.write(again, path)
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("width", "size"), [(2, 590_000), (3, 885_000), (4, 1_180_000), (5, 1_475_000), (8, 2_360_000)]
)
def test_a_weight_takes_its_bits_in_the_file(tmp_path: Path, width: int, size: int) -> None:
    """A convolution of 512 × 512 × 3 × 3 weights, in bytes."""
    random = np.random.default_rng(width)
    limit = Narrow(width).limit
    weight = random.integers(-limit, limit, (512, 512, 3, 3), np.int8, endpoint=True)
    zeros = np.zeros(512, np.int32)
    layer = Layer(
        name="only",
        kind=LayerKind.CONV,
        neuron=None,
        code=Narrow(width),
        sources=(Source("input", weight),),
        bias=zeros,
    )
    path = tmp_path / "n.safetensors"
    bundle.write(Network(SPIKES, (512, 3, 3), 4, (layer,)), path)
    assert size <= path.stat().st_size < size + 4_000
    assert (bundle.read(path).layers[0].sources[0].weight == weight).all()


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """A written bundle, taken apart."""
    path = tmp_path / "network.safetensors"
    bundle.write(random_network(0), path)
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["mint"])
    return path, load_file(path), header


Change = Callable[[dict[str, np.ndarray], dict[str, Any]], None]


def _set(*keys: Any, value: Any) -> Change:
    def change(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
        table: Any = header
        for key in keys[:-1]:
            table = table[key]
        table[keys[-1]] = value

    return change


def _weight(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    tensors["first.weight"] = np.zeros(header["layers"][0]["sources"][0]["shape"], np.int8)
    tensors["first.weight"][0, 0, 0, 0] = 5
    header["layers"][0]["sources"][0]["shape"] = None


def _packed_weight(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    tensors["first.weight"][0, 0] = 0b10  # the code -2, which the symmetric codes leave out


def _beyond_the_last_code(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    tensors["last.weight"][0, -1] |= 0x80


def _plain_tensor_with_a_shape(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    tensors["first.weight"] = tensors["first.weight"].view(np.int8)


def _type(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    tensors["first.weight"] = tensors["first.weight"].astype(np.float32)


def _short(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    tensors["first.bias"] = tensors["first.bias"][:-1]


def _missing(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    del tensors["first.threshold"]


def _spare(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    tensors["stranger"] = np.zeros(3, np.int8)


def _no_key(tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    del header["layers"][0]["neuron"]["r"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_weight, r"layer first: weight 5 is beyond ±1 of 2 bits; requantise it, or widen the code"),
        (_packed_weight, r"layer first: weight -2 is beyond ±1 of 2 bits; requantise it, or widen the code"),
        (
            _beyond_the_last_code,
            "layer last: tensor 'last.weight': a bit after the last of 7 codes of 2 bits is set; leave it 0",
        ),
        (_type, "tensor 'first.weight' is F32; a bundle has I8, U8, I32 only"),
        (_plain_tensor_with_a_shape, "layer first: tensor 'first.weight' is int8; it must be uint8"),
        (
            _set("layers", 0, "sources", 0, "shape", value=None),
            "layer first: tensor 'first.weight' is uint8; it must be int8",
        ),
        (
            _set("layers", 0, "sources", 0, "shape", value=[4, 1, 9, 9]),
            r"'first.weight' is uint8 .*; weights \[4, 1, 9, 9\] of 2 bits are packed in \[4, 21\]",
        ),
        (_set("layers", 0, "sources", 0, "shape", value=[4, 0]), r"has shape \[4, 0\]; give \[out, in, k, k\]"),
        (_set("layers", 0, "sources", 0, "shape", value=[4, True]), r"has shape \[4, true\]; give"),
        (_set("layers", 0, "sources", 0, "shape", value=[4]), r"has shape \[4\]; give"),
        (_short, "layer first: bias is int32"),
        (_missing, "layer first: tensor threshold is missing"),
        (_spare, "tensor 'stranger' belongs to no layer"),
        (_no_key, "layer first, neuron: key 'r' is missing"),
        (_set("schema", value=4), "schema version 4; this release reads versions 1 to 3"),
        (_set("schema", value=0), "schema version 0; this release reads versions 1 to 3"),
        (_set("colour", value="red"), "network: unknown key 'colour'"),
        (_set("layers", 0, "tau", value=2), "layer first: unknown key 'tau'"),
        (_set("layers", 0, "neuron", "tau", value=2), "layer first, neuron: unknown key 'tau'; known are family, leak"),
        (_set("layers", 0, "neuron", "r", value="2"), 'layer first, neuron: r is "2"; it must be an integer'),
        (_set("layers", 0, "neuron", "r", value=True), "layer first, neuron: r is true; it must be an integer"),
        (_set("layers", 0, "neuron", "r", value=99), "layer first: leak r = 99; choose 0 to 15"),
        (_set("layers", 0, "code", "width", value=9), "layer first: a weight width of 9 bits is not supported"),
        (_set("layers", 0, "code", "width", value=3), r"weights .* of 3 bits are packed in"),
        (_set("layers", 0, "sources", 0, "from", value="nowhere"), "source 'nowhere' is neither 'input'"),
        (_set("layers", 0, "sources", 0, "stride", value=[0, 0]), "layer first: stride 0"),
        (_set("layers", 0, "sources", 0, "stride", value=1), "layer first, source: stride is 1; it must be a list"),
        (_set("layers", 0, "sources", 0, "stride", value=[1]), r"stride is \[1\]; give \[rows, columns\]"),
        (_set("layers", -1, "sources", 0, "stride", value=[7, 7]), "a linear layer has stride 1 and padding 0"),
        (_set("layers", 0, "neuron", value="lif"), 'layer first: neuron is "lif"; it must be an object or null'),
        (
            _set("layers", 1, "name", value="a b"),
            'layer "a b": a name has letters, digits and _ only, at most 200',
        ),
        (_set("input", "bits", value=5), "input (pixels|spikes) of 5 bits; they have"),
        (_set("input", "shape", value=[1, 2]), "give \\[channels, height, width\\]"),
        (_set("time_steps", value=0), "0 time steps"),
        (_set("readout", value="rate"), "readout 'rate'; choose one of sum, count, membrane"),
        (
            _set("readout", value="count"),
            "readout 'count': layer .* no neurons and no thresholds, which is sum; say so",
        ),
    ],
)
def test_a_mistake_gets_its_sentence(parts: Parts, change: Change, sentence: str) -> None:
    path, tensors, header = parts
    change(tensors, header)
    save_file(tensors, path, {"mint": json.dumps(header)})
    with pytest.raises(UserError, match=sentence) as caught:
        bundle.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


POOL = {"kind": "max", "size": [2, 2], "stride": [2, 2]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_set("input", value={"kind": "counts", "bits": 9, "scale": 1, "shape": [1, 8, 8]}), "input counts of 9 bits"),
        (
            _set("input", value={"kind": "counts", "bits": 2, "scale": 4, "shape": [1, 8, 8]}),
            "scale is 4; counts have 1",
        ),
        (_set("input", "kind", value="sound"), "input kind 'sound'; choose one of pixels, spikes, counts"),
        (
            _set("layers", 0, "neuron", value={"family": "memory-free", "taps": [[1, 2], [1, 1]], "dilation": 1}),
            "layer first.*: the least shift of the taps is 1",
        ),
        (_set("layers", 0, "neuron", "family", value="izhikevich"), "neuron family 'izhikevich': it is unknown"),
        (_set("layers", 0, "neuron", "leak", value=0.9), "layer first.*: leak 0.9; choose one of 0, 0.5, 0.75"),
        (_set("layers", 0, "neuron", "reset", value="soft"), "reset 'soft'; choose one of zero, subtract, none"),
        (_set("layers", 0, "code", value={"name": "binary", "width": 2}), "binary weights of 2 bits; they have 1"),
        (_set("layers", 0, "code", "name", value="offset"), "layer first: weight code 'offset': it is unknown"),
        (_set("state", value="pin"), "state 'pin'; choose one of image, stream"),
        (_set("layers", 0, "sources", 0, "groups", value=2), "layer first, source: groups 2: this release does not"),
        (_set("layers", 0, "sources", 0, "stride", value=[1, 2]), r"stride \[1, 2\]: this release runs the same"),
        (_set("layers", 0, "sources", 0, "padding", value=[1, 0]), r"padding \[1, 0\]: this release runs the same"),
        (_set("layers", 0, "pool", value=POOL | {"size": [2, 1]}), r"pool: size \[2, 1\]: this release runs the same"),
        (_set("layers", 0, "pool", value=POOL | {"stride": [1, 1]}), "pool: stride 1 of windows of 2: this release"),
    ],
)
def test_what_is_not_built_is_refused_by_name(parts: Parts, change: Change, sentence: str) -> None:
    test_a_mistake_gets_its_sentence(parts, change, sentence)


def test_files_that_are_no_bundles_are_refused(parts: Parts) -> None:
    path, tensors, _ = parts
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], whole[:4], b"", b"PK\x03\x04 not a safetensors file at all"):
        path.write_bytes(data)
        with pytest.raises(UserError, match="not a safetensors file, or cut short"):
            bundle.read(path)
    save_file(tensors, path)
    with pytest.raises(UserError, match="no bundle of ours"):
        bundle.read(path)
    save_file(tensors, path, {"mint": "{"})
    with pytest.raises(UserError, match="not JSON"):
        bundle.read(path)
    with pytest.raises(UserError, match="no such file"):
        bundle.read(path.with_name("absent"))


def test_thresholds_out_of_reach_are_a_warning(parts: Parts) -> None:
    path, tensors, header = parts
    tensors["first.threshold"][:] = 2**20
    tensors["first.threshold"][0] = -(2**20)
    save_file(tensors, path, {"mint": json.dumps(header)})
    warnings = list(bundle.read(path).warnings())
    assert any("first" in w and "never reached" in w for w in warnings)
    assert any("first" in w and "1 of" in w and "always reached" in w for w in warnings)


def test_neurons_of_several_families_are_a_warning(parts: Parts) -> None:
    path, tensors, header = parts
    save_file(tensors, path, {"mint": json.dumps(header)})
    network = bundle.read(path)
    assert not any("families" in sentence for sentence in network.warnings())
    first = replace(network.layers[0], neuron=MemoryFree(((1, 0),)))
    mixed = replace(network, layers=(first, *network.layers[1:]))
    assert any("families lif, memory-free" in sentence for sentence in mixed.warnings())
