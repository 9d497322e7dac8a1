"""The clock that a run is given: how long it may take, and how late it is."""

from time import perf_counter


class Clock:
    """Seconds since it was made, of ``minutes`` in all; another one can stand in, for the same run again."""

    def __init__(self, minutes: float) -> None:
        self.seconds = 60 * minutes
        self._start = perf_counter()

    def now(self) -> float:
        """Seconds that have passed."""
        return perf_counter() - self._start

    def lap(self) -> float:
        """The same, asked after every stretch of steps: what the schedule follows."""
        return self.now()
