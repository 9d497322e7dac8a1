"""What toggles in a processing element's netlist: nothing where it is idle."""

from random import Random

import pytest

from hdl.synthesis.activity import SITUATIONS, Simulation, element_activity
from hdl.synthesis.designs import Variant
from hdl.synthesis.flows import Library
from hdl.synthesis.liberty import installed_libraries
from model.config import WIDTHS, Precision
from model.golden.processing_element import processing_element_step

PATHS = [None, *installed_libraries()]
elements = pytest.mark.parametrize(
    ("path", "width"),
    [
        pytest.param(path, width, marks=[pytest.mark.nightly] * bool(path and width > 2))
        for path in PATHS
        for width in WIDTHS
    ],
    ids=lambda value: value if isinstance(value, int) else value.stem if value else "generic",
)


@elements
def test_the_netlist_does_what_the_golden_twin_does(path, width):
    library = Library(path) if path else Library()
    accumulator_width = Precision(width, width).code.accumulator_width
    text = Variant("mint_pe", Precision(width, width)).verilog(1, 1)
    simulation = Simulation(library.netlist(text, "mint_pe"), "mint_pe", library)
    random = Random(1)
    accumulator = carry = enable = 0
    for cycle in range(200):
        preload = not enable and random.random() < 0.2
        enable = not preload and random.random() < 0.8
        weight = random.randrange(-(1 << (width - 1)), 1 << (width - 1))
        inputs = {
            "spike": int(enable and random.getrandbits(1)),
            "enable": int(enable),
            "chain": random.getrandbits(accumulator_width),
            "preload": int(preload),
        }
        simulation.tick(weight=weight % (1 << width), **inputs)
        assert simulation.get("accumulator") == accumulator % (1 << accumulator_width), f"cycle {cycle}"
        accumulator, carry = processing_element_step(
            accumulator, carry, weight=weight, weight_width=width, width=accumulator_width, **inputs
        )


@elements
def test_nothing_toggles_in_an_idle_element(path, width):
    found = element_activity(Library(path) if path else Library(), Precision(width, width), 200)
    by_situation = {activity.situation: activity for activity in found}
    assert list(by_situation) == list(SITUATIONS)
    for situation, activity in by_situation.items():
        if not situation.startswith("idle"):
            assert 1 < activity.registers < activity.outputs
        else:
            assert activity.registers == 0
            assert "ring" in situation or activity.outputs == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [("= enable &", "= 1'h1 &"), ("preload ? chain", "(preload | weight[0]) ? chain"), ("[1] & spike", "[1] & 1'h1")],
)
def test_an_element_that_does_not_rest_is_seen(old, new, monkeypatch):
    text = Variant("mint_pe", Precision(2, 2)).verilog(1, 1)
    assert old in text
    monkeypatch.setattr(Variant, "verilog", lambda *_: text.replace(old, new))
    found = element_activity(Library(), Precision(2, 2), 50)
    assert any(activity.outputs for activity in found if activity.situation.startswith("idle"))
