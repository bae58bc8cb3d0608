# make                 set everything up and grade the reference softmax      (= make start)
# make test            set everything up and run all tests
# make gpu-test        the tests that need a GPU
# make check           the quick half of `make test`: ruff, mypy, tests of the pure stages
# make fix             let ruff correct what it can
# make bench           print the figures of benchmarks/
# make docs            the pages of docs/ as a site, in build/docs
# make picture         docs/terminal.svg and the screens of the pages, by running what they show
# make clean           remove what make made; never your work, never your attempts
#
# make … PYTHON=/path/to/python    use that interpreter as it is: no virtual environment, no downloads

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := start
.PHONY: start test gpu-test gpu check fix bench docs picture clean setup setup-dev setup-gpu
MAKEFLAGS += --no-print-directory

FIRST := exercises/01_vector_add/vector_add.cu
INPUTS := pyproject.toml constraints.txt setup.py $(wildcard csrc/*.cpp csrc/*.h csrc/*.map)

# The newest CUDA that the driver runs: 12, 13, or nothing where there is no GPU.
CUDA := $(shell nvidia-smi 2>/dev/null | sed -n 's/.*CUDA[^:]*Version: *\([0-9][0-9]*\).*/\1/p' | head -n 1)
EXTRA := $(if $(CUDA),$(if $(filter 12,$(CUDA)),cuda12,cuda13))

ifeq ($(origin PYTHON),command line)
# ---------------------------------------------------------------- an interpreter of yours, as it is

RUN := PYTHONPATH=.$${PYTHONPATH:+:$$PYTHONPATH} $(PYTHON)
NEEDS := argcomplete hypothesis jinja2 markdown_it ninja numpy nvtx platformdirs pybind11 rich setuptools sqlalchemy
NEEDS += tomli torch $(if $(EXTRA),cupy pynvml)
NEEDS_DEV := $(NEEDS) matplotlib mkdocs mypy pytest pytest_timeout ruff xdist
NEEDS_GPU := $(NEEDS) pytest pytest_timeout xdist

define MISSING
import importlib.util, sys
if sys.version_info < (3, 10):
    sys.exit("error: %s is Python %s; 3.10 or newer is needed" % (sys.executable, sys.version.split()[0]))
packages = {"cupy": "cupy-cuda$(if $(filter 12,$(CUDA)),12,13)x", "pynvml": "nvidia-ml-py", "xdist": "pytest-xdist",
            "markdown_it": "markdown-it-py"}
missing = [packages.get(n, n.replace("_", "-")) for n in sys.argv[1:] if importlib.util.find_spec(n) is None]
if missing:
    print("error: %s lacks %s; install with" % (sys.executable, ", ".join(missing)), file=sys.stderr)
    sys.exit("  %s -m pip install -c constraints.txt %s" % (sys.executable, " ".join(missing)))
endef
export MISSING

setup:
	@$(PYTHON) -c "$$MISSING" $(NEEDS)
	@$(PYTHON) setup.py -q build_ext --inplace

setup-gpu:
	@$(PYTHON) -c "$$MISSING" $(NEEDS_GPU)
	@$(PYTHON) setup.py -q build_ext --inplace

setup-dev:
	@$(PYTHON) -c "$$MISSING" $(NEEDS_DEV)
	@$(PYTHON) setup.py -q build_ext --inplace

NEXT := $(PYTHON) -m grader
else
# ---------------------------------------------------------------- a virtual environment in .venv

RUN := .venv/bin/python
NEXT := python -m grader

define TOO_OLD
import sys
if sys.version_info < (3, 10):
    sys.exit("error: python3 is %s; 3.10 or newer is needed: make PYTHON3=/path/to/newer/python3" % sys.version.split()[0])
endef
export TOO_OLD
PYTHON3 := python3

# A stamp, because an interrupted `make` leaves half an environment behind.
.venv/made:
	@command -v $(PYTHON3) >/dev/null || { echo "error: no $(PYTHON3); install Python 3.10 or newer" >&2; exit 3; }
	@$(PYTHON3) -c "$$TOO_OLD"
	@command -v $${CXX:-c++} >/dev/null || { echo "error: no C++ compiler; install g++ or clang" >&2; exit 3; }
	@echo "· making .venv with $$($(PYTHON3) --version)"
	@rm -rf .venv
	@$(PYTHON3) -m venv .venv || { echo "error: no venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 3; }
	@touch $@

PIP := .venv/bin/python -m pip --disable-pip-version-check install -c constraints.txt
# Says what is being downloaded, when it is large enough to wait for; errors come whole, on stderr.
QUIETLY := | awk '/Downloading .*(MB|GB)/ { split($$2, w, "-"); print "  downloading " w[1], w[2], $$3, $$4; fflush() }'

# The newest torch on PyPI needs a CUDA 13 driver.
INDEX := $(if $(filter 12,$(CUDA)),--extra-index-url https://download.pytorch.org/whl/cu126)

define INSTALL
@echo "· installing$(if $(EXTRA), for CUDA $(CUDA)), and building the simulator (minutes the first time: torch is large)"
@$(PIP) --progress-bar off setuptools wheel pybind11 $(QUIETLY)
@$(PIP) --progress-bar off $(INDEX) --no-build-isolation -e '.$(1)' $(QUIETLY)
endef

comma := ,
READY := .venv/ready-$(or $(EXTRA),cpu)

$(READY): $(INPUTS) | .venv/made
	$(call INSTALL,$(if $(EXTRA),[$(EXTRA)]))
	@touch $@

$(READY)-dev: $(INPUTS) | .venv/made
	$(call INSTALL,[dev$(if $(EXTRA),$(comma)$(EXTRA))])
	@touch $(READY) $@

setup: $(READY)
setup-dev setup-gpu: $(READY)-dev
endif

# ---------------------------------------------------------------- what people type

start: setup
	@$(RUN) -m grader run 07_softmax --solution
	@echo
	@echo "That was the reference. Now yours:"
ifneq ($(origin PYTHON),command line)
	@echo "  source .venv/bin/activate"
endif
	@echo "  $(NEXT) show 1            # the task; then edit $(FIRST)"
	@echo "  $(NEXT) run 1             # grade it; again and again"

# In parallel, so without the GPU's tests: those need it for themselves.
PYTEST := -q -n auto --maxprocesses 8 -m "not gpu"

test: setup-dev
	@echo "· ruff"; $(RUN) -m ruff check -q .
	@echo "· mypy"; $(RUN) -m mypy --no-error-summary
	@echo "· pytest"; $(RUN) -m pytest $(PYTEST)

# Several at a time, as far as the GPU's memory and the cores go: starting workers and contexts is most of a test.
GPU_JOBS ?= $(shell nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits 2>/dev/null | \
  awk -v cores=$$(nproc) 'NR == 1 { n = int($$1 / 12000); if (n > cores * 5 / 8) n = int(cores * 5 / 8); if (n < 1) n = 1; print n }')

gpu-test: gpu setup-gpu
	@$(RUN) -m pytest -q -m gpu -n $(GPU_JOBS) --dist worksteal

gpu:
	@nvidia-smi -L >/dev/null 2>&1 || { echo "error: gpu-test needs an NVIDIA GPU, and nvidia-smi finds none" >&2; exit 3; }

check: setup-dev
	@echo "· ruff"; $(RUN) -m ruff check -q .
	@echo "· mypy"; $(RUN) -m mypy --no-error-summary
	@echo "· pytest"; $(RUN) -m pytest $(PYTEST) --ignore tests/test_attempts.py -k "not nvcc"

fix: setup-dev
	@$(RUN) -m ruff check --fix .

bench: setup
	@for file in benchmarks/*.py; do echo "· $$file"; $(RUN) "$$file"; done

docs: setup-dev
	@$(RUN) -m mkdocs build --strict

picture: setup
	@$(RUN) docs/record.py

clean:
	@rm -rf .venv build dist *.egg-info grader/*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
