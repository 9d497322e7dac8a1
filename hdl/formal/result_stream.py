"""The result stream hands out every logit once, in order, and the class; beats stay until they are taken."""

from pathlib import Path

from hdl.accelerator.result_stream import ResultStream
from hdl.formal.proof import Proof
from hdl.verilog.text import verilog_text
from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import SKIP, LayerPlan
from model.arithmetic import number_width
from model.inputs import SPIKES

HARNESS = Path(__file__).with_suffix(".v")
WIDTH = 3
"""Bits of a logit: comparing is none of the control's business."""

COVERS = ("cover_waits", "cover_tie", "cover_later_wins", "cover_negative", "cover_second_image")


def result_config(classes: int, lanes: int, share: int) -> AcceleratorConfig:
    """An accelerator of one layer, whose results are all that matters."""
    layer = LayerPlan(
        name="last",
        dataflow=SKIP,
        rows=1,
        row_lanes=lanes,
        spiking=False,
        from_input=True,
        planes=1,
        static=False,
        window=False,
        kernel=(1, 1),
        stride=1,
        padding=0,
        source_channels=1,
        source_map=(1, 1),
        source_pool=1,
        word_channels=1,
        words=1,
        rounds=1,
        positions=(1, 1),
        channels=classes,
        groups=-(-classes // lanes),
        pool=1,
        weight_row=0,
        parameter_row=0,
        code="narrow",
        mode=0,
    )
    return AcceleratorConfig(
        lanes=lanes,
        lanes_per_neuron_unit=share,
        code_width=2,
        weight_width=2,
        membrane_width=2,
        accumulator_width=WIDTH,
        time_steps=1,
        inputs=SPIKES,
        input_shape=(1, 1, 1),
        modes=(),
        layers=(layer,),
    )


def result_stream(config: AcceleratorConfig, component: type[ResultStream] = ResultStream) -> Proof:
    design = verilog_text(component(config), "mint_results")
    share = config.lanes_per_neuron_unit
    used = min(config.lanes, config.classes)
    stored = -(-used // share) * share
    ports = " ".join(f".potentials__{unit}(shown[{unit}*`A+:`A])," for unit in range(config.neuron_units))
    defines: dict[str, int | str] = {
        "L": config.lanes,
        "SHARE": share,
        "GROUPS": config.output_groups,
        "CLASSES": config.classes,
        "STORED": stored,
        "A": config.accumulator_width,
        "G": number_width(config.output_groups),
        "S": number_width(share),
        "N": number_width(used + 1),
        "I": number_width(config.classes),
    }
    return Proof(
        name="result stream: logits in order, class, beats stay",
        configuration=f"{config.classes} classes, {config.lanes} lanes, {share} a neuron unit",
        design=design,
        harness=HARNESS.read_text(encoding="utf-8").replace("`POTENTIALS", ports),
        defines=defines,
        peeks={
            "unit_logits": ",".join(f"results.logit_{lane}" for lane in reversed(range(stored))),
            "unit_left": "results.left",
            "unit_sent": "results.sent",
            "unit_group": "results.group",
            "unit_last_group": "results.last_group",
            "unit_winner": "results.winner",
            "unit_best": "results.best",
        },
        covers=COVERS,
        cover_cycles=2 * (config.classes + 3 + share * config.output_groups),
        apart=True,
    )
