"""Lanes and their neuron units follow the law: sums, potentials, spikes, and membranes from step to step."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hdl.accelerator.cluster import parameter_layout
from hdl.accelerator.lanes import Lanes
from hdl.formal.laws import law_modules
from hdl.formal.proof import Proof
from hdl.formal.result_stream import result_config
from hdl.verilog.text import verilog_text
from model.accelerator.config import SKIP, TIME_PARALLEL, AcceleratorConfig
from model.arithmetic import number_width
from model.config import Precision
from model.neurons import Lif

HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_doubles", "cover_spikes", "cover_ties", "cover_goes_on")


def lanes_config(
    precision: Precision,
    modes: Sequence[Lif],
    *,
    units: int = 1,
    share: int = 1,
    skips: bool = False,
    relays: bool = False,
    streaming: bool = False,
) -> AcceleratorConfig:
    """Lanes for a layer of each mode, and the last one; accumulators in which both ends of the states saturate.

    With ``relays``, the first layer has a row for every unit, which are its time steps. Memories have a power of two
    words, so that no address is without contents; of sums, twice as many as of states.
    """
    rows = units if relays else 1
    base = result_config(units * share, units * share, share)
    layers = [
        replace(
            base.layers[0],
            spiking=True,
            dataflow=TIME_PARALLEL if relays and not index else SKIP,
            rows=1 if index else rows,
            row_lanes=units * share // (1 if index else rows),
            positions=(1, 2),
            mode=index,
            skip_memory=0 if skips else None,
        )
        for index in range(len(modes))
    ]
    widest = max(1, *(mode.membrane_width for mode in modes))
    return replace(
        base,
        weight_width=precision.weight_width,
        membrane_width=widest,
        accumulator_width=max(precision.code.accumulator_width, widest + max(mode.r for mode in modes) + 1),
        time_steps=2,
        modes=tuple(modes),
        layers=(*layers, replace(base.layers[0], positions=(1, 4 * len(modes)))),
        streaming=streaming,
    )


def lanes(config: AcceleratorConfig, component: type[Lanes] = Lanes) -> Proof:
    units, share, width = config.neuron_units, config.lanes_per_neuron_unit, config.accumulator_width
    words = config.membrane_words if config.streaming else share
    relayed = [index for index, layer in enumerate(config.layers) if layer.steps_together]
    sizes = [layer.fires * share for layer in config.layers]
    bases = [sum(sizes[:index]) for index in range(len(sizes))]
    mode = ":".join(f"own=={index}?{layer.mode}" for index, layer in enumerate(config.layers)) + ":0"

    def table(numbers: Sequence[int]) -> int:
        return sum(number << 8 * index for index, number in enumerate(numbers))

    design = verilog_text(component(config), "mint_lanes")
    extra = [name for name in ("skips", "relays", "streaming") if getattr(config, name)]
    modes = "; ".join(each.describe() for each in config.modes)
    return Proof(
        name="lanes and neuron units = law",
        configuration=", ".join([f"{config.weight_width}-bit weights", modes, f"{units} x {share} lanes", *extra]),
        design=design,
        harness=HARNESS.read_text(encoding="utf-8") + law_modules(config.modes),
        prepare=("hierarchy -top mint_lanes", "proc", "memory -nordff"),
        defines={
            "UNITS": units,
            "S": share,
            "W": config.weight_width,
            "U": config.membrane_width,
            "A": width,
            "P": parameter_layout(config).size,
            "X": number_width(share),
            "WORDS": words,
            "CARRIED": max(1, config.sum_words),
            "LAST": len(config.layers) - 1,
            "BASES": table(bases),
            "SIZES": table(sizes),
            "WHERE": number_width(max(words, config.sum_words)),
            "RELAYS": sum(1 << index for index in relayed),
            "DISTANCE": config.layers[0].row_lanes,
            "MODE": mode,
            "WRITES": int((config.keeps and share > 1) or config.streaming),
            **({"SHARED": 1} if share > 1 else {}),
            **({"SKIPS": 1} if config.skips else {}),
            **({"STREAMING": 1} if config.streaming else {}),
        },
        peeks=_peeks(config, words, design),
        covers=covers(config),
        cover_cycles=4 + 6 * len(config.modes) if config.streaming else 12,
    )


def _instance(design: str, memory: str) -> str:
    """The name of a memory's instance: Amaranth numbers what is called like a port."""
    found = re.search(rf"^  mint_lanes_memory_{memory} \\?(\S+)", design, re.MULTILINE)
    assert found is not None
    return found[1]


def _peeks(config: AcceleratorConfig, words: int, design: str) -> dict[str, str]:
    """Registers and words of the memories, the highest bits first."""
    units, share = range(config.neuron_units), config.lanes_per_neuron_unit
    width, accumulator = config.membrane_width, config.accumulator_width

    def together(names: Sequence[str]) -> str:
        return ",".join(reversed(names))

    memory = "lanes.membrane_memory"
    if config.streaming:
        states = [f"{memory}.{_instance(design, 'membranes')}.words[{word}]" for word in range(words)]
        carried = [f"{memory}.{_instance(design, 'sums')}.words[{word}]" for word in range(config.sum_words)]
        place = f"{memory}.place"
    else:
        names = ["kept"] if share == 1 else [f"membranes.words[{lane}]" for lane in range(share)]
        states = [f"lanes.cluster_{unit}.{name}" for name in names for unit in units]
        states = states if config.keeps else ["1'0"] * len(states)
        carried, place = [], ""
    zeros = ["1'0"] * (config.neuron_units * accumulator)
    if config.streaming:
        writes = [f"{memory}.{_instance(design, 'sums')}.write_address"] * len(units)
    else:
        writes = [
            f"lanes.cluster_{unit}.membranes.write_address" if share > 1 and config.keeps else "1'0" for unit in units
        ]
    earlier = [[f"lanes.earlier_{unit}", "1'0"] if share > 1 else ["1'0"] for unit in units]
    return {
        "unit_sums": together([f"lanes.cluster_{unit}.sum_{lane}" for unit in units for lane in range(share)]),
        "unit_handed": together([f"lanes.cluster_{unit}.handed" for unit in units] if share == 1 else zeros),
        "unit_states": together(states),
        "unit_carried": together(carried or zeros),
        "unit_earlier": together([bit for unit in earlier for bit in unit]),
        "unit_writes": together(writes),
        "unit_place": place or ",".join(["1'0"] * number_width(share)),
        "unit_stored": f"{memory}.stored" if place else together(["1'0"] * (config.neuron_units * width)),
        "unit_read": f"{memory}.carried" if place else together(zeros),
    }


def covers(config: AcceleratorConfig) -> tuple[str, ...]:
    """What lanes of this configuration can meet."""
    if config.streaming:  # the others need many cycles, and are met without it
        return "cover_goes_on", "cover_carries"
    found = [cover for cover in COVERS if config.keeps or cover != "cover_goes_on"]
    high = (1 << config.accumulator_width - 1) - 1
    if any(high >> mode.r > mode.limit > 0 for mode in config.modes):
        found += ["cover_saturates_high", "cover_saturates_low"]
    if config.skips:
        found.append("cover_shortcut")
    if config.lanes_per_neuron_unit > 1:
        found.append("cover_keeps")
    return tuple(found)
