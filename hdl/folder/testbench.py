"""The testbench that goes with an accelerator: plain Verilog, golden vectors, and a fingerprint of every file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdl.accelerator.contents import RESULT_WIDTH, input_packets
from hdl.folder.description import memory_files
from hdl.verilog.names import Names
from hdl.verilog.words import to_bits, to_hex
from model.accelerator.config import AcceleratorConfig
from model.accelerator.events import FIELDS
from model.golden.network import classify, forward, recordings
from model.network.network import Network

TEMPLATE = Path(__file__).with_suffix(".v")

PIECE = 64
"""Bits that the fingerprint takes at a time."""
RECORDING = {
    "@FIRST@": "  reg in_first = 0;",
    "@TUSER@": "    .s_axis_tuser(in_first),",
    "@BEGINS@": "        in_first <= next == 0;",
}
"""What a testbench has where state lasts: its images are one recording."""
OF_FRAMES = {
    "@BEATS@": """\
  localparam IMAGE_BEATS = IMAGE_PACKETS * PACKET_BEATS;
  localparam BEATS = IMAGES * IMAGE_BEATS;
""",
    "@COUNTS@": "",
    "@MORE@": "next < images * IMAGE_BEATS",
    "@LAST@": "next % PACKET_BEATS == PACKET_BEATS - 1",
    "@STEP@": "",
    "@LAST_BEAT@": "",
    "@RESPONSE@": "",
}
"""Where a packet ends: all are of one length."""
OF_EVENTS = {
    "@BEATS@": "",
    "@COUNTS@": ", step = 0, packets = 0, ended = 0, last_beat = 0",
    "@MORE@": "packets < images * IMAGE_PACKETS",
    "@LAST@": "beats[next][END_OF_STEP] && step == PACKET_STEPS - 1",
    "@STEP@": """
        if (beats[next][END_OF_STEP]) begin
          packets = packets + (step == PACKET_STEPS - 1);
          step = (step + 1) % PACKET_STEPS;
        end""",
    "@LAST_BEAT@": """
    if (in_valid && in_ready && in_last) begin
      ended = ended + 1;
      if (ended == IMAGE_PACKETS) last_beat = cycle;
    end""",
    "@RESPONSE@": """
      $display("latency, its last beat to first class: %0d cycles", first_class - last_beat + 1);""",
}
"""Of events, where as many time steps have ended as a packet has."""
BASIS, PRIME = 0xCBF29CE484222325, 0x100000001B3
"""FNV-1a's, of 64 bits."""


def fingerprint(text: str, width: int) -> int:
    """FNV-1a over the words of a hexadecimal file, each as pieces of 64 bits up to ``width``, the lowest first."""
    value, mask = BASIS, (1 << PIECE) - 1
    for line in text.split():
        word = int(line, 16)
        for low in range(0, width, PIECE):
            value = (value ^ (word >> low & mask)) * PRIME & mask
    return value


def vector_files(names: Names) -> dict[str, str]:
    """The files of input and expected output, by the testbench's parameter."""
    return {name: f"vectors/{names.prefix}{name.lower()}.hex" for name in ("INPUT", "EXPECTED")}


def golden_vectors(
    network: Network, config: AcceleratorConfig, images: NDArray[np.integer], names: Names
) -> dict[str, str]:
    """The input's beats and the results that the golden model expects: logits and class of every image."""
    found = [forward(network, part, membranes=membranes) for part, membranes in recordings(network, images)]
    logits = np.concatenate(found).astype(np.int64)
    results = np.concatenate([logits, classify(logits)[:, None]], axis=1)
    beats = np.concatenate(input_packets(config, images))
    files = vector_files(names)
    return {
        files["INPUT"]: to_hex(beats),
        files["EXPECTED"]: to_hex(to_bits(results.reshape(-1, 1), RESULT_WIDTH)),
    }


def patience(config: AcceleratorConfig) -> int:
    """Cycles without a beat after which nothing can be expected any more: more than an image, or a frame
    of it, of set bits only takes."""
    dense = 0
    for plan in config.layers:
        positions = plan.positions[0] * plan.positions[1]
        reads = sum(
            source.source_pool**2 * source.kernel[0] * source.kernel[1] * (source.source_channels + source.words)
            for source in plan.sources
        )
        dense += plan.groups * positions * (plan.rounds * reads + config.fire_interval(plan) * config.frame_steps)
    return 2 * dense + config.input_words * config.events + 10_000


def _packet(config: AcceleratorConfig, beats: str) -> dict[str, int]:
    """Constants that say where a packet ends."""
    if not config.events:
        return {"PACKET_BEATS": config.input_beats}
    return {
        "PACKET_STEPS": config.frame_steps,
        "END_OF_STEP": FIELDS["end_of_step"][0],
        "BEATS": beats.count("\n"),
    }


def accelerator_testbench(config: AcceleratorConfig, images: int, texts: Mapping[str, str], names: Names) -> str:
    """The testbench; ``texts`` has the four files that it reads."""
    vectors = vector_files(names)
    files = {name: texts[file] for name, file in (memory_files(names) | vectors).items()}
    width = -(-max(len(text.split(maxsplit=1)[0]) * 4 for text in files.values()) // PIECE) * PIECE
    constants = {
        "IMAGES": images,
        "IMAGE_PACKETS": config.frames,
        **_packet(config, texts[vectors["INPUT"]]),
        "INPUT_WIDTH": config.input_width,
        "CLASSES": config.classes,
        "LIMIT": patience(config),
        "FILE_WIDTH": width,
    }
    constants |= {f"{name}_WORDS": text.count("\n") for name, text in files.items() if name not in vectors}
    lines = [f"  localparam {name} = {value};" for name, value in constants.items()]
    lines += [
        f"  localparam [63:0] {name}_FINGERPRINT = 64'h{fingerprint(text, width):016x};" for name, text in files.items()
    ]
    text = TEMPLATE.read_text(encoding="utf-8").replace("@CONSTANTS@", "\n".join(lines))
    for place, lines_ in (OF_EVENTS if config.events else OF_FRAMES).items():
        text = text.replace(place, lines_)
    for place, line in RECORDING.items():
        text = text.replace(place, f"\n{line}" if config.lasts else "")
    return text.replace("@NAME@", names.name).replace("@PREFIX@", names.prefix)
