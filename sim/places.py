"""Plain names for what a simulator builds with: make refuses a folder with a blank in its path, Icarus a quote."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.simulators import SimulationError

PLAIN = re.compile(r"[\w./+=@,-]*", re.ASCII)


@dataclass(frozen=True)
class Place:
    """A temporary folder with a plain path; a path that is plain already is left as it is."""

    folder: Path

    def build(self, path: Path) -> Path:
        """Where to build instead of ``path``."""
        return path if plain(path.resolve()) else self.folder / "build"

    def sources(self, paths: Sequence[Path]) -> list[Path]:
        """The same files, copied: cocotb's runner would follow a link back."""
        found = []
        for number, path in enumerate(paths):
            copy = self.folder / f"source{number}{path.suffix}"
            found.append(path if plain(path.resolve()) else Path(shutil.copyfile(path, copy)))
        return found

    def package(self, path: Path) -> Path:
        """The folder of an installed package, through a link."""
        if plain(path):
            return path
        link = self.folder / path.name
        link.symlink_to(path)
        return link


def plain(path: Path) -> bool:
    """Whether neither a shell, make nor Verilog sees more in the name of ``path`` than a name."""
    return PLAIN.fullmatch(str(path.absolute())) is not None


@contextmanager
def place() -> Iterator[Place]:
    """A place for one simulation; it is gone afterwards."""
    folders = (Path(name) for name in (tempfile.gettempdir(), "/tmp", "/var/tmp"))
    chosen = next((folder for folder in folders if plain(folder) and folder.is_dir()), None)
    if chosen is None:
        raise SimulationError("a simulation needs a folder whose path has letters and digits only; name one in TMPDIR")
    with tempfile.TemporaryDirectory(prefix="mint-", dir=chosen) as name:
        yield Place(Path(name))
