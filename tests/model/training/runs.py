"""A short run on scikit-learn's digits, and a network of every layer kind."""

from model.config import Precision
from model.training.layers import Conv, Linear, Readout, SumPool
from model.training.networks import SpikingNetwork
from model.training.recipe import Recipe

RECIPE = Recipe("digits", "digits", Precision(4, 4), epochs=8, learning_rate=1e-2)


def mixed(precision: Precision | None) -> SpikingNetwork:
    """Every layer kind, sum pooling included."""
    return SpikingNetwork(
        {
            "conv1": Conv(1, 6, 3, stride=2, padding=1, precision=precision),
            "conv2": Conv(6, 8, 3, padding=1, precision=precision),
            "pool2": SumPool(2),
            "hidden": Linear(8 * 4, 20, precision=precision),
            "fc": Readout(20, 10, precision=precision),
        },
        input_shape=(1, 8, 8),
        time_steps=3,
    )
