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
from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import SKIP, TIME_PARALLEL
from model.arithmetic import number_width
from model.codes import Narrow
from model.config import Precision
from model.network.graph import Readout
from model.neurons import Lif, Neuron

HARNESS = Path(__file__).with_suffix(".v")
COVERS = ("cover_doubles", "cover_spikes", "cover_ties", "cover_goes_on")


def lanes_config(
    precision: Precision,
    modes: Sequence[Neuron],
    *,
    units: int = 1,
    share: int = 1,
    skips: bool = False,
    relays: bool = False,
    streaming: bool = False,
    readout: str = Readout.SUM,
    time_steps: int = 2,
    code: str = Narrow.name,
) -> AcceleratorConfig:
    """Lanes for a layer of each mode, and the last one; accumulators in which both ends of the states saturate.

    With ``relays``, the first layer has a row for every unit, which are its time steps, the second one half of that.
    Memories have a power of two words, so that no address is without contents: of sums, twice as many as of states, or
    half as many where the last layer has neurons.
    """
    rows = [max(1, units >> index) if relays else 1 for index in range(len(modes))]
    base = result_config(units * share, units * share, share)
    layers = [
        replace(
            base.layers[0],
            spiking=True,
            dataflow=TIME_PARALLEL if rows[index] > 1 else SKIP,
            rows=rows[index],
            row_lanes=units * share // rows[index],
            positions=(1, 2),
            mode=index,
            code=code,
            skip_memory=0 if skips else None,
        )
        for index in range(len(modes))
    ]
    reads_out = readout != Readout.SUM
    places = len(modes) * (2 if reads_out else 4)
    last = replace(base.layers[0], code=code, positions=(1, places), spiking=reads_out, reads_out=reads_out)
    widest = max(1, *(mode.state_bits for mode in modes))
    return replace(
        base,
        weight_width=precision.weight_width,
        membrane_width=widest,
        accumulator_width=max(precision.code.accumulator_width, widest + max(mode.r for mode in modes) + 1),
        time_steps=time_steps,
        modes=tuple(modes),
        layers=(*layers, last),
        streaming=streaming,
        readout=readout,
    )


def lanes(config: AcceleratorConfig, component: type[Lanes] = Lanes) -> Proof:
    units, share, width = config.neuron_units, config.lanes_per_neuron_unit, config.accumulator_width
    words = config.membrane_words if config.streaming else share
    past = config.past_sums
    sum_words = _sum_words(config)
    sizes = [layer.fires * share for layer in config.layers]
    bases = [sum(sizes[:index]) for index in range(len(sizes))]
    mode = ":".join(f"own=={index}?{layer.mode}" for index, layer in enumerate(config.layers)) + ":0"

    def table(numbers: Sequence[int]) -> int:
        return sum(number << 8 * index for index, number in enumerate(numbers))

    design = verilog_text(component(config), "mint_lanes")
    extra = [name for name in ("skips", "relays", "streaming") if getattr(config, name)]
    extra += [f"readout {config.readout}"] * config.totals
    extra += ["binary, without signs"] * config.signless
    modes = "; ".join(each.describe() for each in config.modes)
    return Proof(
        name="lanes and neuron units = law",
        configuration=", ".join([f"{config.lane_weight_width}-bit weights", modes, f"{units} x {share} lanes", *extra]),
        design=design,
        harness=HARNESS.read_text(encoding="utf-8") + law_modules(config.modes, past),
        prepare=("hierarchy -top mint_lanes", "proc", "memory -nordff"),
        defines={
            "UNITS": units,
            "S": share,
            "W": config.lane_weight_width,
            "L": width - config.signless,
            "U": config.membrane_width,
            "A": width,
            "P": parameter_layout(config).size,
            "X": number_width(share),
            "WORDS": words,
            "CARRIED": max(1, sum_words),
            "LAST": len(config.layers) - 1,
            "BASES": table(bases),
            "SIZES": table(sizes),
            "WHERE": number_width(words),
            "SUM_WHERE": number_width(sum_words),
            "PLACE": number_width(max(words, sum_words)),
            "DISTANCES": table([layer.row_lanes if layer.steps_together else 0 for layer in config.layers]),
            "MODE": mode,
            "PAST": max(1, past),
            "PASTS": int(past > 0),
            "WRITES": int(config.keeps and (share > 1 or config.streaming)),
            "WRITES_SUMS": int(sum_words > 1 or config.streaming),
            "TOTAL": int(config.totals),
            "COUNTS": int(config.readout == Readout.COUNT),
            **({"TOTALS": 1} if config.totals else {}),
            **({"SHARED": 1} if share > 1 else {}),
            **({"SIGNLESS": 1} if config.signless else {}),
            **({"SKIPS": 1} if config.skips else {}),
            **({"STREAMING": 1} if config.streaming else {}),
        },
        peeks=_peeks(config, words, design),
        covers=covers(config),
        cover_cycles=4 + 6 * len(config.modes) if config.streaming else 10,
    )


def _sum_words(config: AcceleratorConfig) -> int:
    """Sums that a unit keeps: of the last layer from frame to frame, or of what is read out, one for each lane."""
    return config.sum_words or config.totals * config.lanes_per_neuron_unit


def _instance(design: str, memory: str) -> str:
    """The name of a memory's instance: Amaranth numbers what is called like a port."""
    found = re.search(rf"^  mint_lanes_memory_{memory} \\?(\S+)", design, re.MULTILINE)
    assert found is not None
    return found[1]


def _peeks(config: AcceleratorConfig, words: int, design: str) -> dict[str, str]:
    """Registers and words of the memories, the highest bits first."""
    units, share = range(config.neuron_units), config.lanes_per_neuron_unit
    accumulator = config.accumulator_width
    zeros = ["1'0"] * (config.neuron_units * accumulator)

    def together(names: Sequence[str]) -> str:
        return ",".join(reversed(names or zeros))

    def of_units(*names: str) -> list[str]:
        return [f"lanes.cluster_{unit}.{name}" for name in names for unit in units]

    def word(memory: str, count: int) -> list[str]:
        return [f"{memory}.words[{place}]" for place in range(count)]

    peeks = {}
    if config.streaming:
        memory = "lanes.membrane_memory"
        membranes, sums = (f"{memory}.{_instance(design, name)}" for name in ("membranes", "sums"))
        states, carried = word(membranes, words), word(sums, config.sum_words)
        writes, sum_writes = ([f"{name}.write_address"] * len(units) for name in (membranes, sums))
        peeks = {
            "unit_place": f"{memory}.place",
            "unit_sum_place": f"{memory}.{'sums' if config.totals else 'place'}",
            "unit_stored": f"{memory}.stored",
            "unit_read": f"{memory}.carried",
        }
    elif share == 1:
        states, carried, writes, sum_writes = of_units("kept"), of_units("total_before"), [], []
    else:
        states, carried = of_units(*word("membranes", share)), of_units(*word("totals", share))
        writes, sum_writes = of_units("membranes.write_address"), of_units("totals.write_address")
    pasts = ["1'0"] * (config.lanes * accumulator)
    if config.past_sums:
        pasts = of_units("past") if share == 1 else of_units(*word("pasts", share))
    earlier = [[f"lanes.earlier_{unit}", "1'0"] if share > 1 else ["1'0"] for unit in units]
    return peeks | {
        "unit_sums": together([f"lanes.cluster_{unit}.sum_{lane}" for unit in units for lane in range(share)]),
        **({"unit_inputs": "lanes.inputs"} if config.signless else {}),
        "unit_handed": together(of_units("handed") if share == 1 else []),
        "unit_states": together(states if config.keeps else ["1'0"] * len(states)),
        "unit_pasts": together(pasts),
        "unit_carried": together(carried if _sum_words(config) else []),
        "unit_earlier": together([bit for unit in earlier for bit in unit]),
        **({"unit_writes": together(writes)} if config.keeps and writes else {}),
        **({"unit_sum_writes": together(sum_writes)} if _sum_words(config) and sum_writes else {}),
    }


def covers(config: AcceleratorConfig) -> tuple[str, ...]:
    """What lanes of this configuration can meet."""
    if config.streaming:  # the others need many cycles, and are met without it
        return "cover_goes_on", "cover_carries"
    remembers = config.keeps or config.past_sums
    found = [cover for cover in COVERS if remembers or cover != "cover_goes_on"]
    high = (1 << config.accumulator_width - 1) - 1
    if any(high >> mode.r > mode.limit > 0 for mode in config.modes if isinstance(mode, Lif)):
        found += ["cover_saturates_high", "cover_saturates_low"]
    if config.skips:
        found.append("cover_shortcut")
    if config.totals:
        found.append("cover_carries")
    if config.lanes_per_neuron_unit > 1:
        found.append("cover_keeps")
    return tuple(found)
