"""What all tests share."""

import gc
import os

import pytest
from hypothesis import settings

# Two workers share the machine: libraries that each start a thread a core would wait for one another.
for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# The compiled loops of training check every index.
os.environ.setdefault("MINT_CHECK_BOUNDS", "1")

# Examples are judged by their result: on a busy machine any of them can take long.
settings.register_profile("mint", deadline=None)
settings.load_profile("mint")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Simulations take longest. At the end, one worker would wait for the other's last one.
    items.sort(key=lambda item: "sim" not in item.path.parts)


def pytest_collection_finish() -> None:
    # What is imported by now stays. The collector would look at all of it again and again while designs are built.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_sessionfinish() -> None:
    # While the filter of warnings below is in place: what is collected later would warn past it.
    gc.unfreeze()
    gc.collect()


def pytest_configure(config: pytest.Config) -> None:
    # Amaranth warns about a component that is made and not elaborated; tests of signatures do just that.
    config.addinivalue_line("filterwarnings", "ignore::amaranth.hdl.UnusedElaboratable")
