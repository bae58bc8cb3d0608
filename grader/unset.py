"""The local variables that device code declares without a value. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from grader.lexer import Source

_NUMBERS = {"float", "double", "int", "unsigned", "signed", "long", "short", "char", "bool"}
_QUALIFIERS = {"const", "volatile"}
_ALIGNMENTS = {"alignas", "__align__", "__builtin_align__", "__attribute__"}
_RECORDS = {"struct", "class", "union", "enum"}
# Words that begin a statement and are no type: what follows them is no declaration, or one that has a value anyway.
_NO_TYPE = _RECORDS | {
    "return", "goto", "delete", "throw", "new", "else", "do", "case", "default", "using", "typedef", "static", "extern",
    "thread_local", "constexpr", "constinit", "template", "operator", "friend", "auto", "void", "if", "for", "while",
    "switch", "break", "continue", "sizeof", "static_assert", "namespace", "co_return", "co_yield", "co_await", "asm",
    "__asm__", "__asm", "__shared__", "__constant__", "__device__", "__managed__",
}  # fmt: skip


def declared(source: Source, body: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The token numbers of each one's name, and of the semicolon that ends its declaration."""
    at, last = body[0] + 1, body[1]
    inside, fresh = ["{"], True  # the brackets around, and whether a statement begins here
    while at < last:
        word = source.words[at]
        if fresh and word in _RECORDS:
            at = _behind(source, at)
            continue
        if fresh and (found := _declaration(source, at)):
            at = found[0]
            yield from ((name, at) for name in found[1])
            word = ";"
        if word in ("(", "[", "{"):
            inside.append(word)
        elif word in (")", "]", "}") and len(inside) > 1:
            inside.pop()
        fresh = word in ("{", "}", ";") and inside[-1] == "{"
        at += 1


def _behind(source: Source, at: int) -> int:
    """The token behind a struct's members, which are no variables."""
    k = at + 1
    while source.word(k) not in ("{", ";", "(", "=", ""):
        k += 1
    return source.partner.get(k, k) + 1 if source.word(k) == "{" else k


def _declaration(source: Source, at: int) -> tuple[int, list[int]] | None:
    """The semicolon and the names that got no value; None for any other statement."""
    k, names = _type(source, at), list[int]()
    while k and k < len(source.tokens) and source.tokens[k].kind == "name":
        name, k = k, k + 1
        while source.word(k) == "[":
            k = source.partner.get(k, k) + 1
        if source.word(k) in (",", ";"):
            names.append(name)
        elif source.word(k) in ("=", "{", "("):
            k = _value(source, k)
        if source.word(k) == ";":
            return k, names
        if source.word(k) != ",":
            return None
        k += 1
    return None


def _value(source: Source, k: int) -> int:
    """Over an initialiser, to the comma or the semicolon behind it."""
    while source.word(k) not in (",", ";", ""):
        k = source.partner.get(k, k) + 1 if source.word(k) in ("(", "[", "{") else k + 1
    return k


def _type(source: Source, at: int) -> int:
    """The token behind the type's name; 0 where none is."""
    k = _qualified(source, at)
    if source.word(k) in _NUMBERS:
        while source.word(k) in _NUMBERS | _QUALIFIERS:
            k += 1
        return k
    k += source.word(k) in ("typename", "::")
    if source.word(k) in _NO_TYPE or k >= len(source.tokens) or source.tokens[k].kind != "name":
        return 0
    k += 1
    while k and source.word(k) in ("::", "<"):
        k = k + 2 if source.word(k) == "::" else _angle(source, k)
    return k and _qualified(source, k)


def _qualified(source: Source, k: int) -> int:
    while source.word(k) in _QUALIFIERS or source.word(k) in _ALIGNMENTS or source.word(k) == "[":
        k += source.word(k) in _ALIGNMENTS
        k = source.partner.get(k, k) + 1
    return k


def _angle(source: Source, k: int) -> int:
    """The token behind template arguments; 0 where it was a comparison."""
    depth = 0
    while source.word(k) not in (";", "{", "}", ""):
        word = source.word(k)
        depth += (word == "<") - (word == ">") - 3 * (word == ">>>")
        if depth <= 0:
            return k + 1
        k = source.partner.get(k, k) + 1 if word in ("(", "[") else k + 1
    return 0
