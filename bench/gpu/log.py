"""What happened and when: on the screen at once, and in a file."""

from pathlib import Path

from bench.gpu.clock import Clock


class Log:
    """Lines with the seconds on the clock."""

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.clock = path, clock

    def __call__(self, sentence: str) -> None:
        line = f"{self.clock.now():7.1f} s  {sentence}"
        print(line, flush=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
