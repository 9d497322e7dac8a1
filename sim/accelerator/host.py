"""What goes into an accelerator and what comes out, as text: beats of images, results, neurons that retired.

No Amaranth here: a simulator's process would take longer to import it than most of its benches do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdl.accelerator.contents import RESULT_WIDTH, input_packets
from hdl.verilog.words import Bits, from_bits, from_hex, to_hex
from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan

INPUT, RESULTS, NEURONS, CYCLES = "s_axis.hex", "m_axis.hex", "retire.hex", "cycles.txt"
"""Files beside a simulation; the last has the cycle of every result's end."""
BEATS = "beats.txt"
"""The cycle of the first beat that was taken, then that of every input packet's end."""
Layout = Mapping[str, tuple[int, int]]
"""First bit and width of each field of what retires."""


@dataclass(frozen=True)
class Neurons:
    """H, spikes and U of a layer for all time steps and images: [T, N, C, H, W]."""

    potential: NDArray[np.int64]
    spikes: NDArray[np.int64]
    membrane: NDArray[np.int64]


def input_text(config: AcceleratorConfig, images: NDArray[np.integer]) -> str:
    """Beats of ``images`` with TLAST above them; where state lasts, and TUSER above it, as the images are one
    recording, and the last one is the first one of another."""
    packets = input_packets(config, images)
    recordings = (0, len(packets) - config.frames)
    found = []
    for number, beats in enumerate(packets):
        last = np.zeros((len(beats), 1), np.uint8)
        last[-1] = 1
        fields = [beats, last]
        if config.lasts:
            first = np.zeros_like(last)
            first[0] = number in recordings
            fields.append(first)
        found.append(np.concatenate(fields, axis=1))
    return to_hex(np.concatenate(found))


def results(config: AcceleratorConfig, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Logits [N, classes] and classes [N]; refuses a packet that does not end where it must."""
    bits = from_hex(text, RESULT_WIDTH + 1)
    packets = bits.reshape(-1, config.classes + 1, RESULT_WIDTH + 1)
    if packets[:, :-1, -1].any() or not packets[:, -1, -1].all():
        raise ValueError("TLAST stands elsewhere than with the class")
    logits = from_bits(packets[:, :-1, :-1], signed=True)
    return logits, from_bits(packets[:, -1, :-1], signed=False)


def lines_of_layer(config: AcceleratorConfig, plan: LayerPlan) -> int:
    """Lines of a layer for one frame."""
    steps = config.frame_steps if plan.spiking else 1
    return plan.groups * plan.tiles[0] * plan.tiles[1] * steps * plan.parts * config.lanes_per_neuron_unit


def neurons(config: AcceleratorConfig, layout: Layout, text: str) -> dict[str, Neurons]:
    """What retired, by layer; of the last one, H are the logits [1, N, classes, 1, 1], or, in the order streaming, what
    they are after each frame, [T, N, classes, 1, 1].

    Refuses neurons whose layer, time step or lane is not the one that is due.
    """
    width = sum(bits for _, bits in layout.values())
    bits = from_hex(text, width)
    sizes = [lines_of_layer(config, plan) for plan in config.layers]
    frames = bits.reshape(-1, sum(sizes), width)
    ends = np.cumsum(sizes)
    found = {}
    for index, (plan, end, size) in enumerate(zip(config.layers, ends, sizes, strict=True)):
        found[plan.name] = _layer_neurons(config, layout, plan, index, frames[:, end - size : end])
    return found


def _layer_neurons(config: AcceleratorConfig, layout: Layout, plan: LayerPlan, index: int, lines: Bits) -> Neurons:
    share, units = config.lanes_per_neuron_unit, config.neuron_units
    steps = config.frame_steps if plan.spiking else 1
    shape = (len(lines), plan.groups, *plan.tiles, steps, plan.parts, share)
    fields = {name: lines[:, :, first : first + width] for name, (first, width) in layout.items()}
    frame = np.arange(len(lines)).reshape(-1, *[1] * 6) % config.frames
    due = frame + np.arange(steps)[:, None, None], np.arange(share)
    for name, expected in (("layer", np.array(index)), ("time_step", due[0]), ("index", due[1])):
        got = from_bits(fields[name], signed=False).reshape(shape)
        if (got != expected).any():
            raise ValueError(f"layer {plan.name}: retire names another {name} than the one that is due")

    def ordered(name: str, *, signed: bool) -> NDArray[np.int64]:
        numbers = from_bits(fields[name].reshape(*lines.shape[:2], units, -1), signed=signed)
        # [N, G, H, tile, T, position, lane of a unit, unit] to [T, N, G, unit, lane of a unit, H, tile, position].
        lanes = numbers.reshape(*shape, units).transpose(4, 0, 1, 7, 6, 2, 3, 5)
        lanes = lanes.reshape(steps, len(lines), plan.groups, config.lanes, *plan.tiles, plan.parts)
        # Every time step, or position, has a row of lanes.
        rows = np.arange(plan.rows)[:, None] * plan.row_lanes + np.arange(plan.row_lanes)
        if plan.steps_together:
            lanes = np.stack([lanes[step][:, :, own] for step, own in enumerate(rows)])
        else:
            lanes = np.stack([lanes[..., part % plan.parts][:, :, :, own] for part, own in enumerate(rows)], axis=-1)
        whole = lanes.reshape(steps, len(lines), -1, plan.positions[0], plan.tiles[1] * plan.tile)
        if config.streaming:  # frames of images to time steps
            whole = whole.reshape(-1, config.frames, *whole.shape[2:]).swapaxes(0, 1)
        return whole[:, :, : plan.channels, :, : plan.positions[1]]

    return Neurons(
        ordered("potentials", signed=True), ordered("spikes", signed=False), ordered("membranes", signed=True)
    )
