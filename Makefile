# Needs python3 >= 3.11 with venv and pip; nothing is installed outside .venv and .venv-dev.
#
#   make demo         build a data set from the example, offline, with the embedded model
#   make test         the whole test suite with coverage (its own environment: .venv-dev)
#   make lint         style, types, docstrings, layers
#   make help         all targets

PYTHON ?= python3
LIGHT := .venv
FULL := .venv-dev
LOCK := requirements/lock.txt
NOVEL := .cache/janeaustenr
DEMO := demo-workspace
PACKAGES := curator generators evaluators finetune ui
KERNEL := $(wildcard curator/dedup/_*.[ch])
CODE := $(PACKAGES) tests benchmarks docs setup.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format docs bench clean lock setup setup-light weights

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

# --- Environments. A marker file in each says that it is newer than what it was made from. ---

define make-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Curator needs Python 3.11 or newer; name one, as in: make demo PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
	  { echo "$(PYTHON) has no venv module (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(1)
endef

setup-light: $(LIGHT)/.ready  ## Make .venv: Curator and the embedded model's engine, without torch

$(LIGHT)/.ready: pyproject.toml setup.py $(LOCK) $(KERNEL)
	$(call make-venv,$(LIGHT))
	$(LIGHT)/bin/python -m pip install --quiet -c $(LOCK) -e '.[local]'
	@touch $@

setup: $(FULL)/.ready $(NOVEL)/.ready  ## Make .venv-dev: everything that the tests and the linters need

# torch first and by its version alone, so that pip takes a CPU build where one is at hand.
$(FULL)/.ready: pyproject.toml setup.py $(LOCK) $(KERNEL)
	$(call make-venv,$(FULL))
	$(FULL)/bin/python -m pip install --quiet "$$(grep '^torch==' $(LOCK))"
	$(FULL)/bin/python -m pip install --quiet -c $(LOCK) -e '.[local,hub,train,embeddings,redis,scale,docs,dev]'
	@touch $@

# "Pride and Prejudice", for the tests of readers: a Debian package, unpacked here and not installed, for which nobody
# has to be root. Package lists of our own where the system has none. Without it those tests skip, and say so.
$(NOVEL)/.ready: APT := apt-get -o Debug::NoLocking=1 -o APT::Sandbox::User=
$(NOVEL)/.ready:
	@mkdir -p $(@D)/lists/partial $(@D)/archives/partial
	@cd $(@D) && if $(APT) -qq download r-cran-janeaustenr || { \
	    $(APT) -o Dir::State::Lists="$$PWD/lists" -o Dir::Cache="$$PWD" -qq update && \
	    $(APT) -o Dir::State::Lists="$$PWD/lists" -o Dir::Cache="$$PWD" -qq download r-cran-janeaustenr; }; \
	  then dpkg-deb -x r-cran-janeaustenr_*.deb . && rm -rf lists archives *.bin && touch .ready; \
	  else echo "r-cran-janeaustenr cannot be had here; the tests that read a novel will skip" >&2; fi

# --- Use ---

demo: $(LIGHT)/.ready  ## Run the example recipe in demo-workspace
	$(LIGHT)/bin/curator models fetch
	test -e $(DEMO)/recipe.yaml || $(LIGHT)/bin/curator init $(DEMO) --example handbook
	$(LIGHT)/bin/curator run --workspace $(DEMO) --yes

weights: $(FULL)/.ready
	$(FULL)/bin/curator models fetch

# --- Work on it ---

test: weights $(NOVEL)/.ready  ## Run all tests with coverage
	$(FULL)/bin/python -m pytest --cov --cov-report=term $(ARGS)

lint: $(FULL)/.ready  ## Check style, types, docstrings and layers
	$(FULL)/bin/ruff check $(CODE)
	$(FULL)/bin/ruff format --check $(CODE)
	$(FULL)/bin/mypy
	$(FULL)/bin/pydoclint --quiet --config=pyproject.toml $(PACKAGES)
	$(FULL)/bin/lint-imports

format: $(FULL)/.ready  ## Sort imports, mend what can be mended, format
	$(FULL)/bin/ruff check --fix $(CODE)
	$(FULL)/bin/ruff format $(CODE)

docs: weights  ## Write the command reference, run the tutorial's session anew, and check all pages
	$(FULL)/bin/python docs/write_cli_reference.py
	$(FULL)/bin/python docs/run_console_blocks.py docs/tutorial.md
	$(FULL)/bin/python -m pytest tests/docs $(ARGS)

bench: $(FULL)/.ready  ## Run the benchmarks
	for script in benchmarks/*.py; do $(FULL)/bin/python $$script || exit 1; done

# The CUDA libraries follow from torch's own exact pins, and would only be noise here.
lock: requirements/held-back.txt pyproject.toml  ## Pin the newest versions of everything in requirements/lock.txt
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv
	echo '# Made by `make lock` from pyproject.toml and requirements/held-back.txt. Used as constraints (pip install -c).' \
	  > $(LOCK).new
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-header --no-annotate \
	  --constraints requirements/held-back.txt pyproject.toml | grep -vE '^(nvidia|cuda|triton)' >> $(LOCK).new
	mv $(LOCK).new $(LOCK)
	rm -rf .venv-lock

clean:  ## Remove environments, caches, build results and the demo workspace
	rm -rf $(LIGHT) $(FULL) .venv-lock .cache $(DEMO) build dist *.egg-info .coverage .coverage.* htmlcov
	rm -f curator/dedup/_kernel.*.so curator/dedup/_kernel.*.pyd
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
