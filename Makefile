# Two commands matter to a newcomer: `make run` and `make test`. Both call `make install`.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILE := $(BIN)/uv pip compile --universal --no-header --no-annotate --no-emit-index-url --generate-hashes --python-version 3.11

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

install: $(VENV)/.installed  ## set up .venv from the pinned requirements

$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@# The build backend is pinned among the developers' packages.
	sed -n '/^setuptools==/,/[^\\]$$/p' requirements-dev.txt > $(VENV)/build.txt
	$(PIP) --require-hashes -r $(VENV)/build.txt -r requirements.txt
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

tools: install $(VENV)/.tools  ## what tests and checks need besides

$(VENV)/.tools: requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

run: install  ## start everything (embedded PostgreSQL, demonstration county) and serve
	@$(BIN)/taizhang serve --demo

test: tools  ## the whole suite, on a real PostgreSQL and in a real browser
	$(BIN)/python -m pytest -n auto

check: tools  ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: tools  ## rewrite the code as `make check` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: tools  ## measure the store against plain PostgreSQL and the package's own recorder
	$(BIN)/python -m tests.performance

lock:  ## pin the dependencies anew, with hashes and without naming a host
	$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade pyproject.toml -o requirements.txt
	$(COMPILE) --upgrade --group dev pyproject.toml -o requirements-dev.txt

clean:  ## remove what was built; never what was recorded (var/)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.PHONY: help install tools run test check format bench lock clean
