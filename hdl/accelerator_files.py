"""Everything in the folder of a generated accelerator, as text by file name."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdl.accelerator import Accelerator
from hdl.accelerator_description import MEMORIES, MODULE, describe
from hdl.accelerator_readme import readme_text
from hdl.accelerator_testbench import VECTORS, accelerator_testbench, golden_vectors
from hdl.core_file import core_file
from hdl.memory_files import move_to_files
from hdl.verilog import WAIVERS, verilog_text
from model.accelerator import AcceleratorConfig
from model.estimate import measured
from model.network import Network


def design_files(network: Network, config: AcceleratorConfig) -> tuple[Accelerator, dict[str, str]]:
    """The Verilog and the memories that it reads."""
    accelerator = Accelerator(config, network)
    verilog, memories = move_to_files(verilog_text(accelerator, MODULE), MODULE, MEMORIES)
    return accelerator, {"mint.v": verilog, **memories}


def _cycles(network: Network, config: AcceleratorConfig, images: NDArray[np.integer]) -> dict[str, float]:
    """What the testbench prints without waits: latency of the first image, and the mean interval of the others."""
    found = measured(network, config, images)
    intervals = found.intervals[1:] if len(found.intervals) > 1 else found.intervals
    return {"latency": int(found.latency[0]), "interval": float(intervals.mean())}


def accelerator_files(
    network: Network,
    config: AcceleratorConfig,
    images: NDArray[np.integer],
    source: str,
    tools: dict[str, str],
) -> tuple[dict[str, Any], dict[str, str]]:
    """The description, and the texts of all files; ``source`` says what the test images are, ``tools`` who made it."""
    accelerator, texts = design_files(network, config)
    memories = [file.file for file in MEMORIES]
    tests = golden_vectors(network, config, images)
    count = images.shape[0 if network.input_kind == "pixels" else 1]
    vectors = {"images": count, "source": source, "files": list(tests), "cycles": _cycles(network, config, images)}
    description = describe(accelerator) | {"vectors": vectors, "tools": tools}
    read = {file.parameter: texts[file.file] for file in MEMORIES}
    read |= {name: tests[file] for name, file in VECTORS.items()}
    texts |= tests
    texts |= {
        "mint.json": json.dumps(description, indent=1) + "\n",
        "mint.core": core_file("mint", MODULE, memories, tests),
        "mint.vlt": WAIVERS.read_text(encoding="utf-8"),
        "testbench.v": accelerator_testbench(config, count, read),
        "README.md": readme_text(description),
    }
    return description, texts
