"""The whole network in one module: pixels or spikes in, logits and class out."""

from functools import partial

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import ReadPort
from amaranth.lib.wiring import In, Out

from hdl.accelerator.cluster import parameter_layout
from hdl.accelerator.contents import PARAMETERS, RESULT_WIDTH, WEIGHTS, parameter_bits, weight_bits
from hdl.accelerator.feed import Feed
from hdl.accelerator.fire_sequencer import FireSequencer
from hdl.accelerator.input_memory import InputMemory
from hdl.accelerator.lanes import Lanes
from hdl.accelerator.layer_sequencer import LayerSequencer
from hdl.accelerator.result_stream import ResultStream
from hdl.accelerator.skip_unit import SkipUnit, item_of
from hdl.accelerator.spike_memories import SpikeMemories
from hdl.accelerator.token_pipeline import TokenPipeline
from hdl.verilog.memory import ModuleMemory
from model.accelerator.config import AcceleratorConfig
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
    words of its sources, skipping zeros, adding a row of weights per cycle for every bit that is set, and firing::

        sum[lane] <- sum[lane] + weights[row][lane]     for every input that is 1, a cycle each
        H = sum + B + (J if the shortcut spikes) + load(U);  spike = H >= threshold;  U <- 0 if spike else store(H)

    Logits and class leave as one packet of ``m_axis``. The next image may come meanwhile. In the order ``streaming``,
    every time step of an image is a packet, and runs through the layers as it comes; membranes start at 0 with an
    image, or, where state lasts, only with a packet that begins a recording.

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
    s_axis_tuser : In(1), lasting state only
        AXI4-Stream; with a packet's first beat: a recording begins.
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
        if config.lasts:
            members |= {"s_axis_tuser": In(1)}
        if config.retire:
            members |= {"retire_valid": Out(1), "retire": Out(retire_layout(config))}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.layers = layers = LayerSequencer(config)
        m.submodules.input_memory = inputs = InputMemory(config)
        m.submodules.feed = feed = Feed(config)
        m.submodules.skip = skip = SkipUnit(item_of(config))
        m.submodules.tokens = tokens = TokenPipeline(config)
        m.submodules.lanes = lanes = Lanes(config)
        m.submodules.sequencer = sequencer = FireSequencer(config)
        m.submodules.spike_memories = spikes = SpikeMemories(config)
        m.submodules.results = results = ResultStream(config)
        weights, parameters = self._contents(m)

        # From the memories to the lanes. Cycles 0 to 3 of a word: it is read, there, offered, and out of the queue.
        # Cycle 4: its first token passes. Cycles 5 to 7: the row's address, the row of weights, the lanes add it.
        wiring.connect(m, feed.o, skip.i)
        wiring.connect(m, skip.o, tokens.i)
        m.d.comb += [component.layer.eq(layers.layer) for component in (feed, tokens, lanes, sequencer, spikes)]
        m.d.comb += [
            layers.full.eq(inputs.full),
            layers.done.eq(sequencer.done),
            inputs.release.eq(layers.release),
            inputs.address.eq(feed.input_address),
            inputs.read.eq(feed.input_read),
            feed.start.eq(layers.start),
            feed.input_word.eq(inputs.word),
            feed.spike_word.eq(spikes.word),
            spikes.read.eq(feed.spike_read),
            weights.addr.eq(tokens.address),
            weights.en.eq(tokens.read),
            tokens.word.eq(weights.data),
            lanes.clear.eq(layers.clear),
            lanes.step.eq(tokens.step),
            lanes.weights.eq(tokens.weights),
        ]

        # From the lanes to the memories and the results. Cycle 8, after a token that fires: potentials are due.
        # Cycle 9: spikes are there, and what a max pool has in their place is read. Cycle 10: they are written.
        neuron = sequencer.neuron
        complete = neuron.update & sequencer.complete
        reads = ~sequencer.spiking
        if config.totals and not config.streaming:
            reads = reads & (sequencer.time_step == config.frame_steps - 1)
        m.d.comb += [
            sequencer.start.eq(layers.start),
            sequencer.fire.eq(tokens.step.enable & tokens.step.fire),
            lanes.neuron.eq(neuron),
            lanes.index.eq(sequencer.index),
            parameters.addr.eq(sequencer.parameter_address),
            parameters.en.eq(1),
            lanes.parameters.eq(parameters.data),
            spikes.spikes.eq(lanes.spikes),
            spikes.store.eq(complete & sequencer.spiking & sequencer.store),
            spikes.merge.eq(sequencer.merge),
            tokens.emits.eq(layers.emits),
            tokens.summed.eq(complete & reads),
            tokens.results_busy.eq(results.busy),
            results.update.eq(neuron.update & (layers.emits if config.streaming else reads)),
            results.complete.eq(sequencer.complete),
            Cat(results.potentials).eq(lanes.totals if config.totals else lanes.potentials),
        ]
        self._options(m, layers, inputs, feed, lanes, sequencer, spikes)
        self._ports(m, layers, inputs, lanes, sequencer, results)
        return m

    def _contents(self, m: Module) -> tuple[ReadPort, ReadPort]:
        """The memories that hold the network: rows of weights, and rows of parameters."""
        config, network = self.config, self.network
        m.submodules.weight_memory = weights = ModuleMemory(
            "weights",
            shape=config.lanes * config.code_width,
            depth=config.weight_rows,
            words=partial(weight_bits, network, config),
            parameter=WEIGHTS,
        )
        m.submodules.parameter_memory = parameters = ModuleMemory(
            "parameters",
            shape=config.neuron_units * parameter_layout(config).size,
            depth=config.parameter_rows,
            words=partial(parameter_bits, network, config),
            parameter=PARAMETERS,
        )
        return weights.read_port(), parameters.read_port()

    def _options(
        self,
        m: Module,
        layers: LayerSequencer,
        inputs: InputMemory,
        feed: Feed,
        lanes: Lanes,
        sequencer: FireSequencer,
        spikes: SpikeMemories,
    ) -> None:
        """What only some accelerators have."""
        config = self.config
        slot, earlier, bank = self._places(m, layers, feed)
        m.d.comb += [
            inputs.bank.eq(bank),
            spikes.address.eq(Cat(earlier, feed.spike_address)),
            spikes.place.eq(Cat(slot, sequencer.address)),
        ]
        if config.rows > 1:
            m.d.comb += spikes.row.eq(sequencer.row)
        if sequencer.tiled:
            m.d.comb += spikes.again.eq(sequencer.again)
        if not config.chain:
            m.d.comb += spikes.memory.eq(feed.spike_memory)
        if config.skips:
            m.d.comb += [
                spikes.skip_address.eq(Cat(slot, sequencer.skip_address)),
                spikes.skip_read.eq(sequencer.skip_read),
                lanes.shortcuts.eq(spikes.shortcuts),
            ]
        if config.streaming:
            m.d.comb += [sequencer.frame.eq(layers.frame), lanes.start.eq(layers.start)]
        if config.lasts:
            m.d.comb += [
                inputs.begins.eq(self.s_axis_tuser),
                layers.first.eq(inputs.first),
                sequencer.begins.eq(layers.begins),
            ]
            if config.totals:
                m.d.comb += lanes.frame.eq(layers.frame)

    def _places(self, m: Module, layers: LayerSequencer, feed: Feed) -> tuple[Value, Value, Value]:
        """Where spikes of this frame and of the one that is read are, and the bank of the input that is read."""
        config = self.config
        if not config.furthest:
            return Const(0, 0), Const(0, 0), layers.bank
        m.d.comb += feed.age.eq(layers.age)
        read = Signal.like(layers.slot)
        m.d.comb += read.eq(layers.slot - feed.back)
        return layers.slot[: config.slot_bits], read[: config.slot_bits], read[: config.bank_bits]

    def _ports(
        self,
        m: Module,
        layers: LayerSequencer,
        inputs: InputMemory,
        lanes: Lanes,
        sequencer: FireSequencer,
        results: ResultStream,
    ) -> None:
        """The streams, and what is shown beside them."""
        m.d.comb += [
            inputs.data.eq(self.s_axis_tdata),
            inputs.valid.eq(self.s_axis_tvalid),
            inputs.last.eq(self.s_axis_tlast),
            self.s_axis_tready.eq(inputs.ready),
            self.error.eq(inputs.error),
            self.working.eq(layers.working),
            self.m_axis_tdata.eq(results.data),
            self.m_axis_tvalid.eq(results.valid),
            self.m_axis_tlast.eq(results.last),
            results.ready.eq(self.m_axis_tready),
        ]
        if self.config.retire:
            m.d.comb += [
                self.retire_valid.eq(sequencer.neuron.update),
                self.retire.spikes.eq(lanes.fired),
                self.retire.potentials.eq(lanes.potentials),
                self.retire.membranes.eq(lanes.membranes),
                self.retire.index.eq(sequencer.update_index),
                self.retire.time_step.eq(sequencer.time_step),
                self.retire.layer.eq(layers.layer),
            ]
