# Every target sets up what it needs first; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := 0.9
# One more than the cores of a small machine: tests wait a good part of their time.
JOBS ?= 3
# Tests that share what is costly to make, or that follow one another, stay on one worker.
PARALLEL = -n $(JOBS) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help start stop test test-labs test-compose test-localstack attacks check labs bench soak mutants mutants-graders constraints clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

start: $(READY) ## Set up, start the sandbox, and open JupyterLab on the map of the course
	@$(BIN)/cloudlings open

stop: $(READY) ## Stop the sandbox; your work stays
	@$(BIN)/cloudlings stop

test: $(READY) ## Run the tests: units, cases, every lab's conformance, one browser path
	@$(BIN)/python -m pytest $(PARALLEL) -m "not repeated" $(ARGS)

# Trials wait more than other tests do, and are tried in their order: some that wait beside some that work.
test-labs: JOBS = 5
test-labs: PARALLEL += --no-loadscope-reorder
test-labs: $(READY) ## Prove every lab: each answer and each near-miss, on three seeds
	@$(BIN)/python -m pytest tests/test_labs.py $(PARALLEL) $(ARGS)

test-compose: $(READY) ## Build the containers, work a lab in them, restart them: needs a Docker engine
	@$(BIN)/python -m pytest tests/compose -q -rs $(ARGS)

test-localstack: $(READY) ## Put the gateway in front of a LocalStack: needs a Docker engine or Python 3.13
	@$(BIN)/python -m pytest tests/localstack -q -rs $(ARGS)

check: $(READY) ## Lint, types, import direction, and the fast tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry .
	@$(BIN)/python -m pytest $(PARALLEL) -q -m "not slow and not repeated" $(ARGS)

labs: $(READY) ## Build labs/ again from solutions/
	@$(BIN)/cloudlings lab build

bench: $(READY) ## Measure, as ratios against a peer in the same run; writes bench.json
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(READY) ## The long tests: random pairs against z3, failures, floods
	@$(BIN)/python -m pytest tests/soak -q $(ARGS)

attacks: $(READY) ## Every hostile submission: none forges, leaks, escapes or harms another
	@CLOUDLINGS_ATTACKS=all $(BIN)/python -m pytest tests/grading/attacks -q $(ARGS)

mutants: $(READY) ## Break the engines on purpose, and see that their tests notice
	@$(BIN)/python -m tests.mutants $(ARGS)

mutants-graders: $(READY) ## Break the labs' graders on purpose, and see that some answer notices
	@$(BIN)/python -m tests.mutants.graders $(ARGS)

constraints: $(READY) ## Pin the dependencies again: constraints.txt
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade --quiet -o constraints.txt

clean: ## Remove what was made here, but neither your work nor your progress
	rm -rf $(VENV) build dist bench.json test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests graders solutions -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "cloudlings needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
		echo "Next: make start PYTHON=python3.11 (or newer)"; exit 1; }
	@echo "Setting up .venv (the first time takes a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=$(UV)'
	@$(BIN)/uv pip install --python $(VENV) --require-hashes -r constraints.txt
	@$(BIN)/uv pip install --python $(VENV) --quiet --no-deps -e .
	@touch $(READY)
	@echo "Ready."
