"""The three formats of event files, of which every byte is written here, and what is wrong with a file."""

from pathlib import Path

import numpy as np
import pytest

from model.datasets.events import aedat2, aedat3, bin_file
from model.datasets.events.recording import Events
from model.errors import UserError
from tests.model.datasets.events import files

ROWS = [(0, 5, 3, 1), (7, 0, 33, 0), (2**16 + 300, 33, 0, 1), (2**23 - 1, 239, 179, 0)]
SMALL = [(0, 5, 3, 1), (7, 0, 127, 0), (2**30, 127, 0, 1)]


def rows_of(events: Events) -> list[tuple[int, ...]]:
    assert all(values.dtype == np.int64 for values in events)
    return [tuple(map(int, row)) for row in zip(*events, strict=True)]


def test_five_bytes_an_event(tmp_path: Path) -> None:
    assert rows_of(bin_file.read(files.bin_file(tmp_path / "a.bin", ROWS))) == ROWS
    (tmp_path / "b.bin").write_bytes(bytes([33, 2, 0b10000001, 2, 3]))
    assert rows_of(bin_file.read(tmp_path / "b.bin")) == [(1 << 16 | 2 << 8 | 3, 33, 2, 1)]


def test_marks_in_row_240_add_to_what_follows(tmp_path: Path) -> None:
    path = files.bin_file(
        tmp_path / "a.bin", [(5, 1, 1, 0), (0, 0, 240, 0), (6, 1, 2, 1), (0, 0, 240, 1), (7, 2, 2, 1)]
    )
    assert rows_of(bin_file.read(path)) == [(5, 1, 1, 0), (8192 + 6, 1, 2, 1), (16384 + 7, 2, 2, 1)]


def test_big_endian_pairs_of_a_camera_on_its_side(tmp_path: Path) -> None:
    path = files.aedat2(tmp_path / "a.aedat", SMALL, special=[9, 10])
    assert rows_of(aedat2.read(path)) == SMALL
    path.write_bytes(b"#!AER-DAT2.0\r\n" + bytes([0, 0, 0b0000_0001, 0b0000_0101, 0, 0, 1, 2]))
    assert rows_of(aedat2.read(path)) == [(258, 127 - 1, 127 - 2, 0)]


def test_packets_behind_headers_of_28_bytes(tmp_path: Path) -> None:
    path = files.aedat3(
        tmp_path / "a.aedat",
        files.packet(SMALL[:2]),
        files.packet([(1, 1, 1, 1)], kind=0),
        files.packet([(2, 1, 1, 1)], valid=0),
        files.packet(SMALL[2:], overflow=3),
    )
    wanted = [*SMALL[:2], (SMALL[2][0] + (3 << 31), *SMALL[2][1:])]
    assert rows_of(aedat3.read(path)) == wanted


def test_empty_recordings(tmp_path: Path) -> None:
    assert rows_of(bin_file.read(files.bin_file(tmp_path / "a.bin", []))) == []
    assert rows_of(aedat2.read(files.aedat2(tmp_path / "b.aedat", []))) == []
    assert rows_of(aedat3.read(files.aedat3(tmp_path / "c.aedat"))) == []


def test_cut_files_and_wrong_headers_get_a_sentence(tmp_path: Path) -> None:
    path = files.bin_file(tmp_path / "a.bin", ROWS)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"a.bin: 19 bytes, no whole number of events of 5; fetch it again"):
        bin_file.read(path)

    path = files.aedat2(tmp_path / "b.aedat", SMALL)
    whole = path.read_bytes()
    for data, sentence in (
        (whole[:-1], "23 bytes of events of 8 each"),
        (whole[:20], "its header has no end"),
        (b"x" + whole, "it does not begin with #!AER-DAT2.0"),
        (whole + bytes([0, 1, 0, 0, 0, 0, 0, 0]), "event 3 has over 16 bits of address"),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=sentence):
            aedat2.read(path)

    path = files.aedat3(tmp_path / "c.aedat", files.packet(SMALL))
    whole = path.read_bytes()
    start = len(whole) - 24 - 28
    for data, sentence in (
        (whole[:-1], "a packet of 3 events of 8 bytes, and 23 are left"),
        (whole[: start + 27], "27 bytes where a packet's header has 28"),
        (whole[: start - 1], "no header from #!AER-DAT3.1 to #!END-HEADER"),
        (b"x" + whole, "no header from #!AER-DAT3.1"),
        (whole[: start + 4] + b"\x06" + whole[start + 5 :], "events of pixels have 6 bytes, not 8"),
        (whole[: start + 4] + b"\x00" + whole[start + 5 :], "a packet of 3 events of 0 bytes"),
        (whole[: start + 20] + b"\xff\xff\xff\xff" + whole[start + 24 :], "a packet of -1 events"),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=sentence):
            aedat3.read(path)


def test_tables_of_gestures(tmp_path: Path) -> None:
    path = files.labels(tmp_path / "a_labels.csv", [(1, 5, 9), (11, 20, 2**33)])
    assert aedat3.read_labels(path, 11) == [(0, 5, 9), (10, 20, 2**33)]
    for rows, sentence in (
        ([(12, 5, 9)], "class 12; classes are 1 to 11"),
        ([(0, 5, 9)], "class 0; classes are 1 to 11"),
        ([(1, 5, 9), (2, 9, 9)], "2,9,9 lasts no time"),
        ([(1, 9, 5)], "1,9,5 lasts no time"),
        ([], "it names no gesture"),
    ):
        with pytest.raises(UserError, match=sentence):
            aedat3.read_labels(files.labels(path, rows), 11)
    path.write_text("class,startTime_usec,endTime_usec\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="'1,2' are not three numbers"):
        aedat3.read_labels(path, 11)
    with pytest.raises(UserError, match=r"b_labels.csv: no such file"):
        aedat3.read_labels(tmp_path / "b_labels.csv", 11)
    path.write_text("1,2,3\n", encoding="utf-8")
    with pytest.raises(UserError, match="it does not begin with class"):
        aedat3.read_labels(path, 11)
