"""What comes with the packages is compiled once; what is of the design, always; what fails leaves nothing."""

import pytest

from sim.harness.object_cache import compile_or_copy


@pytest.fixture
def compile_(tmp_path, monkeypatch):
    """Run a compiler that appends to a log, copies its source and says what it read, with what the file ``includes``
    has; exit status, compilations so far, what it wrote."""
    monkeypatch.chdir(tmp_path)
    compiler = tmp_path / "c++"
    compiler.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exit\necho >> log; shift 2; cp "$2" "$1" || exit 1\n'
        'echo "$1: $2" "$(cat includes 2> /dev/null)" > "${1%.o}.d"\n',
        encoding="utf-8",
    )
    compiler.chmod(0o755)

    def run(source, option="-O0"):
        command = [str(compiler), option, "-o", "out.o", str(source)]
        (tmp_path / "out.o").unlink(missing_ok=True)
        status = compile_or_copy(command, tmp_path / "kept")
        log, out = tmp_path / "log", tmp_path / "out.o"
        return (
            status,
            log.read_text(encoding="utf-8").count("\n") if log.exists() else 0,
            out.read_text(encoding="utf-8") if out.exists() else None,
        )

    return run


def test_a_file_of_a_package_is_compiled_once(compile_, tmp_path):
    source = tmp_path / "verilated.cpp"
    source.write_text("one", encoding="utf-8")
    assert compile_(source) == (0, 1, "one")
    assert compile_(source) == (0, 1, "one")
    assert compile_(source, "-O1") == (0, 2, "one"), "for other options again"
    source.write_text("other", encoding="utf-8")
    assert compile_(source) == (0, 3, "other"), "and if it changed"


def test_a_file_of_the_design_is_compiled_always(compile_, tmp_path):
    (tmp_path / "Vtop__ALL.cpp").write_text("design", encoding="utf-8")
    assert compile_("Vtop__ALL.cpp") == (0, 1, "design")
    assert compile_("Vtop__ALL.cpp") == (0, 2, "design")


def test_what_includes_a_header_of_the_design_is_compiled_always(compile_, tmp_path):
    """The size of the design's object is in there: with that of another one, simulations crash or stand still."""
    source = tmp_path / "verilator.cpp"
    source.write_text("main", encoding="utf-8")
    (tmp_path / "includes").write_text("/usr/include/stdio.h \\\n Vtop.h", encoding="utf-8")
    assert compile_(source) == (0, 1, "main")
    assert compile_(source) == (0, 2, "main")
    assert not (tmp_path / "kept").exists()
    (tmp_path / "includes").write_text("/usr/include/stdio.h /package/verilated.h", encoding="utf-8")
    assert compile_(source) == (0, 3, "main")
    assert compile_(source) == (0, 3, "main")


def test_a_failure_is_not_kept(compile_, tmp_path):
    source = tmp_path / "folder"
    source.mkdir()
    assert compile_(source)[0] != 0
    assert compile_(source)[:2] != (0, 1)
    assert not (tmp_path / "kept").exists()
