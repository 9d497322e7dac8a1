"""How wide the coordinates are by which layers read their sources."""

from collections.abc import Sequence

from amaranth.hdl import Shape, signed

from model.accelerator.layer_plan import LayerPlan
from model.arithmetic import signed_width


def coordinate_shape(plans: Sequence[LayerPlan], axis: int) -> Shape:
    """Of a coordinate in the source, padding included, and positions of a tile beyond the last."""
    low = min(-plan.padding * plan.source_pool for plan in plans)
    high = max(
        (plan.source_map[axis] + plan.padding + plan.kernel[axis] + axis * (plan.tile - 1) * plan.stride)
        * plan.source_pool
        for plan in plans
    )
    return signed(signed_width(low, high))
