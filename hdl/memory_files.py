"""Contents of memories in files of their own: ``$readmemh`` in place of an assignment for every word."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

CONTENTS = re.compile(r"^  initial begin\n((?:    \S+ ?\[\d+\] = \d+'[hd][0-9a-f]+;\n)+)  end\n", re.MULTILINE)
"""What a memory holds at first, as Yosys writes it."""

WORD = re.compile(r"    (\S+) ?\[(\d+)\] = (\d+)'([hd])([0-9a-f]+);")
RADIX = {"h": 16, "d": 10}


class MemoryFilesError(RuntimeError):
    """The Verilog has no such memory; a defect of the generator."""


@dataclass(frozen=True)
class MemoryFile:
    """A memory of the top module, the file that its words go to, and the Verilog parameter that names another file."""

    memory: str
    file: str
    parameter: str


def move_to_files(text: str, top: str, files: tuple[MemoryFile, ...]) -> tuple[str, dict[str, str]]:
    """The Verilog without its memories' contents, and the texts of the files that hold them, by name.

    Module ``top`` gets a parameter a file. A file's words are those that stood in the Verilog, one a line with as many
    digits as the memory's width needs, and the last line ends. Memories whose words were all zero get no contents:
    they are written before they are read, and unknown until then.
    """
    wanted = {file.memory: file for file in files}
    texts: dict[str, str] = {}

    def contents(match: re.Match[str]) -> str:
        words = WORD.findall(match[1])
        name = words[0][0]
        if name in wanted:
            file = wanted[name]
            texts[file.file] = _lines(words)
            end = " " if name.startswith("\\") else ""
            return f"  initial $readmemh({file.parameter}, {name}{end});\n"
        if any(int(digits, RADIX[radix]) for *_, radix, digits in words):
            raise MemoryFilesError(f"memory {name} has contents, and no file is named for them")
        return ""

    text = CONTENTS.sub(contents, text)
    if missing := [file.memory for file in files if file.file not in texts]:
        raise MemoryFilesError(f"there is no memory {missing[0]} in the Verilog of {top}")
    for name in wanted:
        # From 0 upwards, because simulators disagree about which end of [n:0] a file begins at.
        text = re.sub(rf"^(  reg \[\d+:0\] {re.escape(name)}) \[(\d+):0\];$", r"\1 [0:\2];", text, flags=re.MULTILINE)
    return _declare(text, top, {file.parameter: file.file for file in files}), texts


def _lines(words: list[tuple[str, str, str, str, str]]) -> str:
    """Words in the order of their addresses, which must be all from 0 on."""
    numbers = {int(address): int(digits, RADIX[radix]) for _, address, _, radix, digits in words}
    digits = -(-int(words[0][2]) // 4)
    return "".join(f"{numbers[address]:0{digits}x}\n" for address in range(len(numbers)))


def _declare(text: str, top: str, parameters: Mapping[str, str]) -> str:
    """Parameters of module ``top``, after its list of ports."""
    lines = "".join(f'  parameter {name} = "{file}";\n' for name, file in parameters.items())
    return re.sub(rf"^module {top}\s*\(.*?\);\n", lambda head: head[0] + lines, text, flags=re.MULTILINE | re.DOTALL)
