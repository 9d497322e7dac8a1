"""Whether a shipped network classifies as many test images right as its bundle records: exactly as many.

python -m tools.shipped BUNDLE

A bundle records a percentage of a number of test images, which is a whole number of images. Data sets are looked for as
``mint evaluate`` does; without the set there is no answer, which is a failure.
"""

import argparse
import sys
from fractions import Fraction
from pathlib import Path

from mint.console import console, messages
from mint.failure import sentence
from model import datasets
from model.costs.evaluation import evaluate
from model.datasets import Split
from model.errors import UserError, require
from model.network import bundle
from model.network.network import Network

ROUNDING = Fraction(1, 10**6)
"""Of an image: a percentage is a number of some digits."""


def recorded(network: Network) -> int:
    """Test images that the bundle says are classified right."""
    test, images = network.accuracy["test"], network.accuracy["test_images"]
    correct = Fraction(str(test)) * images / 100
    whole = round(correct)
    require(abs(correct - whole) < ROUNDING, f"{test} % of {images} images is no whole number of images")
    return whole


def compare(network: Network, test: Split) -> str:
    """A sentence with the count; UserError if it is another."""
    images = network.accuracy["test_images"]
    require(len(test) == images, f"the data set has {len(test)} test images, and the bundle records {images}")
    correct, wanted = evaluate(network, test).correct, recorded(network)
    require(correct == wanted, f"{correct:,} of {images:,} images are classified right; the bundle records {wanted:,}")
    return f"{correct:,} of {images:,} test images classified right, as recorded"


def main() -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.shipped")
    parser.add_argument("bundle", type=Path)
    path = parser.parse_args().bundle
    try:
        network = bundle.read(path)
        console.print(compare(network, datasets.taken_by(network, network.provenance["dataset"]).test), soft_wrap=True)
    except (UserError, OSError) as error:
        messages.print(f"{path}: {sentence(error) or error}", soft_wrap=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
