"""Spiking networks: a chain of our layers, and the named networks that ship."""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.config import PIXEL_SCALE, Precision, require
from model.training.layers import Conv, MaxPool, Readout, SumPool, _Spiking, _Weighted


class SpikingNetwork(nn.Sequential):
    """Named layers in a chain, run for T time steps.

    Parameters
    ----------
    layers : dict of str to module
        In order; the last one a :class:`Readout`. Foreign modules run in training, export refuses them by name.
    input_shape : (C, H, W)
    time_steps : int
    input_kind : "pixels" or "spikes"
        Pixels 0 ... 255 [N, C, H, W], the same at every step, or spikes [T, N, C, H, W].
    """

    def __init__(
        self,
        layers: dict[str, nn.Module],
        *,
        input_shape: tuple[int, int, int],
        time_steps: int = 4,
        input_kind: str = "pixels",
    ) -> None:
        super().__init__(OrderedDict(layers))
        self.input_shape, self.time_steps, self.input_kind = input_shape, time_steps, input_kind
        require(input_kind in ("pixels", "spikes"), f"input kind {input_kind!r}; choose pixels or spikes")
        largest, scale = (PIXEL_SCALE - 1, 1 / PIXEL_SCALE) if input_kind == "pixels" else (1, 1.0)
        for name, layer in layers.items():
            if isinstance(layer, _Weighted):
                try:
                    steps = 1 if input_kind == "pixels" and largest > 1 and isinstance(layer, _Spiking) else time_steps
                    layer.connect(largest_input=largest, input_scale=scale, time_steps=steps)
                    layer.time_steps = time_steps
                except ValueError as error:
                    raise type(error)(f"layer {name}: {error}") from None
                largest, scale = 1, 1.0
            elif isinstance(layer, SumPool):
                largest, scale = largest * layer.size**2, scale / layer.size**2

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        return super().forward(x[None] if self.input_kind == "pixels" else x)

    def spiking(self) -> dict[str, _Spiking]:
        """The spiking layers by name."""
        return {name: layer for name, layer in self.named_children() if isinstance(layer, _Spiking)}

    @torch.no_grad()
    def observe(self, x: Tensor) -> dict[str, Tensor]:
        """Evaluation-mode forward that keeps NAME.potential, NAME.spikes, NAME.membrane and logits."""
        require(not self.training, "observe() needs evaluation mode; call eval() first")
        for layer in self.spiking().values():
            layer.trace = {}
        try:
            logits = self(x)
            found = {f"{name}.{key}": v for name, layer in self.spiking().items() for key, v in layer.trace.items()}
        finally:
            for layer in self.spiking().values():
                layer.trace = None
        return found | {"logits": logits}


def fashion(precision: Precision | None) -> SpikingNetwork:
    """Three strided convolutions and a readout on 28 × 28 grey pixels: 66 k weights, 10,432 neurons.

    Strides instead of pooling: more channels for the same cycles, and more accurate at 2 bits than :func:`pooled`.
    """
    return SpikingNetwork(
        {
            "conv1": Conv(1, 32, 5, stride=2, padding=2, precision=precision),
            "conv2": Conv(32, 64, 3, stride=2, padding=1, precision=precision),
            "conv3": Conv(64, 64, 3, stride=2, padding=1, precision=precision),
            "fc": Readout(4 * 4 * 64, 10, precision=precision),
        },
        input_shape=(1, 28, 28),
    )


def pooled(precision: Precision | None) -> SpikingNetwork:
    """conv24-pool-conv40-pool-fc10 on 28 × 28 grey pixels: 23 k weights, 24,576 neurons; for 4 and 8 bits."""
    return SpikingNetwork(
        {
            "conv1": Conv(1, 24, 3, padding=1, precision=precision),
            "pool1": MaxPool(2),
            "conv2": Conv(24, 40, 3, precision=precision),
            "pool2": MaxPool(2),
            "fc": Readout(6 * 6 * 40, 10, precision=precision),
        },
        input_shape=(1, 28, 28),
    )


def digits(precision: Precision | None) -> SpikingNetwork:
    """A first try in seconds: scikit-learn's 8 × 8 digits."""
    return SpikingNetwork(
        {
            "conv1": Conv(1, 16, 3, padding=1, precision=precision),
            "pool1": MaxPool(2),
            "fc": Readout(4 * 4 * 16, 10, precision=precision),
        },
        input_shape=(1, 8, 8),
    )


NETWORKS: dict[str, Callable[[Precision | None], SpikingNetwork]] = {
    "fashion": fashion,
    "pooled": pooled,
    "digits": digits,
}
