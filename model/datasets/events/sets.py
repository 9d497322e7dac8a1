"""Event sets as frames, which are kept for the next time."""

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.datasets.arrays import read_arrays, require_memory
from model.datasets.events.listing import PARTS, SETS, EventSet, Listing, Recording
from model.datasets.events.recording import Events, Framing, Lost, frames
from model.datasets.folders import cache_folder, named_folder
from model.datasets.split import Dataset, Split
from model.errors import UserError, require
from model.files.replacing import replacing
from model.network.network import Network

RECORDINGS = (".bin", ".aedat")
"""Endings of their files."""
VERSION = 1
"""Of what is kept; another one where the same recordings give other frames."""


def load(name: str, data_dir: Path | None, framing: Framing) -> Dataset:
    """Frames of all recordings of a set, from the folder that ``data_dir`` or MINT_DATA names.

    They are kept in the user's cache folder, a bit for a pixel, by the files and the framing that they come from.
    """
    found = SETS[name]
    folder = named_folder(name, data_dir, found.folders, found.complete, found.files)
    require(folder is not None, f"{name} is not at hand; name its folder in --data-dir or MINT_DATA: {found.files}")
    assert folder is not None
    listing = found.listing(folder)
    empty = [part for part in PARTS if not listing[part]]
    require(not empty, f"{folder} has too few recordings: none is for {' and '.join(empty)}; fetch the set again")
    count = sum(map(len, listing.values()))  # a user may have a part of the set
    require_memory(folder, count * framing.time_steps * int(np.prod(framing.shape(found.sensor))))
    kept = cache_folder(name) / f"frames-{_key(name, folder, listing, framing)}.npz"
    splits, lost = _kept(kept, found, listing, framing) or _made(found, listing, framing)
    if not kept.exists():
        with suppress(OSError):  # a cache is no must
            _keep(kept, splits, lost)
    note = f"{name}: {count:,} recordings, {lost.sentence}"
    counts = {part: len(listing[part]) for part in PARTS}
    provenance = {"framing": framing.described, "split": found.split, "recordings": counts}
    train, validation, test = (splits[part] for part in PARTS)
    return Dataset(name, train, validation, test, provenance, note)


def opened(path: Path, network: Network) -> NDArray[np.uint8]:
    """Frames [N, T, C, H, W] of a recording, by a file of the event set that ``network`` names.

    One image where the frames are T parts of the recording; of a time window as many as the recording lasts.
    """
    require(path.is_file(), f"{path}: no such file")
    name = str(network.provenance.get("dataset", ""))
    require(
        name in SETS,
        f"{path}: recordings are read as those of the network's event set, and it names {name or 'none'}; give frames "
        "as spikes in a .npy file",
    )
    found = SETS[name]
    framing = Framing.of(network, found.sensor)
    events = _checked(path, found.read(path), found)
    if framing.step_us and events.time.size:
        images = int(framing.steps(events.time).max()) // network.time_steps + 1
        framing = replace(framing, time_steps=images * network.time_steps)
    made, _ = frames(events, framing, found.sensor)
    return made.reshape(-1, network.time_steps, *made.shape[1:])


def _cut(events: Events, recording: Recording) -> Events:
    return events.between(*recording.span) if recording.span else events


def _checked(path: Path, events: Events, found: EventSet) -> Events:
    rows, columns = found.sensor
    outside = (events.row >= rows) | (events.column >= columns)
    if outside.any():
        place = int(outside.argmax())
        raise UserError(
            f"{path}: event {place} is at column {events.column[place]}, row {events.row[place]} of a sensor of "
            f"{columns} × {rows} pixels; fetch it again"
        )
    return events


def _key(name: str, folder: Path, listing: Listing, framing: Framing) -> str:
    """Of the frames: what they are made of and how."""

    def row(part: str, each: Recording) -> list[object]:
        file = each.path.stat()
        return [part, str(each.path.relative_to(folder)), each.label, each.span, file.st_size, file.st_mtime_ns]

    rows = [row(part, each) for part in PARTS for each in listing[part]]
    text = json.dumps([VERSION, name, str(folder.resolve()), framing.described, rows])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _made(found: EventSet, listing: Listing, framing: Framing) -> tuple[dict[str, Split], Lost]:
    """Splits of frames, and what the frames have lost."""
    splits, lost = {}, Lost()
    shape = framing.shape(found.sensor)
    for part in PARTS:
        recordings = listing[part]
        images = np.empty((len(recordings), framing.time_steps, *shape), np.uint8)
        before, events = None, None
        for index, each in enumerate(recordings):
            if each.path != before:  # a file of Gesture has a dozen recordings
                before, events = each.path, _checked(each.path, found.read(each.path), found)
            assert events is not None
            images[index], some = frames(_cut(events, each), framing, found.sensor)
            lost += some
        splits[part] = Split(images, np.array([each.label for each in recordings], np.int64))
    return splits, lost


def _keep(path: Path, splits: dict[str, Split], lost: Lost) -> None:
    arrays: dict[str, NDArray[np.generic]] = {part: np.packbits(split.images) for part, split in splits.items()}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, lost=np.array(lost), **arrays)  # type: ignore[arg-type]


def _kept(path: Path, found: EventSet, listing: Listing, framing: Framing) -> tuple[dict[str, Split], Lost] | None:
    """What was kept; None if nothing was, or what there is was damaged, which is then removed."""
    if not path.exists():
        return None
    shape, splits = (framing.time_steps, *framing.shape(found.sensor)), {}
    try:
        arrays = read_arrays(path)  # whose checksums the archive has
        for part in PARTS:
            count = len(listing[part]) * int(np.prod(shape))
            packed = arrays[part]
            require(
                packed.dtype == np.uint8 and packed.shape == ((count + 7) // 8,), f"{path}: {part} has another size"
            )
            images = np.unpackbits(packed.astype(np.uint8), count=count).reshape(-1, *shape)
            splits[part] = Split(images, np.array([each.label for each in listing[part]], np.int64))
        return splits, Lost(*map(int, arrays["lost"]))
    except (UserError, OSError, KeyError, TypeError):
        with suppress(OSError):
            path.unlink()
        return None
