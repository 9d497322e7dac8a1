"""Without the safetensors library: the same bytes, and the same refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from model.files.safetensors_fallback import TYPES, SafetensorError, deserialize, safe_open, save

METADATA = {"mint": '{"é": "\\u0000"}'}


def tensors() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    kinds = {
        f"{name}.{kind}": (random.standard_normal((3, 5)) * 50).astype(kind) for kind in TYPES.values() for name in "ba"
    }
    return kinds | {
        "none": np.zeros((0, 3), np.float32),
        "scalar": np.array(3, np.int64),
        "turned": np.ones((2, 3), np.int8).T,
    }


def test_what_is_written_has_the_librarys_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(save(tensors(), METADATA))
    contiguous = {name: np.ascontiguousarray(values) if values.ndim else values for name, values in tensors().items()}
    assert path.read_bytes() == safetensors.numpy.save(contiguous, METADATA)
    with safe_open(path, "numpy") as file:
        assert file.metadata() == METADATA
        assert file.keys() == sorted(tensors())
        for name, values in tensors().items():
            found = file.get_tensor(name)
            assert (found.dtype, found.shape) == (values.dtype, values.shape)
            assert (found == values).all()
    with safe_open(path, "pt") as file:
        assert file.get_tensor("scalar").item() == 3
    ours, theirs = (dict(read(path.read_bytes())) for read in (deserialize, safetensors.deserialize))
    assert ours == theirs


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole = save(tensors(), METADATA)
    header = json.dumps({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    size = len(header).to_bytes(8, "little")
    broken = [
        b"",
        whole[:-1],
        whole + b"0",
        whole[:40],
        b"\xff" * 16,
        size + b"{" * len(header),
        size + header + b"1234",
    ]
    for data in broken:
        path.write_bytes(data)
        with pytest.raises(SafetensorError):
            safe_open(path, "numpy")
    with pytest.raises(FileNotFoundError):
        safe_open(tmp_path / "nothing", "numpy")
