"""
What can go wrong, and whose fault it is. Every message ends with the remedy.

GraderError
├── UsageError        the person at the keyboard: no such exercise, bad option        exit 2
├── MachineError      the machine: no compiler, no GPU where one was demanded         exit 3
├── SpecError         the exercise's author: exercise.toml or spec.py is not valid    exit 4
└── EmptyError        nothing was selected                                            exit 5

A learner's mistake is never an exception: it is a Verdict.
"""


class GraderError(Exception):
    """Shown as one line, never as a traceback."""

    exit_code = 4


class UsageError(GraderError):
    exit_code = 2


class MachineError(GraderError):
    exit_code = 3


class SpecError(GraderError):
    exit_code = 4


class EmptyError(GraderError):
    exit_code = 5
