"""A local autograder for CUDA exercises: build, run isolated, check, time, explain."""

__version__ = "0.1.0"
