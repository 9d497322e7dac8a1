"""One bench body, two simulators: a component's ports by name, in Amaranth's simulator or behind cocotb.

A port is named by its path in the component's signature, joined with dots (``i_spikes.payload``); in the
generated Verilog the same path is joined with two underscores. Values are plain Python: integers, a
dictionary for a structure, a list for an array.
"""

from typing import Any, Protocol

from amaranth.hdl import ClockDomain, Module, Shape, Value
from amaranth.lib import data, wiring
from amaranth.sim import Simulator, SimulatorContext

from sim.harness.clock import CLOCK_PERIOD_NS


def encode(shape: Any, value: Any) -> int:
    """The bits of ``value``, as an unsigned integer."""
    if isinstance(shape, data.Layout):
        return sum(encode(field.shape, value[key]) << field.offset for key, field in shape)
    return int(value) & ((1 << Shape.cast(shape).width) - 1)


def decode(shape: Any, bits: int) -> Any:
    """What ``bits`` mean; the inverse of :func:`encode`."""
    if isinstance(shape, data.Layout):
        fields = {key: decode(field.shape, bits >> field.offset) for key, field in shape}
        return list(fields.values()) if isinstance(shape, data.ArrayLayout) else fields
    cast = Shape.cast(shape)
    bits &= (1 << cast.width) - 1
    return bits - (1 << cast.width) if cast.signed and bits >> (cast.width - 1) else bits


def port_members(component: wiring.Component) -> dict[str, wiring.Member]:
    """Every port of ``component`` by its path."""
    return {".".join(map(str, path)): member for path, member, _ in component.signature.flatten(component)}


class Port(Protocol):
    """The ports of a component under test; between two ticks, time stands still."""

    def set(self, path: str, value: Any) -> None:
        """Drive an input from now on."""

    def get(self, path: str) -> Any:
        """What an output was at the last clock edge."""

    async def tick(self) -> None:
        """Go on to right after the next clock edge."""

    async def reset(self) -> None:
        """Hold the reset for one clock edge."""


class AmaranthPort:
    """The ports of a component in Amaranth's simulator."""

    def __init__(self, component: wiring.Component, context: SimulatorContext, reset: Value) -> None:
        self._context = context
        self._reset = reset
        self._members = port_members(component)
        self._signals = {
            ".".join(map(str, path)): Value.cast(value) for path, _, value in component.signature.flatten(component)
        }
        self._outputs = [path for path, member in self._members.items() if member.flow == wiring.Out]
        self._sampled: dict[str, int] = {}

    def set(self, path: str, value: Any) -> None:
        signal = self._signals[path]
        self._context.set(signal, decode(signal.shape(), encode(self._members[path].shape, value)))

    def get(self, path: str) -> Any:
        return decode(self._members[path].shape, self._sampled[path])

    async def tick(self) -> None:
        _, _, *values = await self._context.tick().sample(*(self._signals[path] for path in self._outputs))
        self._sampled = dict(zip(self._outputs, values, strict=True))

    async def reset(self) -> None:
        self._context.set(self._reset, 1)
        await self.tick()
        self._context.set(self._reset, 0)


class CocotbPort:
    """The ports of the generated Verilog behind cocotb."""

    def __init__(self, component: wiring.Component, dut: Any) -> None:
        self._dut = dut
        self._members = port_members(component)

    async def start(self) -> None:
        """Start the clock with every input at 0."""
        from cocotb.clock import Clock  # cocotb is there only in a simulator's process

        for path, member in self._members.items():
            if member.flow == wiring.In and Shape.cast(member.shape).width:
                self._handle(path).value = 0
        self._dut.rst.value = 0
        Clock(self._dut.clk, CLOCK_PERIOD_NS, unit="ns").start()
        await self.tick()

    def set(self, path: str, value: Any) -> None:
        shape = self._members[path].shape
        if Shape.cast(shape).width:
            self._handle(path).value = encode(shape, value)

    def get(self, path: str) -> Any:
        shape = self._members[path].shape
        return decode(shape, int(self._handle(path).value) if Shape.cast(shape).width else 0)

    async def tick(self) -> None:
        from cocotb.triggers import RisingEdge

        # Values read now are those before the edge; those written now come after it.
        await RisingEdge(self._dut.clk)

    async def reset(self) -> None:
        self._dut.rst.value = 1
        await self.tick()
        self._dut.rst.value = 0

    def _handle(self, path: str) -> Any:
        return getattr(self._dut, path.replace(".", "__"))


def simulate_in_amaranth(component: wiring.Component, bench: Any) -> None:
    """Run ``await bench(port)`` on ``component`` in Amaranth's simulator."""
    top = Module()
    top.domains.sync = domain = ClockDomain("sync")
    top.submodules.dut = component

    async def testbench(context: SimulatorContext) -> None:
        await bench(AmaranthPort(component, context, domain.rst))

    simulator = Simulator(top)
    simulator.add_clock(CLOCK_PERIOD_NS * 1e-9)
    simulator.add_testbench(testbench)
    simulator.run()
