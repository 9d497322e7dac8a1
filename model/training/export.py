"""From a trained module to the integers of a bundle."""

from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from model import bundle
from model.config import ConfigError
from model.network import INPUT, Layer, Network, Pool, Source
from model.training.layers import Conv, Linear, MaxPool, Readout, SumPool
from model.training.networks import SpikingNetwork


def to_network(module: nn.Module, *, name: str = "network", provenance: dict[str, Any] | None = None) -> Network:
    """The integers that ``module`` computes with in evaluation mode; a layer without any is refused by name."""
    if not isinstance(module, SpikingNetwork):
        raise ConfigError(
            f"{type(module).__name__} cannot be exported; build the network as a SpikingNetwork of our layers"
        )
    layers: list[Layer] = []
    origin = INPUT
    for label, child in module.named_children():
        if isinstance(child, MaxPool | SumPool):
            if not layers or layers[-1].pool is not None:
                raise ConfigError(f"layer {label}: pooling follows a spiking layer, once; move or remove it")
            previous = layers.pop()
            pool = Pool("max" if isinstance(child, MaxPool) else "sum", child.size)
            layers.append(Layer(**{**vars(previous), "pool": pool}))
        elif isinstance(child, Conv | Linear | Readout):
            layers.append(_layer(label, child, origin))
            origin = label
        else:
            raise ConfigError(
                f"layer {label}: {type(child).__name__} has no integer form; "
                "use Conv, Linear, MaxPool, SumPool and Readout, and keep other modules out of the exported network"
            )
    return Network(
        input_kind=module.input_kind,
        input_shape=module.input_shape,
        time_steps=module.time_steps,
        layers=tuple(layers),
        name=name,
        provenance=provenance or {},
    )


def _layer(label: str, child: Conv | Linear | Readout, origin: str) -> Layer:
    if child.precision is None:
        raise ConfigError(f"layer {label}: it was trained in float32; give it a precision and train again")
    try:
        folded = child.folded()
    except ConfigError as error:
        raise ConfigError(f"layer {label}: {error}") from None
    geometry = {"stride": child.stride, "padding": child.padding} if isinstance(child, Conv) else {}
    spiking = not isinstance(child, Readout)
    return Layer(
        name=label,
        kind="conv" if isinstance(child, Conv) else "linear",
        neuron="lif" if spiking else "none",
        precision=child.precision,
        sources=(Source(origin, folded.weight.astype(np.int8), **geometry),),
        bias=folded.bias.astype(np.int32),
        threshold=folded.threshold.astype(np.int32) if spiking else None,
        leak=int(child.leak) if isinstance(child, Conv | Linear) else 1,
        step=float(child.step().detach()),
    )


def export(
    module: nn.Module, path: Path | str, *, name: str = "network", provenance: dict[str, Any] | None = None
) -> None:
    """Write the bundle of ``module`` to ``path``."""
    bundle.write(to_network(module, name=name, provenance=provenance), Path(path))
