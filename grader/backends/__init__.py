"""Where code can run. A backend is a module with these five names:

    why_not() -> str             empty if usable here, else the sentence to show; imports nothing heavy it can avoid
    device() -> str              what the verdict calls the device: "NVIDIA H200", "simulator"
    sources(exercise, text, name) -> Sources    pure: the files and flags that torch's cpp_extension compiles
    explain(output) -> Compiled  pure: the compiler's output -> errors, warnings, resources
    Device(arena, report)        made in the worker only: load(library, launcher), run(job) -> Run
    A Device may have rehearse(): what a run needs, done once when the worker has given up system calls.

and one that it may have: reported(run, text, job) -> Run, where the device writes its findings into the report: in the
judge, the run as that text has it.

`cuda` is preferred; `simulator` works everywhere.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from grader.errors import MachineError

NAMES = ("cuda", "simulator")  # in order of preference


def get(name: str) -> ModuleType:
    """A dotted name is a module of its own: the tests' scripted backend is one."""
    return importlib.import_module(name if "." in name else f"grader.backends.{name}")


def pick(wanted: str = "") -> tuple[str, str]:
    """The backend to use and one sentence that says why."""
    reasons = {}
    for name in (wanted,) if wanted else NAMES:
        reasons[name] = get(name).why_not()
        if not reasons[name]:
            return name, _why(name, wanted, reasons)
    raise MachineError("; ".join(f"{name}: {why}" for name, why in reasons.items()))


def _why(name: str, wanted: str, reasons: dict[str, str]) -> str:
    if wanted:
        return f"{name}, as you asked"
    if name == "cuda":
        return f"cuda, on {get(name).device()}"
    return f"{name}, because {reasons['cuda']}"
