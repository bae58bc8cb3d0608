"""Which functions and variables a translation unit declares at namespace or class level. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.lexer import Source

SPACES = ("__device__", "__constant__", "__managed__")


@dataclass(frozen=True)
class Function:
    name: str
    words: frozenset[str]  # of its head: template, __global__, static …
    body: tuple[int, int]  # its braces, as token numbers; (0, 0) for a mere declaration
    defaults: bool = False  # has a parameter a default argument?

    @property
    def device(self) -> bool:
        return bool(self.words & {"__device__", "__global__", "constexpr"})


@dataclass(frozen=True)
class Variable:
    names: tuple[str, ...]
    constant: bool
    end: int  # the semicolon's token number


def declarations(source: Source) -> Iterator[Function | Variable]:
    """In the order of the text; bodies of functions are not entered."""
    head = at = 0
    while at < len(source.words):
        word = source.words[at]
        if word == ";":
            yield from _plain(source, head, at)
            head = at + 1
        elif word == "}":
            head = at + 1
        elif word in ("(", "["):
            at = source.partner.get(at, at)
        elif word == "{":
            inside, found = _brace(source, head, at)
            if found:
                yield found
            if not inside:
                at = source.partner.get(at, len(source.words))
                head = at + 1 if found or (source.word(at + 1) != ";" and not _declares(source, head)) else head
            else:
                head = at + 1
        at += 1


def _declares(source: Source, head: int) -> bool:
    """A braced initialiser goes on to its semicolon."""
    return any(w in SPACES or w == "=" for w in source.words[head : head + 12])


def _brace(source: Source, head: int, at: int) -> tuple[bool, Function | None]:
    """What the brace at `at` opens: (something to look into?, a function)."""
    words = source.words[head:at]
    if "namespace" in words or (words[:1] == ["extern"] and words[-1:] == ['"']):
        return True, None
    parameters = _parameters(source, head, at)
    if parameters < 0:
        return bool({"struct", "class", "union"} & set(words)), None
    name = source.word(parameters - 1)
    body = (at, source.partner.get(at, at))
    return False, Function(name, frozenset(source.words[head:parameters]), body, _defaults(source, parameters))


def _defaults(source: Source, parameters: int) -> bool:
    return "=" in source.words[parameters : source.partner.get(parameters, parameters)]


def _parameters(source: Source, head: int, end: int) -> int:
    """The parenthesis of the parameter list: the first one after a name that is no attribute; -1 if none."""
    at = head
    while at < end:
        word = source.words[at]
        if word == "=":
            return -1
        if word == "(":
            if source.word(at - 1) not in (
                "__launch_bounds__",
                "__attribute__",
                "alignas",
                "__align__",
                "decltype",
                "requires",
            ):
                return at
            at = source.partner.get(at, at)
        elif word in ("[", "{"):
            return -1
        at += 1
    return -1


def _plain(source: Source, head: int, end: int) -> Iterator[Function | Variable]:
    words = source.words[head:end]
    parameters = _parameters(source, head, end)
    if parameters >= 0:
        yield Function(
            source.word(parameters - 1), frozenset(source.words[head:parameters]), (0, 0), _defaults(source, parameters)
        )
    elif set(words) & set(SPACES) and not {"extern", "template", "using", "typedef"} & set(words):
        yield Variable(tuple(_names(source, head, end)), "__constant__" in words, end)


def _names(source: Source, head: int, end: int) -> Iterator[str]:
    """The declared names: the last word before [, =, {, a comma or the end, at the outermost level."""
    at, last, angle, done = head, "", 0, False
    while at <= end:
        word = source.words[at]
        if word == "<":
            angle += 1
        elif word == ">":
            angle -= 1
        elif angle <= 0 and word in ("[", "=", "{", ",", ";"):
            if not done and last:
                yield last
            done = word not in (",", ";")
        elif source.tokens[at].kind == "name":
            last = word
        if word in ("(", "[", "{"):
            at = source.partner.get(at, at)
        at += 1
