# `make demo` and `make test` are all a user needs: both build .venv with everything locked first.
PYTHON ?= python3
BIN := .venv/bin
COMPILED := $(shell find src packages -name '*.po') $(shell find src/shinrai/frameworks/data -name '*.yaml')
OUT := out/loan-screening

.PHONY: demo demo-chat test lint types rooms unit conformance mutants lock messages clean

demo: .venv/ready
	$(BIN)/python examples/loan-screening/run.py --out $(OUT)

demo-chat: .venv/ready
	$(BIN)/python examples/city-desk/run.py

test: lint types rooms unit

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/ready
	$(BIN)/mypy

rooms: .venv/ready
	$(BIN)/lint-imports

unit: .venv/ready
	$(BIN)/python tools/run_tests.py

# Needs a package registry, and makes environments of its own; what cannot be fetched is skipped, and said.
conformance: .venv/ready
	$(BIN)/python tools/conformance_exports.py
	$(BIN)/python tools/conformance.py
	$(BIN)/python tests/evidence/fault_injection.py sqlite
	$(BIN)/python tests/evidence/fault_injection.py postgresql

# Takes about an hour and a half on two cores; what survives is explained in docs/explanation/mutants-of-the-verifier.md.
mutants: .venv/ready
	$(BIN)/python tools/run_mutants.py --folder out/mutants

# requirements.lock names versions and hashes only, so that it works behind any mirror.
lock: .venv/bin/uv
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --quiet \
	  --no-emit-package shinrai-verify --extra peers --extra sql --extra timestamps --extra workers --group dev pyproject.toml --output-file requirements.lock

messages: .venv/ready
	$(BIN)/python tools/update_messages.py

.venv/bin/uv:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv==0.13.8

.venv/ready: .venv/bin/uv requirements.lock pyproject.toml packages/shinrai-verify/pyproject.toml $(COMPILED)
	$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e packages/shinrai-verify -e .
	touch $@

clean:
	rm -rf .venv out build dist
