"""Networks of neurons that keep nothing: what commands ask of them and say of their membranes."""

from dataclasses import replace
from pathlib import Path

import pytest

from model.accelerator.plan import plan
from model.accelerator.traffic import membrane_bits, traffic
from model.config import Precision
from model.errors import UserError
from model.network import bundle
from model.network.choice import choose
from sim.networks.chains import Chain, Link

NOTHING = Precision(4, 0, leak=0.0)
CHAIN = Chain(
    "spikes",
    (2, 4, 4),
    3,
    (Link(4, 3, 1, 1, precision=NOTHING), Link(5, 0, precision=NOTHING)),
    3,
    Precision(4, 4),
    1,
    0.5,
)


def test_a_bundle_without_membranes_is_chosen_by_its_own_widths(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    bundle.write(CHAIN.network(), path)
    precision, found, network = choose(path, None, None)
    assert (str(precision), found, network is not None) == ("w4u0-leak0", path, True)
    assert choose(path, 4, None)[0] == precision
    with pytest.raises(UserError, match="with leak 0, which keeps nothing"):
        choose(path, 4, 4)


@pytest.mark.parametrize("dataflow", ["skip", "streaming"])
def test_membranes_that_are_not_there_take_no_bits_and_no_traffic(dataflow: str) -> None:
    config = plan(CHAIN.network(), lanes=4, dataflow=dataflow)
    assert membrane_bits(config) == 0
    moved = [traffic(layer, config, 1).membranes for layer in config.layers]
    sums = 2 * config.layers[-1].fires * 3 * config.lanes * config.accumulator_width
    assert moved == [0, 0, sums if dataflow == "streaming" else 0]
    usual = replace(CHAIN, links=tuple(replace(link, precision=Precision(4, 4)) for link in CHAIN.links))
    config = plan(usual.network(), lanes=4, dataflow=dataflow)
    assert (membrane_bits(config) > 0) == (dataflow == "skip")
    assert (traffic(config.layers[0], config, 1).membranes > 0) == (dataflow == "streaming")
