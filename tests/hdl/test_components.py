"""A component's docstring is its contract: an equation, its latency, and exactly the members that it has."""

import inspect
import pkgutil
import re
from dataclasses import replace
from importlib import import_module

import pytest
from amaranth.hdl import Shape, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory

import hdl
from hdl.accelerator.accelerator import Accelerator
from hdl.accelerator.loop_nest import LoopNest, Program, Quantity
from hdl.accelerator.pixel_window import PixelWindow
from hdl.accelerator.skip_unit import SkipUnit, item_layout
from hdl.baseline.neuron_unit import UqNeuronUnit
from hdl.baseline.shared_array import UqSharedArray
from model.accelerator.plan import plan
from model.array import ArrayConfig
from model.baseline.config import UqConfig
from model.config import Precision
from model.network.graph import State
from model.neurons import MemoryFree
from sim.networks.family import reading_out
from sim.networks.random_chains import random_chain
from sim.networks.random_joins import random_joins
from sim.networks.small_networks import binary, first_layer

ARRAY = ArrayConfig(
    precision=Precision(4, 4),
    rows=3,
    columns=2,
    accumulator_width=17,
    neurons=Precision(4, 4).lifs(0, 1, 3),
    joins=True,
    retire=True,
)
LONG = 60
"""Lines."""
MEMBER = re.compile(r"^(\w+(?:, \w+)*) : (In|Out)\((.*)\)(?:, (.+))?$", re.MULTILINE)


def components():
    """All of the package hdl, by the folder that they are in; but memories, which have the ports that are asked for,
    and what is made to be measured."""
    found = {}
    for module in pkgutil.walk_packages(hdl.__path__, "hdl."):
        if module.name.startswith("hdl.synthesis"):
            continue
        for value in vars(import_module(module.name)).values():
            if not inspect.isclass(value) or value.__module__ != module.name:
                continue
            if issubclass(value, wiring.Component) and not issubclass(value, Memory):
                found[value] = module.name.split(".")[1]
    return found


COMPONENTS = components()


def accelerators():
    """Networks and accelerators that have, together, every option."""
    chain, join = random_chain(213).network, random_joins(8).network
    frames = first_layer("conv", "spikes", (2, 3, 3))
    tiles = [("systolic", 3), *[("skip", 1)] * (len(chain.layers) - 1)]
    together = [("time-parallel", 3), ("skip", 1)]
    options = [(chain, 9, "skip"), (chain, 9, tiles), (join, 4, "skip")]
    options += [(frames, 4, "streaming"), (frames, 9, together), (reading_out(frames, "count", 0), 4, "skip")]
    lasting = [replace(each, state=State.STREAM) for each in (frames, reading_out(frames, "count", 0))]
    first, *others = frames.layers
    window = replace(frames, layers=(replace(first, neuron=MemoryFree(((1, 0), (-1, 0)))), *others))
    options += [(network, 4, "streaming") for network in (*lasting, window)]
    options += [(first_layer("linear", "counts", (2, 3, 3), input_bits=2), 4, "skip")]
    options += [(binary(first_layer("linear", "spikes", (2, 3, 3))), 4, "skip")]
    plans = [(network, plan(network, lanes=lanes, dataflow=dataflow)) for network, lanes, dataflow in options]
    return plans + [(network, replace(config, retire=True)) for network, config in plans[:1]]


def instances(component):
    """The component in several configurations, which together have all its members."""
    room = COMPONENTS[component]
    if room == "array":
        return [component(ARRAY), component(replace(ARRAY, joins=False, retire=False))]
    if room == "baseline":
        shared = component in (UqNeuronUnit, UqSharedArray)
        return [component(UqConfig.full_scale(Precision(4, 4), rows=2, columns=2, shared=shared))]
    if component is LoopNest:
        program = Program({"level": 2}, {"place": Quantity(0, {"level": 1})})
        return [LoopNest(["level"], [program], {"place": unsigned(2)})]
    if component is SkipUnit:
        return [SkipUnit(item_layout(9, 4, rows)) for rows in (1, 2)]
    if component is Accelerator:
        return [Accelerator(config, network) for network, config in accelerators()]
    windows = component is not PixelWindow
    return [component(config) for _, config in accelerators() if windows or config.layers[0].window]


def test_components_are_found():
    """In every room that has some, and not what others import."""
    assert set(COMPONENTS.values()) == {"array", "accelerator", "baseline"}
    assert len(COMPONENTS) >= 22


@pytest.mark.parametrize("component", COMPONENTS)
def test_docstring_lists_members(component):
    text = inspect.getdoc(component)
    listed = {}
    for names, flow, shape, condition in MEMBER.findall(text[text.index("Members\n") :]):
        listed |= dict.fromkeys(names.split(", "), (flow, shape, condition))
    signatures = [dict(each.signature.members) for each in instances(component)]
    assert set(listed) == set().union(*signatures)
    for name, (flow, shape, condition) in listed.items():
        found = [signature[name] for signature in signatures if name in signature]
        assert {member.flow for member in found} == {getattr(wiring.Flow, flow)}, name
        assert (condition != "") == (len(found) < len(signatures)), f"{name}: {condition or 'no condition'}"
        if shape.isdecimal():
            assert {Shape.cast(member.shape) for member in found} == {unsigned(int(shape))}, name
        if shape.startswith("stream"):
            assert all(member.is_signature for member in found), name


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_long_elaborate_names_its_cycles(component):
    source = inspect.getsource(component.elaborate)
    assert len(source.splitlines()) <= LONG or re.search(r"# (.*\. )?Cycles? \d", source)


@pytest.mark.parametrize("component", COMPONENTS)
def test_docstring_is_a_contract(component):
    text = inspect.getdoc(component)
    assert "::\n" in text, "no equation"
    places = [text.index(f"{title}\n{'-' * len(title)}\n") for title in ("Latency", "Parameters", "Members")]
    assert places == sorted(places)
