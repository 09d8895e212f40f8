# Needs python3 (3.11 to 3.14) with venv and pip, or uv; sets .venv up on first use, without root.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test bench cluster soak lint lock clean

help:
	@echo 'make demo   a simulated company, judged and sealed: writes and verifies demo/pack.zip'
	@echo 'make test   the tests (ARGS=... goes to pytest)'
	@echo 'make bench  where the time of an event goes, as ratios in one run'
	@echo 'make cluster  broker, intake, two workers and a simulated company; ends with equal counts'
	@echo 'make soak   the same with faults: 100 kills each at 1, 2 and 3 workers'
	@echo 'make lint   ruff and mypy --strict'
	@echo 'make clean  removes .venv, demo/ and caches; leaves data/ and keys alone'

setup:
	@command -v $(PYTHON) >/dev/null || \
	  { echo 'There is no $(PYTHON) here: install Python 3.11 or newer and run make again.' >&2; exit 1; }
	@$(PYTHON) deploy/setup.py

demo: setup
	$(BIN)/shoseki demo $(ARGS)

test: setup
	$(BIN)/python -m pytest $(ARGS)

bench: setup
	$(BIN)/python tests/bench $(ARGS)

cluster: setup
	$(BIN)/python tests/soak --calm --workers 2 --staff 200 $(ARGS)

soak: setup
	$(BIN)/python tests/soak $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

# Only when dependencies change; needs uv. Hashes, no addresses. The second one is the image's.
lock:
	uv pip compile pyproject.toml --extra dev --extra production --universal --generate-hashes \
	  --only-binary :all: --no-header --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --extra production --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --generate-hashes --constraint requirements.lock \
	  --only-binary :all: --no-header --quiet --output-file deploy/requirements.lock

clean:
	rm -rf .venv demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
