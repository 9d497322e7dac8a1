"""What does not fit is named, with what is missing; each memory by itself or all together."""

import pytest

from model.accelerator.memory_limits import memory_limits, missing, require_memory
from model.accelerator.plan import plan
from model.config import Precision
from model.errors import UserError
from sim.networks.chains import Chain, Link

CHAIN = Chain("pixels", (2, 9, 9), 3, (Link(20, 3), Link(12, 3)), 5, Precision(4, 4), seed=1, density=0.5)


@pytest.fixture(scope="module")
def config():
    return plan(CHAIN.network(), lanes=8, lanes_per_neuron_unit=1)


def test_a_limit_of_all_is_of_the_sum(config):
    bits = sum(config.memory_bits.values())
    fits = -(-bits // 1024)
    assert missing(config, memory_limits(str(fits))) is None
    sentence = missing(config, memory_limits(str(fits - 1)))
    assert sentence.startswith(f"the memories have {bits:,} bits, {config.memory_bits['weights']:,} of them weights; ")
    assert sentence.endswith(f": {bits - 1024 * (fits - 1):,} are missing")


@pytest.mark.parametrize("name", ["weights", "parameters", "input", "spikes"])
def test_a_memory_has_a_limit_of_its_own(config, name):
    bits = sum(count for memory, count in config.memory_bits.items() if memory.startswith(name))
    assert bits > 1024
    fits = -(-bits // 1024)
    assert missing(config, memory_limits(f"{name}={fits}")) is None
    with pytest.raises(UserError, match=rf"^the {name} memory has {bits:,} bits; .*: {bits - 1024:,} are missing$"):
        require_memory(config, memory_limits(f"{name}=1"))


def test_every_memory_that_is_too_small_is_named(config):
    sentence = missing(config, memory_limits("spikes=1, weights=1, input=1000"))
    assert sentence.count("are missing") == 2
    assert "input" not in sentence
