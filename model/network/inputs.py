"""What a network takes as input: training, golden model and simulation refuse anything else with the same sentences."""

import math
from collections.abc import Sequence

from model.errors import UserError, require
from model.inputs import WIDEST, Inputs


def check_shape(shape: Sequence[int], inputs: Inputs, *, input_shape: Sequence[int], time_steps: int) -> None:
    """Refuse images that are not [N, C, H, W] (static) or [T, N, C, H, W], or none at all."""
    shape, frame = list(shape), list(input_shape)
    leading, steps = inputs.axis + 1, list(inputs.steps(time_steps))
    if len(shape) == leading + 3 and shape[: leading - 1] == steps and shape[leading:] == frame:
        require(shape[leading - 1] > 0, "there are no images; give at least one")
        return
    wanted = ", ".join(map(str, [*steps, "N", *frame]))
    hint = ""
    if shape == [*steps, *frame]:
        hint = f"; one image needs unsqueeze({leading - 1})"
    elif shape[leading:] == [*frame[1:], frame[0]]:
        hint = "; channels come before rows and columns: permute the axes"
    elif not inputs.static and len(shape) == 5 and shape[0] != time_steps:
        swapped = shape[1] == time_steps and shape[2:] == frame
        hint = "; time is the first axis: transpose(0, 1)" if swapped else f"; bin the events into {time_steps} frames"
    raise UserError(f"images have shape {shape}; the network takes [{wanted}]{hint}")


def check_values(least: float, greatest: float, inputs: Inputs, *, whole: bool = True) -> None:
    """Refuse what is no integer 0 ... ``inputs.largest``, by the least and the greatest value.

    ``whole`` says that every value is an integer; not a number is in ``least`` or ``greatest`` if it is anywhere.
    """
    kind, top = inputs.name, inputs.largest
    require(not math.isnan(least + greatest), f"image values are not all numbers; the network takes {kind} 0 to {top}")
    found = f"image values run from {least + 0.0:g} to {greatest + 0.0:g}"
    if not whole:
        found += " and are no integers"
    if whole and least >= 0 and greatest <= top:
        return
    if not inputs.static:
        wider = (
            "take more time steps" if inputs.planes == WIDEST else "take a network whose input is counts of more bits"
        )
        hint = f"cut counts off at {top}, or {wider}"
    elif least >= 0 and greatest <= 1:
        hint = "multiply by 255 and round"
    else:
        hint = "give the pixels as the image file has them, without Normalize"
    raise UserError(f"{found}; the network takes {kind}, integers 0 to {top}: {hint}")
