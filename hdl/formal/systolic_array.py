"""The array keeps the contracts of its output streams, and those of its elements and neuron units."""

import re
from collections.abc import Iterable
from pathlib import Path

from hdl.array.systolic_array import SystolicArray, parameters_layout, retire_layout, token_layout
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.array import ArrayConfig

HARNESS = Path(__file__).with_suffix(".v")

COVERS = (
    "cover_both_full",
    "cover_full_then_empty",
    "cover_third_beat",
    "cover_sums",
    "cover_sums_wait",
    "cover_sums_twice",
    "cover_frozen_input",
    "cover_step_after_freeze",
)

OUTPUTS = ("advance", "first", "second", "second_valid", "waits", "o_spikes__valid", "o_spikes__payload")
"""Registers that move while the array is frozen."""


def systolic_array(config: ArrayConfig, component: type[SystolicArray] = SystolicArray) -> Proof:
    design = verilog_text(component(config), "mint_array")
    registers = [name for name in _registers(design) if name not in OUTPUTS]
    columns, rows = range(config.columns), range(config.rows)
    kept = [f"array.{name}" for name in registers]
    kept += [f"array.neuron_{column}.{name}" for column in columns for name in ("potential", "held")]
    widths = _registers(design)
    neuron_bits = config.accumulator_width * (4 if config.joins else 3)
    defines: dict[str, int | str] = {
        "C": config.columns,
        "ROWS": config.rows,
        "W": config.weight_width,
        "A": config.accumulator_width,
        "STEPS": config.time_steps,
        "I_PARAMETERS": parameters_layout(config).size,
        "TOKEN": token_layout(config).size,
        "CYCLE": widths["cycle"],
        "FROZEN": sum(widths[name] for name in registers) + config.columns * neuron_bits,
        "RETIRE_BITS": retire_layout(config).size if config.retire else 1,
    }
    if config.joins:
        defines["JOINS"] = 1
    if config.retire:
        defines["RETIRE"] = retire_layout(config).size
    cells = [f"array.pe_{row}_{column}" for row in rows for column in columns]
    # Concatenations, the highest bits first.
    peeks = {
        "advance": "array.advance",
        "stepping": "array.stepping",
        "second_valid": "array.second_valid",
        "waits": "array.waits",
        "state": "array.fsm_state",
        "action": "array.action",
        "cycle": "array.cycle",
        "tokens": _concatenation(
            "array.token_0" if stage == 0 else f"array.token_{stage}_0" for stage in range(config.columns + 1)
        ),
        "second_spikes": f"array.second[{config.columns - 1}:0]",
        "neuron_spike": _concatenation(f"array.neuron_{column}.spike" for column in columns),
        "neuron_potential": _concatenation(f"array.neuron_{column}.potential" for column in columns),
        "delayed": _concatenation(
            f"array.spike_{column}_{cycle}" if cycle < config.columns - 1 - column else "1'0"
            for column in columns
            for cycle in columns
        ),
        "state_bits": _concatenation(kept),
        "element_enable": _concatenation(f"array.pe_0_{column}.enable" for column in columns),
        "element_preload": _concatenation(f"array.pe_0_{column}.preload" for column in columns),
        "element_weight": _concatenation(f"array.pe_0_{column}.weight" for column in columns),
        "element_spikes": _concatenation(
            f"array.pe_{row}_{column}.spike" for column in columns for row in range(config.rows)
        ),
        "accumulators": _concatenation(f"{cell}.register" for cell in cells),
        "carries": _concatenation(f"{cell}.carry" for cell in cells),
    }
    return Proof(
        name="array: streams, freeze, promises",
        configuration=f"{config.rows} x {config.columns}, {config.precision}, {config.accumulator_width} bits"
        + (", joins" if config.joins else "")
        + (", retire" if config.retire else ""),
        design=design,
        harness=HARNESS.read_text(encoding="utf-8"),
        longest=1,
        defines=defines,
        peeks=peeks,
        covers=covers(config),
        cover_cycles=24,
        apart=True,
    )


def covers(config: ArrayConfig) -> tuple[str, ...]:
    """What arrays of this configuration can meet."""
    found = list(COVERS)
    if config.columns > 1:
        found.append("cover_spike_and_none")
    if config.columns >= config.rows + 2:  # spikes are on their way to the outputs when the next step comes
        found.append("cover_frozen_carry")
    return tuple(found)


def _registers(design: str) -> dict[str, int]:
    """Registers of the array's own module, with their widths."""
    module = re.search(r"^module mint_array\(.*?^endmodule", design, re.MULTILINE | re.DOTALL)
    assert module is not None
    found = re.findall(r"^  reg (?:\[(\d+):0\] )?\\?([^\s;]+)[ ;]", module[0], re.MULTILINE)
    return {name: int(high or 0) + 1 for high, name in found}


def _concatenation(lowest_first: Iterable[str]) -> str:
    return ",".join(reversed(list(lowest_first)))
