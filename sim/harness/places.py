"""Plain names for what a simulator builds with: make refuses a folder with a blank in its path, Icarus a quote."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.errors import UserError
from model.files.home import plain, plain_temporary


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


@contextmanager
def place() -> Iterator[Place]:
    """A place for one simulation; it is gone afterwards."""
    folder = plain_temporary()
    if not plain(Path(folder)):
        raise UserError("a simulation needs a folder whose path has letters and digits only; name one in TMPDIR")
    with tempfile.TemporaryDirectory(prefix="mint-", dir=folder) as name:
        yield Place(Path(name))
