# make setup | demo | test | docs | bench     Each sets up what is missing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/pytest -n auto

.PHONY: setup demo test lint legs docs bench clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/demo.sh

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint
	$(PYTEST)
	$(MAKE) legs

# The same answers in every way of running: uncompiled, with bounds checks, under two hash seeds.
legs: setup
	NUMBA_DISABLE_JIT=1 $(PYTEST) -m leg
	NUMBA_BOUNDSCHECK=1 $(PYTEST) -m leg
	PYTHONHASHSEED=0 $(PYTEST) -m leg
	PYTHONHASHSEED=4711 $(PYTEST) -m leg

# The documentation site, into docs/_build; nothing is fetched, and a warning is an error.
docs: setup
	$(BIN)/sphinx-build -E -W --keep-going -q -b html docs docs/_build
	@echo 'open docs/_build/index.html'

bench: setup
	$(BIN)/python benchmarks/search.py

clean:
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache
