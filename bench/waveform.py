"""A picture of an accelerator at work: one small image from its first beat to its class, as Icarus saw it.

python -m bench.waveform docs/waveform.svg
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from vcd.reader import ScalarChange, ScopeDecl, TokenKind, VarDecl, VectorChange, tokenize

from hdl.folder.files import accelerator_files
from mint.plots import plot_waves
from model.accelerator.plan import plan
from model.config import Precision
from sim.harness.simulators import installed
from sim.networks.chains import Chain, Link

CHAIN = Chain("pixels", (1, 4, 4), 2, (Link(3, 3), Link(4, 0)), 3, Precision(4, 4), seed=8, density=0.3)
CLOCK = "clk"
SIGNALS = {
    "s_axis_tvalid": "s_axis tvalid",
    "s_axis_tready": "s_axis tready",
    "s_axis_tlast": "s_axis tlast",
    "working": "working",
    "layer": "layer",
    "i__valid": "word waits",
    "i__ready": "word taken",
    "handing": "token",
    "fire": "fire",
    "complete": "spikes complete",
    "m_axis_tvalid": "m_axis tvalid",
    "m_axis_tdata": "m_axis tdata",
    "m_axis_tlast": "m_axis tlast",
}
"""Of the accelerator, by name in the Verilog, and what the picture calls them."""

Waves = Mapping[str, list[int]]


def waves() -> Waves:
    """Every signal's value before each rising edge of the clock."""
    network = CHAIN.network()
    _, texts = accelerator_files(network, plan(network, lanes=4), CHAIN.images(1), "drawn", {})
    installed("icarus")
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        subprocess.run(["iverilog", "-g2005", "-o", "t.vvp", "testbench.v", "mint.v"], cwd=folder, check=True)
        subprocess.run(["vvp", "t.vvp", "+vcd"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return sampled(folder / "waves.vcd", "dut", [CLOCK, *SIGNALS])


def sampled(path: Path, scope: str, names: list[str]) -> Waves:
    """Values of the signals of ``scope`` before each rising edge of the first one."""
    now: dict[str, int] = {}
    identities: dict[str, list[str]] = {}
    scopes: list[str] = []
    found: dict[str, list[int]] = {name: [] for name in names[1:]}
    before: dict[str, int] = {}
    with path.open("rb") as file:
        for token in tokenize(file):
            change = token.data
            if isinstance(change, ScopeDecl):
                scopes.append(change.ident)
            elif token.kind is TokenKind.UPSCOPE:
                scopes.pop()
            elif isinstance(change, VarDecl):
                if scopes[-1] == scope and change.reference in names:
                    identities.setdefault(change.id_code, []).append(change.reference)
            elif token.kind is TokenKind.CHANGE_TIME:
                before = dict(now)
            elif isinstance(change, ScalarChange | VectorChange):
                for name in identities.get(change.id_code, ()):
                    text = str(change.value)
                    now[name] = int(text) if text.isdigit() else 0
                    if name == names[0] and now[name] and not before.get(name):
                        for each, values in found.items():
                            values.append(before.get(each, 0))
    return found


def main(path: Path) -> None:
    shown = waves()
    first = shown["s_axis_tvalid"].index(1) - 2
    last = shown["m_axis_tlast"].index(1) + 3
    plot_waves({label: shown[name][first:last] for name, label in SIGNALS.items()}, path, endings=[path.suffix])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
