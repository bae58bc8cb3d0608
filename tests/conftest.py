"""Fixtures for every test: a private cache, state folder and database, and one place that skips GPU tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from grader import backends

ROOT = Path(__file__).resolve().parents[1]

# No deadlines: a first call may import torch or start a compiler.
SLOW = [HealthCheck.too_slow]  # other workers may have the cores
settings.register_profile("dev", deadline=None, max_examples=50, suppress_health_check=SLOW)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=200,
    database=None,
    derandomize=True,  # a red run is the same for everybody
    suppress_health_check=SLOW,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process a core already; torch reads this when imported


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The only place that decides whether `gpu` tests run; the sentence is the cuda backend's own."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and (why_not := backends.get("cuda").why_not()):
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=why_not))


@pytest.fixture(scope="session", autouse=True)
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing a test does touches the user's attempts or cache. xdist's workers share the cache of builds."""
    own = tmp_path_factory.mktemp("private")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_CACHE", str(shared / "cache"))
        patch.setenv("XDG_STATE_HOME", str(own / "state"))
        (own / "xdg-cache").mkdir()  # torch warns where it is not there
        patch.setenv("XDG_CACHE_HOME", str(own / "xdg-cache"))
        patch.setenv("GRADER_DB", f"sqlite:///{own / 'attempts.db'}")
        patch.delenv("GRADER_ROOT", raising=False)
        yield own


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository: exercises/, solutions/ and tests/attempts/ lie here."""
    return ROOT


@pytest.fixture
def connections(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts are made one after the other, whoever asks: with few queues for work in half the time (0.15 -> 0.08 s).

    Not where streams are to overlap.
    """
    if "72_stream_overlap" not in request.node.name:
        monkeypatch.setenv("CUDA_DEVICE_MAX_CONNECTIONS", "2")
