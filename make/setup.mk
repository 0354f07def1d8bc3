##@ Set-up

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKSHOP := $(BIN)/workshop
# Written last, so that an interrupted installation is started again.
INSTALLED := $(VENV)/.installed

.PHONY: setup
setup: $(INSTALLED) ## build the Python environment from the hashed lock (once, about two minutes)

$(INSTALLED): requirements.lock pyproject.toml make/install.sh
	@PYTHON='$(PYTHON)' make/install.sh $(VENV)

.PHONY: doctor
doctor: $(INSTALLED) ## say what is missing on this machine and how to get it
	@$(WORKSHOP) doctor

.PHONY: clean
clean: ## remove built archives, reports and caches (keeps the environment and the sandbox)
	rm -rf dist report build .pytest_cache .mypy_cache .ruff_cache .hypothesis

.PHONY: lock
lock: ## resolve the dependencies anew into requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --quiet --upgrade pyproject.toml --group dev --output-file requirements.lock
