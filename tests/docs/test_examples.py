"""The examples of the documents, run."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["numerics.md", "bundle.md", "guide.md", "python.md"])
def test_examples(page: str, tmp_path: Path) -> None:
    names = {"path": tmp_path / "example.safetensors", "folder": tmp_path}
    result = doctest.testfile(str(DOCS / page), module_relative=False, globs=names)
    assert result.attempted > 8
    assert result.failed == 0
