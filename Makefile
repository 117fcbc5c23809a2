# What a day needs. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test check proof bench lock clean

# Public data, never part of the project: where a benchmark's file is absent, it is named and left out.
DATA ?= ../shared/data
BIN := .venv/bin

help: ## say what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## make .venv with all that development needs
	@scripts/timed.sh setup scripts/setup.sh dev

demo: ## set up what a user installs, and run the main job on real input
	@scripts/timed.sh setup scripts/setup.sh demo
	@scripts/timed.sh bubblewrap scripts/bubblewrap.sh
	@scripts/timed.sh demo bash examples/demo.sh

check: setup ## the daily check, within two minutes: formatting, lint, types, import contracts, unit tests
	@scripts/check.sh check

test: setup ## check, and the tests with real parts at reduced counts, within 25 minutes
	@scripts/timed.sh bubblewrap scripts/bubblewrap.sh
	@scripts/check.sh test

proof: setup ## test at full counts, and the benchmarks that an issue is closed with
	@scripts/timed.sh bubblewrap scripts/bubblewrap.sh
	@VANA_PROOF=1 scripts/check.sh test
	@scripts/bench.sh "$(DATA)" humaneval

bench: setup ## every benchmark, each ending in one line of JSON
	@scripts/timed.sh bubblewrap scripts/bubblewrap.sh
	@scripts/bench.sh "$(DATA)"

# Versions and hashes for every platform, and no address: where packages come from is the machine's business.
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	--extra data --extra architecture --extra serve --group build

lock: setup ## write requirements/*.txt anew; UPGRADE=1 takes the newest versions
	@$(LOCK) $(if $(UPGRADE),--upgrade) --output-file requirements/demo.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) --group dev --constraint requirements/demo.txt --output-file requirements/dev.txt
	@scripts/setup.sh dev

clean: ## take away all that make made
	rm -rf .venv dist build .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
