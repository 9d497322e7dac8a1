"""Sums on a device: TensorFloat-32 where it changes no integer, and others are found."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model import datasets
from model.config import Precision
from model.errors import UserError
from model.training import layers
from model.training.layers import Conv, Readout
from model.training.networks import Size, digits, named
from model.training.reduced import LARGEST_OPERAND, allow_tf32, other_integers, tf32_is_exact
from model.training.train import Run
from tests.model.training.runs import RECIPE

pytestmark = pytest.mark.usefixtures("one_thread")


def rounded_to_tf32(x: torch.Tensor) -> torch.Tensor:
    """The nearest number with 10 bits of mantissa, ties to even."""
    bits = x.float().view(torch.int32)
    return ((bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFF).view(torch.float32)


def test_a_device_that_computes_other_integers_is_found(
    tmp_path: Path, data: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a layer that is wrong on anything larger than what is compared; once TensorFloat-32 is off, or still."""
    training = Run(replace(RECIPE, epochs=1), digits, data, tmp_path)
    images = torch.from_numpy(data.train.images[:16].copy())
    training.module(images)
    assert other_integers(training.module, images) == ""
    exact = layers._convolve

    def wrong(x: torch.Tensor, *others: Any) -> torch.Tensor:
        sums = exact(x, *others)
        tf32 = torch.backends.cudnn.conv.fp32_precision == "tf32"
        return sums + (x.shape[1] == 16 and (tf32 or always))

    monkeypatch.setattr(layers, "_convolve", wrong)
    monkeypatch.setattr(training, "device", "a GPU")
    for always in (False, True):
        allow_tf32(training.module)
        assert other_integers(training.module, images) == "conv1"
        if always:
            with pytest.raises(UserError, match="layer conv1: a GPU computes other sums than the CPU; train on the"):
                training._check_device(images)
        else:
            training._check_device(images)
        assert torch.backends.cudnn.conv.fp32_precision == "ieee"


def test_tf32_changes_no_integer() -> None:
    every = torch.arange(LARGEST_OPERAND + 1).float()
    assert torch.equal(rounded_to_tf32(every), every)
    assert torch.equal(rounded_to_tf32(-every), -every)
    assert float(rounded_to_tf32(every[-1:] + 1)) != LARGEST_OPERAND + 1

    # The largest layers of the papers' networks: 512 channels, 3 × 3; pixels; counts of 64 × 64 / 16 spikes at 4 steps.
    generator = torch.Generator().manual_seed(0)
    for fan_in, largest in ((512 * 9, 1), (27, 255), (256, 256)):
        for width in (2, 4, 8):
            limit = Precision(width, width).code.limit
            x = torch.randint(0, largest + 1, (20, fan_in), generator=generator)
            w = torch.randint(-limit, limit + 1, (fan_in, 8), generator=generator)
            assert fan_in * largest * limit < 1 << 24
            assert torch.equal((rounded_to_tf32(x) @ rounded_to_tf32(w)).long(), x @ w)

    for bits in (2, 4, 8):
        size = Size(Precision(bits, bits), width=1 / 8, input_shape=(3, 64, 64), classes=200)
        module = named("vgg9", size)
        assert all(tf32_is_exact(layer) for layer in module.children() if isinstance(layer, Conv | Readout))
        allow_tf32(module)
        assert torch.backends.cuda.matmul.fp32_precision == torch.backends.cudnn.conv.fp32_precision == "tf32"
    layer = Readout(64, 10, precision=Precision(4, 4))
    layer.connect(largest_input=1024, input_scale=1.0, time_steps=4)
    assert not tf32_is_exact(layer)
    allow_tf32(named("vgg9", Size(None)))
    assert torch.backends.cuda.matmul.fp32_precision == torch.backends.cudnn.conv.fp32_precision == "ieee"
