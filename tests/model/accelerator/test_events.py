"""Spikes as beats of events, and the cycles of packets of them."""

import numpy as np
import pytest

from model.accelerator.estimate import expected, measured
from model.accelerator.events import END_OF_STEP, event_packets, require_events
from model.accelerator.overlap import response
from model.accelerator.plan import plan
from model.errors import UserError
from sim.networks.small_networks import first_layer


def frames_of(packets, shape, steps, images):
    """What packets say, as [T, N, C, H, W]."""
    found = np.zeros((images, len(packets) // images, steps, *shape), np.uint8)
    for number, packet in enumerate(packets):
        step = 0
        for beat in packet.tolist():
            if beat & END_OF_STEP:
                step += 1
            else:
                place = beat >> 24, beat >> 12 & 0xFFF, beat & 0xFFF
                found[number // (len(packets) // images), number % (len(packets) // images), step, *place] += 1
        assert step == steps
        assert packet[-1] == END_OF_STEP
    return found.reshape(images, -1, *shape).swapaxes(0, 1)


@pytest.mark.parametrize("steps", [1, 3, 6])
@pytest.mark.parametrize("seed", [None, 1])
@pytest.mark.parametrize("largest", [1, 7])
def test_events_say_what_frames_say(steps, seed, largest):
    images = (np.random.default_rng(0).random((6, 2, 2, 5, 3)) < 0.3).astype(np.uint8)
    images *= np.random.default_rng(1).integers(1, largest, images.shape, np.uint8, endpoint=True)
    random = None if seed is None else np.random.default_rng(seed)
    packets = event_packets(images, steps, random, largest)
    assert (frames_of(packets, (2, 5, 3), steps, 2).clip(0, largest) == images).all()
    beats = sum(map(len, packets))
    assert (beats == images.sum() + 12) if seed is None else (beats > images.sum() + 12)


def test_events_of_a_step_go_by_row_column_and_channel():
    images = np.zeros((2, 1, 2, 3, 4), np.uint8)
    images[0, 0, 1, 0, 3] = images[0, 0, 0, 2, 1] = images[0, 0, 1, 2, 1] = 1
    assert [f"{beat:08x}" for beat in event_packets(images, 2)[0].tolist()] == [
        "01000003",
        "00002001",
        "01002001",
        "80000000",
        "80000000",
    ]


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((129, 1, 1), "an input of 129 channels; an event names one of 128: choose the stream frames"),
        ((1, 4097, 1), "an input of 4,097 rows; an event names one of 4,096"),
        ((1, 1, 4097), "an input of 4,097 columns; an event names one of 4,096"),
    ],
)
def test_what_an_event_cannot_name_is_refused(shape, sentence):
    require_events((128, 4096, 4096))
    with pytest.raises(UserError, match=sentence):
        require_events(shape)


def test_pixels_are_no_events():
    with pytest.raises(
        UserError, match=r"a stream of events has spikes or counts, and this network's input is pixels: choose fr"
    ):
        plan(first_layer("conv", "pixels", (1, 3, 3)), lanes=4, input_stream="events")
    with pytest.raises(UserError, match="input stream 'beats'; choose one of: frames, events"):
        plan(first_layer("conv", "spikes", (1, 3, 3)), lanes=4, input_stream="beats")


@pytest.mark.parametrize("dataflow", ["skip", "streaming"])
@pytest.mark.parametrize("bits", [1, 3])
def test_a_silent_place_costs_no_beat(dataflow, bits):
    """Of images from silent to full: as many beats as events and time steps; the layers take what they take."""
    network = first_layer("conv", "counts", (2, 5, 3), input_bits=bits)
    share = np.arange(4).reshape(1, 4, 1, 1, 1) / 3
    images = (np.random.default_rng(0).random((3, 4, 2, 5, 3)) < share).astype(np.uint8)
    images *= np.random.default_rng(1).integers(1, network.inputs.largest, images.shape, np.uint8, endpoint=True)
    events, frames = (
        measured(network, plan(network, lanes=4, dataflow=dataflow, input_stream=name), images)
        for name in ("events", "frames")
    )
    assert events.loads.sum(1).tolist() == (images.sum((0, 2, 3, 4)) + 3).tolist()
    assert (events.layer_cycles == frames.layer_cycles).all()
    assert (frames.loads.sum(1) == 45).all()
    first = events.latency[0] - events.loads[0].sum()
    assert first == frames.latency[0] - 45 + 1 if dataflow == "skip" else first > 0
    assert (response(events) == response(frames) + 1).all()


def test_expected_events_are_those_of_the_density():
    config = plan(first_layer("conv", "spikes", (2, 9, 7)), lanes=4, dataflow="streaming", input_stream="events")
    found = expected(config, [0.25, 0.1], images=20)
    assert found.load == pytest.approx(3 * (0.25 * 126 + 1), rel=0.1)
    assert np.unique(found.loads).size > 10
