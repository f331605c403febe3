# The commands of the README, for a machine that has Python 3.11+, pip, git and make:
#   make demo   photographs in, a checked video out, offline
#   make test   what CI runs
#   make site   the documentation, as pages for a browser
# Everything goes into .venv, from hashed pins, with plain pip (so mirrors that pip knows are used).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python

# What `make demo` runs, from the installed wheel.
DEMO_STORE := nemovideo-store
DEMO := $(PY) -m prefect_flows.image_to_video docs/photos --store $(DEMO_STORE) \
    --prompt 'Make a 12-second vertical video with crossfades and calm music, titled "Small Wonders"'

PYTEST_ARGS ?= -n auto --dist loadgroup
# Real servers and a browser load both cores by themselves.
SERVERS_ARGS ?= -n 0 -o faulthandler_timeout=900
# Hypothesis repeats the same examples and sets no deadline: a slow machine is no failure.
PYTEST := -m pytest --hypothesis-profile=ci

# `python -m` and `python -c` must find the installed wheel, never the checkout that they run in.
export PYTHONSAFEPATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

PACKAGES := nemovideo_nodes prefect_flows airflow_dags
# Folders too: their time changes when a file goes away.
SOURCES := $(shell find $(PACKAGES) -name __pycache__ -prune -o \( -type f -o -type d \) -print)
INPUTS := $(SOURCES) pyproject.toml README.md LICENSE NOTICE
# For the shell: make itself remembers the folder as it was before the build.
WHEEL := $(CURDIR)/$$(ls dist/*.whl)

.DEFAULT_GOAL := help
.PHONY: help demo test checks lint types contracts pytest coverage prefect prefect-e2e webhook \
    airflow airflow-e2e airflow-oldest airflows servers wheel pages site site-serve \
    release-check freeze pins clean

help:
	@sed -n '/^#   make/s/^# *//p' Makefile

# Prefect keeps its database beside the video: what is set up for you stays as it is.
demo: export PREFECT_HOME := $(CURDIR)/$(DEMO_STORE)/prefect
demo: $(VENV)/wheel.stamp
	@mkdir -p $(DEMO_STORE)/prefect
	@$(DEMO)

test: checks pytest prefect webhook airflows servers

lint: $(VENV)/pins.stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m ruff check --preview --select AIR,ASYNC nemovideo_nodes/airflow airflow_dags

# Types and contracts are checked in the unpacked wheel: what ships is what is checked. The tests
# are checked as they lie here: each folder is a package, tests/support is on the path, as in pytest.
# So are the flows that the pages show.
types: $(VENV)/wheel.stamp
	cd build/wheel && ../../$(PY) -m mypy --config-file ../../pyproject.toml \
	    --cache-dir ../../.mypy_cache -p nemovideo_nodes -p prefect_flows
	@rm -rf build/page
	PYTHONPATH=tests/support $(PY) tests/support/page_flows.py build/page
	MYPYPATH=tests/support $(PY) -m mypy --cache-dir .mypy_cache --explicit-package-bases \
	    --exclude '^tests/(airflow|golden/copied)/' tests build/page
	$(BIN)/basedpyright -p tests/typing/pyrightconfig.json --pythonpath $(PY)

contracts: $(VENV)/wheel.stamp
	cd build/wheel && ../../$(BIN)/lint-imports --no-logo --config ../../pyproject.toml \
	    --cache-dir ../../.import_linter_cache

# The core and the command line; the doors have a part each.
pytest: $(VENV)/wheel.stamp
	TEST_WHEEL="$(WHEEL)" $(PY) $(PYTEST) $(PYTEST_ARGS) --junitxml=build/tests-core.xml

# Which lines the tests reach, each part in its environment and all of them together; by hand, since
# it takes half as long again. What commands and real servers run in processes of their own is not
# counted.
COVER := --cov=nemovideo_nodes --cov-report=
coverage: export PYTHONSAFEPATH :=
coverage: export PYTHONPATH := $(CURDIR)
coverage: $(VENV)/wheel.stamp .venv-airflow/wheel.stamp
	@rm -rf build/coverage && mkdir -p build/coverage
	-COVERAGE_FILE=$(CURDIR)/build/coverage/core $(PY) $(PYTEST) $(PYTEST_ARGS) $(COVER)
	-COVERAGE_FILE=$(CURDIR)/build/coverage/webhook $(PY) $(PYTEST) $(PYTEST_ARGS) $(COVER) tests/webhook
	-COVERAGE_FILE=$(CURDIR)/build/coverage/prefect $(PY) $(PYTEST) $(PYTEST_ARGS) $(COVER) \
	    --ignore tests/prefect/e2e tests/prefect
	-COVERAGE_FILE=$(CURDIR)/build/coverage/airflow .venv-airflow/bin/python $(PYTEST) $(SERVERS_ARGS) \
	    $(COVER) -p pytest_airflow_in_a_box \
	    --ignore tests/airflow/e2e --ignore tests/airflow/oldest tests/airflow
	cd build/coverage && export COVERAGE_RCFILE=../../pyproject.toml COVERAGE_FILE=all && \
	    ../../$(PY) -m coverage combine --keep core webhook prefect airflow && \
	    ../../$(PY) -m coverage html --quiet --directory html && \
	    ../../$(PY) -m coverage report

# A server for each worker of pytest; `prefect-e2e` has a real one with its own workers.
prefect: $(VENV)/wheel.stamp
	TEST_WHEEL="$(WHEEL)" $(PY) $(PYTEST) $(PYTEST_ARGS) --junitxml=build/tests-prefect.xml \
	    --ignore tests/prefect/e2e tests/prefect

# What Prefect's client leaves to the garbage collector may turn up behind the last test.
prefect-e2e: $(VENV)/wheel.stamp
	TEST_WHEEL="$(WHEEL)" $(PY) $(PYTEST) $(SERVERS_ARGS) --junitxml=build/tests-prefect-e2e.xml \
	    -W ignore::pytest.PytestUnraisableExceptionWarning tests/prefect/e2e

# Each of these uses one core.
checks: $(VENV)/wheel.stamp
	+$(MAKE) --jobs 2 --output-sync=target lint types contracts

airflows: .venv-airflow/wheel.stamp .venv-airflow-oldest/wheel.stamp
	+$(MAKE) --jobs 2 --output-sync=target airflow airflow-oldest

# The real servers wait more than they work, so both orchestrators have theirs side by side.
servers: $(VENV)/wheel.stamp .venv-airflow/wheel.stamp
	+$(MAKE) --jobs 2 --output-sync=target prefect-e2e airflow-e2e

ifneq ($(wildcard tests/webhook/test_*.py),)
webhook: $(VENV)/wheel.stamp
	TEST_WHEEL="$(WHEEL)" $(PY) $(PYTEST) $(PYTEST_ARGS) --junitxml=build/tests-webhook.xml \
	    tests/webhook
else
webhook:
	@echo "No tests for the webhook receiver yet."
endif

# Airflow wants versions that Prefect excludes, so its tests have an environment of their own; and
# the ones that need no scheduler a process of their own, with a plugin that rearranges Airflow.
ifneq ($(wildcard tests/airflow/test_*.py),)
airflow: .venv-airflow/wheel.stamp
	cd build/wheel && ../../.venv-airflow/bin/python -m mypy --config-file ../../pyproject.toml \
	    --follow-imports silent --cache-dir ../../.mypy_cache/airflow -p nemovideo_nodes.airflow -p airflow_dags
	MYPYPATH=tests/support .venv-airflow/bin/python -m mypy --follow-imports silent \
	    --cache-dir .mypy_cache/airflow --explicit-package-bases tests/airflow
	TEST_WHEEL="$(WHEEL)" .venv-airflow/bin/python $(PYTEST) $(SERVERS_ARGS) \
	    --junitxml=build/tests-airflow.xml -p pytest_airflow_in_a_box \
	    --ignore tests/airflow/e2e --ignore tests/airflow/oldest tests/airflow

airflow-e2e: .venv-airflow/wheel.stamp
	TEST_WHEEL="$(WHEEL)" .venv-airflow/bin/python $(PYTEST) $(SERVERS_ARGS) \
	    --junitxml=build/tests-airflow-e2e.xml tests/airflow/e2e
else
airflow:
	@echo "No tests for Airflow yet: its environment is not built."
endif

# The oldest release that the provider supports: imports, parsing, and `airflow dags test`. It runs on
# Python 3.11 and 3.12 only.
airflow-oldest: .venv-airflow-oldest/wheel.stamp
	TEST_WHEEL="$(WHEEL)" .venv-airflow-oldest/bin/python $(PYTEST) $(SERVERS_ARGS) \
	    --junitxml=build/tests-airflow-oldest.xml tests/airflow/oldest

wheel: $(VENV)/wheel.stamp

# The parts of docs/ that are made from the code; tests say when one is stale.
pages: $(VENV)/pins.stamp
	@mkdir -p build
	for page in architecture state_table site_pages transcript; do \
	    PYTHONSAFEPATH= PYTHONPATH=$(CURDIR):tests/support $(PY) tests/support/$$page.py || exit 1; \
	done
	PYTHONSAFEPATH= PYTHONPATH=$(CURDIR) $(PY) -m nemovideo_nodes.emulator.agent.guide > build/trial.md
	mv build/trial.md docs/trial.md

# The documentation's site, in build/site; `make site-serve` shows it while it is written.
site: $(VENV)/pins.stamp
	$(PY) -m zensical build --strict --clean

site-serve: $(VENV)/pins.stamp
	$(PY) -m zensical serve

# The pins stand as constraints, too: for pip a package with an extra is another requirement.
# venv without ensurepip (as some systems ship it) still works: the system's pip brings one in.
define new_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "$(PYTHON) is missing or older than Python 3.11: name a newer one," \
	         "for example: make $(or $(MAKECMDGOALS),test) PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing the pinned packages of $< into $(@D); this takes a minute or two."
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D) >/dev/null 2>&1 || { $(PYTHON) -m venv --clear --without-pip $(@D) \
	    && $(PYTHON) -m pip --python $(@D)/bin/python install --quiet pip; }
	$(@D)/bin/python -m pip install --quiet --require-hashes -r $< -c $<
	@touch $@
endef

$(VENV)/pins.stamp: requirements/prefect.txt
	$(new_venv)

.venv-airflow/pins.stamp: requirements/airflow.txt
	$(new_venv)

.venv-airflow-oldest/pins.stamp: requirements/airflow-oldest.txt
	$(new_venv)

.venv-release/pins.stamp: requirements/release.txt
	$(new_venv)

# The pinned backend builds it, without fetching one. The sdist comes first and the wheel out of it,
# so that the sdist is known to be whole.
build/wheel.stamp: $(VENV)/pins.stamp $(INPUTS)
	@echo "Building the wheel, and installing it instead of this checkout."
	@rm -rf dist build/wheel
	@mkdir -p build
	@$(PY) -m build --no-isolation --outdir dist . > build/wheel.log 2>&1 || { cat build/wheel.log >&2; exit 1; }
	@$(PY) -m zipfile -e dist/*.whl build/wheel
	@touch $@

$(VENV)/wheel.stamp .venv-airflow/wheel.stamp .venv-airflow-oldest/wheel.stamp: %/wheel.stamp: %/pins.stamp build/wheel.stamp
	@$*/bin/python -m pip install --quiet --no-index --no-deps --force-reinstall dist/*.whl
	@touch $@

# What a release has to pass before it is tagged; docs/project/releasing.md says what a person does.
release-check: $(VENV)/wheel.stamp .venv-release/pins.stamp
	.venv-release/bin/twine check --strict dist/*
	.venv-release/bin/check-wheel-contents dist/*.whl
	@mkdir -p build/sbom
	for door in prefect airflow; do \
	    .venv-release/bin/cyclonedx-py requirements requirements/$$door-run.txt --pyproject pyproject.toml \
	        --output-reproducible --validate --output-file build/sbom/nemovideo-nodes-$$door.cdx.json || exit 1; \
	done
	$(PY) tests/support/release_facts.py

# Before a release, once: the public names, and what a release leaves behind (RELEASE=1.2).
freeze: $(VENV)/pins.stamp
	PYTHONSAFEPATH= PYTHONPATH=$(CURDIR):tests/support $(PY) tests/support/public_api.py
	PYTHONSAFEPATH= PYTHONPATH=$(CURDIR):tests/support $(PY) tests/support/freeze.py $(RELEASE)

# For maintainers, with uv: new pins from pyproject.toml's bounds (UV_ARGS=--upgrade for newer ones).
PIN := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
    --python-version 3.11 pyproject.toml $(UV_ARGS)
EXTRAS := --extra calendar --extra email --extra emulator --extra telemetry --extra video
PREFECT_EXTRAS := --extra prefect $(EXTRAS) --extra heif --extra socks --extra webhook
pins:
	$(PIN) $(PREFECT_EXTRAS) --group dev --output-file requirements/prefect.txt
	$(PIN) --extra airflow $(EXTRAS) --extra webhook --group airflow-test \
	    --output-file requirements/airflow.txt
	$(PIN) $(PREFECT_EXTRAS) --constraints requirements/prefect.txt \
	    --output-file requirements/prefect-run.txt
	$(PIN) --extra airflow $(EXTRAS) --extra webhook --constraints requirements/airflow.txt \
	    --output-file requirements/airflow-run.txt
	echo 'apache-airflow==3.0.0' | $(subst --universal,,$(PIN)) --constraints - \
	    --extra airflow $(EXTRAS) --group test --output-file requirements/airflow-oldest.txt
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 $(UV_ARGS) --group release --output-file requirements/release.txt

clean:
	rm -rf .cache .venv .venv-airflow .venv-airflow-oldest .venv-release build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
