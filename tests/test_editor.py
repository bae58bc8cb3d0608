"""Which editor is opened, and how it is told the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import editor


@pytest.mark.parametrize(
    ("environ", "installed", "words"),
    [
        ({"VISUAL": "code --wait", "EDITOR": "vi"}, "", ["code", "--wait"]),
        ({"EDITOR": "vi"}, "code", ["vi"]),
        ({"VISUAL": " "}, "code nano", ["code"]),
        ({}, "vi nano", ["nano"]),
        ({}, "", []),
    ],
)
def test_the_choice(environ: dict[str, str], installed: str, words: list[str]) -> None:
    assert editor.chosen(environ, lambda name: name if name in installed.split() else None) == words


@pytest.mark.parametrize(
    ("editor_", "words"),
    [
        ("vim -n", ["vim", "-n", "+7", "a b.cu"]),
        ("/usr/bin/nano", ["/usr/bin/nano", "+7", "a b.cu"]),
        ("code --wait", ["code", "--wait", "--goto", "a b.cu:7"]),
        ("hx", ["hx", "a b.cu:7"]),
        ("unheard-of", ["unheard-of", "a b.cu"]),
    ],
)
def test_the_line(editor_: str, words: list[str]) -> None:
    assert editor.command(editor_.split(), Path("a b.cu"), 7) == words
