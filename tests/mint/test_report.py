"""JSON reports."""

import hashlib
import json

import pytest

from hdl.synthesis.flows import Library
from hdl.synthesis.liberty import MEASURED
from mint import report


def test_a_report_says_what_made_it(tmp_path, monkeypatch):
    monkeypatch.setattr(report.sys, "argv", ["mint", "evaluate", "a b.mint"])
    report.write_json(tmp_path / "build" / "x.json", {"accuracy": 91.5})
    data = json.loads((tmp_path / "build" / "x.json").read_text(encoding="utf-8"))
    assert data["accuracy"] == 91.5
    assert data["command"] == "mint evaluate 'a b.mint'"
    assert {"python", "numpy", "amaranth", "pyosys", "iverilog"} <= set(data["tools"])
    assert all(version[0].isdigit() for version in data["tools"].values())


@pytest.mark.parametrize("program", ["/usr/bin/mint", "/usr/lib/mint/__main__.py"])
def test_the_command_is_what_a_user_types(monkeypatch, program):
    monkeypatch.setattr(report.sys, "argv", [program, "area"])
    assert report.command_line() == "mint area"


def test_the_command_of_a_bench_is_its_module(monkeypatch):
    monkeypatch.setattr(report.sys, "argv", ["/usr/lib/bench/uq_scales.py", "--images=10"])
    assert report.command_line() == "python -m bench.uq_scales --images=10"


def test_a_list_stays_a_list(tmp_path):
    report.write_json(tmp_path / "area.json", [{"lut": 1}])
    assert json.loads((tmp_path / "area.json").read_text(encoding="utf-8")) == [{"lut": 1}]
    assert set(json.loads((tmp_path / "area.meta.json").read_text(encoding="utf-8"))) == {"command", "tools"}


def test_a_report_has_the_checksums_of_its_libraries(tmp_path, capsys, monkeypatch):
    text = "library (NangateOpenCellLibrary) {\n}\n"
    (tmp_path / "some.lib").write_text(text, encoding="utf-8", newline="\r\n")
    found = report.checked_libraries([Library(), Library(tmp_path / "some.lib")])
    own = hashlib.sha256(text.encode()).hexdigest()
    assert found == {"NangateOpenCellLibrary": f"sha256 {own}"}
    said = " ".join(capsys.readouterr().err.split())
    assert f"NangateOpenCellLibrary has the SHA-256 {own}, and not {MEASURED['NangateOpenCellLibrary']}" in said
    report.write_json(tmp_path / "area.json", [], found)
    meta = json.loads((tmp_path / "area.meta.json").read_text(encoding="utf-8"))
    assert found.items() <= meta["tools"].items()
    monkeypatch.setitem(MEASURED, "NangateOpenCellLibrary", own)
    report.checked_libraries([Library(tmp_path / "some.lib")])
    assert capsys.readouterr().err == ""


def test_a_failure_leaves_the_old_report(tmp_path):
    path = tmp_path / "x.json"
    report.write_json(path, {})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        report.write_json(path, {"not json": object()})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
