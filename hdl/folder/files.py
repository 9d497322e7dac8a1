"""Everything in the folder of a generated accelerator, as text by file name."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdl.accelerator.accelerator import Accelerator
from hdl.accelerator.contents import memory_texts
from hdl.folder.block_design import with_interfaces
from hdl.folder.constraints import CLOCK_MHZ, constraint_files
from hdl.folder.core_file import core_file
from hdl.folder.description import describe, memory_files
from hdl.folder.readme import readme_text
from hdl.folder.testbench import accelerator_testbench, golden_vectors
from hdl.verilog.names import Names
from hdl.verilog.text import verilog_text, waivers
from model.accelerator.config import AcceleratorConfig
from model.accelerator.estimate import measured
from model.accelerator.overlap import response
from model.network.network import Network

PLAIN = Names()


def design_files(
    network: Network, config: AcceleratorConfig, names: Names = PLAIN
) -> tuple[Accelerator, dict[str, str]]:
    """The Verilog and the memories that it reads."""
    accelerator, files = Accelerator(config, network), memory_files(names)
    memories = {files[parameter]: text for parameter, text in memory_texts(network, config).items()}
    return accelerator, {names(".v"): verilog_text(accelerator, names.accelerator, files, initial=False), **memories}


def _cycles(network: Network, config: AcceleratorConfig, images: NDArray[np.integer]) -> dict[str, float]:
    """What the testbench prints without waits: latency of the first image, and the mean interval of the others."""
    found = measured(network, config, images)
    intervals = found.intervals[1:] if len(found.intervals) > 1 else found.intervals
    last = {"response": int(response(found)[0, -1])} if config.events else {}
    return {"latency": int(found.latency[0]), "interval": float(intervals.mean())} | last


def accelerator_files(
    network: Network,
    config: AcceleratorConfig,
    images: NDArray[np.integer],
    source: str,
    tools: dict[str, str],
    names: Names = PLAIN,
    clock_mhz: float = CLOCK_MHZ,
    vivado: bool = False,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The description, and the texts of all files; ``source`` says what the test images are, ``tools`` who made it.

    ``clock_mhz`` goes into the files of constraints; ``vivado`` adds the attributes that its block designs look for.
    """
    constraints = constraint_files(names, clock_mhz)
    accelerator, texts = design_files(network, config, names)
    tests = golden_vectors(network, config, images, names)
    count = images.shape[network.inputs.axis]
    vectors = {"images": count, "source": source, "files": list(tests), "cycles": _cycles(network, config, images)}
    clock = {"clock_mhz": clock_mhz, "constraints": list(constraints), "vivado": vivado}
    description = describe(accelerator, names) | clock | {"vectors": vectors, "tools": tools}
    if vivado:
        texts[names(".v")] = with_interfaces(texts[names(".v")], names.accelerator)
    texts |= tests | constraints
    texts |= {
        "mint.json": json.dumps(description, indent=1) + "\n",
        names(".core"): core_file(names, memory_files(names).values(), tests),
        names(".vlt"): waivers(names(".v")),
        f"{names.testbench}.v": accelerator_testbench(config, count, texts, names),
        "README.md": readme_text(description),
    }
    return description, texts
