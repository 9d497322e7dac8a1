"""Frames of recordings: which event falls on which step and pixel, and what is lost."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.datasets.events.recording import Events, Framing, Lost, frames
from model.errors import UserError

SENSOR = (6, 9)


def events_of(*rows: tuple[int, int, int, int]) -> Events:
    return Events(*np.array(rows, np.int64).reshape(-1, 4).T)


@st.composite
def recordings(draw: st.DrawFn) -> Events:
    row = st.tuples(
        st.integers(0, 10**5), st.integers(0, SENSOR[1] - 1), st.integers(0, SENSOR[0] - 1), st.integers(0, 1)
    )
    return events_of(*draw(st.lists(row, max_size=30)))


def by_hand(events: Events, framing: Framing) -> tuple[NDArray[np.uint8], Lost]:
    """One event after the other."""
    first = int(events.time.min()) if len(events.time) else 0
    length = int(events.time.max()) - first + 1 if len(events.time) else 1
    counts: Counter[tuple[int, ...]] = Counter()
    late = 0
    rows, columns = SENSOR
    for time, column, row, polarity in zip(*map(np.ndarray.tolist, events), strict=True):
        since = time - first
        step = since // framing.step_us if framing.step_us else since * framing.time_steps // length
        if framing.frame_size:
            row, column = row * framing.frame_size // rows, column * framing.frame_size // columns
        if step >= framing.time_steps:
            late += 1
        else:
            counts[step, polarity, row, column] += 1
    wanted = np.zeros((framing.time_steps, *framing.shape(SENSOR)), np.uint8)
    clipped = 0
    for place, count in counts.items():
        wanted[place] = min(count, 2**framing.count_bits - 1)
        clipped += max(0, count - 2**framing.count_bits + 1)
    return wanted, Lost(len(events.time), late, clipped)


@given(
    events=recordings(),
    framing=st.builds(
        Framing,
        st.integers(1, 7),
        st.sampled_from([0, 0, 300, 20_000]),
        st.sampled_from([0, 1, 4, 12]),
        st.integers(1, 8),
    ),
)
def test_frames_are_those_of_one_event_after_the_other(events: Events, framing: Framing) -> None:
    found, lost = frames(events, framing, SENSOR)
    wanted, wanted_lost = by_hand(events, framing)
    assert np.array_equal(found, wanted)
    assert lost == wanted_lost
    assert found.dtype == np.uint8
    # Nothing is lost without a trace, and of parts of a whole recording nothing comes late.
    assert int(found.astype(np.int64).sum()) + lost.late + lost.clipped == lost.events
    assert framing.step_us or lost.late == 0


def test_the_last_event_falls_on_the_last_step() -> None:
    """A division by the length without it would drop it."""
    events = events_of(*((1000 + time, 0, 0, 1) for time in range(0, 101, 10)))
    found, _ = frames(events, Framing(10, count_bits=8), SENSOR)
    assert found.sum((1, 2, 3)).tolist() == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]


def test_what_a_window_cuts_is_said() -> None:
    events = events_of(*((time, 0, 0, 1) for time in (5, 5, 6, 15, 16)))
    found, lost = frames(events, Framing(2, step_us=5), SENSOR)
    assert found[:, 1, 0, 0].tolist() == [1, 0]
    assert lost == Lost(5, late=2, clipped=2)
    said = (
        "10 events; 40.00 % of them come after the last time step; {} % are further ones of a pixel in a step, which {}"
    )
    assert (lost + lost).sentence(Framing()) == said.format("40.0", "has one bit")
    counted, lost = frames(events, Framing(2, step_us=5, count_bits=2), SENSOR)
    assert counted[:, 1, 0, 0].tolist() == [3, 0]
    assert (lost + lost).sentence(Framing(count_bits=2)) == said.format("0.0", "counts up to 3")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"time_steps": 0}, "time_steps 0 of recordings; choose 1 to 65,536"),
        ({"step_us": -1}, "step_us -1 of recordings; choose 0 to 1,000,000,000"),
        ({"step_us": 0.5}, "step_us 0.5 of recordings"),
        ({"frame_size": 4096}, "frame_size 4096 of recordings; choose 0 to 1,024"),
        ({"count_bits": 9}, "count_bits 9 of recordings; choose 1 to 8"),
    ],
)
def test_framings_that_cannot_be_are_refused(fields: dict[str, int], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Framing(**fields)
