"""Where the pages point to: files, headings and modules that there are."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
).stdout.split()
GENERATED = {"json", "core", "vlt", "sdc", "xdc", "lpf", "v", "sha256"}
"""Endings of what a generated folder has under the name ``mint``."""


def headings(page: Path) -> set[str]:
    """Anchors of a page, as forges make them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def leads_somewhere(name: str) -> bool:
    """Whether ``a.b.c`` is a module, or what a module has in its text."""
    *room, last = name.split(".")
    place = ROOT.joinpath(*room)
    if place.joinpath(last).is_dir() or place.joinpath(f"{last}.py").exists():
        return True
    module = place.with_suffix(".py") if place.with_suffix(".py").exists() else place / "__init__.py"
    if module.exists():
        return re.search(rf"\b{last}\b", module.read_text(encoding="utf-8")) is not None
    return len(room) > 1 and leads_somewhere(".".join(room))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    path = ROOT / page
    links = re.findall(r"\]\(([^)#\s(]*)(?:#([^)\s]*))?\)", path.read_text(encoding="utf-8"))
    for link, anchor in links:
        if link.startswith("http"):
            continue
        target = path.parent / link if link else path
        assert target.exists(), link
        assert not anchor or anchor in headings(target), f"{link}#{anchor}"


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"CHANGELOG.md"}))
def test_modules_are_called_what_they_are_called(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"`((?:model|hdl|sim|mint|bench|tools)(?:\.\w+)+)`", text):
        assert name.split(".")[1] in GENERATED or leads_somewhere(name), name
    for name in re.findall(r"`((?:model|hdl|sim|mint|bench|tools|tests|docs)/[\w/.]+)`", text):
        assert re.search("[A-Z]{4}", name) or (ROOT / name).exists(), name
