"""The spike memories: what layers hand each other, with max pools and identity shortcuts."""

from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.verilog.memory import ModuleMemory
from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan
from model.arithmetic import number_width


class SpikeMemories(wiring.Component):
    """Words of spikes, of a position, or a tile of them, time step and group of channels each.

    A layer writes one memory, reads others, and reads its own where a max pool needs what is there::

        memory[place] <- row of spikes | (memory[place] if merge) | (what is written before if again)

    Layers of a chain take turns with two memories. Where layers join others, ``config.layers`` says which memory each
    one writes, and the feed says which one it reads; an identity shortcut is read from the port that feeds, or from one
    of its own where the same layer sums what it also adds as it is. Where a word is a tile's, the lower bits of the
    address that is read are the number of a position in it, whose spikes ``word`` has.

    Latency
    -------
    ``place`` is read in the cycle of ``store`` and written in the next one. ``word`` and ``shortcuts`` come in the
    cycle after ``read`` and ``skip_read``, and stay until the next read.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    layer : In(range(layers))
        Stays until the layer is through.
    spikes : In(lanes)
        Of all lanes.
    store : In(1)
        Store those of the row that is due.
    place : In(range(spike_words))
        Where.
    merge : In(1)
        OR them with what is there.
    row : In(range(rows)), rows only
        The row of lanes that is due.
    again : In(1), tiles only
        OR them with what is written in this cycle.
    address : In(range(spike_words))
        Of the word to read.
    read : In(1)
        Read it.
    memory : In(range(spike_memories)), where layers are no chain
        Where to read it.
    word : Out(spike_width)
        What was read.
    skip_address : In(range(spike_words)), identity shortcuts only
        Of the word of the shortcut.
    skip_read : In(1), identity shortcuts only
        Read it.
    shortcuts : Out(spike_width), identity shortcuts only
        What was read.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        self.tiled = any(plan.parts > 1 for plan in config.layers)
        width = config.spike_address_width
        skips = {"skip_address": In(width), "skip_read": In(1), "shortcuts": Out(config.spike_width)}
        super().__init__(
            {
                "layer": In(range(max(2, len(config.layers)))),
                "spikes": In(config.lanes),
                "store": In(1),
                "place": In(width),
                "merge": In(1),
                "address": In(width),
                "read": In(1),
                "word": Out(config.spike_width),
            }
            | ({"row": In(range(config.rows))} if config.rows > 1 else {})
            | ({"again": In(1)} if self.tiled else {})
            | ({} if config.chain else {"memory": In(range(len(config.spike_memories)))})
            | (skips if config.skips else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, layer = self.config, self.layer
        # Cycle 0: a row of spikes is due, and what is in its place is read.
        storing = Signal()
        merging = Signal()
        place = Signal.like(self.place)
        due = Signal(config.spike_width, reset_less=True)
        written = Signal(config.spike_width)
        spikes = self._row(m)
        m.d.sync += [storing.eq(self.store), merging.eq(self.merge), place.eq(self.place), due.eq(spikes)]
        if self.tiled:
            with m.If(self.again):
                m.d.sync += due.eq(spikes | written)
        if not config.chain:
            source = Signal.like(self.memory)  # where the word that is there was read
            with m.If(self.read):
                m.d.sync += source.eq(self.memory)
        for own, (name, depth) in enumerate(config.spike_memories.items()):
            if not depth:
                continue
            memory = ModuleMemory(f"spikes_{name}", shape=config.spike_width, depth=depth)
            m.submodules[name] = memory
            write, read = memory.write_port(), memory.read_port()
            if config.chain:  # the parity of a layer says it
                writes, chosen = layer[0] == own, (layer[0] != own) & (layer != 0)
                address, enable = self._of_word(own), self.read
            else:
                writes = layer.matches(*(i for i, plan in enumerate(config.layers) if plan.memory == own))
                chosen = (source == own) & (layer != 0)
                address, enable = self._shortcut(m, own, memory, read)
            m.d.comb += [
                read.addr.eq(Mux(writes, self.place, address)[: len(read.addr)]),
                read.en.eq(Mux(writes, self.store & self.merge, enable)),
                # Cycle 1: the row is written.
                write.addr.eq(place[: len(write.addr)]),
                write.data.eq(due | Mux(merging, read.data, 0)),
                write.en.eq(storing & writes),
            ]
            if self.tiled:
                with m.If(writes):
                    m.d.comb += written.eq(write.data)
            with m.If(chosen):
                m.d.comb += self.word.eq(self._of_position(m, own, read.data))
        return m

    def _row(self, m: Module) -> Value:
        """The spikes of the row of lanes that is due."""
        config = self.config
        if config.rows == 1:
            return self.spikes
        found = Signal(config.spike_width)
        with m.Switch(self.layer):
            for index, plan in enumerate(config.layers):
                with m.Case(index):
                    rows = [self.spikes[row * plan.row_lanes :][: plan.row_lanes] for row in range(plan.rows)]
                    if plan.at_once:  # columns that a max pool joins are one position
                        pooled = [rows[first : first + plan.pool] for first in range(0, plan.rows, plan.pool)]
                        rows = [Cat(reduce(or_, each) for each in pooled)]
                    several = len(rows) > 1
                    m.d.comb += found.eq(Array(rows)[self.row] if several else rows[0][: config.spike_width])
        return found

    def _readers(self, own: int) -> dict[int, LayerPlan]:
        """Layers that read positions in words of several in a memory."""
        found = {}
        for index, plan in enumerate(self.config.layers):
            for source in plan.sources:
                if source.source_together > 1 and source.source_memory == own:
                    found[index] = source
        return found

    def _of_word(self, own: int) -> Value:
        """The address of the word in which a position is that is read."""
        readers = self._readers(own)
        if not readers:
            return self.address
        within = number_width(next(iter(readers.values())).source_together)
        return Mux(self.layer.matches(*readers), self.address >> within, self.address)

    def _of_position(self, m: Module, own: int, word: Value) -> Value:
        """The spikes of the position that was read."""
        readers = self._readers(own)
        if not readers:
            return word
        plan = next(iter(readers.values()))  # all read what one layer wrote
        number = Signal(range(plan.source_together), name=f"position_{own}")
        with m.If(self.read):
            m.d.sync += number.eq(self.address)
        spikes = word[: plan.word_channels * plan.source_together].word_select(number, plan.word_channels)
        return Mux(self.layer.matches(*readers), spikes, word)

    def _shortcut(self, m: Module, own: int, memory: ModuleMemory, read: Any) -> tuple[Value, Value]:
        """Address and enable of a memory's port for reading, in which layers may have their identity shortcut.

        Where such a layer reads the same memory for its sums as well, the shortcut has a port of its own.
        """
        address, feeds = self._of_word(own), self.read & (self.memory == own)
        found = [index for index, plan in enumerate(self.config.layers) if plan.skip_memory == own]
        if not found:
            return address, feeds
        skips = self.layer.matches(*found)
        both = any(source.source_memory == own for index in found for source in self.config.layers[index].sources)
        port = memory.read_port() if both else read
        with m.If(skips):
            m.d.comb += self.shortcuts.eq(port.data)
        if not both:
            return Mux(skips, self.skip_address, address), Mux(skips, self.skip_read, feeds)
        m.d.comb += [port.addr.eq(self.skip_address[: len(port.addr)]), port.en.eq(skips & self.skip_read)]
        return address, feeds
