"""The neuron unit follows the law of docs/numerics.md, for one r or several."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hdl.array.neuron_unit import NeuronUnit, neuron_layout
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.array import ArrayConfig
from model.neurons import Lif
from model.neurons.lif import Reset

HARNESS = Path(__file__).with_suffix(".v")

RESETS = tuple(Reset)
"""In the harness's order."""

COVERS = (
    "cover_spike",
    "cover_tie",
    "cover_short_of_threshold",
    "cover_negative_threshold",
    "cover_doubles",
    "cover_adds_bias",
    "cover_gives_potential",
)
"""What every unit meets; see :func:`covers` for the others."""


def neuron_unit(config: ArrayConfig, component: type[NeuronUnit] = NeuronUnit) -> Proof:
    design = verilog_text(component(config), "mint_neuron")
    defines: dict[str, int | str] = {
        "U": config.membrane_width,
        "A": config.accumulator_width,
        "PARAMETERS": neuron_layout(config).size,
        "R": chosen(config, lambda neuron: neuron.r),
        "Q": chosen(config, lambda neuron: neuron.limit),
        "K": chosen(config, lambda neuron: neuron.kept_share[0]),
        "SHIFT": chosen(config, lambda neuron: neuron.kept_share[1]),
        "TOWARDS_ZERO": chosen(config, lambda neuron: int(neuron.kept_share[2])),
        "RESET": chosen(config, lambda neuron: RESETS.index(neuron.reset)),
    }
    if len(config.neurons) > 1:
        defines["L"] = (len(config.neurons) - 1).bit_length()
    if config.joins:
        defines["JOINS"] = 1
    return Proof(
        name="neuron unit = law, " + ("one r" if len(config.neurons) == 1 else "several r, joins"),
        configuration=f"{config.precision}, {config.accumulator_width} bits, {modes(config)}",
        design=design,
        harness=HARNESS.read_text(encoding="utf-8"),
        longest=1,
        defines=defines,
        peeks={
            "held_at_first": "unit.held",
            "potential_at_first": "unit.potential",
            "membrane_at_first": _membrane(design, config),
        },
        covers=covers(config),
        cover_cycles=9,
    )


def _membrane(design: str, config: ArrayConfig) -> str:
    """The membranes' register; a unit that keeps nothing has none, and hands on 0."""
    if any(neuron.state_bits for neuron in config.neurons):
        return f"unit.{register(design, 'membrane')}"
    return f"{config.membrane_width}'{'0' * config.membrane_width}"


def modes(config: ArrayConfig) -> str:
    """The neurons that a unit supports, in words: of one width by r alone."""
    if len({replace(neuron, r=1) for neuron in config.neurons}) == 1:
        return f"r = {', '.join(str(neuron.r) for neuron in config.neurons)}"
    return "; ".join(neuron.describe() for neuron in config.neurons)


def chosen(config: ArrayConfig, number: Callable[[Lif], int]) -> str:
    """Verilog of a number of the tile's neuron; an index beyond them selects the last."""
    *others, last = map(number, config.neurons)
    return "".join(f"leak=={index}?{each}:" for index, each in enumerate(others)) + str(last)


def register(design: str, name: str) -> str:
    """The name that Amaranth gave a register, where a port has it too."""
    match = re.search(rf"^  reg (?:\[\d+:0\] )?\\?({re.escape(name)}(?:\$\d+)?)[ ;]", design, re.MULTILINE)
    if match is None:
        raise ValueError(f"no register is called {name}")
    return match[1]


def covers(config: ArrayConfig) -> tuple[str, ...]:
    """What units of this configuration can meet."""
    low, high = config.accumulator_range
    neurons = config.neurons
    stored = [neuron for neuron in neurons if neuron.limit]

    def share(neuron: Lif, potential: int) -> int:
        k, shift, _ = neuron.kept_share
        return ((potential << k) - potential if k else potential) >> shift

    found = {
        "cover_high_saturation": any(share(each, high) > each.limit for each in stored),
        "cover_low_saturation": any(share(each, low) < -each.limit for each in stored),
        "cover_rounds_down": any(each.leak == 1 / 2 and each.r > 0 and each.limit > 1 for each in stored),
        "cover_rounds_up": any(each.kept_share[2] and each.kept_share[1] > 0 for each in stored),
        "cover_vanishes": any(each.kept_share[2] and each.kept_share[1] > 0 for each in stored),
        "cover_subtracts": any(each.reset == Reset.SUBTRACT for each in stored),
        "cover_subtracts_negative": any(each.reset == Reset.SUBTRACT for each in stored),
        "cover_keeps_after_spike": any(each.reset == Reset.NONE for each in stored),
        "cover_clears": any(each.reset == Reset.ZERO for each in neurons),
        "cover_stays_minus_one": any(each.leak == 1 / 2 and each.r > 0 for each in stored),
        "cover_half_minus_one": any(each.r == 0 for each in stored),
        "cover_adds_bias_skip": config.joins,
        "cover_adds_membrane": bool(stored),
        "cover_gives_membrane": bool(stored),
        "cover_holds": bool(stored),
    }
    return (*COVERS, *(name for name, met in found.items() if met))
