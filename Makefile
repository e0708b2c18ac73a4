# Everything runs in one virtual environment; longer steps are scripts in tools/.
#
#     VENV=.venv          the environment          PYTHON=python3.12   the interpreter that makes it
#     JOBS=2              processes for pytest     PYTEST_ARGS="-x"    arguments for pytest
#     TORCH=1             compare with PyTorch     LAB_ARGS="--no-browser"   arguments for JupyterLab

VENV ?= .venv
PYTHON ?=
JOBS ?= 2
export PYTHON JOBS PYTEST_ARGS TORCH

.DEFAULT_GOAL := help
.PHONY: help lab test lint types widgets unit notebooks browser kernels packages docs format bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

lab: $(VENV)/.installed-lab ## install, and open JupyterLab on the notebooks
	@tools/lab.sh $(VENV) $(LAB_ARGS)

test: $(VENV)/.installed-test ## install what the tests need, and run all of them
	@tools/torch_for_tests.sh $(VENV)
	@tools/run_tests.sh $(VENV) lint types widgets notebooks browser unit kernels packages docs

lint types widgets notebooks browser unit kernels packages: $(VENV)/.installed-test
	@tools/run_tests.sh $(VENV) $@

lint: ## ruff check and ruff format --check
types: ## mypy --strict
unit: ## unit tests and doctests
notebooks: ## run the notebooks and compare their outputs
widgets: ## the browser side alone: types, eslint, prettier, vitest; needs Node
browser: ## JupyterLab and Notebook 7 in Chromium; pictures in build/browser
kernels: ## the notebook side with the oldest ipykernel and IPython that are supported
packages: ## build sdist and wheel, and try the wheel in clean environments of Python 3.11 to 3.13

docs: $(VENV)/.installed-docs ## build the documentation into build/docs/html; a warning is an error
	@tools/build_docs.sh $(VENV)

format: $(VENV)/.installed-test ## rewrite the sources as ruff wants them
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.installed-test ## run the benchmarks, side by side with PyTorch where it is installed
	@tools/torch_for_tests.sh $(VENV)
	$(VENV)/bin/python -m benchmarks

clean: ## remove caches and build products (not the environment)
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name $(notdir $(VENV)) -prune -o -name node_modules -prune \
		-o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +

# A stamp for each extra: installed again when pyproject.toml changes, and not otherwise.
$(VENV)/.installed-%: pyproject.toml
	@tools/setup_env.sh $(VENV) $*
	@touch $@
