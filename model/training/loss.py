"""What training minimises."""

from torch import Tensor
from torch.nn import functional

from model.errors import require
from model.training.distillation import Lesson, distillation_loss
from model.training.layers import LastLayer
from model.training.network import SpikingNetwork
from model.training.recipe import Recipe


class Loss:
    """Cross-entropy of the mean logits or of every time step's, and a teacher's logits and membranes if there is one.

    With z[t] the logits of a time step, z̄ their mean, y the label, λ the recipe's ``step_loss``, h and h* the mean real
    potentials of the last spiking layer and of the teacher's::

        known = (1-λ)·CE(z̄, y) + λ·mean_t CE(z[t], y)
        loss  = known, or distillation_loss(z̄, known, teacher) + membrane_loss·mean (h - h*)²
    """

    def __init__(self, recipe: Recipe, module: SpikingNetwork) -> None:
        self.recipe = recipe
        hidden = [layer for layer in module.spiking().values() if not isinstance(layer, LastLayer)]
        require(
            bool(hidden) or not recipe.membrane_loss,
            "no layer before the last has neurons, so there are no membranes to learn; leave out the membranes' loss",
        )
        self.last = hidden[-1] if recipe.membrane_loss else None
        if self.last is not None:
            self.last.taught = True
        for layer in module.children():
            if isinstance(layer, LastLayer):
                layer.every_step = recipe.step_loss > 0

    def __call__(self, logits: Tensor, target: Tensor, lesson: Lesson | None) -> Tensor:
        """Of logits [N, classes], or [T, N, classes] with ``step_loss``."""
        share, smoothing = self.recipe.step_loss, self.recipe.label_smoothing
        mean = logits.mean(0) if share else logits
        loss = functional.cross_entropy(mean, target, label_smoothing=smoothing)
        if share:
            repeated = target.repeat(len(logits), *[1] * (target.dim() - 1))
            every = functional.cross_entropy(logits.flatten(0, 1), repeated, label_smoothing=smoothing)
            loss = (1 - share) * loss + share * every
        if lesson is not None:
            loss = distillation_loss(mean, loss, lesson.logits)
            if self.last is not None:
                own = self.last.potential
                require(
                    own.shape == lesson.potentials.shape,
                    f"the teacher's last spiking layer has {lesson.potentials.shape[1]} channels, the network's "
                    f"{own.shape[1]}; choose a teacher of the same width, or leave out the membranes' loss",
                )
                loss = loss + self.recipe.membrane_loss * functional.mse_loss(own, lesson.potentials)
        return loss
