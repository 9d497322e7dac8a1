"""What the numbers of a layer range over."""

from model.network.network import Network


def potential_extent(network: Network, name: str) -> tuple[int, int]:
    """The lowest and the highest number that a layer compares."""
    layer = network.layer(name)
    low, high = network.potential_range(layer)
    values = [*low.tolist(), *high.tolist(), *([] if layer.threshold is None else layer.threshold.tolist())]
    return int(min(values)), int(max(values))
