"""The runtime where it does not run every day: arm64 (under qemu), and context switches by ucontext."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "simulator"))

import corpus
import play

from grader.backends import simulator

# Mistakes that end a kernel, a process or a wait: what differs between machines. `PORTS=whole` runs all the others too.
ENDINGS = (
    "assertion", "barrier_against_shuffle", "division_by_zero", "endless_loop_without_memory", "exit", "grid_sync_race",
    "host_crash", "kernel_gets_host_pointer", "local_array", "mask_names_returned", "missing_barrier", "missing_wait",
    "no_fence", "return_before_barrier", "stack_overflow", "use_after_free", "warp_synchronous",
)  # fmt: skip


def chosen(file: Path) -> bool:
    """What the compiler or the translator refuses never reaches the runtime."""
    if corpus.expectations(file.read_text())[0].split()[0] in ("error", "refused"):
        return False
    return file.parent.name == "controls" or file.stem in ENDINGS or os.environ.get("PORTS") == "whole"


# -R: qemu notes every page of a reservation, and a terabyte of them takes it 10 s.
QEMU = ("qemu-aarch64", "-R", "64G", "-L", "/usr/aarch64-linux-gnu")
PORTS = {
    "ucontext": ("c++", ("-DSIM_UCONTEXT",), ()),
    "arm64": ("aarch64-linux-gnu-g++", (), QEMU),
}


@pytest.fixture(scope="module", params=PORTS)
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """How to start the runtime of that port; CXX names its compiler as long as it is in use."""
    compiler, flags, emulator = PORTS[request.param]
    if missing := [tool for tool in (compiler, *emulator[:1]) if not shutil.which(tool)]:
        pytest.skip(f"no {' and no '.join(missing)} here")
    patch = pytest.MonkeyPatch()
    request.addfinalizer(patch.undo)
    patch.setenv("CXX", compiler)
    if why_not := simulator.why_not():
        pytest.skip(why_not)
    return (*emulator, str(play.build_driver(tmp_path_factory.mktemp("port"), *flags)))


@pytest.mark.parametrize("file", [*filter(chosen, corpus.FILES)], ids=corpus.identity)
def test_corpus(file: Path, driver: tuple[str, ...], tmp_path: Path) -> None:
    text = file.read_text()
    library = play.build(text, file.name, tmp_path)
    played = play.drive(driver, library, text, pedantic="pedantic" in file.stem)
    corpus.compare(corpus.expectations(text), played, file.name)
    corpus.values(text, played)
