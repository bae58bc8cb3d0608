"""Only what pyproject.toml cannot say: the pybind11 extension. Builds without CUDA."""

from glob import glob

from pybind11.setup_helpers import Pybind11Extension
from setuptools import setup

setup(
    ext_modules=[
        Pybind11Extension(
            "grader._simulator",
            sorted(glob("csrc/*.cpp")),
            depends=sorted(glob("csrc/**/*.h", recursive=True)),
            cxx_std=17,
            extra_compile_args=["-O2", "-g1", "-fvisibility=hidden", "-fno-strict-aliasing"],
        )
    ]
)
