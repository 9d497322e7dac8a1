"""Memories: Amaranth's in its simulator, modules of their own in Verilog, so that others can take their places."""

import re
from collections.abc import Callable, Iterable, Mapping

from amaranth.hdl import ClockSignal, Const, Elaboratable, Instance, ShapeLike, Value
from amaranth.lib.memory import Memory, ReadPort, WritePort

from hdl.verilog.words import Bits, to_integers

FILE = "FILE"
"""Parameter of a memory's module: the file that has its contents."""


class ModuleMemory(Memory):
    """A memory that is a module with plain ports, ``<top>_memory_<name>``, in Verilog.

    =================================================  =========================================================
    ``clk``                                            rising edge
    ``write_enable``, ``write_address``,               unless it only reads
    ``write_data``
    ``read_enable``, ``read_address``, ``read_data``   the word comes in the cycle after ``read_enable``, and stays
                                                       until the next one; in the domain ``comb`` there is no
                                                       ``read_enable``, and the word comes at once
    ``read_1_enable``, ...                             of a second port
    =================================================  =========================================================

    What it holds at first is never used, nor what a read with an enable gives of a word that is written in the same
    cycle; in the domain ``comb`` that is what the word was before.

    Parameters
    ----------
    name : str
    shape, depth
        A word's, and the number of words, as for :class:`amaranth.lib.memory.Memory`.
    words
        What it holds for good, some words after others; for Amaranth's simulator.
    parameter : str
        The top module's Verilog parameter that names the file of the words.
    """

    def __init__(
        self,
        name: str,
        *,
        shape: ShapeLike,
        depth: int,
        words: Callable[[], Iterable[Bits]] | None = None,
        parameter: str = "",
    ) -> None:
        super().__init__(shape=shape, depth=depth, init=[])
        self.name, self.parameter = name, parameter
        self._words = words

    def elaborate(self, platform: object) -> Elaboratable | Instance:
        if self._words and not isinstance(platform, ModulesPlatform):
            self.init = [word for bits in self._words() for word in to_integers(bits)]
        return super().elaborate(platform)


class ModulesPlatform:
    """What Amaranth asks for memories while it makes Verilog of module ``top``: each :class:`ModuleMemory` is left out.

    :meth:`complete` puts their modules into the text.
    """

    def __init__(self, top: str) -> None:
        self._top = top
        self._modules: dict[str, str] = {}
        self._boxes: dict[str, str] = {}
        self._parameters: list[str] = []

    def get_memory(self, memory: Memory) -> Elaboratable | Instance:
        if not isinstance(memory, ModuleMemory):
            return memory.elaborate(None)
        module = f"{self._top}_memory_{memory.name}"
        ports = _ports(memory)
        widths = {name: len(value) for name, value in ports.items()}
        text = _module_text(module, memory, widths)
        if self._modules.setdefault(module, text) != text:
            raise ValueError(f"two memories that differ are called {memory.name}")
        self._boxes[module] = _blackbox(module, widths)
        named: dict[str, Value | str] = {f"{_direction(name)[0]}_{name}": value for name, value in ports.items()}
        if memory.parameter:
            self._parameters.append(memory.parameter)
            named[f"p_{FILE}"] = f"@{memory.parameter}@"
        return Instance(module, **named)

    def blackboxes(self) -> str:
        """For Yosys, in its own language: which ports of the memories are outputs."""
        return "\n".join(self._boxes.values())

    def complete(self, text: str, files: Mapping[str, str]) -> str:
        """Yosys's text, with the memories' modules, and with parameters that name ``files``; without one, no file."""
        lines = "".join(f'  parameter {name} = "{files.get(name, "")}";\n' for name in self._parameters)
        head = re.compile(rf"^module {self._top}\s*\(.*?\);\n", re.MULTILINE | re.DOTALL)
        text = head.sub(lambda match: match[0] + lines, text)
        text = re.sub(r'"@(\w+)@"', r"\1", text)
        return text + "".join(self._modules.values())


def _ports(memory: ModuleMemory) -> dict[str, Value]:
    """The module's ports, and what each is connected to."""
    ports: dict[str, Value] = {"clk": ClockSignal()}
    for write in memory.write_ports:
        ports |= {"write_enable": write.en, "write_address": _address(write), "write_data": Value.cast(write.data)}
    for number, read in enumerate(memory.read_ports):
        prefix = f"read_{number}" if number else "read"
        enable = {} if read.domain == "comb" else {f"{prefix}_enable": read.en}
        ports |= enable | {f"{prefix}_address": _address(read), f"{prefix}_data": Value.cast(read.data)}
    return ports


def _address(port: ReadPort | WritePort) -> Value:
    """At least one bit."""
    return port.addr if len(port.addr) else Const(0, 1)


def _direction(port: str) -> str:
    return "output" if port.startswith("read") and port.endswith("data") else "input"


def _range(bits: int) -> str:
    return f"[{bits - 1}:0] " if bits > 1 else ""


def _blackbox(module: str, ports: Mapping[str, int]) -> str:
    wires = [
        f"wire width {bits} {_direction(port)} {place} \\{port}" for place, (port, bits) in enumerate(ports.items(), 1)
    ]
    return "\n".join(["attribute \\blackbox 1", f"module \\{module}", *wires, "end"])


def _module_text(module: str, memory: ModuleMemory, ports: Mapping[str, int]) -> str:
    """The memory in Verilog."""
    width = next(width for port, width in ports.items() if port.endswith("data"))
    lines = [
        "",
        f"// {memory.depth:,} words of {width:,} bits. With {module.upper()} defined, the module comes from elsewhere.",
        f"`ifndef {module.upper()}",
        f"module {module} ({', '.join(ports)});",
    ]
    if memory.parameter:
        lines.append(f'  parameter {FILE} = "";')
    lines += [f"  {_direction(port)} {_range(bits)}{port};" for port, bits in ports.items()]
    lines.append(f"  reg {_range(width)}words [0:{memory.depth - 1}];")
    if memory.parameter:
        lines += [
            "  generate",
            f'    if ({FILE} != "") begin : contents',
            f"      initial $readmemh({FILE}, words);",
            "    end",
            "  endgenerate",
        ]
    if "write_data" in ports:
        lines += ["  always @(posedge clk)", "    if (write_enable) words[write_address] <= write_data;"]
    for read in (port.removesuffix("_data") for port in ports if _direction(port) == "output"):
        if f"{read}_enable" in ports:
            lines += [
                f"  reg {_range(width)}{read}_data;",
                "  always @(posedge clk)",
                f"    if ({read}_enable) {read}_data <= words[{read}_address];",
            ]
        else:
            lines.append(f"  assign {read}_data = words[{read}_address];")
    return "\n".join([*lines, "endmodule", "`endif", ""])
