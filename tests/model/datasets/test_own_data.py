"""A user's own data set, as a file and as a folder: what is read, and every mistake a sentence."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from model import datasets
from model.datasets import arrays
from model.datasets.own import HELD_OUT
from model.errors import UserError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (30, 2, 5, 6), np.uint8)
LABELS = np.arange(30) % 3
SPIKES = RNG.integers(0, 2, (30, 4, 2, 5, 6), np.uint8)


def saved(tmp_path, **given):
    path = tmp_path / "mine.npz"
    np.savez(path, **given)
    return str(path)


def test_a_file_of_pixels(tmp_path):
    data = datasets.load(saved(tmp_path, x=PIXELS, y=LABELS, class_names=np.array(["a", "b", "c"])))
    assert (data.name, data.inputs.name, data.classes) == ("mine.npz", "pixels", 3)
    assert data.provenance["class_names"] == ["a", "b", "c"]
    assert len(data.provenance["dataset_sha256"]) == 64
    parts = [data.train, data.validation, data.test]
    assert [len(part) for part in parts] == [24, 3, 3]
    assert all(np.bincount(part.labels, minlength=3).min() >= 1 for part in parts), "of each class some are held out"
    rows = np.concatenate([part.images.reshape(len(part), -1) for part in parts])
    assert sorted(map(bytes, rows)) == sorted(map(bytes, PIXELS.reshape(30, -1))), "each image once"
    again = datasets.load(saved(tmp_path, x=PIXELS, y=LABELS))
    assert (again.test.images == data.test.images).all()


def test_a_sixth_is_held_out_and_parts_that_are_there_are_taken(tmp_path):
    many = np.repeat(PIXELS, 6, 0)
    found = datasets.load(saved(tmp_path, x=many, y=np.zeros(len(many), int), x_test=PIXELS, y_test=LABELS))
    assert len(found.validation) == len(many) // HELD_OUT
    assert (found.test.images == PIXELS).all()
    assert found.classes == 3
    found = datasets.load(saved(tmp_path, x_train=PIXELS[:, 0], y_train=LABELS, x_test=PIXELS[:, 0], y_test=LABELS))
    assert found.train.images.shape[1:] == (1, 5, 6), "grey images without an axis for channels"


def test_a_file_of_spikes_has_samples_first(tmp_path):
    data = datasets.load(saved(tmp_path, x=SPIKES.astype(bool), y=LABELS))
    assert data.inputs.name == "spikes"
    assert data.train.images.shape[1:] == (4, 2, 5, 6)
    assert datasets.for_network(data.test.images).shape[:2] == (4, len(data.test))


def test_a_file_of_counts_has_the_bits_that_its_largest_takes(tmp_path):
    counts = SPIKES * RNG.integers(0, 6, SPIKES.shape, np.uint8)
    data = datasets.load(saved(tmp_path, x=counts, y=LABELS))
    assert str(data.inputs) == "counts of 3 bits"
    assert data.count_bits == 3
    assert datasets.load(saved(tmp_path, x=counts, y=LABELS, x_test=counts * 40, y_test=LABELS)).count_bits == 8


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"x": PIXELS}, r"mine\.npz: it has no array y; it has x"),
        ({"x": PIXELS, "y": LABELS, "x_val": PIXELS}, "array x_val is not known; it may have x, y, x_test"),
        ({"x": PIXELS, "y": LABELS, "x_test": PIXELS}, "no array y_test"),
        ({"x": PIXELS / 255, "y": LABELS}, r"x is float64; give pixels 0 to 255 .* \(x \* 255\)"),
        ({"x": PIXELS.astype(int) - 1, "y": LABELS}, "x has values from -1 to 254; pixels are 0 to 255"),
        ({"x": SPIKES.astype(int) * 256, "y": LABELS}, "x has values from 0 to 256; spikes and counts are 0 to 255"),
        ({"x": SPIKES.swapaxes(0, 1), "y": LABELS}, r"time first; samples come first: x\.swapaxes\(0, 1\)"),
        ({"x": PIXELS.transpose(0, 2, 3, 1)[..., :1], "y": LABELS}, r"channels last; .* x\.transpose\(0, 3, 1, 2\)"),
        ({"x": PIXELS, "y": LABELS[:-1]}, "x has 30 images, and y 29 labels"),
        ({"x": PIXELS, "y": np.eye(3)[LABELS]}, r"y is float64 \[30, 3\]; give the number of its class"),
        ({"x": PIXELS, "y": LABELS * 1.0}, r"y is float64 \[30\]"),
        ({"x": PIXELS, "y": LABELS - 1}, "labels from -1 to 1; they are 0 to 65,535"),
        ({"x": PIXELS, "y": LABELS, "class_names": np.array(["a", "b"])}, "class_names has 2 names"),
        ({"x": PIXELS, "y": np.arange(30)}, "class 0 has a single image, so none can be held out as test image"),
        ({"x": PIXELS, "y": LABELS, "x_test": PIXELS[:, :1], "y_test": LABELS}, "make them alike"),
        ({"x": np.array([{}], object), "y": LABELS}, "not a NumPy array file"),
    ],
)
def test_a_wrong_file_is_a_sentence(tmp_path, given, sentence):
    with pytest.raises(UserError, match=sentence):
        datasets.load(saved(tmp_path, **given))


def test_a_file_that_unpacks_to_more_than_the_machine_holds_is_refused(tmp_path, monkeypatch):
    path = saved(tmp_path, x=PIXELS, y=LABELS)
    monkeypatch.setattr(arrays.os, "sysconf", lambda name: 10)
    with pytest.raises(UserError, match="GB unpacked, and half of this machine's memory is"):
        datasets.load(path)


def test_a_header_that_promises_more_than_is_there_is_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**15, 1, 9, 9)})
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    with pytest.raises(UserError, match="not a NumPy array file"):
        datasets.load(str(path))
    path.write_bytes(b"PK")
    with pytest.raises(UserError, match="not an archive of NumPy arrays"):
        datasets.load(str(path))
    path.unlink()
    with pytest.raises(UserError, match="no such file or folder"):
        datasets.load(str(path))


@pytest.fixture
def folder(tmp_path):
    """Images of two classes, six each, in grey."""
    for number in range(12):
        path = tmp_path / "mine" / ("cat", "dog")[number % 2] / f"{number}.{('png', 'JPG')[number // 6]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (6, 5), number * 20).save(path)
    (tmp_path / "mine" / "cat" / ".DS_Store").touch()
    return tmp_path / "mine"


def test_a_folder_of_images(folder):
    data = datasets.load(str(folder))
    assert data.name == "mine"
    assert data.provenance["class_names"] == ["cat", "dog"]
    assert data.train.images.shape[1:] == (1, 5, 6)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [8, 2, 2]
    grey = data.train.images.mean((1, 2, 3)).round(-1)
    assert (grey // 20 % 2 == data.train.labels).all()
    digest = data.provenance["dataset_sha256"]
    Image.new("RGB", (6, 5), (9, 0, 0)).save(folder / "cat" / "0.png")
    colour = datasets.load(str(folder))
    assert colour.train.images.shape[1] == 3, "one image in colour, so all are"
    assert colour.provenance["dataset_sha256"] != digest


def test_a_folder_with_train_and_test(folder, tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    folder.rename(whole / "train")
    (whole / "test" / "dog").mkdir(parents=True)
    Image.new("L", (6, 5)).save(whole / "test" / "dog" / "1.png")
    data = datasets.load(str(whole))
    assert data.test.labels.tolist() == [1]
    assert len(data.train) + len(data.validation) == 12
    (whole / "test" / "dog").rename(whole / "test" / "cow")
    with pytest.raises(UserError, match="cow: no class of the training images, cat, dog"):
        datasets.load(str(whole))


def test_a_wrong_folder_is_a_sentence(folder):
    Image.new("L", (7, 5)).save(folder / "dog" / "odd.png")
    with pytest.raises(UserError, match=r"odd\.png has 7×5 pixels, .*6×5; make all images one size"):
        datasets.load(str(folder))
    Image.new("I;16", (6, 5)).save(folder / "dog" / "odd.png")
    with pytest.raises(UserError, match=r"odd\.png has pixels of mode I;16; save it with 8 bits a channel"):
        datasets.load(str(folder))
    (folder / "dog" / "odd.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"odd\.png cannot be read as an image"):
        datasets.load(str(folder))
    with pytest.raises(UserError, match="has no folder of PNG or JPEG files"):
        datasets.load(str(folder / "dog"))


def test_sizes_of_known_and_own_sets(folder):
    assert datasets.sizes("cifar10") == ((3, 32, 32), 10)
    assert datasets.sizes(str(folder)) == ((1, 5, 6), 2)
    with pytest.raises(UserError, match=r"data set .mnits. is not known; choose one of .*, FILE.npz or a folder"):
        datasets.sizes("mnits")


@pytest.mark.parametrize(
    ("provenance", "sentence"),
    [
        ({}, "the network names no data set; name one with --dataset, or images with --input"),
        ({"dataset": "mine.npz"}, "the network's data set 'mine.npz' is none that is known, but a user's"),
        ({"dataset": "mnist", "dataset_sha256": "0"}, "the network's data set 'mnist' is none that is known"),
        ({"dataset": ["mnist"]}, "is none that is known"),
    ],
)
def test_no_data_set_is_guessed(provenance, sentence):
    with pytest.raises(UserError, match=sentence):
        datasets.of_network(None, provenance)
    assert datasets.of_network("digits", provenance) == "digits"
    assert datasets.of_network(None, {"dataset": "mnist"}) == "mnist"
