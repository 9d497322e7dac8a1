"""Bundles of the schemas 1 and 2: the shipped ones are what they were, and mistakes in old keys get their sentence."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from model.errors import UserError
from model.golden.network import run
from model.network import bundle
from model.network.network import Network
from model.network.shipped import FOLDER
from sim.networks.random_networks import random_images, random_network
from tools.fuzz import same


def text_of(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["mint"])


def older(header: dict[str, Any], version: int, network: Network) -> dict[str, Any]:
    """The text of a network of schema 3 as ``version`` had it."""
    layers = []
    for table in header["layers"]:
        neuron, code, pool = table["neuron"], table["code"], table["pool"]
        sources = [
            {"from": s["from"], "weight": s["weight"], "stride": s["stride"][0], "padding": s["padding"][0]}
            | ({"shape": s["shape"]} if version > 1 else {})
            for s in table["sources"]
        ]
        layers.append(
            {key: table[key] for key in ("name", "kind", "skip", "step")}
            | {"neuron": "lif" if neuron else "none", "leak": neuron["r"] if neuron else 1, "sources": sources}
            | {"weight_width": code["width"], "weight_code": code["name"], "membrane_width": 2}
            | {"pool": pool and {"kind": pool["kind"], "size": pool["size"][0]}}
            | ({"membrane_width": neuron["membrane_width"]} if neuron else {})
        )
    kept = {key: header[key] for key in ("name", "time_steps", "provenance", "accuracy")}
    entry = {key: header["input"][key] for key in ("kind", "shape")}
    return kept | {"schema": version, "input": entry, "layers": layers}


OLDER = [path for path in sorted(FOLDER.glob("*.safetensors")) if text_of(path)["schema"] < 3]


def test_there_are_shipped_bundles_of_an_older_schema() -> None:
    assert len(OLDER) == 8


@pytest.mark.parametrize("path", OLDER, ids=lambda path: path.stem)
def test_a_shipped_bundle_is_the_same_network_in_this_schema(path: Path, tmp_path: Path) -> None:
    found = bundle.read(path)
    again = tmp_path / path.name
    bundle.write(found, again)
    assert text_of(again)["schema"] == 3
    assert same(bundle.read(again), found)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("seed", [0, 4, 8])
def test_a_file_of_an_older_schema_is_read(seed: int, version: int, tmp_path: Path) -> None:
    """A code a byte, and no shapes, is what was written before weights were packed."""
    network, path = random_network(seed), tmp_path / "n.safetensors"
    bundle.write(network, path)
    header, tensors = text_of(path), load_file(path)
    if version == 1:
        for layer, table in zip(network.layers, header["layers"], strict=True):
            for source, entry in zip(layer.sources, table["sources"], strict=True):
                tensors[entry["weight"]] = np.ascontiguousarray(source.weight)
    save_file(tensors, path, {"mint": json.dumps(older(header, version, network))})
    found = bundle.read(path)
    assert same(found, network)
    images = random_images(network, 2, seed)
    assert all(np.array_equal(value, run(found, images)[key]) for key, value in run(network, images).items())


@pytest.mark.parametrize(
    ("version", "keys", "value", "sentence"),
    [
        (1, ("layers", 0, "sources", 0, "shape"), None, "layer first, source: unknown key 'shape'"),
        (2, ("readout",), "sum", "network: unknown key 'readout'"),
        (2, ("layers", 0, "code"), {}, "layer first: unknown key 'code'"),
        (2, ("layers", 0, "leak"), "2", 'layer first: leak is "2"; it must be an integer'),
        (2, ("layers", 0, "leak"), 99, "layer first: leak r = 99; choose 0 to 15"),
        (2, ("layers", 0, "membrane_width"), 9, "layer first: a membrane width of 9 bits is not supported"),
        (2, ("layers", 0, "weight_width"), 9, "layer first: a weight width of 9 bits is not supported"),
        (2, ("layers", 0, "weight_code"), "offset", "layer first: weight code 'offset': it is unknown"),
        (2, ("layers", 0, "neuron"), "izhikevich", "neuron 'izhikevich'; choose one of lif, none"),
        (2, ("layers", 0, "sources", 0, "stride"), [1, 1], r"stride is \[1, 1\]; it must be an integer"),
        (2, ("layers", 0, "pool"), {"kind": "max", "size": [2, 2]}, r"size is \[2, 2\]; it must be an integer"),
        (2, ("input", "kind"), "sound", "input kind 'sound'; choose one of pixels, spikes"),
    ],
)
def test_a_mistake_in_an_old_key_gets_its_sentence(
    version: int, keys: tuple[Any, ...], value: Any, sentence: str, tmp_path: Path
) -> None:
    path, network = tmp_path / "n.safetensors", random_network(0)
    bundle.write(network, path)
    header = older(text_of(path), version, network)
    table: Any = header
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] = value
    save_file(load_file(path), path, {"mint": json.dumps(header)})
    with pytest.raises(UserError, match=sentence) as caught:
        bundle.read(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_schema_2_says_of_every_source_whether_it_is_packed(tmp_path: Path) -> None:
    path, network = tmp_path / "n.safetensors", random_network(0)
    bundle.write(network, path)
    header = older(text_of(path), 2, network)
    del header["layers"][0]["sources"][0]["shape"]
    save_file(load_file(path), path, {"mint": json.dumps(header)})
    with pytest.raises(UserError, match="layer first, source: key 'shape' is missing; add it"):
        bundle.read(path)
