# The one door of hilo. `make help` says what is behind it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

SWIFT ?= swift
# Debian's own Python: the collector that the tests talk to is linked against it.
PYTHON ?= /usr/bin/python3
# Arguments for pytest, e.g. make test-e2e PYTEST_ARGS="-k nginx -x"
PYTEST_ARGS ?=
# Who may execute the staged helpers: a group, or everybody.
GROUP ?=

# Modules are compiled once, for products and tests together, and linked statically by Package.swift. `swift test`
# without --skip-build would compile everything a second time, with other flags.
SWIFT_BUILD := $(SWIFT) build -c release

VENV := build/venv
STAGE := build/stage

.PHONY: help setup build bpf stage demo test test-unit test-e2e test-privileges test-vm bench fuzz lint fmt clean build-tests

help: ## This list
	@echo 'make demo   installs what it needs, builds, traces sample services and draws the trace'
	@echo 'make test   installs what it needs, builds, runs every test'
	@echo
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)$$/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: ## Install what building, the demo and the tests need (apt and a Python environment under build/)
	@scripts/setup.sh build demo test
	@$(MAKE) -s $(VENV)/.ready

build: ## Compile the command and its helpers (release)
	@scripts/setup.sh build
	@scripts/step.sh 'Compiling (release; some minutes the first time)' $(SWIFT_BUILD)

build-tests:
	@scripts/setup.sh build
	@scripts/step.sh 'Compiling products and tests (release; some minutes the first time)' $(SWIFT_BUILD) --build-tests

# ---- capture programs ------------------------------------------------------------------------------------------
BPF_SOURCES := $(wildcard bpf/*/*.bpf.c)
BPF_OBJECTS := $(addprefix build/bpf/,$(notdir $(BPF_SOURCES:.c=.o)))
vpath %.bpf.c $(sort $(dir $(BPF_SOURCES)))

bpf: ## Compile the kernel programs into build/bpf
	@scripts/setup.sh build
	@$(MAKE) bpf-objects

.PHONY: bpf-objects
bpf-objects: $(BPF_OBJECTS)
	@if [ -z "$(BPF_OBJECTS)" ]; then echo 'make: there is no bpf/*/*.bpf.c to compile' >&2; exit 1; fi

build/bpf/%.bpf.o: %.bpf.c scripts/compile-bpf.sh
	@scripts/compile-bpf.sh $< $@

-include $(BPF_OBJECTS:.o=.d)

# ---- a tree that runs from where it stands ---------------------------------------------------------------------
stage: build bpf ## Put a runnable tree into build/stage, with file capabilities when run as root
	@scripts/stage.sh $(STAGE) "$$($(SWIFT_BUILD) --show-bin-path)" "$(GROUP)"

demo: ## Trace sample services and draw the trace
	@scripts/setup.sh build demo
	@$(MAKE) stage
	@$(STAGE)/bin/hilo demo

# ---- tests -----------------------------------------------------------------------------------------------------
test: ## Everything: lint, unit tests, end-to-end tests
	@begin=$$SECONDS; \
	$(MAKE) setup; \
	$(MAKE) lint; \
	$(MAKE) test-unit; \
	$(MAKE) test-e2e; \
	$(MAKE) lint-binaries; \
	echo "make test: passed in $$(( (SECONDS - begin) / 60 )) min $$(( (SECONDS - begin) % 60 )) s"

test-unit: build-tests ## Unit tests of every module
	@scripts/step.sh 'Unit tests' $(SWIFT) test -c release --skip-build
	@for runner in Tests/*/run; do \
		if [ -x "$$runner" ]; then scripts/step.sh "$$runner" "$$runner"; fi; \
	done

.PHONY: test-bpf
test-bpf: ## The capture programs' logic as plain C under sanitizers (also part of test-unit)
	@scripts/setup.sh build
	@scripts/step.sh 'Capture logic in user space' Tests/BPFUnitTests/run

# make fuzz SECONDS=600 TARGET=stream
SECONDS ?= 60
TARGET ?=
fuzz: ## Hostile bytes at every parser under libFuzzer, each for SECONDS=60, or one TARGET (Tests/Fuzz)
	@scripts/setup.sh build
	@scripts/step.sh 'Fuzzing' Tests/Fuzz/run $(SECONDS) $(TARGET)

test-e2e: $(VENV)/.ready ## Real servers, real load, a real collector
	@scripts/setup.sh build demo test
	@$(MAKE) stage
	@scripts/step.sh 'End-to-end tests' $(VENV)/bin/python -m pytest -c Tests/EndToEnd/pytest.ini Tests/EndToEnd $(PYTEST_ARGS)

# Under QEMU, see Tests/VM/kernels.txt.
KERNELS ?= 6.1 6.12
test-vm: $(VENV)/.ready ## The end-to-end tests on other kernels, emulated (long)
	@scripts/setup.sh build demo test vm
	@$(MAKE) stage
	@cd Tests/EndToEnd && for made in kit.clients kit.pythons; do $(abspath $(VENV))/bin/python -m $$made >/dev/null; done
	@for kernel in $(KERNELS); do \
		scripts/step.sh "End-to-end tests on Linux $$kernel" $(PYTHON) Tests/VM/vm.py "$$kernel" --suite -- $(PYTEST_ARGS); \
	done

# Their own packages: what OpenTelemetry's auto-instrumentation of Python is made of.
BENCH_VENV := build/bench/venv
bench: $(BENCH_VENV)/.ready ## What tracing costs, alternating without and with hilo (some minutes, on a quiet machine)
	@scripts/setup.sh build demo test
	@$(MAKE) stage
	@$(BENCH_VENV)/bin/python Tests/Benchmarks/bench.py --output build/bench/result.json $(BENCH_ARGS)
	@$(BENCH_VENV)/bin/python Tests/Benchmarks/record.py build/bench/recorded
	@"$$($(SWIFT_BUILD) --show-bin-path)/hilo-bench-replay" build/bench/recorded 20

$(BENCH_VENV)/.ready: Tests/Benchmarks/requirements.txt
	@scripts/setup.sh test
	@mkdir -p build/bench
	@scripts/python-environment.sh $(PYTHON) $(BENCH_VENV) $<
	@touch $@

test-privileges: $(VENV)/.ready ## Only what privileges decide: missing ones, audit, helpers' lives
	@$(MAKE) test-e2e PYTEST_ARGS='-m privileges $(PYTEST_ARGS)'

$(VENV)/.ready: Tests/EndToEnd/requirements.txt
	@scripts/setup.sh test
	@scripts/python-environment.sh $(PYTHON) $(VENV) $<
	@touch $@

lint: ## Imports by target, file and line lengths, words that mark unfinished work
	@$(PYTHON) Tests/lint/lint.py sources

.PHONY: lint-binaries
lint-binaries: ## What the staged helpers are linked with
	@$(PYTHON) Tests/lint/lint.py binaries $(STAGE)

fmt: ## Format the Swift sources with the toolchain's swift-format
	@$(SWIFT) format --in-place --parallel --recursive Package.swift Sources helpers Tests

clean: ## Remove everything that was built
	rm -rf build .build
