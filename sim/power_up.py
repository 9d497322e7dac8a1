"""Generated Verilog with other values at power-up: nothing may depend on what registers and memories hold then."""

import re
from collections.abc import Callable

Fill = Callable[[int], str]
"""A literal of so many bits."""

_REGISTER = re.compile(r"^(  reg (?:\[\d+:\d+\] )?\\?[^\s\[]+\s+= )(\d+)'h[0-9a-f]+;$", re.MULTILINE)
_WORD = re.compile(r"^(    \\?([^\s\[]+) ?\[\d+\] = )(\d+)'h[0-9a-f]+;$", re.MULTILINE)


def unknown(width: int) -> str:
    return f"{width}'bx"


def powered_up(text: str, fill: Fill, roms: tuple[str, ...]) -> tuple[str, dict[str, int]]:
    """The text with every register, and every word of memories that are not called as one of ``roms``, at ``fill``.

    Also how many registers there are, and how many words of each memory.
    """
    changed = {"registers": 0}

    def register(match: re.Match[str]) -> str:
        changed["registers"] += 1
        return f"{match[1]}{fill(int(match[2]))};"

    def word(match: re.Match[str]) -> str:
        name = match[2].partition("$")[0]
        if name in roms:
            return match[0]
        changed[name] = changed.get(name, 0) + 1
        return f"{match[1]}{fill(int(match[3]))};"

    return _WORD.sub(word, _REGISTER.sub(register, text)), changed
