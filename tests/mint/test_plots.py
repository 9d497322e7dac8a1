"""Pictures of area reports, drawn from made-up numbers."""

import subprocess
import sys
from xml.etree import ElementTree

import pytest

from mint.plots import SERIES, per_element, plot_area, plot_breakdown, plot_membrane_share

MINT = {"mint_array": 300, "mint_pe": 200, "gate_limit": 150}
WITH_UQ = {"uq_array": 11000, "uq_pe": 10900, "uq_shared_array": 1000, **MINT}


def records(areas):
    return [
        {
            "design": design,
            "weight_width": weight,
            "membrane_width": membrane,
            "rows": 16 if design.endswith("array") else 1,
            "columns": 8 if design.endswith("array") else 1,
            "flow": flow,
            "scale_bits": 32 if design.startswith("uq") else None,
            "gate_equivalents": None if flow == "xc7" else area * (weight + 13) * (128 if "array" in design else 1),
        }
        for design, area in areas.items()
        for flow in ("some", "xc7")
        for weight in (4, 2, 8)
        for membrane in (2, 4, 8)
    ]


PARTS = {
    precision: [{"part": part, "gate_equivalents": area * scale} for part, area in areas.items()]
    for scale, precision in enumerate(("w2u2", "w4u4"), 1)
    for areas in [{"register": 60.0, "adder": 50.0, "multiplexer": 30.5, "control": 1.0}]
}


def shown(path):
    """Pieces of text that are drawn, from the comments that say what the letters' outlines spell."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    tree = ElementTree.parse(path, parser)
    return [(node.text or "").strip() for node in tree.iter() if node.tag is ElementTree.Comment]


def test_areas_are_an_elements_share_where_both_widths_are_equal():
    found = per_element(records(WITH_UQ), "some")
    assert [design for design, _ in found] == list(SERIES)
    assert found["mint_array", 0] == {2: 300 * 15, 4: 300 * 17, 8: 300 * 21}
    assert found["gate_limit", 0] == {2: 150 * 15, 4: 150 * 17, 8: 150 * 21}
    assert per_element(records(WITH_UQ), "xc7") == {}


def test_fewer_bits_of_a_scale_are_a_line_of_their_own(tmp_path):
    fewer = [record | {"scale_bits": 4} for record in records({"uq_shared_array": 500})]
    found = per_element([*fewer, *records(WITH_UQ)], "some")
    assert [key for key in found if key[0] == "uq_shared_array"] == [("uq_shared_array", 32), ("uq_shared_array", 4)]
    assert found["uq_shared_array", 4] == {2: 500 * 15, 4: 500 * 17, 8: 500 * 21}
    plot_area([*fewer, *records(WITH_UQ)], "some", tmp_path / "area.png")
    label = SERIES["uq_shared_array"][0]
    assert {f"{label}, scales of {bits} bits" for bits in (4, 32)} <= set(shown(tmp_path / "area.svg"))


def test_the_axis_is_logarithmic_only_with_what_multiplies(tmp_path):
    plot_area(records(MINT), "some", tmp_path / "near.png")
    plot_area(records(WITH_UQ), "some", tmp_path / "far.png")
    near, far = shown(tmp_path / "near.svg"), shown(tmp_path / "far.svg")
    assert "gate equivalents per PE" in near
    assert "gate equivalents per PE, logarithmic" in far
    assert {"4,500", "5,100", "6,300", "2", "4", "8", SERIES["mint_array"][0], SERIES["gate_limit"][0]} <= set(near)
    assert f"{SERIES['uq_array'][0]}, scales of 32 bits" in far
    assert SERIES["uq_array"][0] not in " ".join(near)
    assert {"Area per processing element (PE)", "16 × 8 array, some"} <= set(near)


def test_the_period_that_cells_are_sized_for_is_in_the_title(tmp_path):
    plot_area([record | {"period_ns": 0.8} for record in records(MINT)], "some", tmp_path / "area.png")
    assert "16 × 8 array, some, sized for 0.8 ns" in shown(tmp_path / "area.svg")


def test_a_breakdown_names_parts_and_sums(tmp_path):
    plot_breakdown(PARTS, "some", tmp_path / "breakdown.png")
    text = shown(tmp_path / "breakdown.svg")
    assert {"w2u2", "w4u4", "register", "adder", "multiplexer", "control", "142", "283", "60", "120"} <= set(text)
    assert text.count("2") == 0, "a part too low for a number has none"


@pytest.mark.parametrize(("draw", "data"), [(plot_area, records(WITH_UQ)), (plot_breakdown, PARTS)])
def test_the_same_bytes_every_time(tmp_path, draw, data):
    draw(data, "some", tmp_path / "a.json")
    draw(data, "some", tmp_path / "b.json")
    for ending in (".png", ".svg"):
        content = (tmp_path / f"a{ending}").read_bytes()
        assert content == (tmp_path / f"b{ending}").read_bytes()
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in svg
    assert "Matplotlib v" not in svg


def test_no_library_is_no_picture(tmp_path):
    with pytest.raises(ValueError, match="no areas of flow xc7"):
        plot_area(records(MINT), "xc7", tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_matplotlib_is_imported_to_draw_only():
    code = "import sys, mint.plots, mint.commands.area; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "False\n"


def test_the_membranes_share_is_drawn_for_each_accounting(tmp_path):
    series = {"each step": {"1": 0.5, "32": 0.9}, "held once": {"1": 0.2, "32": 0.6}}
    plot_membrane_share(series, "vgg9", tmp_path / "share.png")
    text = shown(tmp_path / "share.svg")
    assert {"1", "32", "each step", "held once", "batch"} <= set(text)
