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

# Debian's packages of the servers that tests start, each in a folder of its own, and of the
# browser that looks at one. Installing them
# starts none: the tests do, and end them.
SERVERS := postgresql ceph-mon ceph-mgr ceph-osd radosgw ceph-common nginx-light

.PHONY: help demo install dev servers test offline check format bench reliability docs clean

help: ## list the targets
	@echo "make TARGET [ARGS=...]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

demo: $(READY) ## a tour on a real dataset, then JupyterLab (ARGS=--no-lab: the tour alone)
	@$(BIN)/python -m omicshelf.demo $(ARGS)

install: $(READY) ## install omicshelf into .venv

dev: $(READY_DEV) ## install omicshelf and the tools for working on it into .venv

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

test: $(READY_DEV) servers ## all tests but the long ones, the offline suite among them
	$(PYTEST) -n $(WORKERS) --dist loadfile -m "not slow" $(ARGS)

offline: $(READY_DEV) ## the tests of every day on a machine without network but loopback
	$(PYTEST) tests/python/test_offline.py $(ARGS)

check: $(READY_DEV) ## lint, format, types, and which part may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY_DEV) ## format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

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

$(READY_DEV):
	$(call install_project,.[dev])
	@touch $(READY) $@
