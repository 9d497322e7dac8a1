"""How much memory an accelerator may have: all together, or each memory by itself."""

from collections.abc import Mapping

from model.accelerator.config import AcceleratorConfig
from model.errors import require

ALL = "all"
KBIT = 1024
MEMORIES = ("weights", "parameters", "input", "spikes", "membranes", "sums")
"""What can be limited; ``spikes`` are all memories that layers take turns with, ``membranes`` and the last layer's
``sums`` are there in the order ``streaming``."""


def memory_limits(text: str) -> dict[str, int]:
    """Limits in kbit by memory: ``4000`` is of all together, ``weights=2000,spikes=200`` of some, each by itself."""
    limits = {}
    for part in text.split(","):
        name, _, number = part.rpartition("=")
        name = name.strip() or ALL
        require(name in (*MEMORIES, ALL), f"memory {name!r}; choose one of: {', '.join((*MEMORIES, ALL))}")
        require(name not in limits, f"two limits of {name}; give one")
        whole = number.strip().isdecimal() and int(number) > 0
        require(whole, f"a memory limit of {number!r} kbit; give a whole number from 1 on")
        limits[name] = int(number)
    return limits


def missing(config: AcceleratorConfig, limits: Mapping[str, int]) -> str | None:
    """A sentence about the memories that are larger than their limits: which, and by how much; None if all fit."""
    bits = config.memory_bits
    need = {name: sum(each for memory, each in bits.items() if memory.split()[0] == name) for name in MEMORIES}
    parts = []
    for name, limit in limits.items():
        found, allowed = need.get(name, sum(bits.values())), limit * KBIT
        if found > allowed:
            largest = max(bits, key=lambda memory: bits[memory])
            of_all = f"the memories have {found:,} bits, {bits[largest]:,} of them {largest}"
            what = of_all if name == ALL else f"the {name} memory has {found:,} bits"
            parts.append(f"{what}; {limit:,} kbit are {allowed:,} bits: {found - allowed:,} are missing")
    return "; ".join(parts) or None


def require_memory(config: AcceleratorConfig, limits: Mapping[str, int]) -> None:
    """Refuse memories that are larger than their limits."""
    sentence = missing(config, limits)
    require(sentence is None, str(sentence))
