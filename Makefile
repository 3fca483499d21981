# Seedbed's everyday commands; `make help` lists them.
#
# Everything is installed into .venv beside this file, never into an environment that happens to
# be active. A stamp in .venv tells what has been installed; it is older than pyproject.toml or
# a lock file when one of them has changed, and then the next command installs again.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # two installs into one environment would trip over each other

# Variables to set on the command line, e.g. `make train ARGS="seed=7"`:
PYTHON ?= python3#    the interpreter that .venv is made with
ARGS ?=#              what `train`, the benchmarks and `experiments` pass on
PYTEST_ARGS ?=#       what `test` passes on to pytest
TEST_WORKERS ?= 2#    pytest processes side by side
TEST_THREADS ?= 1#    threads of each, so that together they don't crowd the cores

VENV := .venv
BIN := $(VENV)/bin
DATA := data

# $(call install,LOCK,STAMPS): installs the packages of a lock file, each of which must have one of
# the hashes that stand there, and Seedbed; then touches STAMPS. An install that was cut off
# (Ctrl-C, kill) leaves .installing behind, and the next one starts over from an empty .venv. One
# that pip itself gave up on (no network, say) leaves the environment whole, and is just tried again.
# The `env -u` list keeps the user's own settings from steering pip to another place.
define install
	@rm -f $(2)
	@if [ -e $(VENV)/.installing ]; then \
	  echo "The last install was cut off: starting over with an empty $(VENV)"; \
	fi
	@if [ -e $(VENV)/.installing ] || ! $(BIN)/python -c $(VERSION_OK) 2>/dev/null \
	    || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  command -v "$(PYTHON)" >/dev/null || { \
	    echo "No '$(PYTHON)' found. Seedbed needs Python 3.11 or later; name one with" \
	      "make PYTHON=/path/to/python3 ..." >&2; exit 1; }; \
	  "$(PYTHON)" -c $(VERSION_OK) || { \
	    echo "Seedbed needs Python 3.11 or later, but '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1);" \
	      "name another with make PYTHON=/path/to/python3 ..." >&2; exit 1; }; \
	  echo "Making $(VENV) with $$("$(PYTHON)" --version)"; \
	  env -u PYTHONPATH -u PYTHONHOME "$(PYTHON)" -m venv --clear $(VENV); \
	fi
	@echo "Installing $(1) and Seedbed into $(VENV)"
	@trap 'exit 130' INT TERM HUP; \
	touch $(VENV)/.installing; \
	status=0; \
	{ $(PIP_INSTALL) --require-hashes -r requirements-build.lock \
	  && { $(PIP_INSTALL) --dry-run --require-hashes -r requirements-torch-cpu.lock 2>/dev/null \
	    || $(PIP_INSTALL) --require-hashes -r requirements-torch.lock; } \
	  && $(PIP_INSTALL) --require-hashes -r $(1) \
	  && $(PIP_INSTALL) --editable .; } || status=$$?; \
	[ $$status -gt 128 ] || rm -f $(VENV)/.installing; \
	exit $$status
	@touch $(2)
endef
# The lock files are complete, so nothing has to be resolved, nor fetched to build a package.
PIP_INSTALL = env -u PYTHONPATH -u PYTHONHOME -u PIP_USER -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT \
  $(BIN)/python -m pip install --quiet --disable-pip-version-check \
  --no-deps --no-build-isolation
VERSION_OK := 'import sys; sys.exit(sys.version_info < (3, 11))'

.PHONY: help
help: ## Show this list
	@echo "Usage: make TARGET [VARIABLE=value ...]"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Variables:"
	@awk -F ' [?]= *|# +' '/^[A-Z_]+ [?]=.*# / { printf "  %-15s %s (%s)\n", $$1, $$3, $$2 == "" ? "none" : $$2 }' $(firstword $(MAKEFILE_LIST))

# ---- Installing ----------------------------------------------------------------------------------

LOCKS := $(addsuffix .lock,requirements requirements-build requirements-torch requirements-torch-cpu)

$(VENV)/.installed-train: pyproject.toml $(LOCKS)
	$(call install,requirements.lock,$@)

# The test install holds all of the train install, so it stands for both.
$(VENV)/.installed-test: pyproject.toml requirements-test.lock $(LOCKS)
	$(call install,requirements-test.lock,$@ $(VENV)/.installed-train)

# ---- Running -------------------------------------------------------------------------------------

.PHONY: train
train: $(VENV)/.installed-train ## Train a model: make train ARGS="seed=7 trainer.max_epochs=2"
	$(BIN)/seedbed train $(ARGS)

.PHONY: benchmark
benchmark: $(VENV)/.installed-train ## Measure what the framework costs per step
	$(BIN)/python scripts/benchmark.py $(ARGS)

.PHONY: benchmark-sweep
benchmark-sweep: $(VENV)/.installed-train ## Measure what a sweep costs, phase by phase
	$(BIN)/python scripts/sweep_benchmark.py $(ARGS)

.PHONY: benchmark-page
benchmark-page: $(VENV)/.installed-test ## Measure the report page of 10,000 jobs in a browser
	$(BIN)/python scripts/page_benchmark.py $(ARGS)

.PHONY: benchmark-tables
benchmark-tables: $(VENV)/.installed-test ## Compare cross-validations of tables with scikit-learn's
	$(BIN)/python scripts/tables.py $(ARGS)

.PHONY: experiments
experiments: $(VENV)/.installed-train ## Run the reference experiments: asked, reached, ok
	$(BIN)/python scripts/experiments.py $(ARGS)

# ---- Checking ------------------------------------------------------------------------------------

.PHONY: test
test: fetch check docs ## Run every check and the whole test suite
	OMP_NUM_THREADS=$(TEST_THREADS) $(BIN)/python -m pytest \
	  -n $(TEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

.PHONY: hostile
hostile: $(VENV)/.installed-test ## Drive hostile folders and bad inputs through every verb: ARGS=--quick
	$(BIN)/python scripts/hostile.py $(ARGS)

.PHONY: check
check: $(VENV)/.installed-test ## Check style, formatting, types and imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: check-page
check-page: $(VENV)/.installed-test ## Check types and form of the page's JavaScript; needs npm
	$(BIN)/python scripts/page_modules.py $(ARGS)

.PHONY: check-gpu
check-gpu: $(VENV)/.installed-train ## Check on a GPU what no CPU can show, and measure it
	$(BIN)/python scripts/gpu_checks.py $(ARGS)

.PHONY: docs
docs: $(VENV)/.installed-test ## Build the documentation as a site, site/index.html; a broken link is an error
	NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict

.PHONY: format
format: $(VENV)/.installed-test ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: fetch
fetch: $(VENV)/.installed-test ## Fetch what the tests can do without: images into data/, Chromium, Slurm
	bash scripts/fetch_fashion_mnist.sh $(DATA)
	bash scripts/fetch_chromium.sh
	bash scripts/fetch_slurm.sh

.PHONY: lock
lock: $(VENV)/.installed-test ## Renew the lock files after a change of pyproject.toml; ARGS=--upgrade: newest versions
	PATH="$(BIN):$$PATH" $(BIN)/python scripts/lock.py $(ARGS)

.PHONY: clean
clean: ## Remove caches and build products; keep .venv, data/ and outputs/
	rm -rf build dist site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -path ./$(VENV) -prune -o -path ./.git -prune -o -path ./outputs -prune -o \
	  -type d \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +
