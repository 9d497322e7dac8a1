"""What the hardware takes: designs times widths times synthesis flows."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict

from hdl.synthesis.designs import VARIANTS, Record, Variant
from hdl.synthesis.flows import Cost, Flow


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
