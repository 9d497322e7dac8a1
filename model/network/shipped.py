"""The trained networks that ship, by precision."""

from pathlib import Path

from model.config import Precision
from model.errors import require

FOLDER = Path(__file__).parents[2] / "bundles"


def shipped(precision: Precision) -> Path | None:
    """Bundle of the shipped network of ``precision``, or None where none ships."""
    path = FOLDER / f"fashion-{precision}.safetensors"
    return path if path.is_file() else None


def chosen(bundle: Path | None, precision: Precision) -> Path:
    """``bundle`` if it was named, else the shipped network of ``precision``."""
    path = bundle or shipped(precision)
    names = ", ".join(sorted(found.stem for found in FOLDER.glob("*.safetensors")))
    require(path is not None, f"no network of {precision} ships; name yours with --bundle, or take one of: {names}")
    assert path is not None
    return path
