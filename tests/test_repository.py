"""What holds for the repository as a whole: small text files, no traces of one machine, verbs that are explained."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
VERBS = [
    "setup",
    "verilog",
    "cosim",
    "soak",
    "area",
    "timing",
    "fpga",
    "estimate",
    "train",
    "evaluate",
    "results",
    "test",
    "nightly",
    "formal",
    "mutation",
    "bench",
    "lint",
    "clean",
]
LIMIT = 1 << 20

LONGEST_FILE = 400
"""Lines; a file with more is probably two ideas."""
WRITTEN = {".py", ".v", ".md", ".sh", ".toml", ""}
"""Suffixes of files that people write; results and drawings are generated."""
LONG_FILES = {"docs/results.md": "its tables are generated"}
LONGEST_FUNCTION = 80
"""Lines without signature and docstring, which say what there is; a comment ``# long: why`` allows more."""

TRACES = {
    "an absolute path of one machine": r"(?<![\w.*])/(home|root|work|Users)/\w",
    "a package index": r"-{1,2}(extra-)?index[-]url|https?://\S*/simple\b",
    "a local package": r"\b[f]ile:///|@ [f]ile:",
    "unfinished work": r"\b(TO[D]O|FIX[M]E|X[X]X)\b",
}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def make(*arguments: str) -> str:
    # As from a shell, although `make test` may be running this; COLUMNS is what a terminal may put there.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | {"COLUMNS": "80"}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True
    ).stdout


def test_tracked_files_are_small():
    files = tracked()
    assert ROOT / "pyproject.toml" in files
    assert {str(path.relative_to(ROOT)): path.stat().st_size for path in files if path.stat().st_size >= LIMIT} == {}


def test_files_are_short():
    """Of one idea each."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked()
        if path.suffix in WRITTEN
    }
    assert len(lengths) > 300
    assert {name for name, length in lengths.items() if length > LONGEST_FILE} == set(LONG_FILES)


def functions(path):
    """Of a file, with the lines of their bodies, those of functions inside them included."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            start = min(each.lineno for each in [first, *getattr(first, "decorator_list", [])])
            yield node.name, text.splitlines()[start - 1 : node.end_lineno], text.splitlines()[node.lineno : start]


def test_functions_are_short_or_say_why():
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in tracked()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ("model", "hdl", "sim", "mint")
        for name, body, above in functions(path)
        if len(body) > LONGEST_FUNCTION and not any(re.search(r"# long: \w+", line) for line in above)
    }
    assert found == set()


def test_only_bundles_are_binary():
    binary = [path for path in tracked() if b"\0" in path.read_bytes()]
    assert [path for path in binary if path.parent != ROOT / "bundles"] == []


@pytest.mark.parametrize("trace", TRACES)
def test_nothing_points_outside(trace):
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked()
        if path.parent != ROOT / "bundles"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(TRACES[trace], line)
    ]
    assert found == []


def in_the_encoding_of_the_locale(call: ast.Call) -> bool:
    """Whether a call reads or writes text, of a file or a program, in whatever encoding the user's locale names."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = {keyword.arg for keyword in call.keywords}
    mode = next((arg.value for arg in call.args if isinstance(arg, ast.Constant)), "r" if name == "open" else "b")
    text = "text" in given or (isinstance(call.func, ast.Attribute) and name in ("read_text", "write_text"))
    opened = name in ("open", "NamedTemporaryFile") and "b" not in str(mode) and "fileobj" not in given
    binary = ast.unparse(call.func) in ("Image.open", "os.open")
    return (text or opened) and not binary and "encoding" not in given


def test_a_checkout_has_unix_line_ends_whatever_git_is_told():
    """Of a Makefile, a shell script, and text whose digest is compared."""
    names = [str(path.relative_to(ROOT)) for path in tracked()]
    listed = subprocess.run(
        ["git", "check-attr", "text", "eol", "--stdin"],
        cwd=ROOT,
        input="\n".join(names),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found = [line.rsplit(": ", 2) for line in listed.stdout.splitlines()]
    assert {name for name, key, value in found if (key, value) == ("eol", "lf")} == set(names)
    assert all(Path(name).suffix == ".safetensors" for name, key, value in found if (key, value) == ("text", "unset"))


def test_text_is_utf_8_whatever_the_locale_says():
    calls = [
        (path.relative_to(ROOT), node)
        for path in tracked()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    assert any(path.name == "files.py" for path, _ in calls)
    assert [f"{path}:{call.lineno}" for path, call in calls if in_the_encoding_of_the_locale(call)] == []


def test_make_alone_lists_the_verbs():
    listed = dict(line.split(maxsplit=2)[1:] for line in make().splitlines())
    assert set(listed) == {*VERBS, "help"}
    assert all(listed.values())


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_one_line(verb):
    rule = re.search(rf"^{verb}:.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert rule is not None
    assert rule[1].count("\n") == (0 if verb == "setup" else 1)


def test_a_variable_becomes_an_option_only_when_set():
    # The stamps count as there, so that nothing is installed; -n prints what would run.
    stamps = ["-o", ".venv/core.stamp", "-o", ".venv/full.stamp"]
    command = shlex.split(make("-n", *stamps, "verilog", "W=2", "U=8", "ROWS=4", "BUNDLE="))
    assert command[1:] == ["-m", "mint", "verilog", "--weight-width=2", "--membrane-width=8", "--rows=4"]


def test_a_variable_is_one_word_for_the_shell():
    odd = """it's a "bundle" (1), of $HOME; `exit`.safetensors"""
    stamps = ["-o", ".venv/core.stamp", "-o", ".venv/full.stamp"]
    options = {"bundle": "BUNDLE", "data-dir": "DATA_DIR", "input": "INPUT"}
    command = shlex.split(make("-n", *stamps, "cosim", *(f"{variable}={odd}" for variable in options.values())))
    assert set(command[4:]) == {f"--{option}={odd}" for option in options}
    for verb, option, variable in (
        ("area", "liberty", "LIBERTY"),
        ("train", "output", "OUTPUT"),
        ("soak", "bundle", "BUNDLE"),
    ):
        assert f"--{option}={odd}" in shlex.split(make("-n", *stamps, verb, f"{variable}={odd}"))


def test_a_verb_beside_one_that_needs_all_waits_for_that_set_up(tmp_path):
    for name in ("Makefile", "tools/setup.sh", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    lines = make("-n", "-C", str(tmp_path), "verilog", "test").splitlines()
    order = [lines.index(line) for line in ("tools/setup.sh full", "tools/setup.sh core")]
    assert order == sorted(order)
    assert "tools/setup.sh full" not in make("-n", "-C", str(tmp_path), "verilog")


def test_set_up_comes_again_for_another_python_and_where_it_is_gone(tmp_path):
    for name in ("Makefile", "tools/setup.sh", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    (tmp_path / ".venv/core.stamp").touch()
    python.symlink_to(sys.executable)
    other = tmp_path / "another python"
    other.write_text("#!/bin/sh\necho /usr/bin/other\n", encoding="utf-8")
    other.chmod(0o755)

    def sets_up(*arguments: str) -> bool:
        return "tools/setup.sh core" in make("-n", "-C", str(tmp_path), "verilog", *arguments)

    assert not sets_up()
    assert not sets_up(f"PYTHON={sys.executable}")
    assert sets_up(f"PYTHON={other}")
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert sets_up()


def test_versions_are_exact():
    lines = [
        line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    assert len(lines) > 40
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


def test_set_up_finds_no_fault_with_its_shell():
    subprocess.run(["sh", "-n", ROOT / "tools" / "setup.sh"], check=True)
    for script in ("tools/setup.sh", ".ci/run"):
        assert (ROOT / script).stat().st_mode & 0o111
