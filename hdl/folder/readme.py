"""The README beside a generated accelerator."""

from typing import Any

from hdl.verilog.names import Names
from model.accelerator.config import STREAMING


def table(headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def readme_text(description: dict[str, Any]) -> str:
    """``README.md``, from what ``mint.json`` says."""
    # long: one text, in the order in which it is read
    parameters, packet = description["parameters"], description["input_packet"]
    ports = [(f"`{port['name']}`", port["direction"], port["width"], port["meaning"]) for port in description["ports"]]
    widths = [(name, width["bits"], width["why"]) for name, width in description["widths"].items()]
    memories = [
        (
            memory["name"],
            f"`{memory['module']}`",
            f"{memory['words']:,} x {memory['word_bits']:,}",
            f"`{memory['file']}`" if "file" in memory else "",
            memory["word"],
            "; ".join(memory["map"]),
        )
        for memory in description["memories"]
    ]
    guards = [memory["module"].upper() for memory in description["memories"]]
    shape = " x ".join(map(str, packet["shape"]))
    files = ", ".join(f"`{name}` = `{file}`" for name, file in description["verilog_parameters"].items())
    vectors, names = description["vectors"], Names(description["name"])
    verilog, bench = description["verilog"], names.testbench
    return f"""\
# {description["network"]}

A spiking neural network as one Verilog module, `{description["module"]}` in `{verilog}`: {packet["kind"]} of
{shape} in, {parameters["classes"]} logits and the class out, bit for bit those of the integer golden model.
Verilog-2001 without vendor primitives, no multipliers. Everything here is in `mint.json`, too.

## Try it

    iverilog -g2005 -o testbench.vvp {bench}.v {verilog} && vvp testbench.vvp

prints PASS and the cycles ({vectors["images"]} images, {vectors["source"]}), or FAIL with the reason and an exit status
that is not 0; a file that is missing or of another network is a FAIL. With `vvp testbench.vvp +idle=50 +stall=50` the
source waits and the sink refuses in half of the cycles; `+seed=N` makes other waits, `+images=N` runs fewer images,
`+vcd` writes waves to `waves.vcd`. `{names(".vlt")}` has what `verilator --lint-only -Wall {names(".vlt")} {verilog}`
need not say; slang and Icarus (`-Wall`) have nothing to say.

`fusesoc --cores-root . run --target sim {names.name}` does it by `{names(".core")}`, whose other targets are
`sim_verilator`, `lint`, `vivado` and `ecp5`, and `default` for cores that depend on it.

The memories' contents are read by `$readmemh`, in simulation and in synthesis. The files lie in the folder that the
tool runs in; a Vivado project has them among its sources (`read_mem`), and finds them by name. Parameters of the
module name others: {files}. Yosys opens those too that an instance
replaces, unless it waits for the instance: `read_verilog -defer {verilog}`.

The clock in `{"`, `".join(description["constraints"])}` has {description["clock_mhz"]:g} MHz;
`mint verilog --clock-mhz` sets it.
{_block_design(description)}

`mint verilog --name NAME` puts another name in place of `{names.name}`, in front of every module and of every file but
this one and `mint.json`: networks of different names live in one chip, in one folder of a tool, in one FuseSoC
workspace.

## Ports

{table(("port", "direction", "bits", "meaning"), ports)}

## Protocol

Both streams are AXI4-Streams: a beat passes in every cycle with `tvalid` and `tready`; neither waits for the other, and
what is offered stays until it is taken.

{_input(packet)}

**Out.** A packet for every image, in order, {parameters["classes"] + 1} beats: the logits as signed 32-bit numbers,
class 0 first, then the class with `m_axis_tlast`: the lowest index of the greatest logit.

**Reset.** Ends everything that is under way; the next beat is the first of an image.

## Latency and throughput

{_cycles(description)}

## Widths

{table(("number", "bits", "why"), widths)}

## Memories

{table(("memory", "module", "words x bits", "file", "word", "what lies where"), memories)}

Each memory is a module with plain ports, at the end of `{verilog}`. A macro or a vendor's memory takes its place with
no change of the text: define the module's name in capital letters, and bring a module of that name with those ports
(and with the parameter `FILE`, if the memory has a file). With the memory of the input from `macros.v`:

    iverilog -g2005 -D{guards[2]} -o testbench.vvp {bench}.v {verilog} macros.v

A word comes in the cycle after `read_enable`, and stays until the next one is read. What a memory without a file holds
at first is never used, nor what is read of a word in the cycle in which it is written.
{_small_memories(description)}
For cells of a library, with all memories as they are in `macros.v`:

    yosys -p "read_verilog {" ".join(f"-D{guard}" for guard in guards)} {verilog};
      read_verilog -lib macros.v; read_liberty -lib cells.lib; synth -flatten -top {description["module"]};
      dfflibmap -liberty cells.lib; abc -liberty cells.lib; write_verilog -noattr netlist.v"

No register has an initial value; `rst` for one rising edge of the clock is all that is needed.

{_lanes(description)} Neuron unit j has the lanes from {parameters["lanes_per_neuron_unit"]} j on.
"""


def _block_design(description: dict[str, Any]) -> str:
    if description["vivado"]:
        return "The module's ports have the attributes by which Vivado's block designs know clock, reset and streams."
    return "`mint verilog --vivado` adds attributes by which Vivado's block designs know clock, reset and streams."


def _small_memories(description: dict[str, Any]) -> str:
    """Those that a neuron unit has for itself."""
    parameters = description["parameters"]
    if parameters["lanes_per_neuron_unit"] == 1 or parameters["dataflow"] == STREAMING:
        return ""
    return (
        f"Every neuron unit keeps {parameters['lanes_per_neuron_unit']} membranes in a "
        f"`{description['module']}_memory_unit_membranes`, which is read in the same cycle: registers or latches.\n"
    )


def _packet(packet: dict[str, Any]) -> str:
    count = packet["packets_an_image"]
    return "an image" if count == 1 else f"one of the {count} time steps of an image, computed as it comes"


def _input(packet: dict[str, Any]) -> str:
    """What a packet is, what is none, and what a DMA engine sends."""
    if "fields" in packet:
        return _events(packet)
    return f"""\
**In.** A packet is {_packet(packet)}, {packet["beats"]:,} beats of {packet["bytes_a_beat"]} bytes, `s_axis_tlast` with
the last one. Of a beat, the lowest {packet["bits_that_count"]} bits count, as far as there are inputs; the others may
be anything: {packet["order"]}. There is room for two packets: the next one may come while one is computed.
{_recordings(packet)}
**Malformed packets.** One that ends early, or goes on after its last beat, is thrown away as a whole, up to its
`tlast`; `error` rises and stays until a good packet has come. {_untouched(packet)}

**DMA.** The input port has as many bytes as DMA engines have: 1, 2, 4, 8 and so on. A packet's buffer has
{packet["beats"] * packet["bytes_a_beat"]:,} bytes, byte 0 in the lowest bits of the first beat. There is no `tkeep`,
because all packets have the same length and what does not count is ignored: a transfer may end within the last beat,
after the last byte that counts. One that ends earlier in this beat is not noticed. On the way out all bytes count: if
the DMA engine has a `tkeep`, tie it to ones."""


def _events(packet: dict[str, Any]) -> str:
    fields = [
        (f"`{name}`", _bits(each["first_bit"], each["bits"]), f"0 to {each['values'] - 1}")
        for name, each in packet["fields"].items()
    ]
    steps = packet["time_steps"]
    ends = (
        "the beat that ends its time step" if steps == 1 else f"the beat that ends the last of its {steps} time steps"
    )
    several = "count once" if packet["greatest"] == 1 else f"are counted, up to {packet['greatest']}"
    return f"""\
**In.** A packet is {_packet(packet)}, as events:
{packet["order"]}. `s_axis_tlast` comes with
{ends}. A beat has {packet["bytes_a_beat"]} bytes:

{table(("field", "bits", "values"), fields)}

Where `end_of_step` is 1, the other fields may be anything. Several events of one place and time step {several}. x is
the column, y the row. There is room for two packets: the next one may come while one is computed. After a reset, and
when a packet's room is not needed any more, it is cleared, a word per cycle; until then no beat is taken for it.
{_recordings(packet)}
**Malformed packets.** One with an event outside the input, with fewer or more time steps than it has to have, or with
`tlast` elsewhere, is thrown away as a whole, up to its `tlast`; `error` rises and stays until a good packet has come.
{_untouched(packet)}

**DMA.** A packet's buffer has 4 bytes a beat, byte 0 in the lowest bits. There is no `tkeep`: all bytes count. On the
way out, too: if the DMA engine has a `tkeep`, tie it to ones."""


def _bits(first: int, count: int) -> str:
    return f"{first}" if count == 1 else f"{first} to {first + count - 1}"


def _recordings(packet: dict[str, Any]) -> str:
    if not packet["lasts"]:
        return ""
    return f"""
**Recordings.** Membranes last from image to image. `s_axis_tuser` with a packet's first beat begins a recording:
membranes start at 0, and the packet is the first of {packet["packets_an_image"]}, whatever came before; so does the
first packet after a reset, and the one after a packet that said so and was thrown away. The testbench's images are one
recording.
"""


def _untouched(packet: dict[str, Any]) -> str:
    if packet["packets_an_image"] == 1:
        return "Results of images before and after are not touched."
    return "The time step that was thrown away\nis still due: send it again, or reset."


def _lanes(description: dict[str, Any]) -> str:
    """Which channel a lane is."""
    parameters, layers = description["parameters"], description["layers"]
    if parameters["rows"] == 1:
        return f"A lane is an output channel; lane i of group g is channel {parameters['lanes']} g + i."
    what = {"skip": "", "time-parallel": ", one a time step", "systolic": ", one for each of neighbouring positions"}
    rows = [(layer["name"], f"{layer['rows']}{what[layer['dataflow']]}", layer["row_lanes"]) for layer in layers]
    return f"""\
Rows of lanes, each with the same output channels and the same weights:

{table(("layer", "rows", "lanes of a row, L"), rows)}

Lane i of group g is channel L g + (i modulo L) of row i / L; lanes beyond the last row have no neuron."""


def _cycles(description: dict[str, Any]) -> str:
    """What there is to say about cycles."""
    parameters, cycles = description["parameters"], description["vectors"]["cycles"]
    rows = "" if parameters["rows"] == 1 else ", in any of the lanes' rows"
    return f"""\
{parameters["lanes"]} lanes add a row of weights in every cycle, for one input bit that is set{rows}: what is zero takes
no cycle. So the cycles of an image depend on it; they grow with the set bits of the pixels, counted once, and with the
spikes of every time step. The testbench prints those of its images: from the first beat in to the first class out, and
from class to class with images waiting, which is the throughput.

Without waits that is {cycles["latency"]:,} cycles for the first image, and {cycles["interval"]:,.0f} for each further
one in the mean.{_response(description)}"""


def _response(description: dict[str, Any]) -> str:
    cycles = description["vectors"]["cycles"].get("response")
    if cycles is None:
        return ""
    return f"""
From the beat that ends the last time step to the class, where all before is done by then, the first image takes
{cycles:,} cycles."""
