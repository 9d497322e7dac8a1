"""Reading image sets, and the sentences when there is nothing to read."""

import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
from http.client import IncompleteRead
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model import datasets
from model.datasets import cifar10, folders, idx, tiny_imagenet
from model.errors import UserError


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
    with pytest.raises(UserError, match="data set 'imagenet' is not known; choose one of"):
        datasets.load("imagenet")
    with pytest.raises(UserError, match="holds no mnist: idx files"):
        datasets.load("mnist", tmp_path)
    write_set(tmp_path / "mnist")
    images = tmp_path / "mnist" / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(UserError, match="its header says"):
        datasets.load("mnist", tmp_path)
    images.write_bytes(b"no idx file")
    with pytest.raises(UserError, match="not an idx file"):
        datasets.load("mnist", tmp_path)


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "RECORDS", 12)


def write_cifar10(folder: Path) -> dict[str, bytes]:
    """Six files of random records whose labels go round."""
    random, count = np.random.default_rng(0), cifar10.RECORDS
    files = {}
    for name in (*cifar10.TRAIN, cifar10.TEST):
        records = random.integers(0, 256, (count, cifar10.RECORD), np.uint8)
        records[:, 0] = np.arange(count) % 10
        files[name] = records.tobytes()
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return files


@pytest.mark.parametrize("inside", ["", "cifar10", "cifar-10-batches-bin"])
def test_cifar10_is_read_record_by_record(tmp_path: Path, inside: str) -> None:
    files = write_cifar10(tmp_path / "data" / inside)
    found = datasets.load("cifar10", tmp_path / "data")
    assert (len(found.train), len(found.validation), len(found.test)) == (50, 10, 12)
    assert found.train.labels.tolist() == [label % 10 for _ in range(5) for label in range(12)][:50]
    last = files["test_batch.bin"][-cifar10.RECORD :]
    assert found.test.images[-1].tobytes() == last[1:]  # red, green, blue, each row by row
    assert found.test.images.shape == (12, 3, 32, 32)
    assert found.test.labels[-1] == last[0]


def test_broken_cifar10_gets_a_sentence(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "set")
    with pytest.raises(UserError, match=r"holds no cifar10: data_batch_1.bin and others, test_batch.bin"):
        datasets.load("cifar10", tmp_path)
    broken = tmp_path / "set" / "data_batch_3.bin"
    data = broken.read_bytes()
    broken.write_bytes(b"\x0a" + data[1:])
    with pytest.raises(UserError, match=r"data_batch_3.bin has label 10 of 10 classes"):
        datasets.load("cifar10", tmp_path / "set")
    broken.write_bytes(data[:-1])
    with pytest.raises(UserError, match="holds 36875 bytes, which are not 12 records of 3073"):
        datasets.load("cifar10", tmp_path / "set")
    broken.write_bytes(data[: -cifar10.RECORD])
    with pytest.raises(UserError, match="holds 33803 bytes, which are not 12 records of 3073"):
        datasets.load("cifar10", tmp_path / "set")
    broken.unlink()
    with pytest.raises(UserError, match=r"data_batch_3.bin: no such file"):
        datasets.load("cifar10", tmp_path / "set")


def write_tiny_imagenet(folder: Path, names: tuple[str, ...] = ("n02", "n01", "n03")) -> None:
    """Six training images and two test images of each class, each of one colour that says which it is."""

    def image(path: Path, colour: tuple[int, int, int] | int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L" if isinstance(colour, int) else "RGB", (64, 64), colour).save(path, "JPEG", quality=100)

    lines = []
    for label, name in enumerate(names):
        for number in range(6):
            image(folder / "train" / name / "images" / f"{name}_{number}.JPEG", (40 * number, 100 * label, 0))
        for number in range(2):
            image(folder / "val" / "images" / f"val_{label}{number}.JPEG", 100 * label)
            lines.append(f"val_{label}{number}.JPEG\t{name}\t0\t0\t62\t62\n")
    (folder / "wnids.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    (folder / "val" / "val_annotations.txt").write_text("".join(lines[::-1]), encoding="utf-8")


@pytest.mark.parametrize("inside", ["", "tiny-imagenet", "tiny-imagenet-200"])
def test_tiny_imagenet_is_read_from_its_folder(tmp_path: Path, inside: str) -> None:
    write_tiny_imagenet(tmp_path / "data" / inside)
    found = datasets.load("tiny-imagenet", tmp_path / "data")
    assert (len(found.train), len(found.validation), len(found.test)) == (15, 3, 6)
    assert found.validation.labels.tolist() == [0, 1, 2]  # the end has all classes
    assert found.test.labels.tolist() == [2, 2, 1, 1, 0, 0]
    means = found.train.images.mean((2, 3))
    number, label = np.arange(15) // 3, np.arange(15) % 3
    assert np.abs(means - np.stack([40 * number, 100 * label, 0 * number], 1)).max() < 3  # JPEG is not exact
    assert np.abs(found.test.images.mean((2, 3)) - 100 * found.test.labels[:, None]).max() < 2  # grey: three equal ones


def test_broken_tiny_imagenet_gets_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_tiny_imagenet(folder)
    broken = folder / "train" / "n01" / "images" / "n01_0.JPEG"
    broken.write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"n01_0.JPEG cannot be read as an image"):
        datasets.load("tiny-imagenet", folder)
    Image.new("RGB", (32, 64)).save(broken, "JPEG")
    with pytest.raises(UserError, match=r"n01_0.JPEG has 32×64 pixels; the set has 64×64"):
        datasets.load("tiny-imagenet", folder)
    for file in broken.parent.iterdir():
        file.unlink()
    with pytest.raises(UserError, match="holds no JPEG files"):
        datasets.load("tiny-imagenet", folder)
    write_tiny_imagenet(folder)
    (folder / "wnids.txt").write_text("n01 n03", encoding="utf-8")
    with pytest.raises(UserError, match=r"class 'n02' is not in wnids.txt"):
        datasets.load("tiny-imagenet", folder)
    (folder / "wnids.txt").unlink()
    with pytest.raises(UserError, match=r"holds no tiny-imagenet: wnids.txt, train and val"):
        datasets.load("tiny-imagenet", folder)


class CutShort(io.BytesIO):
    """A connection that breaks off."""

    def read(self, *arguments: object) -> bytes:
        raise IncompleteRead(b"some")


@pytest.fixture
def _no_data_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(idx, "DEBIAN_FASHION", tmp_path / "absent")


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist", "cifar10", "tiny-imagenet"])
@pytest.mark.usefixtures("_no_data_at_hand")
def test_a_download_without_network_or_with_other_bytes_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*arguments: object, **named: object) -> None:
        raise OSError("no route")

    with pytest.raises(UserError, match=f"{name} is not at hand; .*MINT_DATA"):
        datasets.load(name, download=False)
    monkeypatch.setattr(folders.urllib.request, "urlopen", offline)
    with pytest.raises(UserError, match=f"{name} is not at hand and could not be downloaded .*MINT_DATA"):
        datasets.load(name)
    monkeypatch.setattr(folders.urllib.request, "urlopen", lambda *a, **n: CutShort())
    with pytest.raises(UserError, match=f"{name} is not at hand and could not be downloaded .*MINT_DATA"):
        datasets.load(name)
    monkeypatch.setattr(folders.urllib.request, "urlopen", lambda *a, **n: io.BytesIO(b"something else"))
    with pytest.raises(UserError, match="was downloaded with checksum"):
        datasets.load(name)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.usefixtures("_no_data_at_hand")
def test_a_folder_in_the_cache_that_is_not_the_set_stays() -> None:
    own = folders.cache_folder("tiny-imagenet") / "tiny-imagenet-200" / "notes"
    own.parent.mkdir(parents=True)
    own.write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="tiny-imagenet-200 is there and not the whole set; remove it, or name"):
        datasets.load("tiny-imagenet")
    assert own.read_text(encoding="utf-8") == "mine"


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.mark.usefixtures("_no_data_at_hand")
def test_a_downloaded_archive_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-bin")
    write_tiny_imagenet(tmp_path / "tiny-imagenet-200")
    tar, zipped = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as archive:
        archive.add(tmp_path / "cifar-10-batches-bin", "cifar-10-batches-bin")
    with zipfile.ZipFile(zipped, "w") as pack:
        for path in sorted((tmp_path / "tiny-imagenet-200").rglob("*.*")):
            pack.write(path, path.relative_to(tmp_path))
    served = {cifar10.SOURCE: tar.getvalue(), tiny_imagenet.SOURCE: zipped.getvalue()}
    for module, data in zip((cifar10, tiny_imagenet), served.values(), strict=True):
        monkeypatch.setattr(module, "MD5", _md5(data))
    monkeypatch.setattr(folders.urllib.request, "urlopen", lambda url, **n: io.BytesIO(served.pop(url)))
    write_set(tmp_path / "idx", ".gz")
    monkeypatch.setattr(idx, "MNIST_MD5", {file.name: _md5(file.read_bytes()) for file in (tmp_path / "idx").iterdir()})
    served |= {f"{idx.MNIST_SOURCE}/{file.name}": file.read_bytes() for file in (tmp_path / "idx").iterdir()}
    for _ in range(2):  # the second time from where the first one kept it
        assert len(datasets.load("mnist").test) == 10
        assert len(datasets.load("cifar10").test) == 12
        assert len(datasets.load("tiny-imagenet").test) == 6
    assert served == {}
