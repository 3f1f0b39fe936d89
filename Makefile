# Two commands matter to a newcomer: `make run` and `make test`. Both call `make install`.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILE := $(BIN)/uv pip compile --universal --no-header --no-annotate --no-emit-index-url --generate-hashes --python-version 3.11

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed  ## set up .venv from the pinned requirements

$(VENV)/.installed: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: install  ## start everything (embedded PostgreSQL, demonstration county) and serve
	@$(BIN)/taizhang serve --demo

test: install  ## the whole suite, on a real PostgreSQL and in a real browser
	$(BIN)/python -m pytest

check: install  ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install  ## rewrite the code as `make check` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install  ## measure the store against plain PostgreSQL and the package's own recorder
	$(BIN)/python -m tests.performance

lock:  ## pin the dependencies anew, with hashes and without naming a host
	$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade pyproject.toml -o requirements.txt
	$(COMPILE) --upgrade --group dev pyproject.toml -o requirements-dev.txt

clean:  ## remove what was built; never what was recorded (var/)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.PHONY: help install run test check format bench lock clean
