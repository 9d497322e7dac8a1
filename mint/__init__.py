"""The command line, one file per command, and the Python interface that the commands call."""

from mint.api import cosim, estimate, fold, generate, golden, read, recipe, train

__all__ = ["cosim", "estimate", "fold", "generate", "golden", "read", "recipe", "train"]
