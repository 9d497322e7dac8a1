"""The tables of the MINT paper, ours beside: memory footprint and energy."""

from typing import Any

from tools.tables import Rows, count, table


@table("memory", "memory", tools=("numpy",))
def memory(found: list[Any]) -> Rows:
    """MiB of weights and membranes by both accountings."""
    rows: list[list[object]] = [
        ["bits", "a membrane per time step", "MINT paper", "saved, %", "of it membranes, %", "held once"]
    ]
    for run in found:
        first = run["rows"][0]["every_step"]
        for row in run["rows"]:
            saved = 100 * (1 - row["every_step"] / first)
            rows.append(
                [
                    row["weight_width"],
                    f"{row['every_step']:,.2f}",
                    None if row["paper"] is None else f"{row['paper']:.2f}",
                    f"{saved:.1f}" if saved else None,
                    f"{100 * row['membrane_share']:.1f}",
                    f"{row['held_once']:,.2f}",
                ]
            )
    return rows


@table("methods", "memory", tools=("numpy",))
def methods(found: list[Any]) -> Rows:
    """The paper's comparison as it stands there, and the same widths at equal architecture."""
    run = found[0]
    here = f"MiB, {run['network']}, batch {run['batch']}"
    rows: list[list[object]] = [["method", "W/U", "accuracy, %", "batch", "MB, as listed", here]]
    for other in run["comparison"]:
        rows.append(
            [
                other["method"],
                f"{other['weight_width']}/{other['membrane_width']}",
                f"{other['accuracy']:.2f}",
                other["listed_batch"],
                f"{other['paper']:,.2f}",
                f"{other['every_step']:,.2f}",
            ]
        )
    return rows


@table("energy", "energy", tools=("numpy",))
def energy(found: list[Any]) -> Rows:
    """SATA's formulas, in 10⁶ units of the simulator."""
    rows: list[list[object]] = [
        ["network", "precision", "inputs that spike, %", "density", "compute", "DRAM", "SRAM", "scratchpad",
         "memory / compute"]
    ]  # fmt: skip
    for run in found:
        parts = [sum(layer[part] for layer in run["layers"]) / 1e6 for part in ("dram", "sram", "scratchpad")]
        numbers = [f"{value:,.3f}" for value in (run["compute"] / 1e6, *parts)]
        shares = [f"{100 * layer['density']:.0f}" for layer in run["layers"]]
        spiking = " / ".join(shares if len(set(shares)) > 1 else shares[:1])
        kind = [run["network"], run["precision"], spiking, run["density"]]
        rows.append([*kind, *numbers, count(run["memory"] / run["compute"])])
    return rows
