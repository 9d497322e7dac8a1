"""What a command may write over: a file of the kind that it writes, and nothing else.

The functions that end in ``_file`` are callbacks of options: what is refused is refused before any work. An empty file
may become anything, and a device or a pipe is written into.
"""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model.files.replacing import is_stream

META = ".meta.json"
"""The ending of what a list of records has beside it."""

PICTURES = (".png", ".svg")


def beside(report: Path, name: str) -> Path:
    """The file ``name`` in the folder of ``report``; what would lie beside a device or a pipe goes nowhere."""
    return Path(os.devnull) if is_stream(report) else report.with_name(name)


def report_file(path: Path | None) -> Path | None:
    """A JSON report; not where anything else is."""
    if path is not None and not is_stream(path):
        for each in (path, path.with_suffix(META)):
            _refuse(each, not _is_there(each) or _is_report(each))
    return path


def pictured_file(path: Path | None) -> Path | None:
    """A JSON report with pictures of its name beside it; not where there are some without a report."""
    from model.errors import require

    report_file(path)
    if path is not None and not is_stream(path):
        require(path.suffix not in PICTURES, f"{path} is the report, and pictures go beside it; call it .json")
        for ending in PICTURES:
            picture = path.with_suffix(ending)
            _refuse(picture, not _is_there(picture) or _is_there(path))
    return path


def bundle_file(path: Path | None) -> Path | None:
    """A bundle; not where anything else is."""
    if path is not None:
        _refuse(path, not _is_there(path) or _is_bundle(path))
    return path


def arrays_file(path: Path | None) -> Path | None:
    """An .npz file of the golden model, with a report beside it; not where anything else is."""
    from model.errors import require

    if path is not None and not is_stream(path):
        require(path.suffix != ".json", f"{path} are the arrays, and the report goes beside them; call it .npz")
        _refuse(path, not _is_there(path) or _is_golden(path))
        report_file(path.with_suffix(".json"))
    return path


def _refuse(path: Path, ours: bool) -> None:
    from model.errors import require

    require(ours, f"{path} is there already, and is nothing that this command wrote; move it, or choose another name")


def _is_there(path: Path) -> bool:
    return path.is_dir() or (path.exists() and not is_stream(path) and path.stat().st_size > 0)


def _tried(reads: Callable[[], Any]) -> Any:
    """What ``reads`` returns, None where it cannot read."""
    from safetensors import SafetensorError

    try:
        return reads()
    except (OSError, ValueError, SafetensorError, zipfile.BadZipFile):
        return None


def _is_report(path: Path) -> bool:
    found = _tried(lambda: json.loads(path.read_text(encoding="utf-8")))
    if isinstance(found, list) and not path.name.endswith(META):
        return _is_report(path.with_suffix(META))
    return isinstance(found, dict) and {"command", "tools"} <= found.keys()


def _is_bundle(path: Path) -> bool:
    from safetensors import safe_open

    def metadata() -> dict[str, str]:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}

    return "mint" in (_tried(metadata) or {})


def _is_golden(path: Path) -> bool:
    def names() -> list[str]:
        with zipfile.ZipFile(path) as file:
            return file.namelist()

    return "logits.npy" in (_tried(names) or [])
