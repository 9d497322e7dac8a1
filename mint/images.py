"""Images that a user has in a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.network import Network


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


def first_images(network: "Network", images: "NDArray[Any]", count: int, source: object) -> "NDArray[Any]":
    """The first ``count`` of ``images``; refuses more than there are in ``source``."""
    from model.config import require

    axis = 0 if network.input_kind == "pixels" else 1
    require(count <= images.shape[axis], f"{count} images; {source} has {images.shape[axis]}")
    return images.take(range(count), axis)
