"""The designs whose costs are measured, at every precision."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.lib import wiring

from hdl.array.processing_element import ProcessingElement
from hdl.array.systolic_array import SystolicArray
from hdl.baseline.array import UqArray
from hdl.baseline.processing_element import UqProcessingElement
from hdl.baseline.shared_array import UqSharedArray
from hdl.synthesis.flows import Flow, Fpga
from hdl.verilog.text import verilog_text
from model.array import ArrayConfig
from model.baseline.config import SCALE_BITS, UqConfig
from model.config import PRECISIONS, WIDTHS, Precision

DESIGNS: dict[str, type[wiring.Component]] = {
    "mint_pe": ProcessingElement,
    "mint_array": SystolicArray,
    "uq_pe": UqProcessingElement,
    "uq_array": UqArray,
    "uq_shared_array": UqSharedArray,
}
"""What is measured: MINT is made from an :class:`ArrayConfig`, the baseline from a :class:`UqConfig`."""


ELEMENTS = ("mint_pe", "uq_pe")
"""Designs that are a single processing element."""


FEW_SCALE_BITS = (4, 2)
"""Bits of a scale with which the shipped networks are as good as with 32 (``bench.uq_scales``)."""


UQ_FPGAS = ("xc7",)
"""The FPGA families for which the baseline is measured."""


@dataclass(frozen=True)
class Variant:
    """A design at one precision; ``scale_bits`` is None where there are no scales."""

    design: str
    precision: Precision
    scale_bits: int | None = None

    @property
    def single(self) -> bool:
        """Whether it is one processing element."""
        return self.design in ELEMENTS

    def flows(self, flows: Sequence[Flow]) -> list[Flow]:
        """Those of ``flows`` that it is measured in."""
        return [
            flow for flow in flows if self.scale_bits is None or not isinstance(flow, Fpga) or flow.name in UQ_FPGAS
        ]

    def config(self, rows: int, columns: int) -> ArrayConfig | UqConfig:
        """What the design is made from."""
        if self.scale_bits is None:
            return config(self.precision, rows, columns)
        return UqConfig.full_scale(
            self.precision,
            rows=rows,
            columns=columns,
            shared=self.design == "uq_shared_array",
            scale_bits=self.scale_bits,
        )

    def verilog(self, rows: int, columns: int) -> str:
        """Verilog text, the same that users get; the top module has the design's name."""
        return verilog_text(DESIGNS[self.design](self.config(rows, columns)), self.design)


VARIANTS = (
    *(Variant(design, precision) for design in ("mint_pe", "mint_array") for precision in PRECISIONS),
    *(
        Variant(design, Precision(width, width), bits)
        for design, bits in (
            ("uq_pe", SCALE_BITS),
            ("uq_array", SCALE_BITS),
            ("uq_shared_array", SCALE_BITS),
            *(("uq_shared_array", few) for few in FEW_SCALE_BITS),
        )
        for width in WIDTHS
    ),
)
"""Everything that is measured: MINT for all pairs of widths, the baseline for equal ones."""


@dataclass(frozen=True)
class Record:
    """One design at one precision in one flow: an entry of ``area.json``."""

    design: str
    weight_width: int
    membrane_width: int
    rows: int
    columns: int
    flow: str
    gate_equivalents: float | None
    area_um2: float | None
    flip_flops: int
    lut: int | None
    dsp: int | None
    scale_bits: int | None = None
    """Bits of a scale; None where there are no scales."""

    @property
    def key(self) -> tuple[Variant, str]:
        """What names a record within a report."""
        precision = Precision(self.weight_width, self.membrane_width)
        return Variant(self.design, precision, self.scale_bits), self.flow


def config(precision: Precision, rows: int, columns: int) -> ArrayConfig:
    """The array that is measured when no network says how wide its accumulators have to be."""
    return ArrayConfig(
        precision=precision,
        rows=rows,
        columns=columns,
        accumulator_width=precision.code.accumulator_width,
        neurons=precision.lifs(1),
    )


def design_verilog(design: str, precision: Precision, rows: int, columns: int) -> str:
    """Verilog text of one of MINT's designs."""
    return Variant(design, precision).verilog(rows, columns)
