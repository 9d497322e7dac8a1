"""What a named network of any size is made for."""

from dataclasses import dataclass, replace

from model.codes import Narrow
from model.config import LEARNED_STEP, Precision
from model.errors import require
from model.network.graph import Shape
from model.network.validation import LARGEST_TIME_STEPS


@dataclass(frozen=True)
class Size:
    """Precision, width multiplier of the channels, images, classes and time steps."""

    precision: Precision | None
    width: float = 1.0
    input_shape: Shape = (3, 32, 32)
    classes: int = 10
    time_steps: int = 4
    ends_bits: int = 0
    """Widths of the first and the last layer, where they are not those of the others (as other papers have it)."""
    count_bits: int = 1
    """Of a pixel of a recording's frame: 1 is a spike."""

    def __post_init__(self) -> None:
        require(0 < self.width <= 4, f"a width of {self.width:g} times the paper's channels; choose up to 4")
        require(
            1 <= self.time_steps <= LARGEST_TIME_STEPS,
            f"{self.time_steps} time steps; choose 1 to {LARGEST_TIME_STEPS}",
        )
        require(
            self.input_shape[1] == self.input_shape[2],
            f"images of {self.input_shape[1]}×{self.input_shape[2]} pixels; this network takes square ones",
        )

    @property
    def ends(self) -> Precision | None:
        """Precision of the first and the last layer."""
        if self.precision is None or not self.ends_bits:
            return self.precision
        kept = self.ends_bits if self.precision.membrane_width else 0
        return replace(
            self.precision,
            weight_width=self.ends_bits,
            weight_code=Narrow.name,
            membrane_width=kept,
            quantiser=LEARNED_STEP,
        )

    def channels(self, count: int) -> int:
        """The paper's ``count`` of channels at this width."""
        return max(1, round(count * self.width))
