"""How a bench is run: what is wrong is said as by a `mint` command."""

import sys
from collections.abc import Callable

from mint.failure import explain


def run(main: Callable[[], None]) -> None:
    """Run ``main``; a user's error ends the program with its sentence, a defect with all that a report of it needs."""
    try:
        main()
    except Exception as error:
        sys.exit(explain(error))
