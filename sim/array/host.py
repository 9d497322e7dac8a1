"""The host of an array: cuts layers into tiles, addresses its memory, and reads results back.

All tiles of a layer depend on earlier layers only, so that a layer's beats are made in one go.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hdl.array.contents import KINDS, image_file
from hdl.array.systolic_array import retire_layout
from hdl.array.tiling import Tiling, tilings
from hdl.verilog.words import Bits, from_bits, from_hex, to_bits, to_hex
from model.array import Action, ArrayConfig
from model.golden.network import pooled
from model.inputs import PIXELS
from model.network.graph import INPUT, Layer, LayerKind, Source
from model.network.network import Network

ACTION_BITS = max(Action).bit_length()


@dataclass(frozen=True)
class Outcome:
    """What the array said about a layer's neurons in all time steps, [T, C, H, W]; None without the retire port."""

    spikes: NDArray[np.uint8]
    potential: NDArray[np.int64] | None = None
    membrane: NDArray[np.int64] | None = None


def read_images(network: Network, folder: Path) -> dict[str, list[str]]:
    """The memory images of ``network`` in ``folder``, by file name: lines of hexadecimal words."""
    names = [image_file(layer.name, kind) for layer in network.layers for kind in KINDS]
    return {name: (folder / name).read_text(encoding="utf-8").splitlines(keepends=True) for name in names}


class Host:
    """Memory of a host with one image at a time.

    Parameters
    ----------
    network : Network
        For its geometry: weights and parameters come from ``images``.
    config : ArrayConfig
        The array.
    images : dict
        Lines of the memory images, see :func:`read_images`.
    """

    def __init__(self, network: Network, config: ArrayConfig, images: dict[str, list[str]]) -> None:
        self.network = network
        self.config = config
        self.tilings = tilings(network, config)
        self._images = images
        self._values: dict[str, NDArray[Any]] = {}

    def put_image(self, image: NDArray[Any]) -> None:
        """Store an input: pixels [C, H, W] or spikes [T, C, H, W]."""
        self._values = {INPUT: image if image.ndim == 4 else image[None]}

    def put_spikes(self, layer: Layer, spikes: NDArray[np.uint8]) -> None:
        """Store a layer's spikes [T, C, H, W], pooled: an OR, or a count."""
        self._values[layer.name] = pooled(spikes.transpose(0, 2, 3, 1), layer.pool).transpose(0, 3, 1, 2)

    def streams(self, layer: Layer) -> dict[str, str]:
        """Every beat of the layer's input streams, in order, as text; a stream without a beat is empty."""
        tiling = self.tilings[layer.name]
        spikes = to_hex(self._steps(tiling).reshape(-1, self.config.rows + ACTION_BITS))
        return {
            "i_parameters": self._memory(layer.name, "parameters", tiling, tiling.row_tiles),
            "i_weights": self._memory(layer.name, "weights", tiling, tiling.row_tiles * tiling.passes),
            "i_spikes": spikes * tiling.column_tiles,
            "i_skips": to_hex(self._skips(tiling).reshape(-1, self.config.columns)) if tiling.skips else "",
        }

    def _memory(self, layer: str, kind: str, tiling: Tiling, times: int) -> str:
        """A memory image, each column tile's words so many times."""
        lines = self._images[image_file(layer, kind)]
        size = self.config.columns if kind == "parameters" else tiling.beats
        return "".join("".join(lines[start : start + size]) * times for start in range(0, len(lines), size))

    def _steps(self, tiling: Tiling) -> Bits:
        """Payloads of i_spikes of one column tile: [row tiles, passes, beats, bits]."""
        layer, rows = tiling.layer, self.config.rows
        inputs = np.concatenate([self._inputs(tiling, source) for source in layer.sources], axis=1)
        payloads = np.zeros((tiling.row_tiles, tiling.passes, tiling.beats, rows + ACTION_BITS), np.uint8)
        payloads[..., :rows] = self._by_rows(tiling, inputs).transpose(2, 0, 1, 3)
        payloads[:, :, -1, rows:] = to_bits(np.array(list(tiling.actions()))[:, None], ACTION_BITS)
        return payloads

    def _by_rows(self, tiling: Tiling, values: NDArray[Any]) -> NDArray[Any]:
        """Values [..., positions] cut into row tiles, with zeros in the last: [..., row tiles, rows]."""
        whole = tiling.row_tiles * self.config.rows
        padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, whole - tiling.positions)])
        return padded.reshape(*values.shape[:-1], tiling.row_tiles, self.config.rows)

    def _inputs(self, tiling: Tiling, source: Source) -> NDArray[np.uint8]:
        """Which input spikes, of one source: [passes, beats of the source, positions]."""
        values = self._fan_in(tiling.layer, source)
        if tiling.static:
            planes = np.arange(PIXELS.planes - 1, -1, -1).reshape(-1, 1, 1)
            return ((values >> planes) & 1).astype(np.uint8)
        # A count n gives n spikes, and none for the rest of its beats.
        beats = values[:, :, None] > np.arange(tiling.repeats(source.origin))[:, None]
        return beats.reshape(len(values), -1, values.shape[-1]).astype(np.uint8)

    def _fan_in(self, layer: Layer, source: Source) -> NDArray[Any]:
        """The inputs of every output position: [T, fan-in, positions]."""
        values = self._values[source.origin]
        if layer.kind == LayerKind.LINEAR:
            return values.reshape(len(values), -1, 1)
        pad, kernel, stride = source.padding, source.weight.shape[-1], source.stride
        values = np.pad(values, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = sliding_window_view(values, (kernel, kernel), (2, 3))[:, :, ::stride, ::stride]
        return windows.transpose(0, 1, 4, 5, 2, 3).reshape(len(values), source.fan_in, -1)

    def _skips(self, tiling: Tiling) -> Bits:
        """Payloads of i_skips: [column tiles, row tiles, T, rows, columns]."""
        config, layer, steps = self.config, tiling.layer, self.network.time_steps
        channels = tiling.column_tiles * config.columns
        bits = np.zeros((steps, channels, tiling.positions), np.uint8)
        if layer.skip is not None:
            bits[:, : layer.channels] = self._values[layer.skip].reshape(steps, layer.channels, -1)
        tiles = self._by_rows(tiling, bits).reshape(
            steps, tiling.column_tiles, config.columns, tiling.row_tiles, config.rows
        )
        return tiles.transpose(1, 3, 0, 4, 2)

    def outcome(self, layer: Layer, text: str) -> Outcome:
        """A spiking layer's neurons from what o_spikes (and retire, in the bits above) said."""
        config, tiling = self.config, self.tilings[layer.name]
        layout = retire_layout(config)
        bits = self._read(layer, "o_spikes", text, config.columns + (layout.size if config.retire else 0))
        spikes = self._neurons(tiling, bits[:, : config.columns, None])
        if not config.retire:
            return Outcome(spikes[..., 0])
        retired = bits[:, config.columns :]
        self._check_order(tiling, retired)
        fields = layout["neurons"].shape
        neurons = retired[:, layout["neurons"].offset :].reshape(len(bits), config.columns, -1)
        found = self._neurons(tiling, neurons)
        width = config.accumulator_width
        assert fields.elem_shape["spike"].offset == width
        if not (found[..., width] == spikes[..., 0]).all():
            raise ValueError(f"layer {layer.name}: o_spikes and retire disagree about a spike")
        return Outcome(
            spikes[..., 0], from_bits(found[..., :width], signed=True), from_bits(found[..., width + 1 :], signed=True)
        )

    def _read(self, layer: Layer, port: str, text: str, width: int) -> Bits:
        """The beats that a port gave; an unknown bit is an error by name."""
        try:
            return from_hex(text, width)
        except ValueError as error:
            raise ValueError(f"layer {layer.name}: {port}: {error}") from None

    def _check_order(self, tiling: Tiling, retired: Bits) -> None:
        """Refuse results whose time steps and rows are not those of the protocol."""
        layout, steps, rows = retire_layout(self.config), self.network.time_steps, self.config.rows
        step, row = np.meshgrid(np.arange(steps), np.arange(rows), indexing="xy" if tiling.static else "ij")
        for name, expected in (("time_step", step), ("row", row)):
            start = layout[name].offset
            end = layout["row" if name == "time_step" else "neurons"].offset
            got = from_bits(retired[:, start:end], signed=False).reshape(-1, tiling.results)
            if (got != expected.reshape(-1)).any():
                raise ValueError(f"layer {tiling.layer.name}: retire names another {name} than the protocol's")

    def _neurons(self, tiling: Tiling, bits: Bits) -> Bits:
        """Result beats [beats, columns, bits] as [T, C, H, W, bits]; rows and columns not used are dropped."""
        config, steps, size = self.config, self.network.time_steps, bits.shape[-1]
        tiles = bits.reshape(tiling.column_tiles, tiling.row_tiles, tiling.results, config.columns, size)
        if tiling.static:
            # Row by row, all time steps of a row together.
            ordered = tiles.reshape(*tiles.shape[:2], config.rows, steps, config.columns, size).swapaxes(2, 3)
        else:
            ordered = tiles.reshape(*tiles.shape[:2], steps, config.rows, config.columns, size)
        whole = ordered.transpose(2, 0, 4, 1, 3, 5).reshape(
            steps, tiling.column_tiles * config.columns, tiling.row_tiles * config.rows, size
        )
        used = whole[:, : tiling.layer.channels, : tiling.positions]
        return used.reshape(steps, *self.network.shapes[tiling.layer.name], size)

    def logits(self, layer: Layer, text: str) -> NDArray[np.int64]:
        """The last layer's sums [classes] from what o_sums said."""
        config, tiling = self.config, self.tilings[layer.name]
        bits = self._read(layer, "o_sums", text, config.columns * config.accumulator_width)
        sums = from_bits(bits.reshape(len(bits), config.columns, -1), signed=True)
        return sums.reshape(tiling.column_tiles, tiling.row_tiles * config.rows, config.columns)[:, 0].reshape(-1)[
            : layer.channels
        ]
