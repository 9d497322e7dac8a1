"""The neuron unit follows the law of docs/numerics.md, for one r or several."""

import re
from pathlib import Path

from hdl.array.neuron_unit import NeuronUnit, neuron_layout
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.arithmetic import code_limit
from model.array import ArrayConfig

HARNESS = Path(__file__).with_suffix(".v")

COVERS = (
    "cover_spike",
    "cover_tie",
    "cover_short_of_threshold",
    "cover_negative_threshold",
    "cover_doubles",
    "cover_adds_bias",
    "cover_gives_potential",
    "cover_holds",
)
"""What every unit meets; see :func:`covers` for the others."""


def neuron_unit(config: ArrayConfig, component: type[NeuronUnit] = NeuronUnit) -> Proof:
    design = verilog_text(component(config), "mint_neuron")
    defines: dict[str, int | str] = {
        "U": config.membrane_width,
        "A": config.accumulator_width,
        "PARAMETERS": neuron_layout(config).size,
        "R": chosen_leak(config),
    }
    if len(config.leaks) > 1:
        defines["L"] = (len(config.leaks) - 1).bit_length()
    if config.joins:
        defines["JOINS"] = 1
    return Proof(
        name="neuron unit = law, " + ("one r" if len(config.leaks) == 1 else "several r, joins"),
        configuration=f"{config.precision}, {config.accumulator_width} bits, r = {', '.join(map(str, config.leaks))}",
        design=design,
        harness=HARNESS.read_text(encoding="utf-8"),
        longest=1,
        defines=defines,
        peeks={
            "held_at_first": "unit.held",
            "potential_at_first": "unit.potential",
            "membrane_at_first": f"unit.{register(design, 'membrane')}",
        },
        covers=covers(config),
        cover_cycles=5,
    )


def chosen_leak(config: ArrayConfig) -> str:
    """Verilog of the tile's r; an index beyond the leaks selects the last."""
    *others, last = config.leaks
    return "".join(f"leak=={index}?{leak}:" for index, leak in enumerate(others)) + str(last)


def register(design: str, name: str) -> str:
    """The name that Amaranth gave a register, where a port has it too."""
    match = re.search(rf"^  reg (?:\[\d+:0\] )?\\?({re.escape(name)}(?:\$\d+)?)[ ;]", design, re.MULTILINE)
    if match is None:
        raise ValueError(f"no register is called {name}")
    return match[1]


def covers(config: ArrayConfig) -> tuple[str, ...]:
    """What units of this configuration can meet."""
    limit = code_limit(config.membrane_width)
    low, high = config.accumulator_range
    found = list(COVERS)
    if any(high >> leak > limit for leak in config.leaks):
        found.append("cover_high_saturation")
    if any(low >> leak < -limit for leak in config.leaks):
        found.append("cover_low_saturation")
    if any(leak > 0 and limit > 1 for leak in config.leaks):
        found.append("cover_rounds_down")
    if any(leak > 0 for leak in config.leaks):
        found.append("cover_stays_minus_one")
    if 0 in config.leaks:
        found.append("cover_half_minus_one")
    if config.joins:
        found.append("cover_adds_bias_skip")
    return (*found, "cover_adds_membrane", "cover_gives_membrane")
