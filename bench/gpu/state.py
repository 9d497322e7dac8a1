"""What a killed run goes on from: a folder with one index and the pieces of one file, no piece longer than allowed.

The index is written last and names its pieces with their digests, so what it names is whole. Where the whole may not
be as large as it is, AdamW's moments become eight bits, then the weights sixteen, then the moments start again.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.gpu.moments import narrow_average, narrow_square, wide_average, wide_square
from model.errors import UserError, require
from model.files.replacing import replacing
from model.files.tensor_file import SafetensorError, safe_open, save

MIB = 1 << 20
INDEX = "state.json"
FORMS = ((32, 32), (32, 8), (16, 8), (16, 0))
"""Bits of weights and moments, the best first."""
MOMENTS: dict[str, tuple[Any, Any]] = {
    "exp_avg": (narrow_average, wide_average),
    "exp_avg_sq": (narrow_square, wide_square),
}
"""What makes a moment narrow, and wide again."""
Arrays = dict[str, np.ndarray]


class Store:
    """The state of a queue: of the run in progress everything, of those done their results.

    Parameters
    ----------
    folder : Path
    piece_mib, limit_mib : int
        Greatest size of a piece and of all of them; 0: any.
    """

    def __init__(self, folder: Path, piece_mib: int = 0, limit_mib: int = 0) -> None:
        self.folder, self.piece, self.limit = folder, piece_mib * MIB, limit_mib * MIB
        self.index: dict[str, Any] = {"done": {}, "run": None, "pieces": [], "number": 0}
        path = folder / INDEX
        if path.exists():
            try:
                self.index |= json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise UserError(f"{path}: not a state of ours ({error}); name another folder") from None

    @property
    def done(self) -> dict[str, Any]:
        """Results by run."""
        return dict(self.index["done"])

    def finish(self, name: str, result: dict[str, Any]) -> None:
        """A run is done: its result stays, its state goes."""
        self._replace([], {**self.index, "done": {**self.index["done"], name: result}, "run": None})

    def write(self, name: str, module: nn.Module, optimiser: torch.optim.Optimizer, notes: dict[str, Any]) -> str:
        """Keep the state of a run; says in which form."""
        for weights, moments in FORMS:
            arrays = dict(_arrays(module, optimiser, weights, moments))
            if not self.limit or sum(x.nbytes for x in arrays.values()) <= self.limit:
                break
        else:
            raise UserError(f"a state of {self.limit // MIB} MiB does not hold {name}; allow more with --state-mib")
        steps = [int(state["step"]) for state in optimiser.state.values()]
        notes = {**notes, "optimiser_step": steps[0] if steps else 0}
        data = save(arrays, {"notes": json.dumps(notes)})
        size = self.piece or len(data)
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        self._replace(pieces, {**self.index, "run": name})
        return f"{len(data) / MIB:.1f} MiB in {len(pieces)} pieces, weights of {weights} bits, moments of {moments}"

    def _replace(self, pieces: list[bytes], index: dict[str, Any]) -> None:
        number = self.index["number"] + 1
        entries = []
        for place, piece in enumerate(pieces):
            name = f"state-{number}.{place}"
            with replacing(self.folder / name) as temporary:
                temporary.write_bytes(piece)
            entries.append({"file": name, "sha256": hashlib.sha256(piece).hexdigest()})
        before, self.index = self.index, {**index, "pieces": entries, "number": number}
        with replacing(self.folder / INDEX) as temporary:
            temporary.write_text(json.dumps(self.index, indent=1), encoding="utf-8")
        for entry in before["pieces"]:
            (self.folder / entry["file"]).unlink(missing_ok=True)

    def read(self, module: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
        """Put the run's state into ``module`` and ``optimiser``; returns its notes."""
        with TemporaryDirectory() as folder:
            whole = Path(folder) / "state"
            whole.write_bytes(b"".join(self._piece(entry) for entry in self.index["pieces"]))
            try:
                with safe_open(whole, framework="numpy") as file:
                    arrays = {name: file.get_tensor(name) for name in list(file.keys())}
                    notes: dict[str, Any] = json.loads((file.metadata() or {})["notes"])
            except (SafetensorError, KeyError, ValueError) as error:
                raise UserError(f"{self.folder}: not a state of ours ({error}); name another folder") from None
        prefix = "module."
        tensors = {k.removeprefix(prefix): torch.from_numpy(v) for k, v in arrays.items() if k.startswith(prefix)}
        module.load_state_dict(tensors)
        _restore(module, optimiser, arrays, notes["optimiser_step"])
        return notes

    def _piece(self, entry: dict[str, str]) -> bytes:
        path = self.folder / entry["file"]
        require(path.is_file(), f"{path}: a piece of the state is missing; put it back or name another folder")
        data = path.read_bytes()
        require(
            hashlib.sha256(data).hexdigest() == entry["sha256"],
            f"{path}: this piece of the state is not what was written; put it back or name another folder",
        )
        return data


def _arrays(
    module: nn.Module, optimiser: torch.optim.Optimizer, weights: int, moments: int
) -> Iterator[tuple[str, np.ndarray]]:
    for name, tensor in module.state_dict().items():
        values = tensor.detach().cpu()
        yield f"module.{name}", (values.half() if weights == 16 and values.dim() > 1 else values).numpy()
    for name, parameter in module.named_parameters():
        for key, (narrow, _) in MOMENTS.items():
            if moments and key in optimiser.state.get(parameter, {}):
                values = optimiser.state[parameter][key].detach().cpu().contiguous().numpy()
                if moments == 32:
                    yield f"{key}.{name}", values
                else:
                    codes, scale = narrow(values)
                    yield from ((f"{key}.{name}.codes", codes), (f"{key}.{name}.scale", scale))


def _restore(module: nn.Module, optimiser: torch.optim.Optimizer, arrays: Arrays, step: int) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for index, (name, parameter) in enumerate(module.named_parameters()):
        found: dict[str, Tensor] = {}
        for key, (_, wide) in MOMENTS.items():
            whole, codes = f"{key}.{name}", f"{key}.{name}.codes"
            if codes in arrays:
                values = wide(arrays[codes], arrays[f"{key}.{name}.scale"], tuple(parameter.shape))
                found[key] = torch.from_numpy(np.ascontiguousarray(values, np.float32))
            elif whole in arrays:
                found[key] = torch.from_numpy(arrays[whole])
        if found:
            state[index] = {**found, "step": torch.tensor(float(step))}
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
