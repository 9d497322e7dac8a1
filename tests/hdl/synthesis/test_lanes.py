"""What lanes cost: the published table is the command's, and registers are those that the law needs."""

import json

from hdl.synthesis import lanes
from hdl.synthesis.flows import FPGAS
from tools.results import read_report


def test_the_published_lanes_are_those_of_the_command():
    """A design or a flow that is another has other tables: make them again."""
    flow = next(flow for flow in FPGAS if flow.name == "xc7")
    found = next(lanes.measure([flow]))
    assert found["flip_flops"] == 4 * (2 + 13) + 4  # sum, sum handed over, potential and threshold, and the membrane
    published = [record for run in read_report("lanes") for record in run["found"]]
    assert json.loads(json.dumps(found)) in published
    assert len(published) == len(lanes.kinds()) * 3
