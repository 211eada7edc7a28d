# setup   a virtual environment with exactly the locked packages
# demo    simulators, gateway, hub and real traffic, in one command (ARGS="--for 20s")
# test    all tests            check   style, types, import rules, documentation
# docs    the reference pages that are written from code
# scores  how much of Kusto is reproduced, page by page (ARGS=DIRECTORY of the corpora)
# fuzz    hostile input to every parser (ARGS="--seconds 600 --target kql")
# bench   the measurements (ARGS=--quick: five minutes)     lock    renew requirements.lock from pyproject.toml
# soak    load and SIGKILLs, judged by what clients saw (ARGS="--minutes 60")

# The first interpreter that is 3.11 or newer; `make setup PYTHON=/path/to/python3` names another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ARGS ?=
BIN := .venv/bin
STAMP := .venv/.locked

.PHONY: setup demo test check docs scores bench fuzz soak lock clean
.DEFAULT_GOAL := setup

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer was found: install one, or name it: make setup PYTHON=/path/to/python3"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "error: $(PYTHON) cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt install python3-venv)"; exit 2; }
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(BIN)/gatelog demo $(ARGS)

test: setup
	$(BIN)/pytest $(ARGS)

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/docs tests/unit/test_tidy.py

docs: setup
	$(BIN)/python docs/generate.py

scores: setup
	$(BIN)/python docs/kql_scores.py $(ARGS)

# Envoy, Portkey and LiteLLM are installed below .bench at first use; nginx, wrk, node and npm come from the system.
bench: setup
	@$(BIN)/python benchmarks/run.py $(ARGS)

# Guided by coverage where atheris is installed in the environment (pip install atheris), else random.
fuzz: setup
	@$(BIN)/python -m tests.fuzz.run $(ARGS)

soak: setup
	@$(BIN)/python benchmarks/soak.py $(ARGS)

# uv is needed here only. One lock serves every supported Python and platform, and names no package index.
lock:
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-header --no-emit-index-url --no-emit-find-links --output-file requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-data
