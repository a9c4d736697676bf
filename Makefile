PYTHON ?= python3
PYTEST_ARGS ?=
FUZZ_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Stamps: `make setup` repeats a step only when what it was made from has changed.
PY_READY := $(VENV)/.installed
KEEL_READY := $(VENV)/.keel
NODE_READY := node_modules/.installed
SOLC_READY := $(VENV)/.solc
ANVIL_READY := $(VENV)/.anvil
COMPILED := .build/.compiled

# Folders too: their time changes when a contract is removed.
CONTRACTS := $(shell find contracts -path contracts/.cache -prune -o \( -name '*.sol' -o -type d \) -print 2>/dev/null)
# py-solc-x keeps compilers outside the clone; a stamp alone would miss that somebody emptied its folder.
SOLC := $(or $(SOLCX_BINARY_PATH),$(HOME)/.solcx)/solc-v0.8.30
PY_SOURCES := keel scripts $(wildcard tests)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup check-tools compile lint format test demo gas fuzz clean FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(KEEL_READY) $(SOLC_READY) $(ANVIL_READY) ## install the pinned Python and node packages, the compiler and anvil

check-tools:
	@command -v $(PYTHON) >/dev/null || { echo "keel needs Python 3.11 or 3.12: $(PYTHON) is not on PATH" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
	  || { echo "keel needs Python 3.11 or 3.12: try make setup PYTHON=python3.12" >&2; exit 1; }
	@command -v node >/dev/null || { echo "keel needs Node.js 20 or newer: node is not on PATH" >&2; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' \
	  || { echo "keel needs Node.js 20 or newer: this is $$(node --version)" >&2; exit 1; }
	@command -v npm >/dev/null || { echo "keel needs npm, which comes with Node.js: npm is not on PATH" >&2; exit 1; }

$(PY_READY): requirements.lock | check-tools
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(KEEL_READY): pyproject.toml $(PY_READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(NODE_READY): package-lock.json .npmrc | check-tools
	npm ci --loglevel=error
	@touch $@

$(SOLC_READY): scripts/install_solc.py scripts/solc_launcher.js $(PY_READY) $(NODE_READY) $(if $(wildcard $(SOLC)),,FORCE)
	$(BIN)/python scripts/install_solc.py
	@touch $@

# The binary itself, not npm's node wrapper: a chain outlives a killed wrapper.
$(ANVIL_READY): $(PY_READY) $(NODE_READY)
	@anvil=$$(ls node_modules/@foundry-rs/anvil-*/bin/anvil 2>/dev/null | head -n 1); \
	if [ -n "$$anvil" ]; then ln -sf "../../$$anvil" $(BIN)/anvil; \
	elif ! command -v anvil >/dev/null; then \
	  echo "anvil: npm has no build for this machine; the foundry provider needs Foundry installed" >&2; fi
	@touch $@

compile: $(COMPILED) ## compile the contracts if they changed

$(COMPILED): $(CONTRACTS) ape-config.yaml $(SOLC_READY)
	$(BIN)/python scripts/compile.py
	@touch $@

lint: setup ## check style and types of Python and Solidity
	$(BIN)/ruff check $(PY_SOURCES)
	$(BIN)/ruff format --check $(PY_SOURCES)
	$(BIN)/mypy
	node_modules/.bin/solhint --disc --noPoster --max-warnings 0 'contracts/**/*.sol'
	node_modules/.bin/prettier --log-level warn --check 'contracts/**/*.sol'

format: setup ## rewrite Python and Solidity in the project's style
	$(BIN)/ruff check --fix-only --quiet $(PY_SOURCES)
	$(BIN)/ruff format $(PY_SOURCES)
	node_modules/.bin/prettier --log-level warn --write 'contracts/**/*.sol'

# A file's tests stay together: what they share is deployed once.
test: setup compile lint ## run everything a change must pass (PYTEST_ARGS="-k liquidation")
	$(BIN)/ape test tests -n auto --dist loadfile $(PYTEST_ARGS)

demo: setup compile ## live through a market day on a local chain and write a report
	$(BIN)/keel demo

gas: setup compile ## measure the gas of every operation and compare it with the snapshot
	$(BIN)/keel gas --check

fuzz: setup compile ## random campaigns against the invariants (FUZZ_ARGS="...")
	$(BIN)/keel fuzz $(FUZZ_ARGS)

clean: ## remove what compiling, testing and running left; keep the installed packages
	rm -rf .build contracts/.cache reports .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find keel scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
