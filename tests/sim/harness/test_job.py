"""A simulation's outcomes are believed only by the run that asked for them."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model.accelerator.plan import plan
from model.config import Precision
from model.errors import UserError
from model.files.folders import locked
from model.golden.network import run as golden
from sim.accelerator.config_file import CONFIG
from sim.accelerator.cosim import Cosimulation, prepare, run
from sim.harness.cosimulation import Waits
from sim.harness.job import FOLDER_VARIABLE, OUTCOMES, VERILOG, Asked, Job, digest, write_files
from sim.harness.runner import simulate
from sim.harness.simulators import SimulationError
from sim.networks.chains import Chain, Link

FILES = {VERILOG: b"module", CONFIG: b"config", "network.safetensors": b"network", "images.npy": b"images"}


def answered(folder: Path, monkeypatch: pytest.MonkeyPatch, verilog: bytes = FILES[VERILOG]) -> None:
    """What a bench does that was compiled with ``verilog``."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    asked = Asked()
    asked.answer({"found": asked.settings["waits"]}, int(digest(verilog), 16))


def test_the_answer_to_a_job_is_believed(tmp_path, monkeypatch):
    job = Job.write(tmp_path, write_files(tmp_path, FILES), {"waits": 1})
    assert job.outcomes() is None
    answered(tmp_path, monkeypatch)
    assert job.outcomes() == {"found": 1}


@pytest.mark.parametrize("name", FILES)
def test_outcomes_of_another_file_are_refused(tmp_path, monkeypatch, name):
    job = Job.write(tmp_path, write_files(tmp_path, FILES), {"waits": 1})
    (tmp_path / name).write_bytes(b"of another run")
    answered(tmp_path, monkeypatch, (tmp_path / VERILOG).read_bytes())
    with pytest.raises(SimulationError, match=f"what was simulated there had another {name}; another run has written"):
        job.outcomes()


def test_a_design_that_was_not_built_again_is_refused(tmp_path, monkeypatch):
    job = Job.write(tmp_path, write_files(tmp_path, FILES), {"waits": 1})
    answered(tmp_path, monkeypatch, b"compiled before")
    with pytest.raises(SimulationError, match=f"another {VERILOG}"):
        job.outcomes()


def test_outcomes_of_the_same_files_and_another_run_are_refused(tmp_path, monkeypatch):
    digests = write_files(tmp_path, FILES)
    job = Job.write(tmp_path, digests, {"waits": 1})
    other = Job.write(tmp_path, digests, {"waits": 1})
    answered(tmp_path, monkeypatch)
    assert other.outcomes() == {"found": 1}
    answered(tmp_path, monkeypatch)
    with pytest.raises(SimulationError, match=r"another job\.json"):
        job.outcomes()
    (tmp_path / OUTCOMES).write_text(json.dumps({"found": 1}), encoding="utf-8")
    with pytest.raises(SimulationError, match="another run"):
        other.outcomes()


def chain(seed: int) -> Chain:
    return Chain("pixels", (1, 4, 4), 2, (Link(3, 3),), 3, Precision(4, 4), seed=seed, density=0.5)


def prepared(seed: int, images: int, folder: Path) -> Cosimulation:
    network = chain(seed).network()
    return prepare(network, chain(seed).images(images), folder, plan(network, lanes=3, retire=True))


def test_a_folder_that_another_network_was_prepared_in_gives_no_outcomes(tmp_path):
    """What is simulated there has no mismatches, and would be taken for this one's."""
    first, second = (prepared(seed, 1, tmp_path) for seed in (1, 2))
    with pytest.raises(
        SimulationError, match=r"what was simulated there had .*another network\.safetensors, another images\.npy"
    ):
        run(first)
    assert run(second).mismatches == 0


def test_two_at_once_see_their_own(tmp_path):
    """Threads of one process, whose environment they share; each has other images, and as many."""

    def logits(seed: int) -> list[list[int]]:
        outcomes = run(prepared(seed, 2, tmp_path / str(seed)), waits=Waits(idle=seed))
        assert outcomes.mismatches == 0
        return outcomes.logits

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(logits, (1, 2)))
    assert found == [golden(chain(seed).network(), chain(seed).images(2))["logits"].tolist() for seed in (1, 2)]
    assert found[0] != found[1]


def test_a_second_simulation_in_a_folder_is_refused(tmp_path):
    (tmp_path / "results.xml").write_text("of the first", encoding="utf-8")
    with locked(tmp_path), pytest.raises(UserError, match="another simulation is at work in it; wait for it"):
        simulate([], "top", "sim.array.bench_network", build_dir=tmp_path)
    assert (tmp_path / "results.xml").read_text(encoding="utf-8") == "of the first"
