"""The same Verilog in another order: what synthesis makes of it differs, what it does not.

How small a netlist comes out depends on the order in which Yosys and ABC come across signals and cells, which means
nothing. A median over several orders says what a design takes, their spread how much to make of a difference.
"""

import re
from random import Random

STATEMENT = re.compile(r"  (?!(?:input|output|wire|reg|end\w*)\b|\))\S")
"""The beginning of a statement's first line, as Yosys writes Verilog."""

DECLARATION = re.compile(r"  (?:input|output|wire|reg)\b")


def shuffled(verilog: str, seed: int) -> str:
    """The modules of ``verilog``, as Amaranth writes it, with ports and statements in an order that ``seed`` gives.

    Declarations come first. Names stay: synthesis hides all but those of ports.
    """
    random = Random(seed)
    return "".join(_shuffled(module, random) for module in re.split(r"^(?=module )", verilog, flags=re.MULTILINE))


def _shuffled(module: str, random: Random) -> str:
    header = re.match(r"module (\S+)\((.*?)\);\n", module, re.DOTALL)
    if header is None:
        return module  # the comment above the first one
    ports = [port.strip() for port in header[2].split(",")]
    random.shuffle(ports)
    body, end, rest = module[header.end() :].partition("endmodule")
    declarations: list[str] = []
    statements: list[str] = []
    for line in body.splitlines(keepends=True):
        if STATEMENT.match(line):
            statements.append(line)
        elif statements and not DECLARATION.match(line):
            statements[-1] += line
        else:
            declarations.append(line)
    random.shuffle(statements)
    # An escaped name ends with a space.
    return f"module {header[1]}({' , '.join(ports)} );\n{''.join(declarations)}{''.join(statements)}{end}{rest}"
