"""Reading the objects of a bundle's text: every refusal names the object, the key, the value and what is right."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, TypeVar

from model.errors import UserError, require
from model.files.text import shown
from model.network.validation import check_name

Kind = TypeVar("Kind", bound=StrEnum)
Types = type | tuple[type, ...]

_NAMES = {
    int: "an integer",
    str: "a string",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


def take(table: Any, key: str, kind: Types, where: str) -> Any:
    """The value of a key, of one of these types."""
    require(key in table, f"{where}: key {key!r} is missing; add it")
    value = table[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        raise UserError(f"{where}: {key} is {shown(value)}; it must be {' or '.join(_NAMES[each] for each in kinds)}")
    return value


def known(table: dict[str, Any], keys: Collection[str], where: str) -> None:
    """Refuse other keys, of which one may be a misspelt one of these."""
    if unknown := sorted(set(table) - set(keys)):
        raise UserError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(keys))}")


def one_of(kinds: type[Kind], name: str, what: str) -> Kind:
    require(name in list(kinds), f"{what} {name!r}; choose one of {', '.join(kinds)}")
    return kinds(name)


def square(table: Any, key: str, where: str) -> int:
    """A pair [rows, columns] of two equal integers."""
    pair = take(table, key, list, where)
    require(
        len(pair) == 2 and all(type(each) is int for each in pair),
        f"{where}: {key} is {shown(pair)}; give [rows, columns]",
    )
    require(pair[0] == pair[1], f"{where}: {key} {pair}: this release runs the same for rows and columns")
    return int(pair[0])


def runs(what: str, name: str, here: Iterable[str]) -> None:
    """Refuse what this release does not run."""
    require(name in set(here), f"{what} {name!r}: it is unknown; choose one of {', '.join(here)}")


def layer_name(index: int, table: Any) -> str:
    """The checked name of a layer."""
    require(isinstance(table, dict), f"layer {index}: it must be an object")
    name = str(take(table, "name", str, f"layer {index}"))
    check_name(name, f"layer {shown(name)}")
    return name
