"""Registers one after another."""

from typing import Any

from amaranth.hdl import Module, Signal, Value


def delay(m: Module, name: str, value: Any, cycles: int, advance: Value, *, reset_less: bool = True) -> Any:
    """``value``, ``cycles`` unfrozen cycles later."""
    for cycle in range(cycles):
        register = Signal.like(value, name=f"{name}_{cycle}", reset_less=reset_less)
        with m.If(advance):
            m.d.sync += register.eq(value)
        value = register
    return value
