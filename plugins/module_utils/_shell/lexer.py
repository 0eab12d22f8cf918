# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""The words and operators of shell text: where quotes, expansions and here-documents end.
Private to the collection.

It goes over a text once, and counts its steps: a text that takes more than any real login file
does is refused, whatever it is made of. The grammar of a word, in which ``COMMANDS`` are shell text
again, for the parser::

    WORD        = PIECE { PIECE }
    PIECE       = PLAIN | QUOTED | EXPANSION | ARRAY
    PLAIN       = a character that is no blank, operator or quote | "\" any character
    QUOTED      = "'" text "'" | '"' { text | "\" any | EXPANSION } '"' | "$'" text "'"
    EXPANSION   = "${" { text | "\" any | QUOTED | EXPANSION } "}"
                | "$((" ARITHMETIC "))" | "$(" COMMANDS ")" | "`" text "`" | "$" name
    ARRAY       = "=(" COMMANDS ")"
"""

import re
from typing import Callable, List, NamedTuple, Optional, Tuple

__all__ = [
    "MAX_STEPS",
    "REDIRECTIONS",
    "Broken",
    "Lexer",
    "Steps",
    "TooMuch",
    "Word",
    "blanks_end",
    "literal",
]

# Words, operators, quotes, lines. The largest files of /etc that shells read take some 30000.
MAX_STEPS = 200000
_MAX_ARITHMETIC = 4096

# A longer one is neither a name nor a value.
_MAX_LITERAL = 65536
REDIRECTIONS = frozenset("<<< <<- << <& >& <> >| >> &>> &> < >".split())
_BLANKS = re.compile(r"[ \t\r]*(\\\r?\n)?")
_PLAIN = re.compile(r"[^ \t\r\n|&;<>()`$\"'\\]+")
_OPERATOR = re.compile(r"&&|\|\||;;&|;;|;&|;\||<<<|<<-|<<|<&|>&|<>|>\||>>|&>>|&>|\|&|[|&;<>()]")
_DOLLAR_PLAIN = re.compile(r"\$[A-Za-z_0-9*@#?!$-]?")
_ESCAPED = {quote: re.compile(r"[^\\" + quote + "]+") for quote in "`'"}
# By what ends it: the text that goes on, and what is wrong where the end never comes.
_NESTING = {
    '"': (re.compile(r"[^\"\\`$]+"), "a quote is never closed"),
    "}": (re.compile(r"[^}\\'\"`$]+"), "a ${ is never closed"),
}
_PARENTHESIS = re.compile(r"[()]")
_LITERAL_PART = re.compile(r"'[^']*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"|\\\n|\\.|[^'\"\\]+", re.DOTALL)
_NOT_PLAIN = re.compile(r"['\"\\$`]")


class Word(NamedTuple):
    """A word or an operator as it stands in the text, quotes and all."""

    start: int
    end: int
    text: str


class Broken(Exception):
    """The text ends, or nests, in a way that no shell would take."""


class TooMuch(Exception):
    """The text holds more than can be read in time; str() says of what."""


class Steps:
    """How many steps were taken by all who read one text."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, count: int = 1) -> None:
        """Count some more; refuse a text that takes too many."""
        self.taken += count
        if self.taken > MAX_STEPS:
            raise TooMuch(f"it holds more than {MAX_STEPS} words and operators")


def literal(raw: str) -> Optional[str]:
    """Return what a word stands for after quote removal, or None if it must be expanded."""
    if not _NOT_PLAIN.search(raw):
        return raw
    if len(raw) > _MAX_LITERAL:
        return None
    parts = []
    for part in _LITERAL_PART.findall(raw):
        if part[0] == "'":
            parts.append(part[1:-1])
            continue
        if "$" in part.replace("\\$", "") or "`" in part:
            return None
        if part[0] == '"':
            parts.append(re.sub(r"\\([$`\"\\])", r"\1", part[1:-1].replace("\\\n", "")))
        elif part[0] == "\\":
            parts.append("" if part == "\\\n" else part[1:])
        else:
            parts.append(part)
    return "".join(parts)


def blanks_end(text: str, at: int) -> int:
    """Return where the blanks and continued lines end that begin at ``at``, if there are any."""
    while True:
        blanks = _BLANKS.match(text, at)
        at = blanks.end() if blanks else at
        if not blanks or not blanks.group(1):
            return at


class Lexer:
    """Where the words and operators of a text begin and end.

    ``commands_end`` returns where commands end that begin at an offset and go on to a closing
    parenthesis, as those of a ``$(``: the parser knows.
    """

    def __init__(self, text: str, steps: Steps, commands_end: Callable[[int], int]) -> None:
        self.text = text
        self.at = 0
        # Where lines begin and end at which a comment may stand.
        self.line_starts: List[int] = []
        self.line_ends: List[int] = []
        # Where each ${...} and $((...)) begins and ends, the inner ones before the outer.
        self.expansions: List[Tuple[int, int]] = []
        self._steps = steps
        self._commands_end = commands_end
        self._here_documents: List[Tuple[str, bool]] = []

    def next(self) -> Tuple[str, Word]:
        """Return (kind, word); the kinds are ``word``, ``operator``, ``newline`` and ``end``."""
        self._steps.take()
        self.at = blanks_end(self.text, self.at)
        if self.text.startswith("#", self.at):
            newline = self.text.find("\n", self.at)
            self.at = len(self.text) if newline < 0 else newline
        start = self.at
        if start >= len(self.text):
            return "end", Word(start, start, "")
        if self.text[start] == "\n":
            self.line_ends.append(start)
            self.at += 1
            self._skip_here_documents()
            self.line_starts.append(self.at)
            return "newline", Word(start, start + 1, "\n")
        operator = _OPERATOR.match(self.text, start)
        if operator:
            self.at = operator.end()
            return "operator", Word(start, self.at, operator.group())
        self.at = self.word_end(start)
        return "word", Word(start, self.at, self.text[start : self.at])

    def word_end(self, at: int) -> int:
        """Return where the word ends that begins at ``at``: PIECE { PIECE }."""
        text = self.text
        while at < len(text):
            plain = _PLAIN.match(text, at)
            if plain:
                at = plain.end()
                continue
            char = text[at]
            if char == "\\":
                at += 2
            elif char == "(" and text[at - 1 : at] == "=":
                at = self._commands_end(at + 1)
            elif char in "'\"`$":
                at = self._quoted_end(at)
            else:
                break
        return min(at, len(text))

    def _quoted_end(self, at: int) -> int:
        """Return where a quote or an expansion ends that begins at ``at``: QUOTED | EXPANSION."""
        self._steps.take()
        text = self.text
        char = text[at]
        if char == "'":
            return self._find("'", at + 1)
        if char == '"':
            return self._nesting_end(at + 1, '"')
        if char == "`":
            return self._escaped_end(at + 1, "`")
        if text.startswith("$'", at):
            return self._escaped_end(at + 2, "'")
        if text.startswith("$((", at):
            end = self._arithmetic_end(at + 3)
            return self._expansion(at, end) if end else self._commands_end(at + 2)
        if text.startswith("$(", at):
            return self._commands_end(at + 2)
        if text.startswith("${", at):
            return self._expansion(at, self._nesting_end(at + 2, "}"))
        matched = _DOLLAR_PLAIN.match(text, at)
        return matched.end() if matched else at + 1

    def _expansion(self, start: int, end: int) -> int:
        self.expansions.append((start, end))
        return end

    def _find(self, what: str, at: int) -> int:
        start = self.text.find(what, at)
        if start < 0:
            raise Broken("a quote is never closed")
        return start + len(what)

    def _escaped_end(self, at: int, quote: str) -> int:
        """Return where a quote ends in which nothing but a backslash has a meaning."""
        while at < len(self.text):
            if self.text[at] == quote:
                return at + 1
            plain = _ESCAPED[quote].match(self.text, at)
            at = plain.end() if plain else at + 2
        raise Broken("a quote is never closed")

    def _nesting_end(self, at: int, closing: str) -> int:
        """Return where double quotes or braces end, in which other quotes may stand."""
        going_on, unclosed = _NESTING[closing]
        while at < len(self.text):
            char = self.text[at]
            if char == closing:
                return at + 1
            plain = going_on.match(self.text, at)
            if plain:
                at = plain.end()
            elif char == "\\":
                at += 2
            else:
                at = self._nested_end(at)
        raise Broken(unclosed)

    def _nested_end(self, at: int) -> int:
        """Return where an expansion or a quote within quotes ends; a $ alone is text there."""
        plain = self.text[at] == "$" and self.text[at + 1 : at + 2] not in ("(", "{")
        return at + 1 if plain else self._quoted_end(at)

    def _arithmetic_end(self, at: int) -> int:
        """Return where $(( or (( ends; 0 if it was a subshell in a parenthesis after all."""
        depth = 0
        limit = min(len(self.text), at + _MAX_ARITHMETIC)
        for matched in _PARENTHESIS.finditer(self.text, at, limit):
            self._steps.take()
            if matched.group() == "(":
                depth += 1
            elif depth:
                depth -= 1
            else:
                return matched.end() + 1 if self.text.startswith("))", matched.start()) else 0
        return 0

    def add_here_document(self, operator: str) -> None:
        """Read the delimiter of a here-document, which begins with the next line."""
        start = blanks_end(self.text, self.at)
        self.at = self.word_end(start)
        delimiter = re.sub(r"\\(.)|['\"]", r"\1", self.text[start : self.at])
        self._here_documents.append((delimiter, operator == "<<-"))

    def _skip_here_documents(self) -> None:
        for delimiter, strip_tabs in self._here_documents:
            while self.at < len(self.text):
                self._steps.take()
                newline = self.text.find("\n", self.at)
                end = len(self.text) if newline < 0 else newline
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if strip_tabs else line) == delimiter:
                    break
        self._here_documents = []

    def skip_arithmetic(self) -> bool:
        """Step over ``((...))``, whose first parenthesis was just read; tell whether it is one."""
        end = self._arithmetic_end(self.at + 1) if self.text.startswith("(", self.at) else 0
        self.at = end or self.at
        return bool(end)

    def skip_test(self) -> None:
        """Step over ``[[ ... ]]``, whose operators are not the shell's."""
        end = re.compile(r"\s\]\](?=[\s;&|)]|$)").search(self.text, self.at)
        if not end:
            raise Broken("a [[ is never closed")
        self.at = end.end()
