"""All lanes and their neuron units: clusters, and membranes between them."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator.cluster import NEURON_LAYOUT, Cluster, parameter_layout, step_layout
from hdl.accelerator.membrane_memory import MembraneMemory
from hdl.parts.tables import by_program
from model.accelerator.config import AcceleratorConfig
from model.arithmetic import number_width


class Lanes(wiring.Component):
    """The clusters side by side, all doing the same in a cycle with weights and neurons of their own.

    Where s lanes share a neuron unit::

        lane i = lane i mod s of cluster ⌊i / s⌋;  spikes[i] = whether its H reaches the threshold

    Of binary weights without signs, the inputs are counted for all of them.

    Where rows of lanes are time steps, lane i goes on with the membrane of lane i - row_lanes, the same channel's in
    the row before. In the order ``streaming``, membranes and sums wait in a
    :class:`~hdl.accelerator.membrane_memory.MembraneMemory` for the next frame.

    Latency
    -------
    As :class:`~hdl.accelerator.cluster.Cluster`: the sums are there in the cycle after ``step.fire``, ``potentials`` in
    the cycle after ``neuron.potential``.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    layer : In(range(layers))
        Stays until the layer is through.
    clear : In(1)
        Set all sums to 0.
    step : In(step_layout)
        For all lanes.
    weights : In(lanes * lane_weight_width)
        Of this cycle, lane 0 in the lowest bits.
    neuron : In(NEURON_LAYOUT)
        For all neuron units.
    index : In(range(lanes_per_neuron_unit))
        The lane whose sum ``neuron.potential`` takes.
    parameters : In(parameter_layout.array(neuron_units))
        Of the lanes at ``index``, in the cycle of ``neuron.potential``.
    shortcuts : In(spike_width), identity shortcuts only
        Which lanes' shortcuts spike.
    start : In(1), streaming only
        The layer begins.
    frame : In(range(time_steps)), lasting state and readouts of neurons only
        The time step.
    potentials : Out(signed(accumulator_width).array(neuron_units))
        H.
    totals : Out(signed(accumulator_width).array(neuron_units)), readouts of neurons only
        Spikes or potentials so far.
    fired : Out(neuron_units)
        Whose H reaches the threshold.
    membranes : Out(signed(membrane_width).array(neuron_units))
        U after the reset.
    spikes : Out(lanes)
        With the last lane of the units: the spikes of all lanes.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        units = config.neuron_units
        super().__init__(
            {
                "layer": In(range(max(2, len(config.layers)))),
                "clear": In(1),
                "step": In(step_layout(config)),
                "weights": In(config.lanes * config.lane_weight_width),
                "neuron": In(NEURON_LAYOUT),
                "index": In(range(config.lanes_per_neuron_unit)),
                "parameters": In(data.ArrayLayout(parameter_layout(config), units)),
                "potentials": Out(data.ArrayLayout(signed(config.accumulator_width), units)),
                "fired": Out(units),
                "membranes": Out(data.ArrayLayout(signed(config.membrane_width), units)),
                "spikes": Out(config.lanes),
            }
            | ({"shortcuts": In(config.spike_width)} if config.skips else {})
            | ({"start": In(1)} if config.streaming else {})
            | ({"frame": In(range(max(2, config.time_steps)))} if config.lasts and config.totals else {})
            | ({"totals": Out(data.ArrayLayout(signed(config.accumulator_width), units))} if config.totals else {})
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        select = self.layer[: number_width(len(config.layers))]
        clusters = [Cluster(config) for _ in range(config.neuron_units)]
        modes = [plan.mode for plan in config.layers]
        mode = by_program(m, select, modes, clusters[0].mode.shape(), "mode")
        inputs = self._inputs(m) if config.signless else None
        for j, cluster in enumerate(clusters):
            m.submodules[f"cluster_{j}"] = cluster
            if inputs is not None:
                m.d.comb += cluster.inputs.eq(inputs)
            m.d.comb += [
                cluster.step.eq(self.step),
                cluster.clear.eq(self.clear),
                cluster.neuron.eq(self.neuron),
                cluster.index.eq(self.index),
                cluster.mode.eq(mode),
                cluster.parameters.eq(self.parameters[j]),
                self.potentials[j].eq(cluster.potential),
                self.fired[j].eq(cluster.spike),
                self.membranes[j].eq(cluster.membrane),
            ]
            if config.totals:
                m.d.comb += self.totals[j].eq(cluster.total)
                if config.lasts:
                    m.d.comb += cluster.anew.eq(self.frame == 0)
            self._own_lanes(m, j, cluster)
        if config.relays:
            self._relay(m, select, clusters)
        if config.streaming:
            self._keep(m, clusters)
        return m

    def _inputs(self, m: Module) -> Signal:
        """Σ x as lanes make their sums; 0 once the last lane's sum has left."""
        inputs = Signal(self.config.accumulator_width)
        last = self.index == self.config.lanes_per_neuron_unit - 1
        with m.If(self.step.enable):
            m.d.sync += inputs.eq(Mux(self.step.double, inputs << 1, inputs) + self.step.adds)
        with m.If(self.clear | (self.neuron.potential & ~self.neuron.keep & last)):
            m.d.sync += inputs.eq(0)
        return inputs

    def _own_lanes(self, m: Module, j: int, cluster: Cluster) -> None:
        """Weights, shortcuts and spikes of the lanes of cluster j."""
        config, share = self.config, self.config.lanes_per_neuron_unit
        for lane in range(share):
            weight = self.weights.word_select(j * share + lane, config.lane_weight_width)
            m.d.comb += cluster.weights[lane].eq(weight if config.signless else weight.as_signed())
        if config.skips:
            m.d.comb += cluster.shortcut.eq(self.shortcuts.word_select(j, share).bit_select(self.index, 1))
        if share == 1:
            m.d.comb += self.spikes[j].eq(cluster.spike)
            return
        # Spikes of earlier lanes wait.
        earlier = Signal(share - 1, name=f"earlier_{j}", reset_less=True)
        together = Cat(earlier, cluster.spike)
        m.d.comb += self.spikes.word_select(j, share).eq(together)
        with m.If(self.neuron.update):
            m.d.sync += earlier.eq(together[1:])

    def _relay(self, m: Module, select: Value, clusters: list[Cluster]) -> None:
        """Where rows are time steps, a lane goes on with the membrane of the same channel's lane in the row before."""
        distances = [plan.row_lanes if plan.steps_together else 0 for plan in self.config.layers]
        distance = Signal(range(max(distances) + 1))
        m.d.comb += distance.eq(by_program(m, select, distances, distance.shape(), "relay"))
        for lane, cluster in enumerate(clusters):
            m.d.comb += cluster.relayed.eq(cluster.kept)
            for apart in sorted({each for each in distances if 0 < each <= lane}):
                with m.If(distance == apart):
                    m.d.comb += cluster.relayed.eq(clusters[lane - apart].kept)

    def _keep(self, m: Module, clusters: list[Cluster]) -> None:
        """Membranes and sums wait for the next time step."""
        m.submodules.membrane_memory = memory = MembraneMemory(self.config)
        last = self.layer == len(self.config.layers) - 1
        m.d.comb += [
            memory.start.eq(self.start),
            memory.first.eq(self.layer == 0),
            memory.sums.eq(last),
            memory.potential.eq(self.neuron.potential),
            memory.update.eq(self.neuron.update),
            memory.membranes.eq(self.membranes),
            memory.potentials.eq(self.totals if self.config.totals else self.potentials),
            Cat(cluster.stored for cluster in clusters).eq(memory.stored),
            Cat(cluster.carried for cluster in clusters).eq(memory.carried),
        ]
        if not self.config.totals:
            m.d.comb += [cluster.sums.eq(last) for cluster in clusters]
