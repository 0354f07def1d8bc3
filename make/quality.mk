##@ Quality

.PHONY: test
test: $(INSTALLED) ## run the tests
	@$(BIN)/pytest

FUZZ_EXAMPLES ?= 3000
FUZZ_SEED ?= $(shell date +%s)

.PHONY: fuzz
fuzz: $(INSTALLED) ## run random statements on the local Athena (minutes; FUZZ_SEED=… runs the same again)
	@echo "FUZZ_SEED=$(FUZZ_SEED) FUZZ_EXAMPLES=$(FUZZ_EXAMPLES)"
	@PYTHONPATH=tests/athena FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest tests/fuzz/fuzz_sql.py -q -s --timeout 1800 --hypothesis-seed=$(FUZZ_SEED)

.PHONY: bench
bench: $(INSTALLED) ## measure the local Athena and the course (minutes; nothing else should run)
	@$(WORKSHOP) bench

.PHONY: fmt fmt-check lint typecheck check-all
fmt: $(INSTALLED) ## format Python, notebooks and Terraform
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@terraform fmt -recursive terraform

fmt-check: $(INSTALLED) ## check the format, changing nothing
	@$(BIN)/ruff format --check .
	@terraform fmt -check -recursive terraform

lint: $(INSTALLED) ## lint Python and notebooks
	@$(BIN)/ruff check .

typecheck: $(INSTALLED) ## check types
	@$(BIN)/mypy workshop
	@$(BIN)/mypy -p github_events_ingestor -p athena_transform

check-all: fmt-check lint typecheck validate test ## everything a change must pass
