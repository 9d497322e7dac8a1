"""What all tests share."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # Amaranth warns about a component that is made and not elaborated; tests of signatures do just that.
    config.addinivalue_line("filterwarnings", "ignore::amaranth.hdl.UnusedElaboratable")
