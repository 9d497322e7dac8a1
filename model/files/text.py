"""Text that comes from a file, made fit for a sentence, a terminal or a file of text."""

import json
from typing import Any

LONGEST = 80


def printable(text: str) -> str:
    """``text`` with escapes for what cannot be printed: control characters, which can drive a terminal, and halves of
    surrogate pairs, which no encoding has."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def all_printable(value: Any) -> Any:
    """What JSON can hold, with every string of it :func:`printable`."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(str(key)): all_printable(inner) for key, inner in value.items()}
    return [all_printable(inner) for inner in value] if isinstance(value, list | tuple) else value


def shown(value: Any, longest: int = LONGEST) -> str:
    """``value`` as JSON for a sentence, cut to ``longest`` characters."""
    text = json.dumps(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
