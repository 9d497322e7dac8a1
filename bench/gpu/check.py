"""What came back, checked on a CPU: the golden model on all test images against the logits that the GPU computed.

python -m bench.gpu.check OUT [--data-dir DIR] [--images N]

Every bundle of the folder that has its logits beside it. Where no logit differs, the test accuracy enters bundle and
result, which `make results UPDATE="training ..."` takes; a difference is an error.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from model import datasets
from model.datasets import Split, for_network
from model.errors import UserError, require
from model.files.replacing import replacing
from model.golden.network import chunks, classify, forward
from model.network import bundle

SHOWN = 1000
"""Images between two lines on the screen."""


def compare(path: Path, split: Split) -> dict[str, Any]:
    """Differences of one bundle's logits, and its accuracy."""
    network = bundle.read(path)
    wanted = np.load(path.with_suffix(".npy"), allow_pickle=False)
    shape = (len(split), network.layers[-1].channels)
    require(wanted.ndim == 2 and wanted.shape[1:] == shape[1:] and len(wanted) >= shape[0], f"{path}: other logits")
    found = []
    for part, images in chunks(network, for_network(split.images)):
        found.append(forward(network, images))
        if part.stop % SHOWN == 0:
            print(f"{path.stem}: {part.stop} of {len(split)} images", file=sys.stderr)
    logits = np.concatenate(found)
    return {
        "test": 100 * float((classify(logits) == split.labels).mean()),
        "test_images": len(split),
        "unit": "percent",
        "compared_with_golden": int(logits.size),
        "differing": int((logits != wanted[: len(logits)]).sum()),
    }


def check(path: Path, data_dir: Path | None, images: int | None) -> dict[str, Any]:
    """Compare, and enter what was found where all images were."""
    network = bundle.read(path)
    test = datasets.taken_by(network, str(network.provenance["dataset"]), data_dir, download=False).test
    scores = compare(path, Split(test.images[:images], test.labels[:images]))
    equal = f"{scores['differing']} of {scores['compared_with_golden']:,} logits differ"
    print(f"{path.stem}: {equal}; {scores['test']:.2f} % of {scores['test_images']:,} test images")
    require(not scores["differing"], f"{path}: {equal} between GPU and golden model; this bundle is not what ran")
    if scores["test_images"] == len(test):
        scores = {**network.accuracy, **scores}
        bundle.write(replace(network, accuracy=scores), path)
        report = path.with_suffix(".json")
        result = json.loads(report.read_text(encoding="utf-8")) | {"accuracy": scores}
        with replacing(report) as temporary:
            temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return scores


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu.check", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--images", type=int, help="only the first ones: a glance that enters nothing")
    arguments = parser.parse_args(words)
    bundles = [path for path in sorted(arguments.out.glob("*.safetensors")) if path.with_suffix(".npy").exists()]
    require(bool(bundles), f"{arguments.out}: no bundle with its logits beside it; name the folder that came back")
    for path in bundles:
        check(path, arguments.data_dir, arguments.images)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
