# One command each: `make book` to read, `make test` to check. `make` alone lists them.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PEERS := .venv-peers
JOBS ?= 2

# Neither a person's IPython start-up files nor their matplotlibrc may reach the book.
export IPYTHONDIR := $(CURDIR)/$(VENV)/ipython
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/matplotlib
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Several tests run at once; threads within each only get in each other's way.
export OPENBLAS_NUM_THREADS := 1
# Some hundred processes import the library: compiled once is enough.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv book chapters weights carry test test-peers bench fuzz lint format serve pdf lock clean distclean

help:  ## list the commands
	@echo "The ELBO, proved by execution"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.13" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "Python has no venv module here; on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements.txt
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

venv: $(READY)  ## make .venv with the locked requirements

book: $(READY)  ## build the book into _build/html (executes nothing)
	@$(PY) tools/book.py

chapters: $(READY)  ## chapters/*.md -> executed book/*.ipynb, only what changed (FORCE=1: all; NB=jensen: one)
	@$(PY) tools/chapters.py run --jobs $(JOBS) $(if $(FORCE),--force) $(NB)

weights: $(READY)  ## train the book's digits models anew (a minute) into src/elboproof/data
	@$(PY) tools/weights.py

carry: $(READY)  ## NB=book/jensen.ipynb: an edited notebook back to chapters/jensen.md
	@$(PY) tools/chapters.py carry $(if $(FORCE),--force) $(NB)

test: lint book  ## everything CI runs: lint, unit tests, notebooks (nbval), the built site
	$(PY) -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder --nbval --nbval-current-env --nbval-cell-timeout=120 tests book

fuzz: $(READY)  ## 100,000 random lines to the prover: a verdict or a clear error, each within a second
	$(PY) tests/fuzz.py

$(PEERS)/.ready: requirements.txt requirements-peers.txt pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements.txt -r requirements-peers.txt
	$(PEERS)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

test-peers: $(PEERS)/.ready  ## our numbers against torch and NumPyro, in a .venv-peers of their own (large)
	$(PEERS)/bin/python -m pytest peers

bench: $(PEERS)/.ready  ## times against torch, NumPyro, JAX and mpmath, into benchmarks/results.json (2 to 3 minutes)
	$(PEERS)/bin/python benchmarks/run.py

lint: $(READY)  ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(READY)  ## let ruff lay the code out
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

serve: book  ## build, then serve the book on this machine (PORT=8001: another port than 8000)
	@$(PY) tools/book.py --serve $(if $(PORT),--port $(PORT))

pdf: book  ## the whole book in one file, _build/pdf/book.pdf (needs Chromium)
	@$(PY) tools/pdf.py

lock: $(READY)  ## requirements.in -> requirements.txt, with hashes (needs uv)
	@$(PY) tools/lock.py

clean:  ## remove what was built
	rm -rf _build

distclean: clean  ## also remove .venv
	rm -rf $(VENV) $(PEERS)
