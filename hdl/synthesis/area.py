"""What the hardware takes: designs times widths times synthesis flows."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from itertools import product

from amaranth.lib import wiring

from hdl.array.processing_element import ProcessingElement
from hdl.array.systolic_array import SystolicArray
from hdl.baseline.array import UqArray
from hdl.baseline.processing_element import UqProcessingElement
from hdl.baseline.shared_array import UqSharedArray
from hdl.synthesis.flows import Cost, Flow, Fpga
from hdl.verilog.text import verilog_text
from model.baseline.config import SCALE_BITS, UqConfig
from model.config import WIDTHS, ArrayConfig, Precision

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

PRECISIONS = tuple(Precision(*widths) for widths in product(WIDTHS, WIDTHS))

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
        precision=precision, rows=rows, columns=columns, accumulator_width=precision.accumulator_width, leaks=(1,)
    )


def design_verilog(design: str, precision: Precision, rows: int, columns: int) -> str:
    """Verilog text of one of MINT's designs."""
    return Variant(design, precision).verilog(rows, columns)


def measure(
    flows: Sequence[Flow], rows: int, columns: int, workers: int, variants: Sequence[Variant] = VARIANTS
) -> Iterator[list[Record]]:
    """Synthesise every variant in its flows, ``workers`` at a time.

    Gives records as they are made, in any order; :func:`count_records` says how many there will be.
    Designs whose text is the same are synthesised once: a processing element does not depend on the
    membrane's width.
    """
    with ThreadPoolExecutor(workers) as pool:
        jobs: dict[tuple[Flow, str], Future[Cost]] = {}
        wanted: dict[Future[Cost], list[tuple[Variant, Flow]]] = {}
        try:
            for variant in variants:
                text = variant.verilog(rows, columns)
                for flow in variant.flows(flows):
                    if (flow, text) not in jobs:
                        jobs[flow, text] = pool.submit(flow.measure, text, variant.design)
                    wanted.setdefault(jobs[flow, text], []).append((variant, flow))
            for job in as_completed(wanted):
                yield [_record(*of_job, rows, columns, job.result()) for of_job in wanted[job]]
        except BaseException:
            pool.shutdown(cancel_futures=True)  # an error or Ctrl-C: start nothing more
            raise


def count_records(flows: Sequence[Flow], variants: Sequence[Variant] = VARIANTS) -> int:
    return sum(len(variant.flows(flows)) for variant in variants)


def _record(variant: Variant, flow: Flow, rows: int, columns: int, cost: Cost) -> Record:
    return Record(
        design=variant.design,
        weight_width=variant.precision.weight_width,
        membrane_width=variant.precision.membrane_width,
        rows=1 if variant.single else rows,
        columns=1 if variant.single else columns,
        flow=flow.name,
        scale_bits=variant.scale_bits,
        **asdict(cost),
    )
