"""C++ text -> tokens with their places: as much of a lexer as the translator needs. Pure."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass

_PREFIX = r"(?:u8|[uUL])?"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<comment>//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z))
  | (?P<raw>{_PREFIX}R"(?P<mark>[^(\s"\\]*)\(.*?\)(?P=mark)")
  | (?P<string>{_PREFIX}"(?:\\.|[^"\\\n])*")
  | (?P<char>{_PREFIX}'(?:\\.|[^'\\\n])+')
  | (?P<number>\.?\d(?:[eEpP][+-]|'(?=\w)|[\w.])*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<op><<<|>>>|::|->|&&|\|\||\#\#|.)
    """,
    re.X | re.S,
)
_DIRECTIVE = re.compile(r"[ \t]*#(?:\\\r?\n|/\*.*?\*/|[^\n])*", re.S)


@dataclass(frozen=True)
class Token:
    kind: str  # space comment raw string char number name op directive
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def lex(text: str) -> list[Token]:
    """Every character of the text is in exactly one token."""
    tokens, at = [], 0
    while at < len(text):
        directive = _DIRECTIVE.match(text, at) if at == 0 or text[at - 1] == "\n" else None
        if directive:
            token = Token("directive", directive.group(), at)
        else:
            found = _TOKEN.match(text, at)
            assert found and found.lastgroup, "the last alternative matches any character"
            kind = "raw" if found.lastgroup == "mark" else found.lastgroup
            token = Token(kind, found.group(), at)
        tokens.append(token)
        at = token.end
    return tokens


class Source:
    """A text with its significant tokens, and the brackets among them."""

    def __init__(self, text: str) -> None:
        self.text = text
        every = lex(text)
        self.directives = [t for t in every if t.kind == "directive"]
        self.tokens = [t for t in every if t.kind not in ("space", "comment", "directive")]
        self.words = [t.text if t.kind not in ("string", "raw", "char") else '"' for t in self.tokens]
        self.partner = _partners(self.words)
        self._newlines = [m.start() for m in re.finditer("\n", text)]

    def line(self, index: int) -> int:
        """The line of a token."""
        return self.line_at(self.tokens[index].start)

    def line_at(self, position: int) -> int:
        return bisect.bisect_left(self._newlines, position) + 1

    def between(self, first: int, last: int) -> str:
        """The text from one token to another, both included; "" when there is none."""
        return self.text[self.tokens[first].start : self.tokens[last].end] if first <= last else ""

    def word(self, index: int) -> str:
        return self.words[index] if 0 <= index < len(self.words) else ""


def _partners(words: list[str]) -> dict[int, int]:
    """Round, square and curly brackets, each way; unbalanced ones have no partner."""
    open_of = {")": "(", "]": "[", "}": "{"}
    partner: dict[int, int] = {}
    stack: list[int] = []
    for i, word in enumerate(words):
        if word in ("(", "[", "{"):
            stack.append(i)
        elif word in open_of:
            while stack and words[stack[-1]] != open_of[word]:
                stack.pop()
            if stack:
                partner[i] = stack.pop()
                partner[partner[i]] = i
    return partner
