"""An accelerator's configuration as a file of a co-simulation: the simulator's process plans nothing."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from model.accelerator.config import AcceleratorConfig
from model.accelerator.history import Turn
from model.accelerator.layer_plan import LayerPlan
from model.inputs import Inputs
from model.neurons import NEURONS

CONFIG = "config.json"


def to_bytes(config: AcceleratorConfig) -> bytes:
    modes = [(mode.family, mode.fields()) for mode in config.modes]
    return json.dumps(asdict(config) | {"modes": modes}).encode()


def from_bytes(data: bytes) -> AcceleratorConfig:
    """The configuration that :func:`to_bytes` wrote."""
    fields = json.loads(data)
    return AcceleratorConfig(
        **fields
        | {
            "inputs": Inputs(**fields["inputs"]),
            "input_shape": tuple(fields["input_shape"]),
            "modes": tuple(NEURONS[family].of(each) for family, each in fields["modes"]),
            "layers": tuple(_layer(each) for each in fields["layers"]),
        }
    )


def _layer(fields: Mapping[str, Any]) -> LayerPlan:
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    joined = tuple(_layer(each) for each in fields["joined"])
    return LayerPlan(**plain | {"joined": joined, "history": tuple(Turn(*turn) for turn in fields["history"])})
