"""Event sets as frames, which are kept for the next time."""

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from model.network.validation import LARGEST_TIME_STEPS

RECORDINGS = (".bin", ".aedat")
"""Endings of their files."""
COUNTED_BYTES = 24
"""Of a pixel of a frame while its events are counted."""
VERSION = 1
"""Of what is kept; another one where the same recordings give other frames."""


def load(name: str, data_dir: Path | None, framing: Framing) -> Dataset:
    """Frames of all recordings of a set, from the folder that ``data_dir`` or MINT_DATA names.

    They are kept in the user's cache folder, bit by bit, by the files and the framing that they come from.
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
            _keep(kept, splits, lost, framing.count_bits)
    note = f"{name}: {count:,} recordings, {lost.sentence(framing)}"
    counts = {part: len(listing[part]) for part in PARTS}
    provenance = {"framing": framing.described, "split": found.split, "recordings": counts}
    provenance["recordings_sha256"] = _digest(folder, listing)
    train, validation, test = (splits[part] for part in PARTS)
    return Dataset(name, train, validation, test, provenance, note, framing.count_bits)


def is_recording(path: Path) -> bool:
    """Whether it is called like one."""
    return path.suffix.lower() in RECORDINGS


def opened(path: Path, network: Network) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """Frames [N, T, C, H, W] of a file of the event set that ``network`` names, and labels [N] if a table has them.

    A recording is one image where the frames are T parts of it; of a time window as many as it lasts.
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
    whole = _checked(path, found.read(path), found)
    table = found.table(path)
    parts = [_cut(whole, each) for each in table or [Recording(path, 0)]]
    images = [_images(path, each, framing) for each in parts]
    pixels = framing.time_steps * int(np.prod(framing.shape(found.sensor)))
    require_memory(path, pixels * (sum(images) + COUNTED_BYTES * max(images)), "give a longer --step-us")
    made = [
        frames(events, replace(framing, time_steps=count * framing.time_steps), found.sensor)[0]
        for events, count in zip(parts, images, strict=True)
    ]
    joined = np.concatenate(made)
    labels = np.repeat([each.label for each in table], images).astype(np.int64) if table else None
    return joined.reshape(-1, framing.time_steps, *joined.shape[1:]), labels


def _images(path: Path, events: Events, framing: Framing) -> int:
    """How many times T steps a recording lasts."""
    count = int(framing.steps(events.time).max()) // framing.time_steps + 1
    steps = count * framing.time_steps
    require(
        steps <= LARGEST_TIME_STEPS,
        f"{path}: it lasts {steps:,} time steps of {framing.step_us} µs, and {LARGEST_TIME_STEPS:,} is the most; give "
        "a longer --step-us",
    )
    return count


def _cut(events: Events, recording: Recording) -> Events:
    """The events of a recording; refuses one without any."""
    found, where = events, ""
    if recording.span:
        start, end = recording.span
        found, where = events.between(start, end), f" from {start} to {end} µs, where its table names a gesture"
    require(found.time.size > 0, f"{recording.path}: it has no event{where}; fetch it again or leave it out")
    return found


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
    rows = [[part, *_described(folder, each), each.path.stat().st_mtime_ns] for part in PARTS for each in listing[part]]
    return _sha256([VERSION, name, str(folder.resolve()), framing.described, rows])[:24]


def _digest(folder: Path, listing: Listing) -> str:
    """Of the recordings, wherever their folder lies."""
    return _sha256([[part, *sorted(_described(folder, each) for each in listing[part])] for part in PARTS])


def _described(folder: Path, each: Recording) -> list[Any]:
    return [str(each.path.relative_to(folder)), each.label, each.span, each.path.stat().st_size]


def _sha256(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode("utf-8", "surrogateescape")).hexdigest()


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


def _keep(path: Path, splits: dict[str, Split], lost: Lost, bits: int) -> None:
    arrays: dict[str, NDArray[np.generic]] = {
        part: np.packbits(np.unpackbits(split.images[..., None], axis=-1, count=bits, bitorder="little"))
        for part, split in splits.items()
    }
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
            count = len(listing[part]) * int(np.prod(shape)) * framing.count_bits
            packed = arrays[part]
            require(
                packed.dtype == np.uint8 and packed.shape == ((count + 7) // 8,), f"{path}: {part} has another size"
            )
            pixels = np.unpackbits(packed.astype(np.uint8), count=count).reshape(-1, framing.count_bits)
            images = np.packbits(pixels, axis=1, bitorder="little").reshape(-1, *shape)
            splits[part] = Split(images, np.array([each.label for each in listing[part]], np.int64))
        return splits, Lost(*map(int, arrays["lost"]))
    except (UserError, OSError, KeyError, TypeError):
        with suppress(OSError):
            path.unlink()
        return None
