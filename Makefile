# Needs Python >= 3.11 and make; everything else is installed inside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help demo test install lint types contract unit pipeline verify bench images prepare test-containers galaxy test-galaxy clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: install ## Run the whole chain on a simulated genome and report what was recovered
	$(BIN)/python scripts/demo.py

test: install lint types contract ## Set up and run every test
	$(BIN)/python scripts/side_by_side.py unit pipeline

install: $(VENV)/complete $(BIN)/nextflow ## Make the environment and get Nextflow
	@echo "lucidseq and nextflow are installed; to use them in this shell: . $(BIN)/activate"

$(VENV)/complete: requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

build/nextflow.path: scripts/get_nextflow.py requirements/nextflow.txt requirements/nextflow-jars.sha256
	mkdir -p build
	rm -f $(BIN)/nextflow # not to be taken for the user's own
	$(PYTHON) scripts/get_nextflow.py > $@.new
	mv $@.new $@

$(BIN)/nextflow: build/nextflow.path $(VENV)/complete
	printf '#!/bin/sh\nexec "%s" "$$@"\n' "$$(cat build/nextflow.path)" > $@
	chmod +x $@

lint: install ## Style of the Python code and of the pipeline's scripts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	"$$(cat build/nextflow.path)" lint main.nf modules

types: install ## Static types
	$(BIN)/mypy

contract: install ## Are the generated files those the commands' signatures make?
	$(BIN)/python -m lucidseq.contract --check

# worksteal: the longest files take minutes, so that with loadfile one worker waits; what both workers need of a module's fixtures is made twice
unit: install ## Unit tests, command-line tests and doctests
	$(BIN)/pytest -n 2 --dist worksteal -m "not pipeline and not bench and not verify and not containers and not galaxy"

pipeline: install ## Real Nextflow: stub run, demo, real data
	$(BIN)/pytest -m pipeline tests/pipeline

verify: install ## Long statistical checks (docs/verification.md)
	$(BIN)/pytest -n 2 -m verify

bench: install ## Figures beside the peers' (docs/benchmarks.md)
	$(BIN)/pytest -m bench -s tests/benchmarks

images: install ## Build the container images with docker, podman or buildah (IMAGES="--image core ...")
	$(BIN)/python containers/build.py $(IMAGES)

prepare: install ## Get what test-containers and test-galaxy install, before they do
	$(BIN)/python scripts/prepare_tests.py

test-containers: install ## Images built and run, and the pipeline in them (root and apt-get; else skipped)
	$(BIN)/pytest -m containers -s tests/containers tests/pipeline

galaxy: install ## A local Galaxy with the tools, to try them: http://127.0.0.1:$(PORT)
	$(BIN)/python tests/galaxy/server.py --port $(PORT)

test-galaxy: install ## Forms and workflows in a real Galaxy
	$(BIN)/pytest -m galaxy -s tests/galaxy tests/pipeline

clean: ## Remove what runs leave, not the environment
	rm -rf work results build/demo .nextflow .nextflow.log* .pytest_cache .mypy_cache .ruff_cache
