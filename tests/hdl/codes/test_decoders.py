"""Every code of every decoder, in a simulator: the level that the golden model has for it."""

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hdl.codes import DECODERS, decoded
from model.codes import CODES

WIDTHS = {"binary": 1, "pow2-5": 3, "pow2-7": 3}


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize("wider", [0, 4])
def test_every_code_is_decoded(name, wider):
    """In memories and lanes as wide as the code needs, and wider ones."""
    code = CODES[name].of(WIDTHS[name])
    width = code.value_width + wider
    stored, level = Signal(code.bits + wider), Signal(width)
    m = Module()
    m.d.comb += level.eq(decoded(name, stored, width))
    simulator = Simulator(m)
    codes = code.encode(np.array(code.levels, np.int8))

    async def bench(context):
        for wanted, given in zip(code.levels, codes.tolist(), strict=True):
            context.set(stored, given & (1 << len(stored)) - 1)
            await context.delay(1e-9)
            assert context.get(level) == wanted & (1 << width) - 1, f"code {given}"

    simulator.add_testbench(bench)
    simulator.run()


def test_every_code_that_is_not_its_own_level_has_a_decoder():
    assert set(WIDTHS) == set(DECODERS)
    for name, bits in WIDTHS.items():
        levels = np.array(CODES[name].of(bits).levels, np.int8)
        assert (CODES[name].of(bits).encode(levels) != levels).any() or name == "pow2-5"
    assert set(CODES) - set(DECODERS) == {"narrow"}
