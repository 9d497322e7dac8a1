"""What are not pixels or spikes of a network's shape is refused by every forward pass, with one sentence."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.config import Precision
from model.errors import UserError
from model.golden.network import check_images
from model.inputs import PIXELS
from model.neurons import Lif
from model.training import inputs
from model.training.export import to_network
from model.training.inputs import InputCheck
from model.training.layers import Conv, Readout
from model.training.network import SpikingNetwork
from model.training.neurons import gpu_kernel, kernel, window_kernel
from model.training.spiking import BATCH_NORM_MOMENTUM

STEPS = 4
PRECISION = Precision(4, 4)


def network(kind: str, precision: Precision | None = PRECISION, **others: nn.Module) -> SpikingNetwork:
    torch.manual_seed(0)
    layers = {"conv": Conv(2, 3, 3, precision=precision), **others, "fc": Readout(3 * 4 * 3, 2, precision=precision)}
    bits = 2 if kind == "counts" else None
    return SpikingNetwork(layers, input_shape=(2, 6, 5), input_kind=kind, input_bits=bits, time_steps=STEPS)


def images(kind: str) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    if kind == "pixels":
        return torch.randint(0, 256, (7, 2, 6, 5), generator=generator).float()
    return torch.randint(0, {"spikes": 2, "counts": 4}[kind], (STEPS, 7, 2, 6, 5), generator=generator).float()


def one_more_two(x: Tensor) -> Tensor:
    x = x.clone()
    x[-1, -1, -1, -1, -1] = 2
    return x


def one_nan(x: Tensor) -> Tensor:
    x = x.clone()
    x.view(-1)[-1] = float("nan")
    return x


TAKES_SPIKES = r"the network takes \[4, N, 2, 6, 5\]"
TAKES_PIXELS = r"the network takes \[N, 2, 6, 5\]"
REFUSED = [
    ("spikes", lambda x: x[:2], TAKES_SPIKES + "; bin the events into 4 frames"),
    ("spikes", lambda x: torch.cat([x, x, x[:2]]), r"images have shape \[10, 7, 2, 6, 5\]; " + TAKES_SPIKES),
    ("spikes", lambda x: x.transpose(0, 1), TAKES_SPIKES + r"; time is the first axis: transpose\(0, 1\)"),
    ("spikes", lambda x: x[:, 0], TAKES_SPIKES + r"; one image needs unsqueeze\(1\)"),
    ("spikes", lambda x: x.permute(0, 1, 3, 4, 2), TAKES_SPIKES + "; channels come before rows and columns"),
    ("spikes", lambda x: x[:, :, :1], TAKES_SPIKES),
    ("spikes", lambda x: x[0], TAKES_SPIKES),
    ("spikes", lambda x: x[:, :0], "there are no images"),
    (
        "spikes",
        one_more_two,
        "values run from 0 to 2; the network takes spikes, integers 0 to 1: cut counts off at 1, or",
    ),
    ("spikes", lambda x: one_more_two(x).to(torch.uint8), "values run from 0 to 2; the network takes spikes"),
    ("spikes", lambda x: x / 2, "values run from 0 to 0.5 and are no integers; the network takes spikes"),
    ("spikes", lambda x: -x, "values run from -1 to 0"),
    ("spikes", one_nan, "values are not all numbers"),
    ("counts", lambda x: x[:2], TAKES_SPIKES + "; bin the events into 4 frames"),
    (
        "counts",
        lambda x: x + 1,
        "values run from 1 to 4; the network takes counts, integers 0 to 3: cut .* off at 3, or",
    ),
    ("counts", lambda x: (x * 2).to(torch.uint8), "values run from 0 to 6; the network takes counts, integers 0 to 3"),
    ("counts", lambda x: x / 2, "values run from 0 to 1.5 and are no integers; the network takes counts"),
    ("counts", one_nan, "values are not all numbers"),
    ("pixels", lambda x: x[:, :, :5], TAKES_PIXELS),
    ("pixels", lambda x: x[..., :4], TAKES_PIXELS),
    ("pixels", lambda x: x[0], TAKES_PIXELS + r"; one image needs unsqueeze\(0\)"),
    ("pixels", lambda x: x.permute(0, 2, 3, 1), TAKES_PIXELS + "; channels come before rows and columns"),
    ("pixels", lambda x: x[:0], "there are no images"),
    ("pixels", lambda x: x / 255, "from 0 to 1 and are no integers; .* integers 0 to 255: multiply by 255 and round"),
    ("pixels", lambda x: (x / 255 - 0.5) / 0.25, "are no integers; .*: give the pixels as the image file has them"),
    ("pixels", lambda x: x.long() - 1, "values run from -1 to "),
    ("pixels", lambda x: x.int() + 1, "values run from 1 to 256; the network takes pixels"),
    ("pixels", lambda x: x / 0, "values are not all numbers"),
    ("pixels", lambda x: x.to(torch.complex64), "images are torch.complex64"),
    ("pixels", lambda x: x.numpy(), "images are a ndarray; give a torch.Tensor"),
]


@pytest.mark.parametrize(("kind", "spoil", "sentence"), REFUSED)
def test_every_forward_pass_refuses_what_is_no_input(
    kind: str, spoil: Callable[[Tensor], Tensor], sentence: str
) -> None:
    module, reference = network(kind), network(kind, None)
    module(images(kind))
    before = copy.deepcopy(module.state_dict())
    spoiled = spoil(images(kind))
    for training, forwards in (
        (True, (module, module.calibrate, reference)),
        (False, (module, module.observe, reference)),
    ):
        module.train(training)
        reference.train(training)
        for forward in forwards:
            with pytest.raises(UserError, match=sentence):
                forward(spoiled)
            assert module.training == training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert module.spiking()["conv"].momentum == BATCH_NORM_MOMENTUM
    module.eval()(images(kind))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.float64])
def test_integers_of_any_type_are_taken(dtype: torch.dtype) -> None:
    module = network("spikes")
    spikes = images("spikes")
    assert torch.equal(module(spikes.to(dtype)), module(spikes))
    for kind in ("pixels", "counts") if dtype != torch.bool else ():
        module, given = network(kind), images(kind)
        assert torch.equal(module(given.to(dtype)), module(given))


@pytest.mark.parametrize(("kind", "spoil", "sentence"), REFUSED[:8])
def test_the_golden_model_has_the_same_sentences(kind: str, spoil: Callable[[Tensor], Tensor], sentence: str) -> None:
    module = network(kind)
    module(images(kind))
    with pytest.raises(UserError, match=sentence):
        check_images(to_network(module.eval()), spoil(images(kind)).numpy().astype(np.uint8))


class Event:
    """A GPU's, of a copy that arrives when it is told to."""

    arrived = False

    def record(self) -> None:
        pass

    def query(self) -> bool:
        return self.arrived


def test_a_gpu_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong values are refused by a later batch, by a look, or by the export; each once."""
    monkeypatch.setattr(inputs, "asynchronous", lambda values: True)
    monkeypatch.setattr(inputs, "copied", lambda values: (values, Event()))
    module = network("pixels")
    good = images("pixels")
    module(good)
    for refused in (lambda: module(good.byte()), lambda: module.inputs.check(), lambda: to_network(module)):
        module(good / 255)
        module(good)
        with monkeypatch.context() as context:
            context.setattr(Event, "arrived", True)
            with pytest.raises(UserError, match="are no integers"):
                refused()
        assert copy.deepcopy(module.inputs)._seen is None
        module(good)
        module.inputs.check()


def test_what_a_gpu_holds_is_kept_there() -> None:
    there = InputCheck(PIXELS, (1, 2, 2), 1)
    for _ in range(2):
        there.take(torch.zeros(3, 1, 2, 2, device="meta"))
    assert there._seen is not None
    assert there._seen.is_meta
    with pytest.raises(RuntimeError):
        there.check()


class Cut(nn.Module):
    """A module of somebody else's."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:2]


@pytest.mark.parametrize("precision", [Precision(4, 4), None])
def test_a_foreign_module_cannot_change_the_time_steps(precision: Precision | None) -> None:
    for module in (
        network("spikes", precision, cut=Cut()),
        network("spikes", precision, cut=Cut(), more=Conv(3, 3, 1, precision=precision)),
    ):
        with pytest.raises(UserError, match=r"a layer is given \{2\} time steps; the network has T = 4"):
            module(images("spikes"))


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [np.zeros(shape, np.float32) for shape in shapes]


ONE, MANY, NONE, CHANNELS = (1, 2, 3, 5), (4, 2, 3, 5), (0, 2, 3, 5), (3,)
ORDER, UNPOOLED = np.arange(5, dtype=np.uint32), (np.empty(0, np.uint32), 1)
SCALES = kernel.Constants.of(Lif(4, 1))
TAPS = np.ones(4, np.float32), 1
UNLIKE = {
    "a time step less": lambda: kernel.forward(
        *arrays((2, 2, 3, 5)), 4, *arrays(CHANNELS, CHANNELS), *SCALES.law, *arrays(MANY, MANY)
    ),
    "a smaller output": lambda: kernel.forward(
        *arrays(MANY), 4, *arrays(CHANNELS, CHANNELS), *SCALES.law, *arrays(MANY, (4, 2, 3, 4))
    ),
    "a bias less": lambda: kernel.forward(*arrays(MANY), 4, *arrays((2,), CHANNELS), *SCALES.law, *arrays(MANY, MANY)),
    "sums of fewer steps": lambda: kernel.backward(
        *arrays(MANY, NONE, (2, 2, 3, 5), *[CHANNELS] * 3), *SCALES, np.float32(2), *UNPOOLED, *arrays((2, 2, 3, 5))
    ),
    "a gradient of another shape": lambda: kernel.backward(
        *arrays(MANY, NONE, ONE, *[CHANNELS] * 3), *SCALES, np.float32(2), *UNPOOLED, *arrays(MANY)
    ),
    "a shortcut of fewer places": lambda: kernel.backward(
        *arrays(MANY, (4, 2, 3, 4), MANY, *[CHANNELS] * 3), *SCALES, np.float32(2), *UNPOOLED, *arrays(MANY)
    ),
    "more windows than places": lambda: kernel.fire(
        *arrays(MANY), 4, *arrays(CHANNELS, CHANNELS), *SCALES.law, ORDER, 4, *arrays((4, 2, 3, 2))
    ),
    "an order of other places": lambda: kernel.fire(
        *arrays(MANY), 4, *arrays(CHANNELS, CHANNELS), *SCALES.law, ORDER[:4], 4, *arrays((4, 2, 3, 1))
    ),
    "a channel less": lambda: kernel.affine(*arrays(MANY, MANY, CHANNELS, CHANNELS, (2,))),
    "moments of a window of fewer steps": lambda: window_kernel.channel_moments(*arrays(MANY), 5, *TAPS),
    "a window's bias less": lambda: window_kernel.fire(
        *arrays(MANY), 4, *TAPS, *arrays((2,), CHANNELS), *UNPOOLED, *arrays(MANY)
    ),
    "more windows than places of windows": lambda: window_kernel.fire(
        *arrays(MANY), 4, *TAPS, *arrays(CHANNELS, CHANNELS), ORDER, 4, *arrays((4, 2, 3, 2))
    ),
    "a gradient of a window of fewer steps": lambda: window_kernel.backward(
        *arrays(MANY, (2, 2, 3, 5)), *TAPS, *arrays(*[CHANNELS] * 3), np.float32(2), *UNPOOLED, *arrays(MANY)
    ),
    "a window's gradient for other sums": lambda: window_kernel.affine(
        *arrays(MANY, ONE), *TAPS, *arrays(*[CHANNELS] * 3), True, *arrays(MANY)
    ),
    "taps that are not filled up": lambda: window_kernel.channel_moments(
        *arrays(MANY), 4, np.ones(3, np.float32), 1
    ),
}  # fmt: skip


@pytest.mark.parametrize("call", UNLIKE.values(), ids=UNLIKE.keys())
def test_compiled_loops_refuse_arrays_that_do_not_belong_together(call: Callable[[], None]) -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        call()


def test_a_gpu_s_kernels_refuse_them_too() -> None:
    sums, channel, fewer = (torch.zeros(shape) for shape in (MANY, CHANNELS, (2, 2, 3, 5)))
    for call in (
        lambda: gpu_kernel.forward(fewer, 4, channel, channel, SCALES),
        lambda: gpu_kernel.forward(sums, 4, channel[:2], channel, SCALES),
        lambda: gpu_kernel.forward(sums, 4, channel, channel, SCALES, skip=sums[:1], skip_bias=channel),
        lambda: gpu_kernel.Backward(sums, fewer, sums, channel, channel, channel, SCALES, 2.0),
        lambda: gpu_kernel.Backward(sums, sums, fewer, channel, channel, channel, SCALES, 2.0),
        lambda: gpu_kernel.max_pool_backward(torch.zeros(3, 2, 2, 1), torch.zeros(3, 3, 4, 1), 2),
    ):
        with pytest.raises(ValueError, match="do not belong together"):
            call()


def test_compiled_loops_check_their_indices_here() -> None:
    def beyond(x):  # type: ignore[no-untyped-def]
        return x[len(x)]

    with pytest.raises(IndexError):
        kernel.jit(beyond)(np.zeros(3))
    loops = [value for value in vars(kernel).values() if hasattr(value, "targetoptions")]
    assert len(loops) == 11
    assert all(loop.targetoptions["boundscheck"] for loop in loops)


def test_loops_in_many_threads_compute_the_same() -> None:
    """Those that users run."""
    generator = np.random.default_rng(0)
    sums = generator.integers(-40, 60, (4, 3, 5, 37)).astype(np.float32)
    bias, threshold = (generator.integers(*ends, 5).astype(np.float32) for ends in ((-9, 9), (9, 60)))
    found = []
    for forward in (kernel.forward, kernel.jit(kernel.forward.py_func, checked=False)):
        potential, spikes = np.empty_like(sums), np.empty_like(sums)
        forward(sums, 4, bias, threshold, *SCALES.law, potential, spikes)
        found.append((potential, spikes))
    assert 0 < found[0][1].mean() < 1
    assert all(np.array_equal(mine, wanted) for mine, wanted in zip(*found, strict=True))
