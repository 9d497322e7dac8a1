"""Memories as modules: they do what Amaranth's simulator does, read their files, and others can take their places."""

import re
import subprocess
from random import Random

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hdl.verilog.memory import ModuleMemory
from hdl.verilog.text import verilog_text
from hdl.verilog.words import to_bits

WIDTH, DEPTH, CYCLES = 5, 6, 200
CONTENTS = [3, 31, 0, 8, 17, 1]
PORTS = {"write": 1, "enable": 1, "address": 3, "place": 3, "other": 3, "data": WIDTH}
READS = ("first", "second", "now", "fixed")


def contents():
    return [to_bits([[word] for word in CONTENTS], WIDTH)]


class Memories(wiring.Component):
    """A memory with two ports, one that is read at once, and one with contents."""

    def __init__(self):
        super().__init__({name: In(width) for name, width in PORTS.items()} | dict.fromkeys(READS, Out(WIDTH)))

    def elaborate(self, platform):
        m = Module()
        m.submodules.two = two = ModuleMemory("two", shape=WIDTH, depth=DEPTH)
        m.submodules.small = small = ModuleMemory("small", shape=WIDTH, depth=DEPTH)
        m.submodules.rom = rom = ModuleMemory(
            "rom",
            shape=WIDTH,
            depth=DEPTH,
            words=contents,
            parameter="ROM",
        )
        for memory in (two, small):
            write = memory.write_port()
            m.d.comb += [write.en.eq(self.write), write.addr.eq(self.place), write.data.eq(self.data)]
        ports = (two.read_port(), two.read_port(), small.read_port(domain="comb"), rom.read_port())
        addresses = (self.address, self.other, self.address, self.address)
        for name, port, address in zip(READS, ports, addresses, strict=True):
            m.d.comb += [port.addr.eq(address), getattr(self, name).eq(port.data)]
            if port.domain != "comb":
                m.d.comb += port.en.eq(self.enable)
        return m


def stimulus():
    """Every word is written first."""
    random = Random(1)
    for cycle in range(CYCLES):
        fills = cycle < DEPTH
        yield {
            "write": 1 if fills else random.getrandbits(1),
            "enable": 0 if fills else random.getrandbits(1),
            "place": cycle if fills else random.randrange(DEPTH),
            "address": 0 if fills else random.randrange(DEPTH),
            "other": random.randrange(DEPTH),
            "data": random.getrandbits(WIDTH),
        }


def simulated():
    """What Amaranth's simulator reads, every cycle, from where all has been read."""
    design, found = Memories(), []

    async def bench(context):
        for values in stimulus():
            for name, value in values.items():
                context.set(getattr(design, name), value)
            await context.tick()
            found.append([context.get(getattr(design, name)) for name in READS])

    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found


def bench():
    """A module that does the same."""
    lines = [
        f"  {' '.join(f'{name} = {value};' for name, value in values.items())} #1 clk = 1; #1 show; clk = 0;"
        for values in stimulus()
    ]
    declared = [f"  reg [{width - 1}:0] {name};" for name, width in PORTS.items()]
    declared += [f"  wire [{WIDTH - 1}:0] {name};" for name in READS]
    connections = ", ".join(f".{name}({name})" for name in ("clk", *PORTS, *READS))
    return "\n".join(
        [
            "module bench;",
            "  reg clk = 0;",
            *declared,
            f'  top #(.ROM("rom.hex")) dut ({connections});',
            f'  task show; $display("{" ".join(["%0d"] * len(READS))}", {", ".join(READS)}); endtask',
            "  initial begin",
            *lines,
            "  end",
            "endmodule",
            "",
        ]
    )


def run(folder, *options):
    (folder / "bench.v").write_text(bench(), encoding="utf-8")
    (folder / "rom.hex").write_text("".join(f"{word:02x}\n" for word in CONTENTS), encoding="utf-8")
    subprocess.run(["iverilog", "-g2005", "-o", "t", *options, "bench.v"], cwd=folder, check=True)
    done = subprocess.run(["vvp", "t"], cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return [line.split() for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def text():
    return verilog_text(Memories(), "top", initial=False)


def test_modules_do_what_the_simulator_does(tmp_path, text):
    (tmp_path / "top.v").write_text(text, encoding="utf-8")
    found, expected = run(tmp_path, "top.v"), simulated()
    assert len(found) == len(expected) == CYCLES
    begun = DEPTH + 10  # all ports have been read
    assert found[begun:] == [[str(value) for value in line] for line in expected[begun:]]
    assert all("x" in line for line in found[: DEPTH - 1])


def test_another_module_takes_a_place_without_changes(tmp_path, text):
    (tmp_path / "top.v").write_text(text, encoding="utf-8")
    other = re.search(r"^module top_memory_two .*?^endmodule\n", text, re.MULTILINE | re.DOTALL)[0]
    assert "words[read_1_address]" in other
    (tmp_path / "macro.v").write_text(
        other.replace("words[read_1_address]", "~words[read_1_address]"), encoding="utf-8"
    )
    mine, own = run(tmp_path, "-DTOP_MEMORY_TWO", "top.v", "macro.v"), run(tmp_path, "top.v")
    for changed, line in zip(mine[20:], own[20:], strict=True):
        assert int(changed[1]) == 31 - int(line[1])
        assert changed[0] == line[0]
        assert changed[2:] == line[2:]


def test_no_register_and_no_word_has_a_value_at_first(text):
    assert re.findall(r"initial.*", text) == ["initial $readmemh(FILE, words);"]
    assert not re.search(r"^  reg .*=", text, re.MULTILINE)


def test_two_memories_of_one_name_must_be_alike():
    class Different(wiring.Component):
        def __init__(self):
            super().__init__({"o": Out(4)})

        def elaborate(self, platform):
            m = Module()
            for depth in (2, 3):
                m.submodules += (memory := ModuleMemory("same", shape=2, depth=depth))
                m.d.comb += self.o.word_select(depth - 2, 2).eq(memory.read_port().data)
            return m

    with pytest.raises(ValueError, match="two memories that differ are called same"):
        verilog_text(Different(), "top")
