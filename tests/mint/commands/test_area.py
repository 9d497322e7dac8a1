"""``mint area``: the table and the report."""

import json

import pytest
from typer.testing import CliRunner

import hdl.synthesis.area
import hdl.synthesis.breakdown
from hdl.synthesis.breakdown import Share
from hdl.synthesis.designs import Record
from mint.app import app

KEYS = {
    "design": str,
    "weight_width": int,
    "membrane_width": int,
    "rows": int,
    "columns": int,
    "flow": str,
    "gate_equivalents": float | None,
    "area_um2": float | None,
    "flip_flops": int,
    "lut": int | None,
    "dsp": int | None,
    "scale_bits": int | None,
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The command's output and its JSON file; synthesis is replaced by numbers that come in any order."""

    def measure(flows, rows, columns, workers, variants):
        for variant in reversed(variants):
            for flow in reversed(variant.flows(flows)):
                fpga = flow.name in ("xc7", "ecp5", "ice40")
                numbers = (None, None, 17, 123, 0) if fpga else (225.04, None, 17, None, None)
                widths = variant.precision.weight_width, variant.precision.membrane_width
                yield [
                    Record(variant.design, *widths, rows, columns, flow.name, *numbers, scale_bits=variant.scale_bits)
                ]

    path = tmp_path_factory.mktemp("area") / "area.json"
    parts = [Share("registers", 100.0), Share("control", 20.5)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hdl.synthesis.area, "measure", measure)
        patched.setattr(hdl.synthesis.breakdown, "breakdown", lambda *_: parts)
        patched.setattr("hdl.synthesis.liberty.installed_libraries", list)
        result = CliRunner().invoke(app, ["area", "--baseline", "--rows=3", "--columns=2", f"--output={path}"])
    assert result.exit_code == 0, result.output
    for ending in (".png", ".svg"):
        assert path.with_suffix(ending).stat().st_size > 10000
    return result.stdout, json.loads(path.read_text(encoding="utf-8"))


def test_json_is_a_list_of_records_in_order(report):
    _, records = report
    assert len(records) == 2 * 9 * 4 + 5 * 3 * 2 + 9
    for record in records:
        assert set(record) == set(KEYS)
        assert all(isinstance(record[key], kind) for key, kind in KEYS.items()), record
    assert [record["flow"] for record in records[:4]] == ["generic", "xc7", "ecp5", "ice40"]
    assert [record["design"] for record in records[71:73]] == ["mint_array", "uq_pe"]
    assert [record["design"] for record in records[-10::9]] == ["uq_shared_array", "gate_limit"]
    assert records[-10]["scale_bits"] == 2
    assert (records[-1]["weight_width"], records[-1]["membrane_width"]) == (8, 8)


def test_table_has_a_row_for_every_pair_and_no_cut_number(report):
    text, _ = report
    assert text.count("123/17/0") == 2 * 9 * 3 + 5 * 3
    assert text.count("225/17") == 2 * 9 + 5 * 3
    assert "uq_shared_array, 3 x 2, scales of 4 bits" in text
    assert "uq_shared_array, 3 x 2, scales of 2 bits" in text
    assert "mint_array, 3 x 2" in text
    assert "…" not in text
    assert text.count("120.5") == 3


def test_the_sum_of_the_parts_is_seen_against_the_limit(report):
    text, records = report
    limit = next(each["gate_equivalents"] for each in records if each["design"] == "gate_limit")
    (row,) = (line.split() for line in text.splitlines() if line.strip().startswith("times the limit"))
    assert row[3] == f"{120.5 / limit:.2f}"
