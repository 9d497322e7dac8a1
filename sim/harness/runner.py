"""Run a cocotb bench on Verilog, and believe it only if it ran and passed."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import NamedTuple, ParamSpec
from unittest import mock
from xml.etree import ElementTree

from cocotb_tools import config as cocotb_config
from cocotb_tools.runner import get_results, get_runner

from model.array import ArrayConfig
from model.baseline.config import Shifts, UqConfig
from model.config import Precision
from model.files.folders import locked
from model.neurons import NEURONS
from sim.harness.places import Place, place
from sim.harness.simulators import BenchError, OvertimeError, SimulationError, installed

CONFIG_VARIABLE = "MINT_ARRAY"
TIMED_OUT = 124
"""What ``timeout`` returns then."""


class Results(NamedTuple):
    """How many benches ran, and the log of the simulator."""

    passed: int
    log: Path


Parameters = ParamSpec("Parameters")
ENVIRONMENT = Lock()
"""A simulation changes the environment of its process, so that threads take turns."""


def _alone(simulation: Callable[Parameters, Results]) -> Callable[Parameters, Results]:
    """Let no other simulation into its ``build_dir``, from the first file that is removed to the last that is read."""

    @wraps(simulation)
    def alone(*args: Parameters.args, **options: Parameters.kwargs) -> Results:
        folder = Path(str(options["build_dir"]))
        folder.mkdir(parents=True, exist_ok=True)
        busy = f"{folder}: another simulation is at work in it; wait for it, or simulate in another folder"
        with locked(folder, busy), ENVIRONMENT:
            return simulation(*args, **options)

    return alone


@_alone
def simulate(
    sources: Sequence[Path],
    top: str,
    bench: str,
    *,
    build_dir: Path,
    data: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    seed: int = 1,
    only: str | None = None,
    simulator: str = "icarus",
    cycles: int = 0,
    timeout_s: int = 600,
) -> Results:
    """Build module ``top`` of ``sources`` in ``build_dir`` and run the cocotb benches of Python module ``bench``.

    The design finds ``data`` by the names of the files; ``environment`` reaches the benches; ``only`` is a regular
    expression on their names. From
    ``OPTIMISED_CYCLES`` cycles on a design is compiled with optimising, which costs a shorter one more than it saves.
    Raises :class:`SimulationError` if the simulator is missing or stops early, or if no bench ran; of these
    :class:`BenchError` if one failed or ran longer than ``timeout_s``. Raises :class:`~model.errors.UserError` if
    another simulation is at work in ``build_dir``.
    """
    chosen = installed(simulator)
    build_dir = Path(build_dir).resolve()
    build_dir.mkdir(parents=True, exist_ok=True)
    results, log, build_log = (build_dir / name for name in ("results.xml", "simulation.log", "build.log"))
    for old in (results, log, build_log):
        old.unlink(missing_ok=True)

    stopped = ""
    with place() as where:
        copies, plain_build = where.sources(sources), where.build(build_dir)
        # The simulator's Python finds what this one finds; ``timeout`` ends even a bench that never awaits.
        outer = {
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
            "SIM_CMD_PREFIX": f"timeout {timeout_s}",
            "TMPDIR": str(where.folder),  # Icarus makes commands of it
            # Otherwise cocotb rewrites the assertions of all that is imported, NumPy included: two seconds each time.
            "COCOTB_REWRITE_ASSERTION_FILES": "bench_*.py",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # which cocotb would load too
            **chosen.environment(where, copies, cycles),
        }
        with mock.patch.dict(os.environ, outer), _cocotb_in(where):
            os.environ.pop("PYTEST_CURRENT_TEST", None)  # the runner would look for other results under pytest
            try:
                runner = get_runner(simulator)
                runner.build(
                    sources=copies,
                    hdl_toplevel=top,
                    build_dir=plain_build,
                    build_args=list(chosen.build_args(cycles)),
                    always=True,
                    timescale=("1ns", "1ps"),
                    log_file=build_log,
                )
                for file in data:
                    shutil.copyfile(file, plain_build / file.name)
                runner.test(
                    test_module=bench,
                    hdl_toplevel=top,
                    build_dir=plain_build,
                    results_xml=str(results),
                    seed=seed,
                    test_filter=only,
                    extra_env=dict(environment or {}),
                    log_file=log,
                )
            except (SystemExit, RuntimeError) as error:
                stopped = str(error)
    if stopped and not log.exists():
        raise SimulationError(f"{simulator} cannot build {top} ({stopped}): {_first_error(build_log)}; see {build_log}")

    try:
        ran, failed = get_results(results)
    except (RuntimeError, ElementTree.ParseError):
        if stopped.endswith(f": {TIMED_OUT}"):
            raise OvertimeError(
                f"the simulation of {top} by {bench} was not over after {timeout_s} s; see {log}"
            ) from None
        raise SimulationError(
            f"the simulation of {top} by {bench} ended without results ({stopped or 'no reason given'}); see {log}"
        ) from None
    if failed:
        raise BenchError(f"{failed} of {ran} benches of {bench} failed on {top}: {_first_failure(results)}; see {log}")
    if ran == 0:
        raise SimulationError(f"no bench of {bench} ran on {top}; see {log}")
    if stopped:
        raise SimulationError(f"the simulation of {top} by {bench} stopped early ({stopped}); see {log}")
    return Results(ran, log)


def config_environment(config: ArrayConfig | UqConfig) -> dict[str, str]:
    """The environment that tells a bench its array."""
    fields = asdict(config)
    if isinstance(config, ArrayConfig):
        fields["neurons"] = [(neuron.family, neuron.fields()) for neuron in config.neurons]
    return {CONFIG_VARIABLE: json.dumps(fields)}


def config_from_environment() -> ArrayConfig:
    """The array that :func:`config_environment` told."""
    fields = json.loads(os.environ[CONFIG_VARIABLE])
    neurons = tuple(NEURONS[family].of(each) for family, each in fields["neurons"])
    return ArrayConfig(**fields | {"precision": Precision(**fields["precision"]), "neurons": neurons})


def uq_config_from_environment() -> UqConfig:
    """The array of the baseline that :func:`config_environment` told."""
    fields = json.loads(os.environ[CONFIG_VARIABLE])
    shifts = tuple(Shifts(*each) for each in fields["shifts"])
    return UqConfig(**fields | {"precision": Precision(**fields["precision"]), "shifts": shifts})


@contextmanager
def _cocotb_in(place: Place) -> Iterator[None]:
    """cocotb's libraries under a plain name: they go into makefiles."""
    package = place.package(cocotb_config.base_cocotb_dir)
    with (
        mock.patch.object(cocotb_config, "libs_dir", package / "libs"),
        mock.patch.object(cocotb_config, "share_dir", package / "share"),
    ):
        yield


def _first_error(log: Path) -> str:
    """The first line of a log that calls itself an error, or its last one."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return next((line for line in lines if "error" in line.lower()), (lines or ["it said nothing"])[-1]).strip()


def _first_failure(results: Path) -> str:
    """Name and message of the first bench that failed."""
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        for failure in (*case.iter("failure"), *case.iter("error")):
            text = failure.get("message") or failure.get("error_msg") or (failure.text or "no message")
            return f"{case.get('name')}: {text.strip().splitlines()[-1][:300]}"
    return "no message"
