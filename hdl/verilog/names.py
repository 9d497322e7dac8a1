"""What the modules and files of a generated design are called, so that several of them fit into one chip."""

import re
from dataclasses import dataclass

from model.errors import require

NAME = "mint"
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST = 64


@dataclass(frozen=True)
class Names:
    """``name`` begins every module and every file that another tool reads.

    ``mint.v`` holds ``mint_accelerator`` and its submodules ``mint_accelerator_…``, and so on. Testbench and vectors,
    which no other design meets, have plain names unless ``name`` is one of one's own.
    """

    name: str = NAME

    def __post_init__(self) -> None:
        require(
            len(self.name) <= LONGEST and IDENTIFIER.fullmatch(self.name) is not None,
            f"the name {self.name!r} cannot begin Verilog modules; "
            f"choose up to {LONGEST} letters, digits and underscores, no digit first",
        )

    def __call__(self, end: str) -> str:
        """A module or file, by its end: ``.v``, ``_weights.hex``."""
        return self.name + end

    @property
    def accelerator(self) -> str:
        """The top module."""
        return self("_accelerator")

    @property
    def array(self) -> str:
        """The top module of the array alone."""
        return self("_array")

    @property
    def prefix(self) -> str:
        """What testbench and vectors begin with."""
        return "" if self.name == NAME else self("_")

    @property
    def testbench(self) -> str:
        """The testbench's module."""
        return f"{self.prefix}testbench"
