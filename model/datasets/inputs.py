"""Images for a command: of a data set, or of a user's file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.network.network import Network


class Images(NamedTuple):
    """Pixels [N, C, H, W] or spikes [T, N, C, H, W], their labels if they have some, and where they are from."""

    values: "NDArray[Any]"
    labels: "NDArray[Any] | None"
    name: str
    kind: str
    """What they are, as in: 100 test images of fashion-mnist."""
    source: str

    def first(self, network: "Network", count: int) -> "NDArray[Any]":
        """The first ``count``; refuses more than there are."""
        from model.errors import require

        there = self.count(network)
        require(count <= there, f"{count} images; {self.source} has {there}")
        return self.values.take(range(count), _axis(network))

    def count(self, network: "Network") -> int:
        return int(self.values.shape[_axis(network)])


def _axis(network: "Network") -> int:
    return network.inputs.axis


def images_for(
    network: "Network", dataset: str | None, data_dir: Path | None, file: Path | None, labels: Path | None = None
) -> Images:
    """Those of ``file``, or else the test images of ``dataset``, or else of the set that the network names."""
    from model import datasets
    from model.datasets.samples import images_of
    from model.errors import require

    require(labels is None or file is not None, "--labels are those of --input's images; name the images too")
    if file is not None:
        require(dataset is None, "--input is a file of images, and --dataset a data set; give one of them")
        values, known = read_file(file, network)
        if labels is not None:
            known = read_labels(labels, file, values.shape[_axis(network)])
        return Images(values, known, file.name, f"images of {file.name}", str(file))
    name = datasets.of_network(dataset, network.provenance)
    data = datasets.taken_by(network, name, data_dir)
    images = images_of(network, data)
    return Images(images, data.test.labels, data.name, f"test images of {data.name}", f"the test set of {data.name}")


def read_images(path: Path, network: "Network") -> "NDArray[Any]":
    """The images of a file; refuses what the network does not take."""
    return read_file(path, network)[0]


def read_file(path: Path, network: "Network") -> "tuple[NDArray[Any], NDArray[Any] | None]":
    """Pixels [N, C, H, W] or spikes [T, N, C, H, W], and labels if the file has some.

    A ``.npy`` file has the images in that order. A ``.npz`` file has arrays x and, if it has labels, y, as a data set
    has: samples come first in spikes, too, [N, T, C, H, W]. A recording of the network's event set, ``.bin`` or
    ``.aedat``, becomes an image of T frames, or by a time window as many images as it lasts; a trial of Gesture with
    its table has a recording, and a label, for each line.
    """
    from model.datasets.arrays import read_array, read_arrays
    from model.datasets.events.sets import is_recording, opened
    from model.datasets.own import checked
    from model.datasets.split import for_network
    from model.errors import UserError, require
    from model.golden.network import check_images

    labels: NDArray[Any] | None = None
    if path.suffix == ".npz":
        arrays = read_arrays(path)
        require("x" in arrays, f"{path}: it has no array x; it has {', '.join(arrays) or 'none'}")
        data, labels = arrays["x"], arrays.get("y")
        if labels is not None:
            data, labels = checked(path, data, labels)
        data = for_network(data)
    elif is_recording(path):
        data, labels = opened(path, network)
        data = for_network(data)
    else:
        data = read_array(path)
    try:
        check_images(network, data)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return data, labels


def read_labels(path: Path, file: Path, images: int) -> "NDArray[Any]":
    """Labels [N] of a NumPy file, one for each of the ``images`` of ``file``."""
    from model.datasets.arrays import read_array
    from model.datasets.own import checked_labels
    from model.errors import require

    labels = checked_labels(str(path), read_array(path))
    require(
        len(labels) == images, f"{path} has {len(labels)} labels, and {file} {images} images; give one for each image"
    )
    return labels
