"""Reading image sets, and the sentences when there is nothing to read."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from model import datasets
from model.config import ConfigError


def write_idx(path: Path, values: np.ndarray) -> None:
    data = struct.pack(f">I{values.ndim}I", 0x800 + values.ndim, *values.shape) + values.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def write_set(folder: Path, suffix: str = "") -> None:
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for prefix, count in (("train", 60), ("t10k", 10)):
        write_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}", random.integers(0, 256, (count, 28, 28)))
        write_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}", random.integers(0, 10, count))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("inside", ["", "mnist"])
def test_idx_folders_are_read_plain_and_zipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, inside: str
) -> None:
    write_set(tmp_path / "data" / inside, suffix)
    for found in (datasets.load("mnist", tmp_path / "data"), _by_variable(monkeypatch, tmp_path / "data")):
        assert (len(found.train), len(found.validation), len(found.test)) == (50, 10, 10)
        assert found.test.images.shape == (10, 1, 28, 28)


def _by_variable(monkeypatch: pytest.MonkeyPatch, folder: Path) -> datasets.Dataset:
    monkeypatch.setenv("MINT_DATA", str(folder))
    return datasets.load("mnist")


def test_digits_are_always_there() -> None:
    found = datasets.load("digits")
    assert len(found.train) + len(found.validation) + len(found.test) == 1797
    assert found.train.images.dtype == np.uint8
    assert int(found.train.images.max()) == 255
    assert sorted(set(found.test.labels.tolist())) == list(range(10))


def test_what_is_missing_or_broken_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINT_DATA", raising=False)
    with pytest.raises(ConfigError, match="data set 'imagenet' is not known; choose one of"):
        datasets.load("imagenet")
    with pytest.raises(ConfigError, match="mnist is not at hand; name the folder"):
        datasets.load("mnist")
    with pytest.raises(ConfigError, match="holds no idx files"):
        datasets.load("mnist", tmp_path)
    write_set(tmp_path / "mnist")
    images = tmp_path / "mnist" / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(ConfigError, match="its header says"):
        datasets.load("mnist", tmp_path)
    images.write_bytes(b"no idx file")
    with pytest.raises(ConfigError, match="not an idx file"):
        datasets.load("mnist", tmp_path)


def test_a_download_without_network_or_with_other_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.delenv("MINT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(datasets, "SYSTEM_FOLDERS", {})

    def offline(*arguments: object, **named: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(datasets.urllib.request, "urlopen", offline)
    with pytest.raises(ConfigError, match="could not be downloaded"):
        datasets.load("fashion-mnist")
    monkeypatch.setattr(datasets.urllib.request, "urlopen", lambda *a, **n: io.BytesIO(b"something else"))
    with pytest.raises(ConfigError, match="was downloaded with checksum"):
        datasets.load("fashion-mnist")
    assert not list((tmp_path / "mint" / "fashion-mnist").iterdir())
