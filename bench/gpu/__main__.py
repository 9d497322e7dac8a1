"""Train the next network of a queue in the time that one GPU is there for.

python -m bench.gpu --minutes N --state DIR --out DIR [--piece-mib N] [--smoke]

What is needed and what comes back stands in docs/gpu.md. A killed command is given again with the same --state.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from bench.gpu import kernel_check
from bench.gpu.clock import Clock
from bench.gpu.hardware import command, hardware, kernels, tools
from bench.gpu.jobs import select
from bench.gpu.log import Log
from bench.gpu.state import Store
from bench.gpu.training import Training
from model import datasets
from model.datasets import Dataset
from model.errors import UserError, require
from model.files.replacing import replacing
from model.network import bundle
from model.training.export import to_network
from model.training.neurons import gpu_kernel, kernel
from model.training.recipe import Recipe

LEAST_MINUTES = 3.0
"""Below, no run is begun; one that was is ended."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.gpu", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--minutes", type=float, required=True, help="how long the command may take")
    made.add_argument("--state", type=Path, required=True, help="folder that a killed command goes on from")
    made.add_argument("--out", type=Path, required=True, help="folder for bundles, logits, results and the log")
    made.add_argument("--piece-mib", type=int, default=0, help="greatest file of the state, MiB; 0: any")
    made.add_argument("--state-mib", type=int, default=0, help="greatest state, MiB; 0: any")
    made.add_argument("--smoke", action="store_true", help="two minutes of checks and timings first")
    made.add_argument("--runs", nargs="*", default=[], metavar="NAME", help="of the queue only these, in this order")
    made.add_argument("--dataset", default="cifar10", help="cifar10 or tiny-imagenet")
    made.add_argument("--data-dir", type=Path, help="where its files are; nothing is downloaded")
    made.add_argument("--width", type=float, default=1.0, help="multiplies the channels")
    made.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cuda or cpu")
    return made


def write(out: Path, name: str, training: Training) -> dict[str, object]:
    """What comes back of a run: bundle, logits of the test images, result."""
    result, logits = training.finish()
    scores = result["accuracy"]
    made_by = {"command": command(), "tools": tools(), "hardware": hardware(training.device)}
    recipe = training.recipe
    network = to_network(
        training.module,
        name=recipe.network + (f"-x{recipe.width:g}" if recipe.width != 1 else ""),
        provenance={"dataset": recipe.dataset, "recipe": result["recipe"], **made_by},
    )
    network = replace(network, accuracy={"validation": scores["validation"], "unit": "percent"})
    bundle.write(network, out / f"{name}.safetensors")
    with replacing(out / f"{name}.npy") as temporary, temporary.open("wb") as file:
        np.save(file, logits.astype(np.int32))
    report = {**result, **made_by, "neuron": kernels(training.device)}
    with replacing(out / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return {"accuracy": scores, "epochs": result["epochs"], "epoch_seconds": result["epoch_seconds"]}


def work(queue: dict[str, Recipe], data: Dataset, arguments: argparse.Namespace, clock: Clock, log: Log) -> None:
    """The runs of the queue that are not done, as far as the clock goes."""
    store = Store(arguments.state, arguments.piece_mib, arguments.state_mib)
    begun = store.index["run"]
    waiting = [name for name in queue if name not in store.done]
    for name in sorted(waiting, key=lambda name: name != begun):
        if name != begun and clock.seconds - clock.now() < 60 * LEAST_MINUTES:
            log(f"{name} waits: a run is begun with {LEAST_MINUTES:g} minutes or more")
            return
        training = Training(name, queue[name], data, store, clock, log, arguments.device)
        training.train()
        result = write(arguments.out, name, training)
        store.finish(name, result)
        log(f"written: {name}.safetensors, .npy and .json in {arguments.out}")
    if not waiting:
        log("all runs of the queue are done")


def prepare(device: str, log: Log) -> None:
    """See to it that what computes the neurons does; of what does not, do without."""
    if device != "cpu":
        kernel.AVAILABLE = False  # the CPU only looks at two images: not worth the half minute of numba's compiler
        if gpu_kernel.triton is not None:
            try:
                log(f"Triton's kernels: {kernel_check.check(device)} cases as in plain PyTorch")
            except Exception as error:  # no compiler, another version of Triton; plain PyTorch still trains
                gpu_kernel.allowed = False
                log(f"Triton's kernels are off: {type(error).__name__}: {str(error).partition(chr(10))[0]}")
    log(f"neurons: {kernels(device)}")


def main(words: list[str] | None = None, clock: Clock | None = None) -> None:
    arguments = parser().parse_args(words)
    clock = clock or Clock(arguments.minutes)
    require(arguments.device in ("cpu", "cuda"), f"device {arguments.device!r} is not known; choose cpu or cuda")
    there = arguments.device == "cpu" or torch.cuda.is_available()
    require(there, "this PyTorch sees no NVIDIA GPU; install one for CUDA and its driver, or choose --device cpu")
    require(min(arguments.piece_mib, arguments.state_mib) >= 0, "a size of the state below 0 MiB; 0 allows any")
    log = Log(arguments.out / "log.txt", clock)
    queue = select(arguments.runs, arguments.dataset, arguments.width)
    log(f"{command()}: {hardware(arguments.device)}, {tools()}")
    data = datasets.load(arguments.dataset, arguments.data_dir, download=False)
    prepare(arguments.device, log)
    if arguments.smoke:
        from bench.gpu.smoke import smoke

        smoke(queue, data, arguments.device, arguments.out, clock, log)
    work(queue, data, arguments, clock, log)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
