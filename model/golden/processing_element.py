"""Golden twin of the processing element."""

from model.arithmetic import Integer


def wrap(value: Integer, width: int) -> Integer:
    """``value`` as a two's complement number of ``width`` bits keeps it."""
    half = 1 << (width - 1)
    return ((value + half) & ((1 << width) - 1)) - half


def processing_element_step(
    accumulator: Integer, weight: Integer, spike: Integer, chain: Integer, preload: bool, width: int
) -> Integer:
    """The sum after one cycle: the ring's place before, or the weight more where a spike comes."""
    return chain if preload else wrap(accumulator + weight * spike, width)
