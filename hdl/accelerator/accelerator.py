"""The whole network in one module: pixels or spikes in, logits and class out."""

from functools import partial
from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hdl.accelerator.cluster import Cluster, parameter_layout
from hdl.accelerator.contents import PARAMETERS, WEIGHTS, parameter_bits, weight_bits
from hdl.accelerator.fire_sequencer import FireSequencer
from hdl.accelerator.input_writer import InputWriter
from hdl.accelerator.membrane_memory import MembraneMemory
from hdl.accelerator.pixel_window import PixelWindow
from hdl.accelerator.result_stream import RESULT_WIDTH, ResultStream
from hdl.accelerator.skip_unit import SkipUnit, item_of
from hdl.accelerator.word_feeder import WordFeeder
from hdl.parts.tables import by_program
from hdl.verilog.memory import ModuleMemory
from model.accelerator.config import FEED_DEPTH, AcceleratorConfig
from model.arithmetic import number_width
from model.network.network import Network


def retire_layout(config: AcceleratorConfig) -> data.StructLayout:
    """What neuron units say in a cycle: H, spike and U of one lane each."""
    units = config.neuron_units
    return data.StructLayout(
        {
            "spikes": units,
            "potentials": data.ArrayLayout(signed(config.accumulator_width), units),
            "membranes": data.ArrayLayout(signed(config.membrane_width), units),
            "index": number_width(config.lanes_per_neuron_unit),
            "time_step": number_width(config.time_steps),
            "layer": number_width(len(config.layers)),
        }
    )


class Accelerator(wiring.Component):
    """Zero-skipping accelerator of one network.

    An image comes as one packet of ``s_axis`` into one of two banks; layers run one after another, each reading the
    words of its sources, skipping what is zero, adding a row of weights a cycle for every bit that is set, and firing.
    Logits and class leave as one packet of ``m_axis``. The next image may come meanwhile. In the order ``streaming``,
    every time step of an image is a packet, and runs through the layers as it comes.

    Latency
    -------
    :mod:`model.accelerator.cycles` has the cycles of an image, exactly.

    Parameters
    ----------
    config : AcceleratorConfig
    network : Network
        Whose weights and parameters the memories hold.

    Members
    -------
    s_axis_tdata : In(input_width)
        A beat of the image: a position's channels, or inputs of a linear layer, the first in the lowest bits.
    s_axis_tvalid, s_axis_tlast : In(1)
        AXI4-Stream.
    s_axis_tready : Out(1)
        AXI4-Stream.
    m_axis_tdata : Out(32)
        The logits, class 0 first, then the class.
    m_axis_tvalid, m_axis_tlast : Out(1)
        AXI4-Stream; ``tlast`` with the class.
    m_axis_tready : In(1)
        AXI4-Stream.
    error : Out(1)
        The last packet was malformed, and thrown away.
    working : Out(1)
        An image is on its way through the layers.
    retire_valid : Out(1), retire only
        ``retire`` has neurons.
    retire : Out(retire_layout), retire only
        What the neuron units did.
    """

    def __init__(self, config: AcceleratorConfig, network: Network) -> None:
        self.config, self.network = config, network
        members = {
            "s_axis_tdata": In(config.input_width),
            "s_axis_tvalid": In(1),
            "s_axis_tlast": In(1),
            "s_axis_tready": Out(1),
            "m_axis_tdata": Out(RESULT_WIDTH),
            "m_axis_tvalid": Out(1),
            "m_axis_tlast": Out(1),
            "m_axis_tready": In(1),
            "error": Out(1),
            "working": Out(1),
        }
        if config.retire:
            members |= {"retire_valid": Out(1), "retire": Out(retire_layout(config))}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        plans = config.layers
        layer = Signal(range(max(2, len(plans))))
        start = Signal()
        clear = Signal()

        self._results_busy = Signal()
        self._frame = Signal(range(max(2, config.frames)), name="frame") if config.streaming else Const(0)
        last = layer == len(plans) - 1
        self._emits = last & (self._frame == config.frames - 1) if config.streaming else last
        m.submodules.sequencer = sequencer = FireSequencer(config)
        m.submodules.skip = skip = SkipUnit(item_of(config))
        m.submodules.words = words = SyncFIFO(width=item_of(config).size, depth=FEED_DEPTH)
        m.d.comb += [
            skip.i.valid.eq(words.r_rdy),
            skip.i.payload.as_value().eq(words.r_data),
            words.r_en.eq(skip.i.ready),
            sequencer.layer.eq(layer),
            sequencer.start.eq(start),
        ]
        reading = self._input(m, layer, start, words, sequencer)
        self._tokens(m, layer, skip, sequencer)
        self._lanes(m, layer, clear, sequencer)
        self._layers(m, layer, start, clear, reading, sequencer)
        return m

    def _layers(
        self,
        m: Module,
        layer: Signal,
        start: Signal,
        clear: Signal,
        reading: Signal,
        sequencer: FireSequencer,
    ) -> None:
        """One layer after another; the first one when an image is there."""
        writer = self.writer
        running = Signal()
        cleared = Signal()
        present = writer.full.bit_select(reading, 1)
        first, last = layer == 0, layer == len(self.config.layers) - 1
        m.d.comb += [
            start.eq(cleared & ~running & (~first | present)),
            clear.eq(~cleared),
            self.working.eq(running | ~first | (self._frame != 0) if self.config.streaming else running | ~first),
        ]
        if self.config.streaming:
            m.d.comb += sequencer.frame.eq(self._frame)
            with m.If(sequencer.done & last):
                m.d.sync += self._frame.eq(Mux(self._frame == self.config.frames - 1, 0, self._frame + 1))
        m.d.sync += cleared.eq(1)
        with m.If(start):
            m.d.sync += running.eq(1)
        with m.Elif(sequencer.done):
            m.d.sync += [running.eq(0), layer.eq(Mux(last, 0, layer + 1))]
        # The bank is free as soon as the first layer has read it.
        released = Signal()
        m.d.comb += released.eq(first & sequencer.done)
        m.d.comb += writer.release.eq(released << reading)
        with m.If(released):
            m.d.sync += reading.eq(~reading)

    def _input(self, m: Module, layer: Signal, start: Signal, words: SyncFIFO, sequencer: FireSequencer) -> Signal:
        """Memories of inputs and spikes, and who reads them."""
        config = self.config
        plans = config.layers
        m.submodules.input_writer = self.writer = writer = InputWriter(config)
        reading = Signal()
        m.d.comb += [
            writer.data.eq(self.s_axis_tdata),
            writer.valid.eq(self.s_axis_tvalid),
            writer.last.eq(self.s_axis_tlast),
            self.s_axis_tready.eq(writer.ready),
            self.error.eq(writer.error),
        ]
        bits = number_width(config.input_words)
        m.submodules.input_memory = inputs = ModuleMemory(
            "input", shape=config.input_word_width, depth=config.input_depth
        )
        write, read = inputs.write_port(), inputs.read_port()
        m.d.comb += [write.addr.eq(Cat(writer.address, writer.bank)), write.data.eq(writer.word)]
        m.d.comb += write.en.eq(writer.write)

        feeders = []
        window = plans[0].window
        if window:
            m.submodules.window = pixels = PixelWindow(config)
            m.d.comb += [
                pixels.start.eq(start & (layer == 0)),
                read.addr.eq(Cat(pixels.address, reading)),
                read.en.eq(pixels.read),
                pixels.data.eq(read.data),
            ]
            feeders.append((pixels.o, layer == 0))
        m.submodules.feeder = feeder = WordFeeder(config)
        m.d.comb += [feeder.layer.eq(layer), feeder.start.eq(start & (layer != 0) if window else start)]
        feeders.append((feeder.o, layer != 0 if window else Const(1)))
        for stream, chosen in feeders:
            m.d.comb += stream.ready.eq(words.w_rdy & chosen)
            with m.If(chosen):
                m.d.comb += [words.w_en.eq(stream.valid), words.w_data.eq(stream.payload.as_value())]

        # Spikes: layers take turns with two memories, where joins do not need more; what a max pool needs is read where
        # spikes are to be written.
        sources = []
        if not window:
            m.d.comb += [read.addr.eq(Cat(feeder.address[:bits], reading)), read.en.eq(feeder.read & (layer == 0))]
            sources.append((layer == 0, read.data))
        self._spikes = Signal(config.lanes)
        if config.skips:
            self._skips = Signal(config.spike_width)
        hold = Signal(config.spike_width, reset_less=True)
        storing = Signal()
        merging = Signal()
        place = Signal.like(sequencer.address)
        stored = sequencer.neuron.update & sequencer.complete & sequencer.spiking & sequencer.store
        m.d.sync += [
            storing.eq(stored),
            merging.eq(sequencer.merge),
            place.eq(sequencer.address),
        ]
        merged = Signal(config.spike_width)
        spikes = self._row_of_spikes(m, layer, sequencer)
        m.d.sync += hold.eq(spikes)
        if sequencer.tiled:
            with m.If(sequencer.again):
                m.d.sync += hold.eq(spikes | merged)
        if not config.chain:
            reads = Signal.like(feeder.memory)
            with m.If(feeder.read):
                m.d.sync += reads.eq(feeder.memory)
        for own, (name, depth) in enumerate(config.spike_memories.items()):
            if not depth:
                continue
            memory = ModuleMemory(f"spikes_{name}", shape=config.spike_width, depth=depth)
            m.submodules[f"spikes_{name}"] = memory
            write, read = memory.write_port(), memory.read_port()
            read_width = len(read.addr)
            if config.chain:  # the parity of a layer says it
                parity, address, enable = layer[0], feeder.address, feeder.read
                writes, chosen = parity == own, (parity != own) & (layer != 0)
            else:
                writes = layer.matches(*(i for i, plan in enumerate(plans) if plan.memory == own))
                chosen = (reads == own) & (layer != 0)
                address, enable = self._shortcut(m, layer, own, memory, read, feeder, sequencer)
            m.d.comb += [
                read.addr.eq(Mux(writes, sequencer.address, address)[:read_width]),
                read.en.eq(Mux(writes, stored & sequencer.merge, enable)),
                write.addr.eq(place[: len(write.addr)]),
                write.data.eq(hold | Mux(merging, read.data, 0)),
                write.en.eq(storing & writes),
            ]
            if sequencer.tiled:
                with m.If(writes):
                    m.d.comb += merged.eq(write.data)
            sources.append((chosen, read.data))
        for chosen, word in sources:
            with m.If(chosen):
                m.d.comb += feeder.data.eq(word)
        return reading

    def _shortcut(
        self,
        m: Module,
        layer: Signal,
        own: int,
        memory: ModuleMemory,
        read: Any,
        feeder: WordFeeder,
        sequencer: FireSequencer,
    ) -> tuple[Value, Value]:
        """Address and enable of a spike memory's port for reading, in which layers may have their identity shortcut.

        Where such a layer reads the same memory for its sums as well, the shortcut has a port of its own.
        """
        feeds = feeder.read & (feeder.memory == own)
        found = [index for index, plan in enumerate(self.config.layers) if plan.skip_memory == own]
        if not found:
            return feeder.address, feeds
        skips = layer.matches(*found)
        both = any(source.source_memory == own for index in found for source in self.config.layers[index].sources)
        port = memory.read_port() if both else read
        with m.If(skips):
            m.d.comb += self._skips.eq(port.data)
        if not both:
            return Mux(skips, sequencer.skip_address, feeder.address), Mux(skips, sequencer.skip_read, feeds)
        m.d.comb += [port.addr.eq(sequencer.skip_address[: len(port.addr)]), port.en.eq(skips & sequencer.skip_read)]
        return feeder.address, feeds

    def _row_of_spikes(self, m: Module, layer: Signal, sequencer: FireSequencer) -> Value:
        """The spikes of the row of lanes that is due."""
        config = self.config
        if config.rows == 1:
            return self._spikes
        found = Signal(config.spike_width)
        with m.Switch(layer):
            for index, plan in enumerate(config.layers):
                with m.Case(index):
                    rows = [self._spikes[row * plan.row_lanes :][: plan.row_lanes] for row in range(plan.rows)]
                    m.d.comb += found.eq(Array(rows)[sequencer.row] if plan.rows > 1 else rows[0][: config.spike_width])
        return found

    def _tokens(self, m: Module, layer: Signal, skip: SkipUnit, sequencer: FireSequencer) -> None:
        """Tokens wait for the neuron units, then fetch their weights: two cycles to the lanes."""
        config = self.config
        plans, share = config.layers, config.lanes_per_neuron_unit
        intervals = [config.fire_interval(plan) for plan in plans]
        wait = Signal(range(max(intervals)))
        interval = by_program(
            m, layer[: number_width(len(plans))], [i - 1 for i in intervals], wait.shape(), "interval"
        )
        reserved = Signal()  # logits are on their way out
        handing = Signal()
        token = skip.o.payload
        emits = self._emits
        blocked = (wait != 0) & (token.fire if share == 1 else Const(1))
        m.d.comb += [
            skip.o.ready.eq(~blocked & ~(token.fire & emits & (reserved | self._results_busy))),
            handing.eq(skip.o.valid & skip.o.ready),
        ]
        with m.If(handing & token.fire):
            m.d.sync += wait.eq(interval)
            m.d.sync += reserved.eq(emits)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.If(sequencer.neuron.update & sequencer.complete & ~sequencer.spiking):
            m.d.sync += reserved.eq(0)

        stages = [Signal(skip.o.payload.shape(), name=f"token_{i}", reset_less=True) for i in range(3)]
        valid = [Signal(name=f"token_{i}_valid") for i in range(3)]
        m.d.sync += [valid[0].eq(handing), valid[1].eq(valid[0]), valid[2].eq(valid[1])]
        m.d.sync += [stages[0].eq(token), stages[1].eq(stages[0]), stages[2].eq(stages[1])]
        self._token_valid, self._stages = valid, stages

    def _lanes(self, m: Module, layer: Signal, clear: Signal, sequencer: FireSequencer) -> None:
        """Weights, parameters, clusters, results."""
        config = self.config
        share = config.lanes_per_neuron_unit
        plans = config.layers
        m.submodules.weight_memory = memory = ModuleMemory(
            "weights",
            shape=config.lanes * config.weight_width,
            depth=config.weight_rows,
            words=partial(weight_bits, self.network, config),
            parameter=WEIGHTS,
        )
        weights = memory.read_port()
        fetched = Signal(config.lanes * config.weight_width, reset_less=True)
        m.d.comb += [weights.addr.eq(self._stages[0].row), weights.en.eq(self._token_valid[0])]
        silent = self._stages[1].empty | ~self._token_valid[1]
        codes = weights.data if config.rows == 1 else weights.data & self._rows_that_add(m, layer)
        m.d.sync += fetched.eq(Mux(silent, 0, codes))

        layout = parameter_layout(config)
        m.submodules.parameter_memory = memory = ModuleMemory(
            "parameters",
            shape=config.neuron_units * layout.size,
            depth=config.parameter_rows,
            words=partial(parameter_bits, self.network, config),
            parameter=PARAMETERS,
        )
        parameters = memory.read_port()
        m.d.comb += [parameters.addr.eq(sequencer.parameter_address), parameters.en.eq(1)]

        select = layer[: number_width(len(plans))]
        modes = [plan.mode for plan in plans]
        valid = self._token_valid[2]
        fire = valid & self._stages[2].fire
        m.d.comb += sequencer.fire.eq(fire)
        m.submodules.results = results = ResultStream(config)
        units = []
        for j in range(config.neuron_units):
            cluster = Cluster(config)
            m.submodules[f"cluster_{j}"] = cluster
            units.append(cluster)
            shape = cluster.mode.shape()
            m.d.comb += [
                cluster.step.enable.eq(valid),
                cluster.step.double.eq(self._stages[2].double),
                cluster.step.fire.eq(self._stages[2].fire),
                cluster.clear.eq(clear),
                cluster.neuron.eq(sequencer.neuron),
                cluster.index.eq(sequencer.index),
                cluster.mode.eq(by_program(m, select, modes, shape, f"mode_{j}")),
                cluster.parameters.as_value().eq(parameters.data.word_select(j, layout.size)),
                results.potentials[j].eq(cluster.potential),
            ]
            if config.skips:
                m.d.comb += cluster.shortcut.eq(self._skips.word_select(j, share).bit_select(sequencer.index, 1))
            for lane in range(share):
                weight = fetched.word_select(j * share + lane, config.weight_width).as_signed()
                m.d.comb += cluster.weights[lane].eq(weight)

            # A time step's spikes: those of earlier lanes wait.
            if share == 1:
                m.d.comb += self._spikes[j].eq(cluster.spike)
                continue
            earlier = Signal(share - 1, name=f"earlier_{j}", reset_less=True)
            together = Cat(earlier, cluster.spike)
            m.d.comb += self._spikes.word_select(j, share).eq(together)
            with m.If(sequencer.neuron.update):
                m.d.sync += earlier.eq(together[1:])

        if config.relays:
            self._relay(m, select, units)
        if config.streaming:
            self._keep(m, layer, sequencer, units)
        group = Signal(range(max(2, config.output_groups)))
        update = sequencer.neuron.update & (self._emits if config.streaming else ~sequencer.spiking)
        with m.If(update & sequencer.complete):
            m.d.sync += group.eq(Mux(group == config.output_groups - 1, 0, group + 1))
        m.d.comb += [
            results.update.eq(update),
            results.complete.eq(sequencer.complete),
            results.group.eq(group),
            self._results_busy.eq(results.busy),
            self.m_axis_tdata.eq(results.data),
            self.m_axis_tvalid.eq(results.valid),
            self.m_axis_tlast.eq(results.last),
            results.ready.eq(self.m_axis_tready),
        ]
        if config.retire:
            m.d.comb += [
                self.retire_valid.eq(sequencer.neuron.update),
                self.retire.spikes.eq(Cat(unit.spike for unit in units)),
                Cat(self.retire.potentials[j] for j in range(len(units))).eq(Cat(unit.potential for unit in units)),
                Cat(self.retire.membranes[j] for j in range(len(units))).eq(Cat(unit.membrane for unit in units)),
                self.retire.index.eq(sequencer.update_index),
                self.retire.time_step.eq(sequencer.time_step),
                self.retire.layer.eq(layer),
            ]

    def _rows_that_add(self, m: Module, layer: Signal) -> Value:
        """Of the token whose weights are read: bits of weights that lanes take, those of rows in the token's mask."""
        config = self.config
        adds = Signal(config.lanes, reset_less=True)
        mask = self._stages[0].mask
        with m.Switch(layer):
            for index, plan in enumerate(config.layers):
                with m.Case(index):
                    rows = [mask[row].replicate(plan.row_lanes) for row in range(plan.rows)]
                    m.d.sync += adds.eq(Cat(rows) if plan.rows > 1 else -1)
        return Cat(lane.replicate(config.weight_width) for lane in adds)

    def _keep(self, m: Module, layer: Signal, sequencer: FireSequencer, units: list[Cluster]) -> None:
        """Membranes and sums wait for the next time step."""
        m.submodules.membrane_memory = memory = MembraneMemory(self.config)
        last = layer == len(self.config.layers) - 1
        m.d.comb += [
            memory.start.eq(sequencer.start),
            memory.first.eq(layer == 0),
            memory.sums.eq(last),
            memory.potential.eq(sequencer.neuron.potential),
            memory.update.eq(sequencer.neuron.update),
            memory.membranes.eq(Cat(unit.membrane for unit in units)),
            memory.potentials.eq(Cat(unit.potential for unit in units)),
            Cat(unit.stored for unit in units).eq(memory.stored),
            Cat(unit.carried for unit in units).eq(memory.carried),
        ]
        m.d.comb += [unit.sums.eq(last) for unit in units]

    def _relay(self, m: Module, select: Value, units: list[Cluster]) -> None:
        """Where rows are time steps, a lane goes on with the membrane of the same channel's lane in the row before."""
        config = self.config
        distances = [plan.row_lanes if plan.steps_together else 0 for plan in config.layers]
        distance = Signal(range(max(distances) + 1))
        m.d.comb += distance.eq(by_program(m, select, distances, distance.shape(), "relay"))
        for lane, unit in enumerate(units):
            m.d.comb += unit.relayed.eq(unit.kept)
            for apart in sorted({each for each in distances if 0 < each <= lane}):
                with m.If(distance == apart):
                    m.d.comb += unit.relayed.eq(units[lane - apart].kept)
