"""What the accelerator promises its components and looks at of them: where a mutant may differ and does the same."""

from dataclasses import replace

from hdl.accelerator.skip_unit import item_of
from hdl.formal.equivalence import Surroundings
from model.accelerator.config import AcceleratorConfig
from model.accelerator.layer_plan import LayerPlan

SKIP_UNIT = Surroundings(
    {"o__payload": "o__valid ? o__payload : 0"},
    ["!i__valid | i__payload[7:0] != 0 | i__payload[17:16] != 0"],
)
WORDS = {"address": "read ? address : 0", "o__payload": "o__valid ? o__payload : 0"}
PIXEL_WINDOW = Surroundings(
    WORDS,
    ["!start | done", "data == was_data | was_read"],
    cases=[(case, "") for case in ("1", "own_running", "own_valid", "own_complete", "own_emitting")],
)
WINDOW_OF_SPIKES = replace(
    PIXEL_WINDOW,
    assumed=["!start | done", "data == was_data | was_read | done"],  # a bank that is released is written
    cases=[(case, "") for case in ("1", "own_running", "own_valid", "own_complete", "own_o__valid")],
)
LAYER_SEQUENCER = Surroundings(
    assumed=["!done | busy"], state="reg busy = 0; always @(posedge clk) busy <= !rst & (start | busy & !done);"
)
CLUSTER = Surroundings(
    {name: f"neuron[3] ? {name} : 0" for name in ("potential", "spike", "membrane")},
    ["!neuron[3] | was_neuron[0] | was_neuron[3]", "step[0] | weights__0 == 0", "mode == was_mode | !neuron[3]"],
)
CLUSTER_OF_A_LANE = replace(
    CLUSTER,
    counts={**CLUSTER.counts, "kept": "neuron[0] & !neuron[1] ? kept : 0"},
    assumed=[
        *CLUSTER.assumed,
        "!neuron[0] | neuron[1] | !(changed | mode != was_mode)",  # a neuron keeps its mode
        "!neuron[0] | neuron[1] | !was_neuron[0]",  # a further time step comes two cycles later
    ],
    state="reg changed = 1; always @(posedge clk) changed <= !(neuron[0] & neuron[1]) & (changed | mode != was_mode);",
)
INPUT_WRITER = Surroundings(
    {name: f"write ? {name} : 0" for name in ("address", "word", "bank")}, ["(\\release & ~full) == 0"]
)
EVENT_WRITER = Surroundings(
    {name: f"set != 0 ? {name} : 0" for name in ("address", "index")},
    ["(\\release & ~full) == 0", "(clean & (was_release | was_discard)) == 0"],
)
RESULT_STREAM = Surroundings({"data": "valid ? data : 0", "last": "valid & last"}, ["!update | !busy"])


def event_bank(config: AcceleratorConfig) -> Surroundings:
    """Events come into a clean bank, and are there before they are read, where there are words."""
    return Surroundings(
        {"word": "shown ? word : 0"},
        [
            "!(set | read | discard | \\release ) | clean",
            "!read | !(set | was_set)",
            f"!set | set_address < {config.input_words}",
            f"!read | address < {config.input_words}",
        ],
        "reg shown = 0; always @(posedge clk) shown <= !set & (read | shown);",
    )


def membrane_memory(config: AcceleratorConfig) -> Surroundings:
    """A layer's potentials come after its start, and no more than there are words."""
    return Surroundings(
        {"stored": "potential & !sums ? stored : 0", "carried": "potential & sums ? carried : 0"},
        [
            "update == was_potential",
            "!(start | was_start | was_rst) | !potential",
            "sums == was_sums | start | !sums & !potential & !update",
            f"!potential | own_place < (sums ? {config.sum_words} : {config.membrane_words})",
        ],
    )


def word_feeder(config: AcceleratorConfig) -> Surroundings:
    """A layer stays until it is done; words have as many bits as its sources have channels, at most. Parts of rows that
    it has not are not looked at."""
    layers, item = range(len(config.layers)), item_of(config)
    looked_at = [item.size - config.word_width * _others(plan, config.rows) for plan in config.layers]
    masks = " : ".join(f"layer == {number} ? {{{size}{{1'b1}}}}" for number, size in enumerate(looked_at))
    widths = {
        number: max(min(source.word_channels, source.source_channels) for source in plan.sources)
        for number, plan in enumerate(config.layers)
        if not plan.window
    }
    return Surroundings(
        {
            "address": "read ? address : 0",
            "o__payload": f"o__valid ? o__payload & ({masks} : 0) : 0",
            **({} if config.chain else {"memory": "read ? memory : 0"}),
        },
        [
            "!start | done",
            "data == was_data | was_read | layer != was_layer",
            "layer == was_layer | done",
            " | ".join(["!start", *(f"layer == {number}" for number in widths)]),
            *(f"!was_read | layer != {number} | data >> {width} == 0" for number, width in widths.items()),
        ],
        cases=[
            ("1", ""),
            ("own_running", "nest|turn"),
            *((f"own_running & was_layer == {number}", "nest") for number in layers),
            ("own_fetched", "^(found|row|marks|part|last)"),
            *((f"own_fetched & own_part == {part}", "payload") for part in range(1, config.rows)),
            ("own_valid", "payload"),
        ],
    )


def _others(plan: LayerPlan, rows: int) -> int:
    """Parts of a word that other layers have."""
    return 0 if rows == 1 else rows - plan.rows if plan.rows > 1 else rows


def fire_sequencer(config: AcceleratorConfig) -> Surroundings:
    """Hand-overs are as far apart as they have to be, and a layer has no further one after its last."""
    layers = range(len(config.layers))
    share = {"keep": "neuron[2]"} if config.lanes_per_neuron_unit > 1 else {"keep": "1'b0"}
    skips = [f"layer == {number}" for number, plan in enumerate(config.layers) if plan.skip_memory is not None]
    return Surroundings(
        {
            "neuron": f"{{neuron[3], neuron[0] ? {{{share['keep']}, neuron[1:0]}} : 3'b0}}",
            "index": "neuron[0] ? index : 0",
            "parameter_address": "neuron[0] ? was_parameter_address : 0",
            **{name: f"neuron[3] ? {name} : 0" for name in ("update_index", "time_step", "complete")},
            **{name: f"neuron[3] & spiking ? {name} : 0" for name in ("row", "store")},
            **{name: f"neuron[3] & spiking & store ? {name} : 0" for name in ("address", "merge", "again")},
            "skip_address": f"skip_read & !ended & !own_final & ({' | '.join(skips)}) ? skip_address : 0",
        },
        [
            "layer == was_layer | was_done",
            f"layer < {len(layers)}",
            "!start | !busy",
            "!fire | busy",
            "!own_waiting | !(own_final | ended)",
            *(
                f"!fire | layer != {number} | since >= {config.fire_interval(plan)}"
                for number, plan in enumerate(config.layers)
            ),
        ],
        """
        reg busy = 0, ended = 0;
        reg [4:0] since = 31;
        always @(posedge clk) begin
          {busy, ended} <= {!rst & (start | busy & !done), !start & (ended | own_final)};
          since <= fire ? 1 : start ? 31 : since + (since != 31);
        end
        """,
        [("1", ""), ("busy & !ended", ""), *((f"busy & !ended & was_layer == {number}", "nest") for number in layers)],
    )
