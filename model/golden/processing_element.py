"""Golden twin of the processing element."""

from model.arithmetic import wrap


def processing_element_step(
    accumulator: int,
    carry: int,
    *,
    weight: int,
    spike: int,
    enable: int,
    chain: int,
    preload: int,
    weight_width: int,
    width: int,
) -> tuple[int, int]:
    """Accumulator and waiting carry after one cycle.

    The sum ``accumulator + (carry << weight_width)`` grows by weight * spike + 2^(weight_width - 1) where enabled;
    the accumulator's lower bits are added to in this cycle, its upper bits get the carry of the last one.
    """
    base = chain if preload else accumulator
    addend = weight * spike + (1 << (weight_width - 1)) if enable else 0
    low = base % (1 << weight_width) + addend
    high = (base >> weight_width) + carry
    return wrap((high << weight_width) + low % (1 << weight_width), width), low >> weight_width
