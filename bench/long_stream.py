"""The most time steps that there are, through the testbench of a generated folder, in Icarus Verilog.

python -m bench.long_stream [--steps 65536]
"""

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hdl.folder.files import accelerator_files
from mint.console import console
from model.accelerator.plan import plan
from model.config import Precision
from model.network.validation import LARGEST_TIME_STEPS
from sim.networks.chains import Chain, Link

SMALL = Chain(
    input_kind="spikes",
    input_shape=(3, 1, 1),
    time_steps=LARGEST_TIME_STEPS,
    links=(Link(3, 0, precision=Precision(4, 4), leak=1),),
    classes=2,
    precision=Precision(4, 4),
    seed=2,
    density=0.4,
)
"""Three neurons, then two classes: what a frame takes is little beside the number of frames."""


def simulate(steps: int) -> str:
    """What the testbench says of one image."""
    chain = replace(SMALL, time_steps=steps)
    network = chain.network()
    config = plan(network, lanes=3, dataflow="streaming")
    _, texts = accelerator_files(network, config, chain.images(1), "drawn", {})
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        design = [file for file in texts if file.endswith(".v")]
        subprocess.run(["iverilog", "-g2005", "-o", "t.vvp", *design], cwd=folder, check=True)
        done = subprocess.run(["vvp", "t.vvp"], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    return done.stdout.strip() if done.returncode == 0 else f"FAIL: {done.stdout.strip()}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=LARGEST_TIME_STEPS, metavar="T")
    said = simulate(parser.parse_args().steps)
    console.print(said, soft_wrap=True)
    sys.exit(not said.startswith("PASS"))
