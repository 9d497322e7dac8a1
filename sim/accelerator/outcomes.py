"""What a co-simulation of an accelerator found."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcomes:
    """What a co-simulation found.

    The first image runs once more at the end of a batch; what that run shows is compared, but no further comparison.
    ``latency`` is from the first beat to the first image's class, ``response`` from that image's last beat, both
    included; ``intervals`` are from the class before to
    each image's own, while images follow each other without a pause; ``cycles`` are all that were simulated.
    """

    images: int
    comparisons: int
    mismatches: int
    first: str | None
    latency: int
    response: int
    intervals: list[int]
    cycles: int
    seconds: float
    logits: list[list[int]]

    @property
    def cycles_per_second(self) -> float:
        return self.cycles / self.seconds if self.seconds else 0.0
