"""``mint timing``: what is timed and routed, and the reports; numbers stand in for OpenSTA, nextpnr and the limit."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import hdl.synthesis.gate_limit
import hdl.synthesis.place_and_route
import hdl.synthesis.timing
from hdl.synthesis.place_and_route import Routed
from hdl.synthesis.timing import Record
from mint.app import app

LIBERTY = Path(hdl.synthesis.timing.__file__).with_name("generic.lib")


@pytest.fixture
def timing(monkeypatch, tmp_path):
    """Run the command with options; its two reports, the second one None where nothing was routed."""

    def measure(variant, library, rows, columns):
        widths = variant.precision.weight_width, variant.precision.membrane_width
        size = (1, 1) if variant.single else (rows, columns)
        numbers = (0.7, 1428.6, 0.5, 1000.0, 800.0, 20, ("DFF",))
        return Record(variant.design, *widths, *size, variant.scale_bits, library.name, library.period_ns, *numbers)

    def place_and_route(verilog, top, *, seed):
        return Routed(120.0 + seed, 120.0, seed, 100, 20, 0, (), 4.0)

    monkeypatch.setattr(hdl.synthesis.timing, "measure", measure)
    monkeypatch.setattr(hdl.synthesis.gate_limit, "limit_records", lambda flows: [])
    monkeypatch.setattr(hdl.synthesis.place_and_route, "place_and_route", place_and_route)

    def run(*options):
        path = tmp_path / "timing.json"
        result = CliRunner().invoke(app, ["timing", f"--liberty={LIBERTY}", f"--output={path}", *options])
        assert result.exit_code == 0, result.output
        assert path.with_suffix(".svg").stat().st_size > 10000
        routing = path.with_name("routing.json")
        return json.loads(path.read_text(encoding="utf-8")), json.loads(
            routing.read_text(encoding="utf-8")
        ) if routing.exists() else None

    return run


def test_the_baseline_is_timed_with_few_bits_too(timing):
    timed, routed = timing("--seeds=0", "--rows=2", "--columns=2")
    designs = ["mint_array", "uq_pe", "uq_shared_array"]
    assert list(dict.fromkeys(record["design"] for record in timed)) == designs
    assert list(dict.fromkeys(record["scale_bits"] for record in timed)) == [None, 32, 4, 2]
    assert len(timed) == 5 * 3
    assert routed is None


def test_bits_that_are_asked_for_are_timed_alone(timing):
    timed, _ = timing("--seeds=0", "--scale-bits=3", "--scale-bits=2")
    assert [(record["scale_bits"], record["weight_width"]) for record in timed] == [
        (bits, width) for bits in (3, 2) for width in (2, 4, 8)
    ]
    assert {record["design"] for record in timed} == {"uq_shared_array"}


def test_the_array_of_multipliers_is_timed_by_itself(timing):
    timed, _ = timing("--seeds=0", "--own-multipliers")
    assert [(record["design"], record["weight_width"], record["rows"]) for record in timed] == [
        ("uq_array", width, 16) for width in (2, 4, 8)
    ]


def test_seeds_go_on_where_they_were(timing):
    _, routed = timing("--no-baseline", "--first-seed=4", "--seeds=2", "--rows=1", "--columns=1")
    assert [(record["weight_width"], record["seed"]) for record in routed] == [
        (width, seed) for width in (2, 4, 8) for seed in (4, 5)
    ]
