"""What all tests share."""

import pytest
from hypothesis import settings

# Examples are judged by their result: on a busy machine any of them can take long.
settings.register_profile("mint", deadline=None)
settings.load_profile("mint")


def pytest_configure(config: pytest.Config) -> None:
    # Amaranth warns about a component that is made and not elaborated; tests of signatures do just that.
    config.addinivalue_line("filterwarnings", "ignore::amaranth.hdl.UnusedElaboratable")
