"""``make nightly``: what passed is not run again, what failed is, and the exit status says which."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from model import datasets
from model.datasets import Split
from model.errors import UserError
from sim.networks.small_networks import first_layer
from tools import nightly, shipped
from tools.nightly import PARTS, Part


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of one file."""
    root = tmp_path / "tree"
    subprocess.run(["git", "init", "-q", root], check=True)
    (root / "a").write_bytes(b"1")
    return root


def test_a_step_that_passed_is_not_run_again_while_no_file_changes(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = tmp_path / "count"
    step = ("-c", f"from pathlib import Path; f = Path({str(count)!r}); f.open('a').write('.'); print('3 of 3')")
    for _ in range(2):
        assert nightly.nightly([Part("one", "", (step,))], tmp_path / "state", root=tree)
        assert "3 of 3" in capsys.readouterr().out
    assert count.read_bytes() == b"."
    (tree / "a").write_bytes(b"2")
    assert nightly.nightly([Part("one", "", (step,))], tmp_path / "state", root=tree)
    assert count.read_bytes() == b".."


def test_a_step_that_failed_is_run_again(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = tmp_path / "count"
    step = ("-c", f"from pathlib import Path; f = Path({str(count)!r}); f.open('a').write('.'); raise SystemExit('no')")
    good = ("-c", "print('yes')")
    for _ in range(2):
        parts = [Part("bad", "", (step,)), Part("good", "", (good,))]
        assert not nightly.nightly(parts, tmp_path / "state", root=tree)
        out = capsys.readouterr().out
        assert "FAILED exit status 1: no; " in out
        assert re.search(r"good .*yes", out)
        assert "1 steps failed" in out
    assert count.read_bytes() == b".."


def test_what_passed_on_a_tree_that_changed_meanwhile_did_not_pass(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step = ("-c", f"from pathlib import Path; Path({str(tree / 'a')!r}).write_bytes(b'3')")
    assert not nightly.nightly([Part("one", "", (step,))], tmp_path / "state", root=tree)
    assert "a file changed meanwhile; the same command begins anew" in capsys.readouterr().out
    assert nightly.nightly([Part("one", "", (step,))], tmp_path / "state", root=tree)


def test_what_runs_over_the_time_is_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = (("-c", "import time; time.sleep(60)"),)
    assert not nightly.nightly([Part("slow", "", steps)], tmp_path, minutes=0.005)
    assert "ended: the time is over; the same command goes on" in capsys.readouterr().out
    assert not nightly.nightly([Part("slow", "", steps)], tmp_path, minutes=0)
    assert "not started: the time is over" in capsys.readouterr().out


def test_the_state_is_of_one_tree(tree: Path) -> None:
    first = nightly.tree_digest(tree)
    (tree / ".gitignore").write_bytes(b"build\n")
    second = nightly.tree_digest(tree)
    (tree / "build").write_bytes(b"ignored")
    assert nightly.tree_digest(tree) == second != first
    (tree / "a").write_bytes(b"2")
    assert nightly.tree_digest(tree) not in (first, second)


def test_a_part_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        nightly.main(["tea"])
    assert "part 'tea'; choose among: shipped, " in capsys.readouterr().err


def test_every_shipped_network_has_its_step() -> None:
    steps = next(part.steps for part in PARTS if part.name == "shipped")
    assert {step[-1] for step in steps} | {*nightly.OF_RECORDINGS} == {str(path) for path in Path("bundles").glob("*")}
    assert len({step for part in PARTS for step in part.steps}) == sum(len(part.steps) for part in PARTS)


def test_a_count_that_is_off_by_one_is_refused() -> None:
    network = first_layer("linear", "pixels", (1, 2, 2))
    images = np.zeros((4, *network.input_shape), np.uint8)
    split = Split(images, np.zeros(4, np.int64))
    correct = shipped.evaluate(network, split).correct
    network.accuracy.update(test=25 * correct, test_images=4)
    assert shipped.compare(network, split) == f"{correct} of 4 test images classified right, as recorded"
    network.accuracy.update(test=100 - 25 * correct)
    with pytest.raises(UserError, match=f"{correct} of 4 images are classified right; the bundle records "):
        shipped.compare(network, split)
    network.accuracy.update(test=25 * correct, test_images=5)
    with pytest.raises(UserError, match="the data set has 4 test images, and the bundle records 5"):
        shipped.compare(network, split)
    network.accuracy.update(test=0.3)
    with pytest.raises(UserError, match=r"0.3 % of 5 images is no whole number of images"):
        shipped.recorded(network)


def test_without_the_data_set_a_sentence_and_no_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str, *_: object, **__: object) -> None:
        raise UserError(f"{name} is not here; name its folder in MINT_DATA")

    monkeypatch.setattr(datasets, "load", missing)
    monkeypatch.setattr("sys.argv", ["shipped", "bundles/mlp-mnist-w2u2.safetensors"])
    assert shipped.main() == 1
    assert "mlp-mnist-w2u2.safetensors: mnist is not here" in capsys.readouterr().err
