# Every target works on a fresh machine with Python 3.11 or newer and make: the first one that
# needs it makes a virtual environment in .venv and installs the project there.
#
#   make demo                    a tour on a real dataset, then JupyterLab
#   make demo ARGS=--no-lab      the tour alone
#   make test ARGS="-k rollback" some of the tests

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
WORKERS ?= 2
ARGS ?=

BIN := $(VENV)/bin
# The stamps carry the checksum of pyproject.toml: when it changes, and only then, the next
# target installs again.
KEY := $(firstword $(shell cksum < pyproject.toml))
READY := $(VENV)/.ready-$(KEY)
READY_DEV := $(VENV)/.ready-dev-$(KEY)

# The newest interpreter that runs and is new enough; `make PYTHON=/usr/bin/python3.12` says so
# itself. Not only looked up: a version manager's shim may be there and not run.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$python"; break; }; done)

PYTEST := $(BIN)/python -m pytest
# A browser, JupyterLab and a kernel wait for each other on a machine that may be busy: a journey
# that fails is made once more, and the report counts it as rerun.
JOURNEYS := $(PYTEST) tests/e2e -n $(WORKERS) --dist loadfile --reruns 1

# Node is a Python package of the environment, so that nobody has to install one.
NPM := PATH="$(abspath $(BIN)):$$PATH" npm --no-update-notifier
MODULES := node_modules/.package-lock.json
FRONT_END := lib/.built
FRONT_END_SOURCES := $(shell find src style schema -type f ! -name '*.test.*' \
	! -name schema.d.ts 2>/dev/null) \
	package.json tsconfig.json tsconfig.build.json bundles.mjs install.json

# Debian's packages of the servers that tests start, each in a folder of its own, and of the
# browser that looks at one with a font of its own. Installing them
# starts none: the tests do, and end them.
SERVERS := postgresql ceph-mon ceph-mgr ceph-osd radosgw ceph-common nginx-light \
	chromium fonts-dejavu-core

.PHONY: help demo install dev build wheel servers test e2e pictures installed offline check format bench reliability \
	docs clean

help: ## list the targets
	@echo "make TARGET [ARGS=...]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

demo: $(READY) ## a tour on a real dataset, then JupyterLab (ARGS=--no-lab: the tour alone)
	@$(BIN)/python -m omicshelf.demo $(ARGS)

install: $(READY) ## install omicshelf into .venv

dev: $(READY_DEV) build ## install omicshelf and the tools for working on it into .venv

build: $(FRONT_END) ## build the front end if its sources are newer; JupyterLab of .venv shows it

wheel: $(READY_DEV) ## build the wheel and the sdist from scratch into dist
	rm -rf dist python_pkg/omicshelf/labextension python_pkg/omicshelf/static
	$(BIN)/python -m build --outdir dist .

servers: ## install the servers that tests start (Debian and Ubuntu, as root)
	@command -v dpkg-query >/dev/null 2>&1 || exit 0; \
	missing=; for package in $(SERVERS); do \
		dpkg-query -W -f '$${Status}' "$$package" 2>/dev/null | grep -q ' installed$$' \
		|| missing="$$missing $$package"; done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" != 0 ]; then \
		echo "Tests that need them are skipped; install them:$$missing" >&2; exit 0; fi; \
	echo "Installing$$missing ..."; \
	policy=/usr/sbin/policy-rc.d; \
	if [ ! -e $$policy ]; then \
		trap "rm -f $$policy" EXIT; printf '#!/bin/sh\nexit 101\n' > $$policy; chmod 0755 $$policy; fi; \
	mkdir -p /etc/postgresql-common/createcluster.d; \
	echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/omicshelf.conf; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing >/dev/null \
		|| echo "They could not be installed; tests that need them are skipped." >&2

test: dev servers ## all tests but the long ones; with ARGS=... those of Python alone
	$(PYTEST) -n $(WORKERS) --dist loadfile -m "not slow" $(ARGS)
	$(if $(ARGS),,$(JOURNEYS) -m "not slow")

pictures: dev servers ## make the pictures of README and docs anew, by the browser tests
	PICTURES=docs/images $(PYTEST) tests/e2e/test_pictures.py $(ARGS)

e2e: dev servers ## what people see and do, in a real JupyterLab and a real browser
	$(JOURNEYS) -m "not slow" $(ARGS)

installed: wheel servers ## the wheel in fresh environments with several JupyterLabs, and Notebook 7
	$(PYTEST) tests/e2e/test_installed.py $(ARGS)

offline: $(READY_DEV) ## the tests of every day on a machine without network but loopback
	$(PYTEST) tests/python/test_offline.py $(ARGS)

check: $(READY_DEV) $(MODULES) ## lint, format, types, who may import whom; tests of components
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run --silent build:types
	$(NPM) run --silent typecheck
	$(NPM) run --silent lint
	$(NPM) run --silent format:check
	$(NPM) run --silent test

format: $(READY_DEV) $(MODULES) ## format the code and mend what the linters can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(NPM) run --silent lint -- --fix
	$(NPM) run --silent format

bench: $(READY_DEV) ## measure speed and size against plain anndata and others
	$(BIN)/python -m benchmarks $(ARGS)

reliability: $(READY_DEV) ## kills, full disks and corrupted bytes, in their long form
	RELIABILITY=long HYPOTHESIS_PROFILE=long $(PYTEST) --timeout 3600 \
		tests/reliability tests/python/backend/test_state_machine.py \
		tests/python/backend/test_postgres_machine.py \
		tests/python/backend/test_remote_machine.py \
		tests/python/backend/test_team_machine.py $(ARGS)

docs: $(READY_DEV) ## build the documentation into docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html $(ARGS)

clean: ## remove what was built, the virtual environment too
	rm -rf $(VENV) build dist docs/_build .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf node_modules lib src/api/schema.d.ts artefacts
	rm -rf python_pkg/omicshelf/labextension python_pkg/omicshelf/static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv where it is installed, because it is quick; else what Python brings.
define install_project
	@if [ -z "$(PYTHON)" ]; then \
		echo "omicshelf needs Python 3.11 or newer, and none was found." >&2; \
		echo "Install it, or name it: make $@ PYTHON=/path/to/python3.12" >&2; \
		exit 2; \
	fi
	@if command -v uv >/dev/null 2>&1; then \
		$(BIN)/python -c '' 2>/dev/null || uv venv --quiet --clear --python "$(PYTHON)" $(VENV) || exit; \
		uv pip install --quiet --python $(BIN)/python --editable '$(1)' || exit; \
	else \
		$(BIN)/python -c '' 2>/dev/null || { \
			echo "Making the virtual environment $(VENV) with $$("$(PYTHON)" --version) ..."; \
			"$(PYTHON)" -m venv --clear $(VENV) || { \
				echo "The venv module of $(PYTHON) does not work." >&2; \
				echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }; }; \
		$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip || exit; \
		echo "Installing omicshelf and what it needs into $(VENV); this takes a few minutes once."; \
		$(BIN)/python -m pip install --quiet --editable '$(1)' || exit; \
	fi
	@rm -f $(VENV)/.ready-*
endef

$(READY):
	$(call install_project,.)
	@touch $@

# The front end is built by its own rule below, where it stays linked.
$(READY_DEV): export HATCH_JUPYTER_BUILDER_SKIP_NPM := 1
$(READY_DEV):
	$(call install_project,.[dev])
	@touch $(READY) $@

# Of the lock and nothing else, and without scripts of packages (.npmrc).
$(MODULES): package-lock.json | $(READY_DEV)
	$(NPM) ci --loglevel=error
	@touch $@

$(FRONT_END): $(FRONT_END_SOURCES) $(MODULES) | $(READY_DEV)
	$(NPM) run --silent build:prod
	PATH="$(abspath $(BIN)):$$PATH" jupyter-builder develop --overwrite .
	@touch $@
