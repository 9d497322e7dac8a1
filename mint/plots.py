"""Pictures of reports: PNG to look at, SVG for documents, the same bytes every time.

The functions take records as the JSON reports have them, so that a picture can be drawn again without measuring again.
Matplotlib takes a second to import and is imported when a picture is drawn.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.files.replacing import is_stream, replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib: the same letters on every machine
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "mint",
}

SERIES = {
    "uq_array": ("UQ array, a multiplier in every PE", "#D55E00", "s"),
    "uq_pe": ("UQ PE alone, with its multiplier", "#CC79A7", "v"),
    "uq_shared_array": ("UQ array, a multiplier per column", "#E69F00", "D"),
    "mint_array": ("MINT array, with its neuron units and control", "#0072B2", "o"),
    "mint_pe": ("MINT PE alone", "#56B4E9", "^"),
    "gate_limit": ("gate limit: flip-flops and adders alone", "#555555", ""),
}
"""Label, colour (of Okabe and Ito's eight, which colour-blind readers tell apart) and marker of each design."""

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
HATCHES = ("", "//", "", "\\\\", "", "xx", "", "..")
"""Beside its colour, every other part has hatches: neighbours differ in a grey print, too."""

ANONYMOUS: Mapping[str, dict[str, Any]] = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
ENDINGS = tuple(ANONYMOUS)

Record = Mapping[str, Any]


def plot_area(records: Sequence[Record], flow: str, path: Path, endings: Sequence[str] = ENDINGS) -> None:
    """Draw the area of a processing element against the width W = U, for every design that has records in ``flow``.

    An array's area is divided by its processing elements. The axis is logarithmic where the widest design is far from
    the others.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    series = per_element(records, flow)
    if not series:
        raise ValueError(f"no areas of flow {flow} to draw")
    highest = [max(points.values()) for points in series.values()]
    logarithmic = max(highest) > 8 * min(highest)
    figure, axes = _figure(6.4, 6.0 if logarithmic else 4.4)
    axes.set_xscale("log", base=2)
    if logarithmic:
        axes.set_yscale("log")
        steps = [step * 10**power for power in range(1, 6) for step in (1, 2, 5)]
        axes.yaxis.set_major_locator(FixedLocator(steps))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    bits_of = {design: {bits for other, bits in series if other == design} for design, _ in series}
    for (design, bits), points in series.items():
        label, colour, marker = SERIES[design]
        fewer = bits < max(bits_of[design])
        axes.plot(
            list(points),
            list(points.values()),
            "--" if design == "gate_limit" else ":" if fewer else "-",
            color=colour,
            marker=marker,
            markerfacecolor="white" if fewer else colour,
            label=label + (f", scales of {bits} bits" if bits else ""),
            lw=1.8,
        )
        for width, value in points.items():
            # Above the line, but below where the next line above is nearer than the next one below.
            others = [points[width] for points in series.values() if width in points]
            above = min((other / value for other in others if other > value), default=math.inf)
            below = above < min((value / other for other in others if other < value), default=math.inf)
            axes.annotate(
                f"{value:,.0f}",
                (width, value),
                xytext=(0, -7 if below else 6),
                textcoords="offset points",
                ha="center",
                va="top" if below else "bottom",
                color="#222222",
                fontsize=9,
                bbox={"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none"},
                zorder=1,
            )
    widths = sorted({width for points in series.values() for width in points})
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.08)
    low, high = min(min(points.values()) for points in series.values()), max(highest)
    axes.set_ylim(*((low / 1.7, high * 1.7) if logarithmic else (0, high * 1.12)))
    axes.set_xlabel("bits of weights and membranes (W = U)")
    axes.set_ylabel("gate equivalents per PE" + (", logarithmic" if logarithmic else ""))
    axes.set_title(
        f"Area per processing element (PE)\n{_size(records)}{flow}{_period(records)}", loc="left", fontsize=11
    )
    axes.grid(axis="y", color="#DDDDDD", lw=0.8)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower left", frameon=False, ncols=1, fontsize=9)
    _save(figure, path, endings)


def per_element(records: Sequence[Record], flow: str) -> dict[tuple[str, int], dict[int, float]]:
    """Gate equivalents a processing element against width, for W = U.

    By design and bits of its scales, 0 where it has none; designs as :data:`SERIES` orders them, most bits first.
    """
    found: dict[tuple[str, int], dict[int, float]] = {}
    for design in SERIES:
        of_design = [record for record in records if record["design"] == design and record["flow"] == flow]
        for bits in sorted({record.get("scale_bits") or 0 for record in of_design}, reverse=True):
            points = {
                record["weight_width"]: record["gate_equivalents"] / (record["rows"] * record["columns"])
                for record in of_design
                if (record.get("scale_bits") or 0) == bits
                if record["weight_width"] == record["membrane_width"] and record["gate_equivalents"] is not None
            }
            if points:
                found[design, bits] = dict(sorted(points.items()))
    return found


def plot_breakdown(
    parts: Mapping[str, Sequence[Record]], flow: str, path: Path, endings: Sequence[str] = ENDINGS
) -> None:
    """Draw what a processing element's area consists of: a stacked bar for every precision.

    ``parts`` has for each precision the parts from the bottom up, ``{"part": …, "gate_equivalents": …}``, a processing
    element's share of what an array has once.
    """
    figure, axes = _figure(6.4, 4.4)
    names = list(dict.fromkeys(entry["part"] for entries in parts.values() for entry in entries))
    totals = dict.fromkeys(parts, 0.0)
    tallest = max(sum(entry["gate_equivalents"] for entry in entries) for entries in parts.values())
    for number, name in enumerate(names):
        heights = [
            sum(entry["gate_equivalents"] for entry in entries if entry["part"] == name) for entries in parts.values()
        ]
        bars = axes.bar(
            list(parts),
            heights,
            0.6,
            bottom=list(totals.values()),
            label=name,
            color=PALETTE[number % len(PALETTE)],
            hatch=HATCHES[number % len(HATCHES)],
            edgecolor="white",
            lw=0.8,
        )
        for precision, height, bar in zip(parts, heights, bars, strict=True):
            if height > 0.04 * tallest:  # a lower one has no room for its number
                axes.text(
                    bar.get_x() + bar.get_width() / 2,
                    totals[precision] + height / 2,
                    f"{height:.0f}",
                    ha="center",
                    va="center",
                    fontsize=9,
                    bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
                )
            totals[precision] += height
    for precision, total in totals.items():
        axes.text(precision, total + 0.015 * tallest, f"{total:.0f}", ha="center", va="bottom", fontweight="bold")  # type: ignore[arg-type]
    axes.set_ylim(0, 1.1 * tallest)
    axes.set_xlabel("precision")
    axes.set_ylabel("gate equivalents per PE")
    axes.set_title(f"What an array consists of, per processing element (PE)\n{flow}", loc="left", fontsize=11)
    axes.tick_params(axis="x", length=0)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right center", frameon=False)
    _save(figure, path, endings)


def plot_membrane_share(
    series: Mapping[str, Mapping[str, float]], network: str, path: Path, endings: Sequence[str] = ENDINGS
) -> None:
    """Draw the membranes' share, 0 to 1, of the memory of weights and membranes of one width against the batch."""
    from matplotlib.ticker import NullLocator, PercentFormatter

    figure, axes = _figure(6.4, 4.0)
    axes.set_xscale("log", base=2)
    for number, (label, points) in enumerate(series.items()):
        axes.plot(
            [int(batch) for batch in points],
            list(points.values()),
            marker="os^"[number % 3],
            color=PALETTE[number],
            label=label,
        )
    batches = sorted({int(batch) for points in series.values() for batch in points})
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("batch")
    axes.set_ylabel("membranes, of all memory")
    axes.set_title(f"Share of the membranes, {network}, weights as wide as membranes", loc="left", fontsize=11)
    axes.grid(axis="y", color="#DDDDDD", lw=0.8)
    figure.legend(loc="outside lower left", frameon=False, ncols=1, fontsize=9)
    _save(figure, path, endings)


def plot_generation(networks: Sequence[Record], title: str, path: Path, endings: Sequence[str] = ENDINGS) -> None:
    """Draw processor time and peak memory of ``mint verilog`` against the weights of a network."""
    figure, (time, memory) = _panels(6.4, 5.6, 2)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    weights = [record["weights"] / 1e6 for record in networks]
    for axes, key, label, number in (
        (time, "processor", "processor time, s", 0),
        (memory, "peak_mb", "peak of a process, MB", 1),
    ):
        axes.plot(weights, [record[key] for record in networks], marker="o", lw=0, color=PALETTE[number])
        for index, record in enumerate(networks):  # neighbours have their names above and below
            axes.annotate(
                record["network"], (weights[index], record[key]), (0, -14 if index % 2 else 6),
                textcoords="offset points", fontsize=8, ha="center",
            )  # fmt: skip
        axes.set_ylim(0, 1.3 * max(record[key] for record in networks))
        axes.set_xlim(-0.8, 1.08 * max(weights))
        axes.set_ylabel(label)
        axes.grid(axis="y", color="#DDDDDD", lw=0.8)
    memory.set_xlabel("weights, millions")
    _save(figure, path, endings)


def plot_estimate(layers: Sequence[Record], title: str, path: Path, endings: Sequence[str] = ENDINGS) -> None:
    """Draw what ``mint estimate`` says of every layer: cycles against the bound, density, utilisation and traffic.

    ``layers`` are the layers of its report.
    """
    names = [layer["layer"] for layer in layers]
    figure, (cycles, density, utilisation, traffic) = _panels(max(6.4, 2 + 0.75 * len(names)), 9.0, 4)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    places = range(len(names))
    for offset, key, label, number in ((-0.2, "cycles", "cycles", 0), (0.2, "bound_cycles", "zero-skip bound", 1)):
        heights = [layer[key] for layer in layers]
        bars = cycles.bar([place + offset for place in places], heights, 0.38, label=label, color=PALETTE[number])
        if key == "cycles":
            ratios = [
                f"{layer['cycles'] / layer['bound_cycles']:.2f} x" if layer["bound_cycles"] else "" for layer in layers
            ]
            cycles.bar_label(bars, ratios, padding=2, fontsize=8)
    cycles.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    cycles.set_ylabel("cycles")
    for axes, key, label, number in (
        (density, "density", "set input bits, %", 2),
        (utilisation, "utilisation", "lanes at work, %", 4),
    ):
        bars = axes.bar(places, [100 * layer[key] for layer in layers], 0.6, color=PALETTE[number])
        axes.bar_label(bars, [f"{100 * layer[key]:.1f}" for layer in layers], padding=2, fontsize=8)
        axes.set_ylabel(label)
    bottoms = [0.0] * len(names)
    parts = {
        "weights read": ("weights_read",),
        "inputs read": ("inputs_read",),
        "spikes written, merged": ("spikes_written", "spikes_merged"),
    }
    for number, (label, keys) in enumerate(parts.items()):
        heights = [sum(layer["traffic_bits"][key] for key in keys) / 1e6 for layer in layers]
        traffic.bar(
            places, heights, 0.6, bottom=bottoms, label=label, color=PALETTE[number], hatch=HATCHES[number],
            edgecolor="white", lw=0.8,
        )  # fmt: skip
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    traffic.set_ylabel("memory traffic, Mbit")
    for axes in (cycles, density, utilisation, traffic):
        axes.set_xticks(places, names)
        axes.tick_params(axis="x", length=0)
        axes.margins(y=0.15)
        axes.grid(axis="y", color="#DDDDDD", lw=0.8)
        axes.set_axisbelow(True)
    for axes in (cycles, traffic):
        axes.legend(frameon=False, fontsize=9)
    _save(figure, path, endings)


def plot_waves(waves: Mapping[str, Sequence[int]], path: Path, endings: Sequence[str] = ENDINGS) -> None:
    """Signals over cycles, one below the other; of more than a bit, the values stand where they change."""
    figure, axes = _figure(11, 0.36 * len(waves) + 0.8)
    names = list(waves)[::-1]
    for row, values in enumerate(waves[name] for name in names):
        cycles = range(len(values) + 1)
        if max(values) <= 1:
            axes.step(cycles, [row + 0.6 * value for value in (*values, values[-1])], where="post", color="#0072b2")
            axes.fill_between(cycles, row, [row + 0.6 * v for v in (*values, values[-1])], step="post", color="#cfe3f2")
            continue
        axes.hlines([row, row + 0.6], 0, len(values), colors="#0072b2")
        starts = [0, *(i for i in cycles[1:-1] if values[i] != values[i - 1])]
        axes.vlines(starts, row, row + 0.6, colors="#0072b2")
        for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
            if end - start > 2:
                axes.text(start + 0.5, row + 0.3, f"{values[start]}", va="center", fontsize=7)
    axes.set_yticks([row + 0.3 for row in range(len(waves))], names)
    axes.set_xlim(0, len(next(iter(waves.values()))))
    axes.set_xlabel("cycle")
    axes.grid(axis="y", visible=False)
    _save(figure, path, endings)


def plot_logits(report: Record, path: Path, endings: Sequence[str] = ENDINGS) -> None:
    """Draw the logits of the last T steps against time, with the class of each window of T; the other classes grey."""
    logits, windows, names = report["logits"], report["windows"], report["class_names"]
    figure, axes = _figure(8.0, 3.6)
    named = list(dict.fromkeys(each["class"] for each in windows))[: len(PALETTE)]
    steps = range(1, len(logits) + 1)
    for number in range(len(names)):
        if number not in named:
            axes.plot(steps, [row[number] for row in logits], color="#cccccc", linewidth=0.8)
    for number, colour in zip(named, PALETTE, strict=False):
        axes.plot(steps, [row[number] for row in logits], color=colour, linewidth=1.6, label=names[number])
    start = 0
    for each in windows:
        right = each["label"] in (None, each["class"])
        text = names[each["class"]] if right else f"{names[each['class']]} ≠ {names[each['label']]}"
        axes.axvline(each["end"], color="#999999", linewidth=0.6, linestyle=":")
        middle = (start + each["end"]) / 2
        axes.text(middle, 1.01, text, transform=axes.get_xaxis_transform(), ha="center", fontsize=8)
        start = each["end"]
    axes.set_xlim(0, len(logits))
    axes.set_xlabel(f"time step; a class per window of T = {report['time_steps']}")
    axes.set_ylabel("logits of the last T steps")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, title="class")
    _save(figure, path, endings)


def _size(records: Sequence[Record]) -> str:
    """The arrays' size, for a title."""
    sizes = {(record["rows"], record["columns"]) for record in records if record["rows"] * record["columns"] > 1}
    return "".join(f"{rows} × {columns} array, " for rows, columns in sorted(sizes))


def _period(records: Sequence[Record]) -> str:
    """The period that cells are sized for, for a title."""
    periods = {record["period_ns"] for record in records if record.get("period_ns")}
    return "".join(f", sized for {period} ns" for period in sorted(periods))


def _figure(width: float, height: float) -> tuple["Figure", "Axes"]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots()


def _panels(width: float, height: float, count: int) -> tuple["Figure", "list[Axes]"]:
    """Several below each other."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, list(figure.subplots(count))


def _save(figure: "Figure", path: Path, endings: Sequence[str]) -> None:
    """Write ``path`` with each of the endings, without the time or the version of what wrote it."""
    from matplotlib import rc_context

    with rc_context(STYLE):  # type: ignore[arg-type]
        for ending in endings:
            with replacing(path if is_stream(path) else path.with_suffix(ending)) as temporary:
                figure.savefig(temporary, format=ending[1:], dpi=150, metadata=ANONYMOUS[ending])
