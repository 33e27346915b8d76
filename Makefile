# Two commands set up everything: `make mock` and `make test`. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help mock test check coverage shape format gate bench faults soak clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

PIP := $(BIN)/python -m pip --disable-pip-version-check install --constraint constraints.txt --editable
NEEDED := import sys; v = sys.version_info; v >= (3, 11) or \
	sys.exit("This needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12" % v[:2])

.venv/mock: pyproject.toml constraints.txt
	@$(PYTHON) -c '$(NEEDED)'
	@echo 'Installing the mock into .venv; only the first time takes a while.'
	@$(PYTHON) -m venv .venv
	@$(PIP) .
	@echo 'Installed. For mock-server in a shell: . .venv/bin/activate   Everywhere: pipx install .'
	@touch $@

.venv/dev: .venv/mock
	@echo 'Installing what the gate and the tests need.'
	@$(PIP) '.[dev]'
	@touch $@

mock: .venv/mock  ## install and serve the mock at http://127.0.0.1:4010 (ARGS='--scenario busy' for flags)
	@$(BIN)/mock-server $(ARGS)

test: check  ## install, run every test, and judge the mock with the gate
	$(BIN)/python -m pytest -n auto --dist worksteal
	$(BIN)/contract-tests --report-dir reports

check: .venv/dev  ## format, lint, types, import directions, complexity, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/complexipy
	$(BIN)/vulture

coverage: .venv/dev  ## run every test and say which lines none of them runs
	$(BIN)/python -m pytest -n auto --dist worksteal --cov

shape: .venv/dev  ## how easy both packages are to enter: rooms, cycles, density (ARGS=--check fails over a limit)
	@$(BIN)/python -m tests.shape $(ARGS)

format: .venv/dev  ## put the format right
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

gate: .venv/dev  ## judge a server: make gate ARGS='--base-url http://127.0.0.1:4010'
	$(BIN)/contract-tests $(ARGS)

faults: .venv/dev  ## which law catches which faulty server, beside plain schemathesis
	$(BIN)/python -m tests.contract_tests.faults_table --write docs/faults.md $(ARGS)

soak: .venv/dev  ## long trials, a minute each (ARGS='--only guard')
	$(BIN)/python -m tests.soak $(ARGS)

bench: .venv/dev  ## measure ours beside its peers (Prism and Scalar from npm, wrk)
	cd bench && ../$(BIN)/python run.py $(ARGS)

clean:  ## remove what the other targets made
	rm -rf .venv reports .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
