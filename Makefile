# Tenor. On a machine with Python 3.11 or newer and nothing else: `make run` or `make test`.
.DEFAULT_GOAL := help
.PHONY: help venv run test test-long test-faults test-cluster chaos drill audit licences sbom training test-training simulate walk \
	bench bench-partner check lint check-types format openapi lock node lint-contract clients clean

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
LOCKS := $(patsubst %,requirements/%.txt,install service embedded tests)
BIN := .venv/bin
READY := .venv/ready
unexport PYTHONDONTWRITEBYTECODE  # the tests start a hundred processes: each would compile all modules anew

help:  ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{printf "  make %-14s %s\n", $$1, $$2}'

venv: $(READY)  ## .venv with everything from the lock files

# The lock files are complete and hashed, so there is nothing to resolve. uv does it in a second; where it cannot reach
# an index (it does not read pip's configuration), pip does the same.
HASHED := --quiet --no-deps --require-hashes
$(READY): $(LOCKS) pyproject.toml
	@test -n "$(PYTHON)" || { echo "Tenor needs Python 3.11 or newer; set PYTHON=/path/to/python."; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv || \
		{ echo "$(PYTHON) cannot make a virtual environment; install its venv module (Debian: python3-venv)."; exit 1; }
	@echo "Installing from the lock files into .venv ..."
	@$(BIN)/pip install --quiet $(HASHED) -r requirements/install.txt
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install $(HASHED) --compile-bytecode $(LOCKS:%=-r %) || \
		$(BIN)/pip install $(HASHED) $(LOCKS:%=-r %)
	@$(BIN)/pip install --quiet --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

run: $(READY)  ## embedded servers, migrations, the demo, and the service on 127.0.0.1:8000
	@exec $(BIN)/tenor dev --tethered $(ARGS)

# Types are checked beside the tests, on what these leave of the processors; what mypy has to say stands at the end.
test: $(READY)  ## lint, types and every test but the long ones, against embedded servers of its own
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary >.venv/types 2>&1 & types=$$!; $(BIN)/python -m pytest -q -m "not long" $(ARGS); tested=$$?; \
		wait $$types; typed=$$?; cat .venv/types; exit $$((tested | typed))

test-long: $(READY)  ## the long tests: processes and servers that are started, killed, cut off and started again
	@$(BIN)/python -m pytest -q -m long $(ARGS)

test-faults: $(READY)  ## crowds and kills again, 20 rounds of each, and properties with 10,000 examples
	@TENOR_FAULTS=1 HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest -q -n 2 tests/engine tests/flows $(ARGS)

test-cluster: $(READY)  ## the same on the Citus cluster that CITUS_URL names, a database on its coordinator
	@test -n "$(CITUS_URL)" || { echo "Set CITUS_URL=postgresql://user@coordinator:5432/database."; exit 1; }
	@CITUS_URL=$(CITUS_URL) $(BIN)/python -m pytest -q -n 0 tests/cluster $(ARGS)

chaos: $(READY)  ## people shop at two instances while all under them is killed, frozen and cut off; some 4 minutes
	@$(BIN)/python -m tests.chaos $(ARGS)

SEEDS ?= 20000-120000
simulate: $(READY)  ## lives of plans by chance, of other seeds than make test has (SEEDS=20000-120000)
	@TENOR_SEEDS=$(SEEDS) $(BIN)/python -m pytest -q tests/plans/simulated $(ARGS)

SEED ?=
walk: $(READY)  ## 300 sequences of 30 steps over HTTP against a small model (SEED=7: those of one seed again)
	@TENOR_WALKS=$(if $(SEED),$(SEED)-$$(($(SEED) + 1)),0-15) $(BIN)/python -m pytest -q tests/flows/test_walk.py $(ARGS)

# Training needs scikit-learn, some 200 MB: an environment of its own, so that the others stay small.
TRAINING := .venv-training
$(TRAINING)/ready: $(READY) requirements/training.txt
	@echo "Installing what training needs into $(TRAINING) ..."
	@$(PYTHON) -m venv --clear $(TRAINING)
	@VIRTUAL_ENV=$(CURDIR)/$(TRAINING) $(BIN)/uv pip install $(HASHED) $(LOCKS:%=-r %) -r requirements/training.txt || \
		$(TRAINING)/bin/pip install $(HASHED) $(LOCKS:%=-r %) -r requirements/training.txt
	@$(TRAINING)/bin/pip install --quiet --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

drill: $(READY)  ## back up, lose the server and its disk, make it again to the end and to a moment: what was lost
	@$(BIN)/python -m tests.drill $(ARGS)

audit: $(READY)  ## known vulnerabilities of all that is locked; what could not be looked up is a fault, too
	@$(BIN)/python -m tests.supply audit $(ARGS)

licences: $(READY)  ## every dependency with its licence; fails where one is not allowed
	@$(BIN)/python -m tests.supply licences

sbom: $(READY)  ## what the image is made of, as CycloneDX JSON, on stdout
	@$(BIN)/python -m tests.supply sbom

training: $(TRAINING)/ready  ## what training needs, into .venv-training: the page of the guide is then run whole

test-training: $(TRAINING)/ready  ## the tests of learning, with those that fit a scorecard, and the guide's page
	@$(TRAINING)/bin/python -m pytest -q tests/learning tests/test_readme.py $(ARGS)

bench: $(READY)  ## the benchmark, and the day of a million plans (ARGS=--quick: of 10,000); writes bench.json, bench.svg
	@$(BIN)/python -m tests.bench $(ARGS)

bench-partner: $(READY)  ## a partner's day of a million items: compared three ways, and its files made
	@$(BIN)/python -m tests.bench --quick --sides decide --plans 0 --items 1000000 $(ARGS)

check: $(READY)  ## the invariants of the database, and plans proved against their facts (ARGS=--all: every plan)
	@$(BIN)/tenor check $(ARGS)

lint: $(READY)  ## ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

check-types: $(READY)  ## mypy, strict
	@$(BIN)/mypy

format: $(READY)  ## ruff, writing
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

openapi: $(READY)  ## write openapi.yaml from the app, its wire structs and a purchase made on it
	@OPENAPI=write $(BIN)/python -m pytest -q -n 0 tests/contract/test_openapi.py -k what_the_app_does

# No index host ever stands in a lock file, which is how uv writes it: any index that serves the same bytes will do.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate $(ARGS)
lock: $(READY)  ## compile the lock files again (ARGS=--upgrade for newer versions)
	$(COMPILE) requirements/install.in -o requirements/install.txt
	$(COMPILE) requirements/service.in -o requirements/service.txt
	$(COMPILE) --no-deps requirements/embedded.in -o requirements/embedded.txt
	$(COMPILE) -c requirements/service.txt requirements/tests.in -o requirements/tests.txt
	$(COMPILE) -c requirements/service.txt requirements/training.in -o requirements/training.txt
	$(COMPILE) -c requirements/service.txt requirements/telemetry.in -o requirements/telemetry.txt

# What npm has: the generator of TypeScript clients, a compiler for them, and a linter of contracts.
NODE := .venv-node/node_modules/.bin
node:  ## what npm has for TypeScript clients and for the linter, into .venv-node
	@npm install --silent --no-audit --no-fund --no-save --prefix .venv-node \
		openapi-typescript@7 openapi-fetch@0.17 typescript@5 @types/node@20 @redocly/cli@2

lint-contract: node  ## openapi.yaml against the recommended rules of redocly
	@$(NODE)/redocly lint --extends recommended openapi.yaml

# Clients are made when they are wanted, and kept by who uses them: a copy here would be of another day than the contract.
OUT ?= .clients
AUDIENCE ?= merchant
clients: $(READY)  ## a Python client, and where npm is types for TypeScript, into .clients (OUT=..., AUDIENCE=partner)
	@$(BIN)/python -m service.contract.clients $(AUDIENCE) $(OUT)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node && $(NODE)/openapi-typescript \
		$(OUT)/$(AUDIENCE).yaml --output $(OUT)/tenor.ts --default-non-nullable false; fi

clean:  ## remove what was built; .local, the data folder, stays
	rm -rf .venv .venv-training .venv-node .clients .pytest_cache .ruff_cache .mypy_cache .hypothesis bench.json bench.svg
