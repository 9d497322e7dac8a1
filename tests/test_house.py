"""A new neuron and a new weight code in a copy of the tree, as CONTRIBUTING.md says: a file per floor and a line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FLOORS = ("model", "hdl", "sim")

NEURON = '''
"""A leaky neuron that fires above its threshold, not at it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from model.neurons.lif import Lif


@dataclass(frozen=True, order=True)
class Above(Lif):
    family: ClassVar[str] = "above"

    def fire(self, potential: Any, threshold: Any) -> Any:
        spike, membrane = potential > threshold, self.store(potential)
        if isinstance(spike, np.ndarray):
            return spike.astype(np.int64), np.where(spike, 0, membrane)
        return int(spike), 0 if spike else membrane
'''
HARDWARE = '''
"""The same in hardware."""

from hdl.neurons.lif import LIF

ABOVE = LIF._replace(fires=lambda potential, threshold: potential > threshold)
'''
CODE = '''
"""Levels -1, 0 and 1, in two bits."""

from dataclasses import dataclass
from typing import ClassVar

from model.codes.narrow import Narrow


@dataclass(frozen=True, order=True)
class Ternary(Narrow):
    name: ClassVar[str] = "ternary"

    @property
    def levels(self) -> tuple[int, ...]:
        return -1, 0, 1

    @property
    def limit(self) -> int:
        return 1
'''
NEW = {
    "model/neurons/above.py": NEURON,
    "hdl/neurons/above.py": HARDWARE,
    "model/codes/ternary.py": CODE,
}
LINES = {
    "model/neurons/__init__.py": ("Lif.family: Lif", "from model.neurons.above import Above", "Above.family: Above"),
    "hdl/neurons/__init__.py": ("Lif.family: LIF", "from hdl.neurons.above import ABOVE", '"above": ABOVE'),
    "model/codes/__init__.py": (
        "Narrow.name: Narrow",
        "from model.codes.ternary import Ternary",
        "Ternary.name: Ternary",
    ),
}
"""The entry of a registry beside which the new one stands, the import and the entry."""

WHOLE = """
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from model.accelerator.plan import plan
from model.config import Precision
from model.golden.network import run as golden
from model.network import bundle
from model.training.equality import compare
from model.training.export import export
from model.training.layers import Conv, Readout
from model.training.network import SpikingNetwork
from sim.accelerator import cosim as accelerator
from sim.array import cosim as array

torch.manual_seed(0)
torch.set_num_threads(1)
precision = Precision(3, 4, weight_code="ternary", neuron_family="above")
module = SpikingNetwork(
    {"conv": Conv(1, 4, 3, precision=precision), "fc": Readout(64, 3, precision=precision)}, input_shape=(1, 6, 6)
)
images = torch.randint(0, 256, (30, 1, 6, 6))
before = module.conv.weight.detach().clone()
for _ in range(5):
    loss = torch.nn.functional.cross_entropy(module(images), images.flatten(1).sum(1) % 3)
    gradients = torch.autograd.grad(loss, list(module.parameters()), allow_unused=True)
    with torch.no_grad():  # PyTorch's own optimisers take seconds to import
        for parameter, gradient in zip(module.parameters(), gradients):
            parameter -= 0.01 * (0 if gradient is None else gradient)
export(module.eval(), "toy.safetensors")
network = bundle.read(Path("toy.safetensors"))
first = network.layers[0]
trained = compare(module, network, images.numpy().astype(np.uint8))
pictures = images[:2].numpy().astype(np.uint8)
# Thresholds that the first image's potentials tie.
ties = golden(network, pictures)["conv.potential"][0, 0, :, 0, 0].astype(np.int32)
network = replace(network, layers=(replace(first, threshold=ties), *network.layers[1:]))
runs = [
    accelerator.run(accelerator.prepare(network, pictures, Path("accelerator"), plan(network, lanes=4, retire=True))),
    array.run(array.prepare(network, pictures, Path("array"), rows=4, columns=2)),
]
neuron = first.neuron
print(json.dumps({
    "family": neuron.family, "code": first.code.name, "weights": sorted(np.unique(first.sources[0].weight).tolist()),
    "learnt": float((module.conv.weight - before).abs().max()) > 0, "trained": [trained.differing, trained.compared],
    "tie": [neuron.step(5, 0, 0, 5)[1], neuron.step(6, 0, 0, 5)[1]],
    "rtl": [[run.mismatches, run.comparisons] for run in runs],
}))
"""


def test_a_toy_neuron_and_a_toy_code_touch_one_file_per_floor_and_a_line(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, tree / floor, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in NEW.items():
        (tree / name).write_text(text.lstrip(), encoding="utf-8")
    for name, (beside, module, entry) in LINES.items():
        path = tree / name
        text = path.read_text(encoding="utf-8")
        assert text.count(beside) == 1
        text = text.replace(beside, f"{beside}, {entry}")
        path.write_text(text.replace("\nfrom model.", f"\n{module}\nfrom model.", 1), encoding="utf-8")

    changed = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    new = {str(path.relative_to(tree)) for path in changed if not (ROOT / path.relative_to(tree)).exists()}
    assert new == set(NEW)
    for path, data in changed.items():
        name = str(path.relative_to(tree))
        if name not in NEW:
            before = (ROOT / name).read_bytes()
            added = set(data.splitlines()) - set(before.splitlines())
            assert len(added) == (2 if name in LINES else 0), name  # the import and the entry
            assert name in LINES or data == before, name

    (tmp_path / "run").mkdir()
    # What numba compiles it keeps beside the source, so that here it would compile everything again.
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1", "NUMBA_DISABLE_JIT": "1"}
    found = subprocess.run(
        [sys.executable, "-c", WHOLE], cwd=tmp_path / "run", env=environment, capture_output=True, encoding="utf-8"
    )
    assert found.returncode == 0, found.stderr[-3000:]
    result = json.loads(found.stdout.splitlines()[-1])
    assert (result["family"], result["code"], result["weights"]) == ("above", "ternary", [-1, 0, 1])
    assert result["learnt"]
    assert result["tie"] == [0, 1]
    assert result["trained"][0] == 0 < result["trained"][1]
    for mismatches, comparisons in result["rtl"]:
        assert mismatches == 0 < comparisons
