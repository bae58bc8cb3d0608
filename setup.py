"""Only what pyproject.toml cannot say: the pybind11 extension. Builds without CUDA."""

import sys
from glob import glob

from pybind11.setup_helpers import Pybind11Extension
from setuptools import setup

# Only the ABI leaves the extension: a learner's std::vector must neither replace ours nor be replaced by it.
EXPORTS = ["-Wl,--version-script=csrc/exports.map"] if sys.platform == "linux" else []

setup(
    ext_modules=[
        Pybind11Extension(
            "grader._simulator",
            sorted(glob("csrc/*.cpp")),
            depends=[*sorted(glob("csrc/**/*.h", recursive=True)), "csrc/exports.map"],
            cxx_std=17,
            extra_compile_args=["-O2", "-g1", "-fvisibility=hidden", "-fno-strict-aliasing"],
            extra_link_args=EXPORTS,
        )
    ]
)
