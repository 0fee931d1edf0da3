# The README's two commands are `make demo` and `make test`; each sets up what it needs by itself.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ROOMS  := core opcodes stack memory gc embed isolation wasi builder frontends tools

# Tests start Python more than a hundred times: not all of them are to compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lint unit engines sanitize coverage differential fuzz fuzz-report fuzzers corpus machine setup debian links clean

demo: setup
	$(BIN)/tbbuild --features core,gc examples/binary_trees.tba --run

test: setup debian lint unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What compares native runs with other runs, in large numbers. Coverage is measured without it: that makes
# the reference several times as slow, and the other tests reach nearly all that these do.
NATIVE := tests/attacks tests/core/io tests/core/loader tests/corpus tests/differential tests/fuzz tests/gc tests/machine tests/memory \
  tests/outside tests/test_examples.py tests/test_programs.py tests/wasi $(addprefix tests/frontends/, \
  c/test_libc.py c/test_math.py c/test_programs.py wasm/spec wasm/test_generated.py \
  wasm/test_hostile.py wasm/test_mutants.py)

unit: setup debian
	$(BIN)/python -m tests.c_coverage 85
	$(BIN)/python -m pytest -n 2 --dist worksteal $(addprefix --ignore=,$(NATIVE)) \
	  --cov --cov-branch --cov-report=term --cov-fail-under=90
	$(BIN)/python -m pytest -n 2 --dist worksteal $(NATIVE)
	TBLVM_TEST_SHARE=$(or $(TBLVM_TEST_SHARE),24) $(THREADED) $(LOADING)

# Tests with the engine that loads programs and is not the usual one: all of them by `engines`, of some a seeded sample
# by `unit` (of each file one in 24).
THREADED := TBLVM_TEST_ENGINE=threaded $(BIN)/python -m pytest -n 2 --dist worksteal
LOADING := $(addprefix tests/, attacks/test_bytecode.py attacks/test_endurance.py corpus/test_programs.py embed frontends/wasm/spec wasi/test_programs.py)
RUNNING := $(addprefix tests/, attacks/test_native.py isolation/jobs isolation/test_directories.py isolation/test_executables.py \
  test_examples.py test_programs.py wasi)

engines: setup debian
	$(THREADED) $(LOADING) $(RUNNING)

# The isolation suite in an emulated machine with protection keys, on each kernel (TBLVM_MACHINE_KERNELS="6.1 6.12",
# TBLVM_MACHINE_SELECT="tests/isolation/keys -k signal"); `unit` runs it too. TBLVM_MACHINE_ALL=1: also what was shown without the machine.
machine: setup
	@tests/debian.sh qemu-system-x86
	$(BIN)/python -m tests.machine $(addprefix --kernel ,$(TBLVM_MACHINE_KERNELS)) $(if $(TBLVM_MACHINE_ALL),--all) $(TBLVM_MACHINE_SELECT)

# Longer versions of the seeded samples that `unit` runs.
differential: setup debian
	TBLVM_TEST_SCALE=50 $(BIN)/python -m pytest -n 2 --timeout 3600 tests/differential \
	  tests/core/io tests/core/loader tests/builder/test_runtime.py tests/memory/test_guarded.py \
	  tests/memory/test_linear_executables.py

# Coverage-guided, on two cores, for FUZZ_SECONDS (600); what is found is in build/fuzz/crashes.
fuzz: fuzzers
	$(BIN)/python -m tests.fuzz.run

# What seeds and found inputs reach of the C.
fuzz-report: fuzzers
	$(BIN)/python -m tests.fuzz.report 85

fuzzers: setup
	@tests/debian.sh gcc libc6-dev clang llvm libclang-rt-dev
	@$(BIN)/python -c 'import atheris' 2>/dev/null || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'

# Real WebAssembly programs of npm's packages, into the cache: the tests fetch what is missing by themselves.
corpus: setup debian
	$(BIN)/python -m tests.corpus.fetch

setup: $(VENV)/.ready links

# One stamp: made anew when the requirements change.
$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "tblvm needs Python 3.10 or later"; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { \
	  echo "installing the Debian package python3-venv"; tests/debian.sh python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Type checkers cannot see through the editable finder: they read this tree of links.
links:
	@rm -rf .links && mkdir -p .links/tblvm
	@for room in $(ROOMS); do ln -sfn ../../$$room .links/tblvm/$$room; done
	@for file in tblvm/*; do ln -sfn ../../$$file .links/tblvm/; done

debian:
	@tests/debian.sh gcc g++ libc6-dev clang nodejs openjdk-17-jdk-headless qemu-user-static qemu-system-x86 chromium strace
	@command -v npm >/dev/null || tests/debian.sh npm

clean:
	rm -rf $(VENV) .links build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
