"""What the hardware takes: designs times widths times synthesis flows."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from itertools import product

from hdl.processing_element import ProcessingElement
from hdl.synthesis import Cost, Flow
from hdl.systolic_array import SystolicArray
from hdl.verilog import verilog_text
from model.config import WIDTHS, ArrayConfig, Precision

DESIGNS: dict[str, type[ProcessingElement] | type[SystolicArray]] = {
    "mint_pe": ProcessingElement,
    "mint_array": SystolicArray,
}
"""What is measured; every one is made from an :class:`ArrayConfig`."""

PRECISIONS = tuple(Precision(*widths) for widths in product(WIDTHS, WIDTHS))


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

    @property
    def key(self) -> tuple[str, int, int, str]:
        """What names a record within a report."""
        return self.design, self.weight_width, self.membrane_width, self.flow


def config(precision: Precision, rows: int, columns: int) -> ArrayConfig:
    """The array that is measured when no network says how wide its accumulators have to be."""
    return ArrayConfig(
        precision=precision, rows=rows, columns=columns, accumulator_width=precision.accumulator_width, leaks=(1,)
    )


def design_verilog(design: str, precision: Precision, rows: int, columns: int) -> str:
    """Verilog text of a design, the same that users get; its top module has the design's name."""
    return verilog_text(DESIGNS[design](config(precision, rows, columns)), design)


def measure(flows: Sequence[Flow], rows: int, columns: int, workers: int) -> Iterator[list[Record]]:
    """Synthesise every design for every pair of widths in every flow, ``workers`` at a time.

    Gives records as they are made, in any order; :func:`count_records` says how many there will be.
    Designs whose text is the same are synthesised once: a processing element does not depend on the
    membrane's width.
    """
    with ThreadPoolExecutor(workers) as pool:
        jobs: dict[tuple[Flow, str], Future[Cost]] = {}
        wanted: dict[Future[Cost], list[tuple[str, Precision, Flow]]] = {}
        try:
            for design, precision in product(DESIGNS, PRECISIONS):
                text = design_verilog(design, precision, rows, columns)
                for flow in flows:
                    if (flow, text) not in jobs:
                        jobs[flow, text] = pool.submit(flow.measure, text, design)
                    wanted.setdefault(jobs[flow, text], []).append((design, precision, flow))
            for job in as_completed(wanted):
                yield [_record(*of_job, rows, columns, job.result()) for of_job in wanted[job]]
        except BaseException:
            pool.shutdown(cancel_futures=True)  # an error or Ctrl-C: start nothing more
            raise


def count_records(flows: Sequence[Flow]) -> int:
    return len(DESIGNS) * len(PRECISIONS) * len(flows)


def _record(design: str, precision: Precision, flow: Flow, rows: int, columns: int, cost: Cost) -> Record:
    single = DESIGNS[design] is ProcessingElement
    return Record(
        design=design,
        weight_width=precision.weight_width,
        membrane_width=precision.membrane_width,
        rows=1 if single else rows,
        columns=1 if single else columns,
        flow=flow.name,
        **asdict(cost),
    )
