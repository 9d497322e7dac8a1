"""A folder of generated files: what an earlier run wrote may be replaced, nothing else.

``mint.json`` lists the other files by name and SHA-256, in its key ``files``; ``sha256`` is the one of its own text
without this key.
"""

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from model.errors import UserError, require
from model.files.folders import locked
from model.files.replacing import replacing

LISTING = "mint.json"
UNFINISHED = "a run was interrupted while it wrote these files; the same command writes them again"
ELSEWHERE = "or choose another folder with --output"


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Write ``texts`` by file name, one of them a JSON object for :data:`LISTING`, and remove what they leave over.

    Only a file that is listed, with the digest that it still has, is replaced or removed; files that no run wrote are
    left alone. Raises :class:`UserError`, before anything is written, if one of them is in the way, or if a listed
    file was changed.

    While it works, the listing has the digests of old and new files, with which the next run goes on after an
    interruption; and what differs is removed before the first new file is there, so that no two networks meet.
    """
    files = {name: text.encode() for name, text in texts.items() if name != LISTING}
    digests = {name: _digest(data) for name, data in files.items()}
    final = _sealed({**json.loads(texts[LISTING]), "files": digests})
    require(not folder.exists() or folder.is_dir(), f"{folder} is a file, not a folder; choose another with --output")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        listed = _listed(folder / LISTING)
        found = {name: _present(folder, name, listed.get(name), digests.get(name)) for name in {**listed, **digests}}
        differ = [name for name, digest in found.items() if digest not in (None, digests.get(name))]
        missing = [name for name, digest in digests.items() if found[name] != digest]
        if differ or missing:
            both = {name: sorted({*listed.get(name, ()), digests.get(name, "")} - {""}) for name in found}
            _write(folder / LISTING, _sealed({"unfinished": UNFINISHED, "files": both}).encode())
        for name in differ:
            _remove(folder, name, keep_link=name in files)
        for name in sorted(missing, key=lambda name: name.endswith(".v")):  # what a simulator starts from comes last
            _write(folder / name, files[name])
        _write(folder / LISTING, final.encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sealed(content: dict[str, Any]) -> str:
    """The text of a listing, with its own digest."""
    digest = _digest(json.dumps(content, indent=1).encode())
    return json.dumps({**content, "sha256": digest}, indent=1) + "\n"


def _listed(path: Path) -> dict[str, Collection[str]]:
    """The digests that each file may have, by name; of a folder without a listing, none."""
    if not os.path.lexists(path):
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text)
    except ValueError:  # neither text nor JSON
        found = None
    require(isinstance(found, dict), _foreign(path))
    if "sha256" not in found:
        require(
            "module" not in found,
            f"{path}: an earlier version wrote it and listed no files; remove {path.parent}, {ELSEWHERE}",
        )
        raise UserError(_foreign(path))
    del found["sha256"]
    files = found.get("files")
    whole = isinstance(files, dict) and all(map(_inside, files)) and _sealed(found) == text
    require(whole, _changed(path))
    return {name: [digests] if isinstance(digests, str) else digests for name, digests in files.items()}


def _inside(name: str) -> bool:
    return name != LISTING and not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts


def _present(folder: Path, name: str, listed: Collection[str] | None, wanted: str | None) -> str | None:
    """The digest of a file of ours, None where there is none; refuses what is in the way."""
    path = folder / name
    for above in path.relative_to(folder).parents:
        require((folder / above).is_dir() or not os.path.lexists(folder / above), _foreign(folder / above))
    if not os.path.lexists(path):
        return None
    require(path.is_file(), _foreign(path))
    digest = _digest(path.read_bytes())
    require(digest == wanted or listed is not None, _foreign(path))
    require(digest == wanted or digest in (listed or ()), _changed(path))
    return digest


def _foreign(path: Path) -> str:
    return f"{path} is in the way, and no earlier run wrote it; move it, {ELSEWHERE}"


def _changed(path: Path) -> str:
    return f"{path} was changed after an earlier run wrote it; move it, {ELSEWHERE}"


def _write(path: Path, data: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def _remove(folder: Path, name: str, keep_link: bool) -> None:
    """Remove a file, and its folders that are empty then; of a link that is written again, its target."""
    path = folder / name
    (path.resolve() if keep_link else path).unlink()
    with suppress(OSError):  # there are others
        for above in path.relative_to(folder).parents[:-1]:
            (folder / above).rmdir()
