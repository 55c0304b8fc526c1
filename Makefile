# Everything a developer does with presslake. Each target sets up what it needs, so any of them can be the first.
# Needs Python 3.11 or newer, make and git. `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SAMPLE := docs/sample
WAREHOUSE := warehouse
FUZZ_EXAMPLES ?= 20000
KILLS ?= 200
PUBLISHES ?= 100
BENCH ?=
CORPUS ?= ../shared/corpus/content
LABELS ?= $(wildcard ../shared/dedup/labels*.jsonl) benchmarks/labels.jsonl

# The lock was made with 3.11; a newer Python serves where that is not there. A name counts only if it runs and
# can make environments: version managers leave names on PATH that do neither.
PYTHONS := python3.11 python3.12 python3.13 python3.14 python3 python
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

.DEFAULT_GOAL := help
.PHONY: help setup run test test-dbt test-contract test-consumers test-e2e lint fuzz torture bench bench-dedup docs contract screenshots clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## make the environment .venv with the versions of requirements.lock

$(READY): requirements.lock pyproject.toml
	@set -e; python=; \
	for name in $(PYTHONS); do \
	    if "$$name" -c '$(USABLE)' 2>/dev/null; then python="$$name"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "presslake needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv)." >&2; exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$python" --version): installing requirements.lock takes a minute or two."; \
	"$$python" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -e .
	@$(BIN)/python -m compileall -q config flows tasks  # pip does it for all other packages
	@touch $@
	@echo "$(VENV) is ready."

run: export PRESSLAKE_RUN__ENGINE = prefect
run: export PREFECT_HOME ?= $(CURDIR)/.prefect
run: setup ## load the sample newsroom into ./warehouse through Prefect and query it with SQL
	@echo "Running the pipeline on $(SAMPLE). Prefect starts a server of its own; the first time takes half a minute."
	@$(BIN)/presslake run $(SAMPLE) --warehouse $(WAREHOUSE) --accept-quarantine
	@$(BIN)/python -m flows.queries docs/queries $(WAREHOUSE)

test: setup ## run the tests of every day, in parallel
	@$(BIN)/python -m pytest

test-e2e: setup ## run the end-to-end tests: real server, worker, browser, clusters
	@$(BIN)/python -m pytest tests/e2e

test-dbt: setup .venv-dbt/.ready ## build the dbt example on tables of its own, without a network
	@$(BIN)/python -m pytest -n 2 --timeout 900 tests/consumers/test_dbt.py

test-contract: setup .venv-datacontract/.ready ## hold tables, whole and damaged, against the published contract with datacontract-cli
	@$(BIN)/python -m pytest -n 2 --timeout 900 tests/consumers/test_datacontract.py

test-consumers: setup .venv-readers/.ready .venv-dbt/.ready .venv-datacontract/.ready ## read the tables with eight engines, dbt and datacontract-cli (installs 2 GB at first)
	@$(BIN)/python -m pytest -n 2 --timeout 900 tests/consumers

# Tools whose pins exclude one another or presslake's own: each set has an environment of its own.
.venv-%/.ready: tests/consumers/%.txt | setup
	@echo "Setting up .venv-$*: installing $< takes some minutes."
	@$(BIN)/python -m venv --clear .venv-$*
	@.venv-$*/bin/python -m pip install -qq --disable-pip-version-check -r $<
	@touch $@

lint: setup ## check style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fuzz: setup ## compare the fast YAML reader with the reference on many mutated documents (FUZZ_EXAMPLES=20000)
	@PRESSLAKE_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest --timeout 0 tests/tasks/front_matter/test_subset_equals_reference.py

torture: setup ## kill runs by SIGKILL everywhere, KILLS=200 times, and read while PUBLISHES=100 snapshots come (minutes)
	@PRESSLAKE_KILLS=$(KILLS) $(BIN)/python -m pytest -n 2 --timeout 0 tests/e2e/test_kill_run_anywhere.py
	@PRESSLAKE_PUBLISHES=$(PUBLISHES) $(BIN)/python -m pytest -n 0 --timeout 0 -rP tests/flows/test_readers_while_writing.py

bench: setup ## compare with other tools on generated files, write docs/benchmarks.md (BENCH="--files 60000 --repeats 5")
	@$(BIN)/python -m benchmarks.compare $(BENCH)

bench-dedup: setup ## measure how right and how fast near-duplicates are found (CORPUS=folder LABELS=files)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check 'datasketch>=2.0'
	@if [ -d "$(CORPUS)" ]; then \
	    $(BIN)/python -m benchmarks.dedup_quality "$(CORPUS)" $(LABELS) && \
	    $(BIN)/python -m benchmarks.dedup_held_out "$(CORPUS)" $(LABELS) benchmarks/probes.jsonl; \
	else echo "No folder $(CORPUS): give CORPUS=folder to measure precision and recall."; fi
	@$(BIN)/python -m benchmarks.dedup_speed 10000 100000

docs: setup ## print docs/tables.md and docs/settings.md again from contract, rules and settings
	@$(BIN)/python -m config.contract_docs > docs/tables.md.new && mv docs/tables.md.new docs/tables.md
	@$(BIN)/python -m config.settings > docs/settings.md.new && mv docs/settings.md.new docs/settings.md
	@$(BIN)/python -m config.contract_docs published > docs/contract.new && mv docs/contract.new docs/contract/articles.odcs.yaml

contract: docs .venv-datacontract/.ready ## print docs/contract/ anew: what datacontract-cli makes of the published contract
	@$(BIN)/python -m tests.consumers.exports docs/contract

screenshots: setup ## take the pictures in docs/screenshots again (needs Chromium)
	@for script in docs/*screenshots.py; do $(BIN)/python "$$script" || exit 1; done

clean: ## remove environment, caches and Prefect's history of `make run`; ./warehouse stays
	@rm -rf $(VENV) .venv-* .prefect .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist presslake.egg-info
	@find config flows tasks tests -name __pycache__ -type d -prune -exec rm -rf {} +
