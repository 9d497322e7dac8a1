"""Generated Verilog with other values at power-up: nothing may depend on what registers and memories hold then.

By itself the text says nothing of them, so a simulator with unknown values begins with those.
"""

import re
from random import Random

_REGISTER = re.compile(r"^(  reg (?:\[(\d+):0\] )?(\\?[^\s\[]+))\s*;$", re.MULTILINE)
_MEMORY = re.compile(r"^  reg (?:\[(\d+):0\] )?(\w+) \[(?:0:(\d+)|(\d+):0)\];\n(?!  generate)", re.MULTILINE)
"""The contents of one that only reads come from a file."""


def powered_up(text: str, random: Random) -> tuple[str, int, int]:
    """The text with registers and words of memories at random values, and how many there are of both."""
    registers = words = 0

    def value(highest: str | None) -> str:
        width = int(highest or 0) + 1
        return f"{width}'d{random.getrandbits(width)}"

    def register(match: re.Match[str]) -> str:
        nonlocal registers
        registers += 1
        return f"{match[1]} = {value(match[2])};"

    def memory(match: re.Match[str]) -> str:
        nonlocal words
        count = int(match[3] or match[4]) + 1
        words += count
        lines = [f"    {match[2]}[{place}] = {value(match[1])};\n" for place in range(count)]
        return f"{match[0]}  initial begin\n{''.join(lines)}  end\n"

    return _MEMORY.sub(memory, _REGISTER.sub(register, text)), registers, words
