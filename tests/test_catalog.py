"""exercise.toml -> Exercise, and the names people type. Without torch, in a root made for the test."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import catalog
from grader.errors import SpecError, UsageError
from grader.model import Walk

TOML = """\
title = "Scale"
summary = "y = 2 x"
track = "foundations"
difficulty = 1
minutes = 10
declaration = 'extern "C" cudaError_t launch_scale(const float* x, float* y, int n, cudaStream_t stream);'
hints = ["one", "two", "three"]

[tolerance]
rtol = 1e-6
why = "one rounding"

[speed]
threshold = 0.8
excellent = 0.9
timed = [{ n = 1048576 }]
"""

IDS = ("01_scale", "02_matrix_axpby", "04_warp_reduce", "07_softmax", "17_stream_compaction")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for slug in IDS:
        write(tmp_path, slug, TOML)
    return tmp_path


def write(home: Path, slug: str, text: str) -> Path:
    folder = home / "exercises" / slug
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "exercise.toml").write_text(text)
    return folder


# ---------------------------------------------------------------- where and what


def test_root_is_the_clone(root: Path) -> None:
    assert catalog.root() == root


def test_root_can_be_chosen(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_ROOT", str(home))
    assert catalog.root() == home.resolve()


def test_discover_wants_a_toml_and_keeps_the_order(home: Path) -> None:
    (home / "exercises" / "03_empty").mkdir()
    assert catalog.discover(home) == list(IDS)


def test_load(home: Path) -> None:
    found = catalog.load(home, "01_scale")
    assert (found.number, found.name, found.title) == (1, "scale", "Scale")
    assert found.source == home / "exercises" / "01_scale" / "scale.cu"
    assert found.tolerances[""].rtol == 1e-6
    assert found.timed == ({"n": 1048576},)
    assert (found.prerequisites, found.alias, found.misaligned, found.unsimulated) == ((), {}, (), "")


def test_a_walk(home: Path) -> None:
    assert catalog.load(home, "01_scale").walk == Walk()
    write(home, "01_scale", TOML + '\n[walk]\nrungs = ["serial", "coalesced"]\nsizes = { n = 64 }\n')
    assert catalog.load(home, "01_scale").walk == Walk(("serial", "coalesced"), {"n": 64})


def test_whose_kernels_may_do_the_work(home: Path) -> None:
    assert catalog.load(home, "01_scale").libraries == ()
    write(home, "01_scale", 'libraries = ["cub"]\n' + TOML)
    assert catalog.load(home, "01_scale").libraries == ("cub",)
    write(home, "01_scale", 'libraries = ["cublas"]\n' + TOML)
    with pytest.raises(SpecError, match=r"cublas is none of cub, thrust, cutlass"):
        catalog.load(home, "01_scale")


def test_optional_tables(home: Path) -> None:
    more = '\n[tolerance.idx]\n[layout]\nmisaligned = ["x"]\nalias = { y = "x" }\n[simulator]\nwhy_not = "TMA"\n'
    write(home, "01_scale", TOML + more)
    found = catalog.load(home, "01_scale")
    assert set(found.tolerances) == {"", "idx"}
    assert (found.misaligned, found.alias, found.unsimulated) == (("x",), {"y": "x"}, "TMA")


# ---------------------------------------------------------------- authors' mistakes


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("minutes = 10", "minutes = = 10", "line 5"),
        ('title = "Scale"\n', "", "title missing"),
        ("[speed]", "[spede]", "speed missing"),
        ("launch_scale", "scale", "exercise.toml:6: declaration"),
        ("const float* x", "const real* x", "exercise.toml:6: parameter 'const real\\* x'"),
        ("difficulty = 1", 'difficulty = "easy"', "easy"),
        ("rtol = 1e-6", "rtoll = 1e-6", "rtoll"),
        ("threshold = 0.8\n", "", "threshold"),
        ("[speed]", '[walk]\nsteps = ["serial"]\n[speed]', r"\[walk\] steps: only rungs and sizes"),
    ],
)
def test_a_mistake_names_the_file_and_the_place(home: Path, old: str, new: str, says: str) -> None:
    path = write(home, "01_scale", TOML.replace(old, new)) / "exercise.toml"
    with pytest.raises(SpecError, match=says) as caught:
        catalog.load(home, "01_scale")
    assert str(caught.value).startswith(str(path))


def test_a_missing_toml_says_so(home: Path) -> None:
    (home / "exercises" / "03_empty").mkdir()
    with pytest.raises(SpecError, match=r"exercise\.toml does not exist; add it"):
        catalog.load(home, "03_empty")


def test_bytes_that_are_no_text_say_so(home: Path) -> None:
    (home / "exercises" / "01_scale" / "exercise.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"exercise\.toml"):
        catalog.load(home, "01_scale")


def test_a_folder_must_be_named_like_the_others(home: Path) -> None:
    write(home, "Scale", TOML)
    with pytest.raises(SpecError, match="not named NN_name"):
        catalog.load(home, "Scale")


# ---------------------------------------------------------------- names people type


@pytest.mark.parametrize(
    "name",
    [
        "7",
        "07",
        "softmax",
        "07_softmax",
        "soft",
        "07_soft",
        "exercises/07_softmax",
        "exercises/07_softmax/",
        "exercises/07_softmax/softmax.cu",
        "./solutions/07_softmax/softmax.cu",
    ],
)
def test_every_way_to_say_softmax(home: Path, name: str) -> None:
    assert catalog.find(home, name) == "07_softmax"


@pytest.mark.parametrize(
    ("name", "near"), [("sofmax", "07_softmax"), ("strem_compaction", "17_stream_compaction"), ("99", "")]
)
def test_an_unknown_name_gets_three_suggestions(home: Path, name: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        catalog.find(home, name)
    message = str(caught.value)
    assert repr(name) in message
    assert near in message
    assert sum(slug in message for slug in IDS) == 3


def test_an_empty_catalogue_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exercises/ is empty"):
        catalog.find(tmp_path, "softmax")


@given(st.text(max_size=30))
def test_any_text_is_found_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    home = tmp_path_factory.getbasetemp() / "named"
    if not home.exists():
        write(home, "07_softmax", TOML)
    try:
        assert catalog.find(home, name) == "07_softmax"
    except UsageError as error:
        assert "did you mean" in str(error)
