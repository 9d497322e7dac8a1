"""What a simulation is asked, and that its answer is the answer to that: digests go into the job and come back.

``job.json`` names the run and every file that it reads by SHA-256. The bench puts into ``outcomes.json`` which job and
which files it has read, and which design was compiled, as the design itself says: :data:`DESIGN` is a constant in the
Verilog around it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from model.files.replacing import replacing
from sim.harness.simulators import SimulationError

FOLDER_VARIABLE = "MINT_COSIM"
JOB, OUTCOMES, PROGRESS = "job.json", "outcomes.json", "progress"
VERILOG = "mint.v"

DESIGN = "  reg [255:0] source_digest;\n  initial source_digest = 256'h{digest};\n"
"""What module ``player`` says of the file :data:`VERILOG` that it was compiled with."""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_files(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write ``files`` by name; their digests. What is the same already stays, so that make need not build it again."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != data:
            with replacing(path) as temporary:
                temporary.write_bytes(data)
    return {name: digest(data) for name, data in files.items()}


@dataclass(frozen=True)
class Job:
    """One run on the files ``digests`` of ``folder``."""

    folder: Path
    digests: Mapping[str, str]
    text: str

    @staticmethod
    def write(folder: Path, digests: Mapping[str, str], settings: Mapping[str, Any]) -> "Job":
        """Tell the bench, and forget what an earlier run found."""
        for name in (OUTCOMES, PROGRESS):
            (folder / name).unlink(missing_ok=True)
        text = json.dumps({"run": uuid4().hex, "files": digests, **settings})
        (folder / JOB).write_text(text, encoding="utf-8")
        return Job(folder, digests, text)

    @property
    def environment(self) -> dict[str, str]:
        """What tells the bench where it is."""
        return {FOLDER_VARIABLE: str(self.folder)}

    def outcomes(self) -> dict[str, Any] | None:
        """What the bench found, None if it did not get so far; :class:`SimulationError` if that was another job."""
        path = self.folder / OUTCOMES
        if not path.exists():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        wanted = {JOB: digest(self.text.encode()), **self.digests}
        of = found.pop("of", {})
        others = [name for name, value in wanted.items() if of.get(name) != value]
        if others:
            raise SimulationError(
                f"{self.folder}: what was simulated there had another {', another '.join(others)}; another run has "
                "written to this folder: run it again, or in a folder of its own"
            )
        return found


class Asked:
    """The job as the bench has it."""

    def __init__(self) -> None:
        self.folder = Path(os.environ[FOLDER_VARIABLE])
        self._text = (self.folder / JOB).read_text(encoding="utf-8")
        self.settings: dict[str, Any] = json.loads(self._text)

    def answer(self, outcomes: Mapping[str, Any], design: int) -> None:
        """Write what was found, and in what: in the files as they are now, after they were read, and in ``design``."""
        read = {name: digest((self.folder / name).read_bytes()) for name in self.settings["files"]}
        of = {JOB: digest(self._text.encode()), **read, VERILOG: f"{design:064x}"}
        with replacing(self.folder / OUTCOMES) as temporary:
            temporary.write_text(json.dumps({"of": of, **outcomes}), encoding="utf-8")
