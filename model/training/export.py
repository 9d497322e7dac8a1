"""From a trained module to the integers of a bundle."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from model.errors import UserError
from model.network import bundle
from model.network.graph import Layer, LayerKind, Pool, PoolKind, Source
from model.network.network import INPUT, Network
from model.training.layers import Conv, Join, Linear, MaxPool, MembraneReadout, Readout, SumPool
from model.training.network import SpikingNetwork


def to_network(module: nn.Module, *, name: str = "network", provenance: dict[str, Any] | None = None) -> Network:
    """The integers that ``module`` computes with in evaluation mode; a layer without any is refused by name."""
    if not isinstance(module, SpikingNetwork):
        raise UserError(
            f"{type(module).__name__} cannot be exported; build the network as a SpikingNetwork of our layers"
        )
    module.inputs.check()
    layers: dict[str, Layer] = {}
    hands_on = {INPUT: INPUT}
    """The layer whose spikes, pooled if it pools, are what a module of the network hands on."""
    sources = module.integer_sources()
    for label, read in sources.items():
        child = module.get_submodule(label)
        origins = [hands_on.get(source, "") for source in read]
        if isinstance(child, MaxPool | SumPool):
            pooled = layers.get(origins[0])
            if pooled is None or pooled.pool is not None:
                raise UserError(f"layer {label}: pooling follows a spiking layer, once; move or remove it")
            # From here on the layer hands on what is pooled, and only that.
            others = [name for name, read in sources.items() if pooled.name in read and name != label]
            if others:
                raise UserError(
                    f"layer {others[0]}: it reads {pooled.name}, which hands on what {label} pools; read {label}"
                )
            pool = Pool(PoolKind.MAX if isinstance(child, MaxPool) else PoolKind.SUM, child.size)
            layers[pooled.name] = replace(pooled, pool=pool)
            hands_on[label] = pooled.name
        elif isinstance(child, Conv | Join | Linear | Readout):
            layers[label] = _layer(label, child, origins)
            hands_on[label] = label
        else:
            raise UserError(
                f"layer {label}: {type(child).__name__} has no integer form; "
                "use Conv, Join, Linear, MaxPool, SumPool, a readout, and of others Dropout, Flatten and Identity only"
            )
    spiking = module.spiking().values()
    if spiking and not any(layer.chosen for layer in spiking):
        raise UserError("the network is untrained: no batch has chosen r; train it, or call calibrate() on a batch")
    return Network(
        inputs=module.inputs.kind,
        input_shape=module.input_shape,
        time_steps=module.time_steps,
        layers=tuple(layers.values()),
        name=name,
        provenance=provenance or {},
    )


def _layer(label: str, child: Conv | Join | Linear | Readout, origins: Sequence[str]) -> Layer:
    if child.precision is None:
        raise UserError(f"layer {label}: it was trained in float32; give it a precision and train again")
    try:
        folded = child.folded()
    except UserError as error:
        raise UserError(f"layer {label}: {error}") from None
    skip = child.skip if isinstance(child, Join) else False
    fires = not isinstance(child, Readout | MembraneReadout)
    return Layer(
        name=label,
        kind=LayerKind.CONV if isinstance(child, Conv | Join) else LayerKind.LINEAR,
        neuron=None if isinstance(child, Readout) else child.neuron,
        code=child.precision.code,
        sources=_sources(child, folded.weight.to(torch.int8).cpu(), origins),
        bias=folded.bias.int().cpu().numpy(),
        threshold=folded.threshold.int().cpu().numpy() if fires else None,
        skip=origins[-1] if skip else None,
        skip_bias=folded.skip.int().cpu().numpy() if skip else None,
        step=float(child.step().detach()),
    )


def _sources(child: Conv | Join | Linear | Readout, weight: Tensor, origins: Sequence[str]) -> tuple[Source, ...]:
    """The weighted inputs of a layer: one, or a join's branches."""
    if isinstance(child, Join):
        kernels = (kernel.numpy() for kernel in child.split(weight))
        joined = zip(origins, kernels, child.branches, strict=False)  # an identity shortcut has no kernel
        return tuple(Source(origin, kernel, branch.stride, branch.padding) for origin, kernel, branch in joined)
    if isinstance(child, Conv):
        return (Source(origins[0], weight.numpy(), child.stride, child.padding),)
    return (Source(origins[0], weight.numpy()),)


def export(
    module: nn.Module, path: Path | str, *, name: str = "network", provenance: dict[str, Any] | None = None
) -> None:
    """Write the bundle of ``module`` to ``path``."""
    bundle.write(to_network(module, name=name, provenance=provenance), Path(path))
