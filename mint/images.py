"""Images for a command: of a data set, or of a user's file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.network import Network


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
        from model.config import require

        there = self.count(network)
        require(count <= there, f"{count} images; {self.source} has {there}")
        return self.values.take(range(count), _axis(network))

    def count(self, network: "Network") -> int:
        return int(self.values.shape[_axis(network)])


def _axis(network: "Network") -> int:
    return 0 if network.input_kind == "pixels" else 1


def images_for(network: "Network", dataset: str | None, data_dir: Path | None, file: Path | None) -> Images:
    """Those of ``file``, or else the test images of ``dataset``, or else of the set that the network names."""
    from model import datasets
    from model.config import require

    if file is not None:
        require(dataset is None, "--input is a file of images, and --dataset a data set; give one of them")
        return Images(read_images(file, network), None, file.name, f"images of {file.name}", str(file))
    require(
        network.input_kind == "pixels",
        "the network takes spikes, and data sets are pixels; give spikes [T, N, C, H, W] with --input FILE",
    )
    name = dataset or str(network.provenance.get("dataset", "fashion-mnist"))
    test = datasets.load(name, data_dir).test
    return Images(test.images, test.labels, name, f"test images of {name}", f"the test set of {name}")


def read_images(path: Path, network: "Network") -> "NDArray[Any]":
    """Pixels [N, C, H, W] or spikes [T, N, C, H, W] of a NumPy file; refuses what the network does not take."""
    from zipfile import BadZipFile

    import numpy as np

    from model.config import ConfigError
    from model.golden.network import check_images

    try:
        with path.open("rb") as file:
            data = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, BadZipFile) as error:
        raise ConfigError(f"{path}: not a NumPy array file ({error}); write it with numpy.save") from None
    if not isinstance(data, np.ndarray):
        data.close()
        raise ConfigError(f"{path}: it holds several arrays; give one array in a .npy file")
    try:
        check_images(network, data)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return data
