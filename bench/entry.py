"""How a bench is run: what is wrong is one sentence, as of a `mint` command."""

import sys
from collections.abc import Callable

from mint.app import sentence


def run(main: Callable[[], None]) -> None:
    """Run ``main``; a user's error ends the program with its sentence and status 1, a defect with its traceback."""
    try:
        main()
    except Exception as error:
        if (text := sentence(error)) is None:
            raise
        sys.exit(f"error: {text}")
