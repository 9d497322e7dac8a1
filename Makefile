# Every verb is one line; the logic is in Python. `make` alone lists them.
#
# Set-up happens once: a stamp in .venv says what is installed, and is older than what it depends on
# when the dependencies changed.

VENV := .venv
RUN := $(VENV)/bin/python
CORE := $(VENV)/core.stamp
FULL := $(VENV)/full.stamp
# The verbs that need all of it. Beside one of them the others wait for it too: it replaces what they would run from.
NEED_FULL := $(shell sed -n 's/^\([a-z]*\): $$(FULL).*/\1/p' Makefile)

# So it does where .venv's Python is gone, or make's command line names another PYTHON than the one that made it.
quoted = '$(subst ','\'',$(value $(1)))'
AGAIN := $(shell $(if $(filter command,$(origin PYTHON)),PYTHON=$(call quoted,PYTHON)) tools/setup.sh check || echo again)

# $(call option,--rows,ROWS): a variable becomes an option when it stands on make's command line. The environment's
# does not count: COLUMNS is a terminal's width there. Its text is one word for the shell, whatever is in it.
option = $(if $(and $(filter command,$(origin $(2))),$(value $(2))),$(1)=$(call quoted,$(2)))
precision = $(call option,--weight-width,W) $(call option,--membrane-width,U)
size = $(call option,--rows,ROWS) $(call option,--columns,COLUMNS)
lanes = $(call option,--lanes,LANES) $(call option,--lanes-per-neuron-unit,LANES_PER_NEURON_UNIT)
bundle = $(call option,--bundle,BUNDLE)
data = $(call option,--data-dir,DATA_DIR)
input = $(call option,--input,INPUT)
dataflow = $(call option,--dataflow,DATAFLOW)
accelerator = $(lanes) $(dataflow) $(call option,--memory-kbit,MEMORY_KBIT)
shape = $(call option,--network,NETWORK) $(call option,--density,DENSITY)
recipe = $(call option,--network,NETWORK) $(call option,--dataset,DATASET) $(call option,--epochs,EPOCHS) \
	$(call option,--seeds,SEEDS) $(call option,--augment,AUGMENT) $(call option,--teacher,TEACHER) $(call option,--output,OUTPUT)

# Tests and simulations start hundreds of Pythons, which would each compile what they import.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: again help setup estimate verilog cosim soak area timing fpga train evaluate results test nightly formal mutation bench lint clean

help:      ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile | expand -t 18

setup: $(FULL)     ## install everything that the verbs below need into .venv

estimate: $(CORE)  ## cycles, bound, traffic and memories of the accelerator   W=4 U=4 [IMAGES=100 BUNDLE= INPUT=file.npy LANES= NETWORK=vgg9 DENSITY=0.1]
	@$(RUN) -m mint estimate $(precision) $(bundle) $(data) $(input) $(lanes) $(dataflow) $(shape) $(call option,--images,IMAGES)

verilog: $(CORE)   ## write a network as Verilog, with its testbench   W=4 U=4 [BUNDLE= LANES=128 DATAFLOW=auto MEMORY_KBIT= NAME=; TOP=array ROWS= COLUMNS=]
	@$(RUN) -m mint verilog $(precision) $(bundle) $(call option,--top,TOP) $(accelerator) $(data) $(size) $(call option,--name,NAME)

cosim: $(CORE)     ## run images through the Verilog, compare every number   W=2 U=2 IMAGES=1 [SIM=verilator TOP=array LANES= BUNDLE= INPUT=file.npy]
	@$(RUN) -m mint cosim $(precision) $(size) $(lanes) $(dataflow) $(bundle) $(data) $(input) $(call option,--top,TOP) $(call option,--images,IMAGES) $(call option,--simulator,SIM)

soak: $(CORE)      ## 1,000 images through an accelerator in Verilator, with random waits   [BUNDLE= IMAGES=1000]
	@$(RUN) -m mint cosim $(or $(bundle),--bundle=bundles/mlp-fashion-w4u4.safetensors) $(or $(call option,--images,IMAGES),--images=1000) --simulator=verilator --idle=64 --stall=64 --output=build/soak

area: $(CORE)      ## gates, flip-flops and FPGA cells of all nine width pairs   [ROWS= COLUMNS= LIBERTY=file]
	@$(RUN) -m mint area $(size) $(call option,--liberty,LIBERTY)

timing: $(FULL)    ## critical path in a library, clock on ECP5   [LIBERTY=file PERIOD=ns SEEDS=3]
	@$(RUN) -m mint timing $(size) $(call option,--liberty,LIBERTY) $(call option,--period,PERIOD) $(call option,--seeds,SEEDS)

fpga: $(FULL)      ## place and route an accelerator on ECP5   W=4 U=4 DEVICE=85k [BUNDLE= LANES= SEEDS=1 IMAGES=1000]
	@$(RUN) -m mint fpga $(precision) $(bundle) $(accelerator) $(data) $(call option,--device,DEVICE) $(call option,--seeds,SEEDS) $(call option,--images,IMAGES)

train: $(FULL)     ## train a network   W=4 U=4 [NETWORK=file.py:Name DATASET= EPOCHS= SEEDS= AUGMENT= TEACHER=bundle OUTPUT=]
	@$(RUN) -m mint train $(precision) $(recipe) $(data)

evaluate: $(CORE)  ## accuracy of the integers on the test images   W=4 U=4 [BUNDLE=]
	@$(RUN) -m mint evaluate $(precision) $(bundle) $(data)

results: $(CORE)   ## write the tables of README and docs/results.md from docs/results   [UPDATE="area build/area.json"]
	@$(RUN) -m tools.results $(if $(filter command,$(origin UPDATE)),--update $(UPDATE))

test: $(FULL)      ## all tests
	@$(RUN) -m pytest -n 2 --dist worksteal

nightly: $(FULL)   ## what takes too long for that, up to three hours; goes on where it was   [PART=fuzz]
	@$(RUN) -m tools.nightly $(if $(filter command,$(origin PART)),$(PART))

formal: $(CORE)    ## prove elements, neuron units, streams and netlists, for ever and all nine width pairs   [LIBERTY=file]
	@$(RUN) -m mint formal $(call option,--liberty,LIBERTY)

mutation: $(CORE)  ## faults in array and accelerator that the benches notice   [MUTANTS=, of each, MINUTES=60]
	@status=0; for of in array accelerator; do $(RUN) -m mint mutation --of $$of $(call option,--mutants,MUTANTS) $(call option,--minutes,MINUTES) || status=1; done; exit $$status

bench: $(FULL)     ## speed of the golden model and the simulation, memory and speed of training
	@$(RUN) -m bench && $(RUN) -m bench.memory && $(RUN) -m bench.race

lint: $(FULL)      ## style, types, import rules
	@$(RUN) -m tools.lint

clean:             ## remove what was built; .venv and trained runs stay
	@rm -rf build

$(CORE): pyproject.toml constraints.txt tools/setup.sh $(AGAIN) $(if $(filter $(NEED_FULL),$(MAKECMDGOALS)),$(FULL))
	@tools/setup.sh core

$(FULL): pyproject.toml constraints.txt tools/setup.sh $(AGAIN)
	@tools/setup.sh full
