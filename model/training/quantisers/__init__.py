"""How weights become levels of a code in training: one file for each way, and its line in the registry."""

from collections.abc import Callable

from torch import nn

from model.codes import WeightCode
from model.training.quantisers.learned_step import LearnedStep
from model.training.quantisers.sigmoids import SigmoidSum

QUANTISERS: dict[str, Callable[[WeightCode], nn.Module]] = {"learned-step": LearnedStep, "sigmoids": SigmoidSum}
"""By name; each a :class:`~model.training.quantisers.quantiser.WeightQuantiser`."""
