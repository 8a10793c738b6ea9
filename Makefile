# Everything a machine needs is installed into the clone (.venv) or into a cache that clones share.
# The two commands of the README: `make demo` (the main job) and `make test` (all the tests).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Whatever the environment says: without what Python compiles, each of hundreds of processes compiles all sources anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-experiment up down console browser prometheus test lint types unit check integration crds chart iam monitoring docs requirements fmt bench-inference bench-operator bench-statistics bench-verdicts soak mutate images sbom e2e e2e-clean site recordings pictures clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(STAMP) ## install everything into .venv

$(STAMP): requirements/uv.txt requirements/dev.txt pyproject.toml client/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "smendpoints needs Python 3.11 or later; set PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . --editable ./client
	@touch $@

demo: $(STAMP) ## the whole story in the foreground: train, push, apply, invoke, scale, update, delete
	$(BIN)/python -m smsandbox demo

demo-experiment: $(STAMP) ## A/B tests, an A/A test and a judged rollout in the foreground, each with its verdict
	$(BIN)/python -m smsandbox demo --experiment

up: $(STAMP) ## leave the sandbox running in the background (control plane, AWS, operator)
	$(BIN)/python -m smsandbox up

down: $(STAMP) ## end the sandbox
	$(BIN)/python -m smsandbox down

console: $(STAMP) ## open the console in the browser, on a sandbox that is up
	$(BIN)/python -m smsandbox console

browser: $(STAMP) ## install Chromium for the tests of the console, unless it is here
	$(BIN)/python -m smsandbox.testing.browser

prometheus: $(STAMP) ## install Prometheus for the tests of alerts and dashboard, unless it is here
	$(BIN)/python -m smsandbox.testing.prometheus

# Three for two cores: tests that look at real processes wait for most of their time.
WORKERS ?= 3
test: $(STAMP) lint types browser prometheus ## everything: lint, types, unit, property, simulator, integration
	$(BIN)/python -m smsandbox prepare --tools
	PYTHONHASHSEED=$${PYTHONHASHSEED:-$$(date +%s)} SMENDPOINTS_FRESH_WALKS=$${SMENDPOINTS_FRESH_WALKS:-2} $(BIN)/pytest -n $(WORKERS) $(RECORD)

lint: $(STAMP) ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## strict mypy
	$(BIN)/mypy
	$(BIN)/mypy tests bench

unit: $(STAMP) ## unit tests, and the operator in virtual time, with a sample of the fault matrix, of the random walk and of the tests in which hours pass
	SMENDPOINTS_WALKS=2 SMENDPOINTS_MATRIX_SHARE=20 SMENDPOINTS_HOURS_SHARE=5 $(BIN)/pytest -n 2 tests/unit tests/property

# Types take one core for half a minute where nothing is cached: beside the tests, and told after them.
check: $(STAMP) ## the inner loop: lint, types, unit, property
	@mkdir -p build
	@$(MAKE) --no-print-directory lint types > build/check.log 2>&1 & static=$$!; \
	$(MAKE) --no-print-directory unit; unit=$$?; wait $$static; static=$$?; cat build/check.log; exit $$((unit | static))

fmt: $(STAMP) ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

crds: $(STAMP) ## generate crds/ and manifests/policy/, and the chart's copies of both, from operator/smendpoints/api
	$(BIN)/python -m smendpoints.api.crd crds/
	$(BIN)/python -m smendpoints.api.crd charts/smendpoints/files/crds/
	$(BIN)/python -m smendpoints.api.admission manifests/policy/
	$(BIN)/python -m smendpoints.api.admission charts/smendpoints/files/policy/

chart: $(STAMP) ## render manifests/ and the table of values from charts/smendpoints
	$(BIN)/python -m smsandbox prepare --tools
	$(BIN)/python -m smsandbox.chart

iam: $(STAMP) ## make the CloudFormation templates and the Terraform modules of manifests/iam from its documents
	$(BIN)/python -m smsandbox.iam_roles

monitoring: $(STAMP) ## generate the Grafana dashboard in manifests/monitoring, and the chart's copy
	$(BIN)/python -m smsandbox.dashboard manifests/monitoring
	$(BIN)/python -m smsandbox.dashboard charts/smendpoints/files/monitoring

docs: $(STAMP) ## generate what of docs/ is made of the code: docs/cli.md, docs/reference/, samples in pages
	$(BIN)/python -m smclient.cli.docs docs/cli.md docs/recordings
	$(BIN)/python -m smsite pages

recordings: up ## record what each verb of kubectl smendpoint prints, on the sandbox, for docs/cli.md
	$(BIN)/python -m smsandbox.recordings docs/recordings
	$(MAKE) --no-print-directory docs

pictures: $(STAMP) browser ## make pictures of the console's pages into build/pictures, and those of the docs into docs/images
	$(BIN)/python -m smsandbox.testing.pictures build/pictures docs/images

site: $(STAMP) ## build the documentation site into build/site; links and anchors are checked
	$(BIN)/python -m smsite site

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make requirements' $(UPGRADE)
requirements: $(STAMP) ## pin requirements/*.in again (UPGRADE=--upgrade: the newest versions)
	cd requirements && ../$(COMPILE) dev.in -o dev.txt
	cd requirements && for f in uv go; do ../$(COMPILE) $$f.in -o $$f.txt; done
	cd requirements && for f in operator inference training docs; do ../$(COMPILE) $$f.in -c dev.txt -o $$f.txt; done

bench-inference: $(STAMP) ## our container beside the recipe's and the floor of HTTP (ARGS=--peers for other servers)
	$(BIN)/python -m bench.inference.run $(ARGS)

N ?= 1 100 1000
DELAY ?= 0
bench-operator: $(STAMP) ## what N endpoints cost (N="1 100 1000", DELAY="0 100" ms a call; ARGS=--help for more)
	$(BIN)/python -m bench.operator.scale --objects $(N) --delay-ms $(DELAY) $(ARGS)

MINUTES ?= 30
OBJECTS ?= 500
soak: $(STAMP) ## half an hour of edits, faults and failovers: memory, threads and sockets do not grow (MINUTES=30 OBJECTS=500)
	$(BIN)/python -m bench.operator.soak --minutes $(MINUTES) --objects $(OBJECTS) $(ARGS)

bench-statistics: $(STAMP) ## the tables of docs/statistics.md, by simulation (ARGS="--runs 500 --only power"; all of it takes an hour)
	$(BIN)/python -m bench.statistics.run $(ARGS)

bench-verdicts: $(STAMP) ## verdicts of the operator on sixty random endpoints against the truth (ARGS="--endpoints 12 --seed 7")
	$(BIN)/python -m bench.statistics.verdicts $(ARGS)

mutate: $(STAMP) ## do the quick tests notice mutants of the core? (ARGS="--number 40 --seed 7 operator/smendpoints/domain")
	$(BIN)/python -m bench.mutate $(ARGS)

images: $(STAMP) ## build both images by buildah (Debian, root), and start them with a Pod's restrictions
	$(BIN)/python -m smsandbox.images
	$(BIN)/pytest tests/images

sbom: $(STAMP) ## the images' bills of materials (CycloneDX) into build/images; builds nothing
	$(BIN)/python -m smsandbox.images --sbom

e2e: $(STAMP) ## an endpoint's life on the kubeconfig's cluster and a real account; says first what it costs
	$(BIN)/pytest tests/e2e -s $(ARGS)

e2e-clean: $(STAMP) ## take away what runs of e2e that were killed left in the account
	$(BIN)/python -m smsandbox.testing.e2e.sweep

clean: ## remove what was made in the clone; the shared cache stays
	-test -x $(BIN)/python && $(BIN)/python -m smsandbox down
	rm -rf $(VENV) .sandbox build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
