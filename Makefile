# Everything starts from a Python >= 3.11, make and a package index; `make setup` brings the rest.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.setup

# uv brings its own certificates; a company's proxy is known only to the machine's.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt),)
export UV_SYSTEM_CERTS ?= 1
endif

.DEFAULT_GOAL := test
.PHONY: setup demo test test-long lint notebooks bench bench-headline weights clean

setup: $(STAMP)

$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "graphkit needs Python 3.11 or newer; $(PYTHON) is " + sys.version.split()[0] + ": set PYTHON, as in make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv sync --locked --inexact --python $(BIN)/python
	@touch $@

demo: setup
	$(BIN)/graphkit demo

test: setup
	$(BIN)/python -m pytest -m "not long"

test-long: setup
	$(BIN)/python -m pytest -m long

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict graphkit pipelines tests benchmarks
	$(BIN)/lint-imports

notebooks: setup
	$(BIN)/python -m pytest --nbmake notebooks

bench: setup
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.ingest

bench-headline: setup
	$(BIN)/uv sync --locked --inexact --group rivals-prompts --python $(BIN)/python
	$(BIN)/python -m benchmarks.similarity.headline

weights: setup
	$(BIN)/python -m benchmarks.weights

clean:
	rm -rf .venv dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
