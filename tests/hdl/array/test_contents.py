"""Memory images and the description: what is written is what the network holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdl.array.contents import memory_images
from hdl.array.description import FORMULAS, describe
from hdl.array.systolic_array import SystolicArray
from hdl.array.tiling import tilings
from hdl.verilog.words import from_bits, from_hex, to_bits, to_hex
from sim.networks.random_networks import random_network

SEEDS = range(9)
SIZES = {"rows": 4, "columns": 3}


@given(st.integers(1, 40), st.integers(0, 5), st.randoms(use_true_random=False))
def test_words_come_back(width, words, random):
    numbers = [[random.getrandbits(width) - (1 << (width - 1)) for _ in range(3)] for _ in range(words)]
    bits = to_bits(np.array(numbers, np.int64).reshape(words, 3), width)
    text = to_hex(bits)
    expected = [sum((n & ((1 << width) - 1)) << (i * width) for i, n in enumerate(line)) for line in numbers]
    assert [int(line, 16) for line in text.splitlines()] == expected
    back = from_hex(text, 3 * width)
    assert from_bits(back.reshape(words, 3, width), signed=True).tolist() == numbers


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("0x1\n", "word 0 is 0x1"), ("012\n0z3\n", "word 1 is 0z3"), ("01\n", "3 digits"), ("012", "3 digits")],
)
def test_text_that_is_no_words_is_refused(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        from_hex(text, 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_images_hold_the_network(seed):
    network = random_network(seed)
    config = network.array_config(**SIZES)
    images = memory_images(network, config)
    assert [image.text for image in images] == [image.text for image in memory_images(network, config)]
    texts = {image.file: image for image in images}
    for layer in network.layers:
        tiling = tilings(network, config)[layer.name]
        weights, parameters = texts[f"{layer.name}.weights.hex"], texts[f"{layer.name}.parameters.hex"]
        for image in (weights, parameters):
            lines = image.text.splitlines(keepends=True)
            assert len(lines) == image.words
            assert all(line.endswith("\n") and len(line) == -(-image.word_bits // 4) + 1 for line in lines)

        # Weights, one by one as the module's documentation orders them.
        words = iter(weights.text.splitlines())
        mask = (1 << config.weight_width) - 1
        for first in range(0, tiling.column_tiles * config.columns, config.columns):
            channels = [c for c in range(first, first + config.columns) if c < layer.channels]
            for source in layer.sources:
                for index in np.ndindex(source.weight.shape[1:]):
                    repeats = 1 if tiling.static else network.largest_value(source.origin)
                    for _ in range(repeats):
                        fields = [int(source.weight[(c, *index)]) & mask for c in channels]
                        expected = sum(field << (i * config.weight_width) for i, field in enumerate(fields))
                        assert int(next(words), 16) == expected
        assert next(words, None) is None

        width = config.accumulator_width
        for channel, line in enumerate(parameters.text.splitlines()):
            bits, mask = int(line, 16), (1 << width) - 1
            leak = bits >> (width * (3 if config.joins else 2))
            assert leak == (config.neurons.index(layer.neuron) if layer.spiking else 0)
            if channel < layer.channels:
                bias = int(layer.bias[channel]) * (1 if layer.spiking else network.time_steps)
                # Less what every beat adds: 2^(W-1), doubled with the sum after a pixel's higher bits.
                often = 255 if tiling.static else 1 if layer.spiking else network.time_steps
                bias -= tiling.beats * often * 2 ** (config.weight_width - 1)
                threshold = int(layer.threshold[channel]) if layer.spiking else 0
                assert bits & mask == threshold & mask
                assert bits >> width & mask == bias & mask
                if config.joins:
                    skip = int(layer.skip_bias[channel]) if layer.skip else 0
                    assert bits >> (2 * width) & mask == (bias + skip) & mask


@pytest.mark.parametrize("seed", SEEDS)
def test_description_states_the_formulas_and_ports_of_the_array(seed):
    network = random_network(seed)
    array = SystolicArray(network.array_config(**SIZES))
    config = array.config
    found = describe(array, "mint_array", network)
    for layer in found["layers"]:
        names = {"rows": config.rows, "columns": config.columns, "K": layer["K"], "T": network.time_steps}
        assert eval(FORMULAS[f"{layer['tile']}_tile"], {}, names) == layer["tile_cycles"]
    sizes = {"rows": config.rows, "columns": config.columns}
    sizes["T"] = network.time_steps
    for key in ("double", "fire", "fire_last", "fire_held", "drain", "result", "clear_after_reset"):
        assert eval(FORMULAS[key], {}, sizes) == found["latency"][key]
    ports = {port["name"]: port for port in found["ports"]}
    assert ports["i_spikes__payload"]["width"] == config.rows + 3
    assert ports["o_sums__payload"]["width"] == config.columns * config.accumulator_width
    for memory in found["memories"]:
        assert memory["word_bits"] == ports[f"{memory['port']}__payload"]["width"]
    assert found["widths"]["accumulator"]["bits"] == config.accumulator_width


def test_description_names_the_layer_that_sets_the_accumulator():
    network = random_network(4)
    widest = max(network.layers, key=network.accumulator_width)
    found = describe(SystolicArray(network.array_config()), "mint_array", network)
    assert f"layer {widest.name} reaches " in found["widths"]["accumulator"]["why"]
