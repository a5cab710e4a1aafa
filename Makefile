# Everything from a fresh clone: `make book` and `make test` make their own environment in .venv first.

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
SUPPORTED := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))
# One lock for every platform and for Python 3.11 and 3.12.
LOCK := uv pip compile pyproject.toml --all-extras --group build --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-emit-index-url --output-file requirements.lock

# Python keeps what it compiles: else each of the many processes of a test or a book compiles all that it imports.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help env book test lint bench lock clean

help:  ## say what can be made
	@sed -n 's/^\([a-z]*\):.*##/make \1\t/p' $(MAKEFILE_LIST) | expand -t 12

env: $(READY)  ## make the environment in .venv, from requirements.lock
	@echo "$(VENV) is ready: $$($(PYTHON) --version)"

book: $(READY)  ## build the book; the last line is the path of its first page
	@$(VENV)/bin/wsnb book

test: lint  ## check the style, then run the tests
	@OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(PYTHON) -m pytest -n auto --maxprocesses 8 --dist loadfile

lint: $(READY)  ## check the style
	@$(VENV)/bin/ruff check --quiet .

bench: $(READY)  ## measure the training loop against the usual one; best on an idle machine
	@$(PYTHON) benchmarks/speed.py

lock: $(READY)  ## resolve pyproject.toml anew; environment.yml must follow
	@cd $(CURDIR) && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(LOCK) --upgrade --quiet

clean:  ## remove the environment and what was built, not the records
	rm -rf $(VENV) _build .pytest_cache .ruff_cache .hypothesis *.egg-info
	find wsnb tests benchmarks notebooks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# A python on PATH may be a shim that fails, so each is tried by running it.
# uv is much faster than pip but knows nothing of pip's own settings (a mirror, say): where it fails, pip does it.
$(READY): requirements.lock pyproject.toml
	@set -e; \
	if ! $(PYTHON) -c '$(SUPPORTED)' 2>/dev/null; then \
		for python in python3.12 python3.11 python3 python none; do \
			if [ $$python = none ]; then \
				echo "wsnb needs Python 3.11 or 3.12 with its venv module, and none is on PATH (tried python3.12," \
					"python3.11, python3 and python). Install one (Debian: apt-get install python3-venv)." >&2; \
				exit 1; \
			fi; \
			if $$python -c '$(SUPPORTED)' 2>/dev/null; then break; fi; \
		done; \
		echo "Making $(VENV) with $$($$python --version): the first time takes some minutes, mostly downloading."; \
		$$python -m venv --clear $(VENV); \
	fi; \
	pip="$(PYTHON) -m pip --quiet --disable-pip-version-check"; \
	sed -n '/^uv==/,/# via/p' requirements.lock > $(VENV)/uv.lock; \
	$$pip install --require-hashes --no-deps --requirement $(VENV)/uv.lock; \
	$(VENV)/bin/uv pip install --quiet --python $(PYTHON) --require-hashes --requirement requirements.lock \
		|| { echo "uv could not; pip goes on." >&2; $$pip install --require-hashes --requirement requirements.lock; }; \
	$$pip install --no-deps --no-build-isolation --editable .; \
	touch $@
