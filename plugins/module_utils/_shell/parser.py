# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shell text to simple commands: a small parser for Bourne-like shells.

It reads what bash, dash, zsh, ksh and mksh have in common, as far as it takes to know which
commands a login file runs in the shell itself, whether always, and where each one stands.

Private to the collection.
"""

import re
from contextlib import suppress
from typing import List, NamedTuple, Optional, Tuple

from .lexer import REDIRECTIONS, Broken, Lexer, Steps, TooMuch, Word, blanks_end, literal

__all__ = ["Command", "Script", "TooMuch", "Word", "expansions", "literal", "parse"]


class Command(NamedTuple):
    """A simple command; those of command substitutions are not among them."""

    words: Tuple[Word, ...]
    start: int
    end: int
    conditional: bool
    # Within a compound command, where a command must stand, or beside && and ||.
    needed: bool
    in_function: bool
    # It runs in a process of its own: in parentheses, in a pipe, or in the background.
    subshell: bool


class Script(NamedTuple):
    commands: List[Command]
    # What loops and cases begin with, up to their list or word: it is expanded like a command.
    heads: List[Command]
    # Where lines begin and end at which a comment may stand: not within a quote or a here-document.
    line_starts: Tuple[int, ...]
    line_ends: Tuple[int, ...]
    # Why the rest of the text could not be read, if so.
    error: Optional[str]


class _Frame:
    """One compound command that is open: its kind, and which part of it we are in."""

    def __init__(self, kind: str, conditional: bool, subshell: bool, in_function: bool) -> None:
        self.kind = kind
        self.first_command = 0
        self.conditional = conditional
        self.subshell = subshell
        self.in_function = in_function
        self.part = "pattern" if kind == "case" else "head"


# Deeper than any real login file, and far from the interpreter's own limit.
_MAX_DEPTH = 40
_OPENERS = {"if": "if", "while": "while", "until": "while", "for": "for", "select": "for"}
_OPENERS.update({"foreach": "for", "case": "case", "{": "{"})
_CLOSERS = {"fi": "if", "done": "loop", "end": "loop", "esac": "case", "}": "{"}


def parse(text: str) -> Script:
    """Return the simple commands of `text`, in order; TooMuch is raised where there is no end."""
    parser = _Parser(text, Steps())
    error = None
    try:
        parser.run()
    except Broken as problem:
        error = str(problem)
    except RecursionError:
        error = "it nests too deeply"
    starts = (0,) + tuple(parser.line_starts)
    return Script(parser.commands, parser.heads, starts, tuple(parser.line_ends), error)


def expansions(raw: str) -> List[str]:
    """Return each ${...} and $((...)) of some words that the shell itself works out."""
    lexer = _Expanding(raw, Steps())
    at = 0
    with suppress(Broken, RecursionError):
        while at < len(raw):
            at = max(lexer.word_end(at), at + 1)
    return lexer.found


class _Parser(Lexer):
    """The commands of a text, with the compound commands around each."""

    def __init__(self, text: str, steps: Steps, depth: int = 0) -> None:
        super().__init__(text, steps)
        self._depth = depth
        self.commands: List[Command] = []
        self.heads: List[Command] = []
        self._frames: List[_Frame] = []
        self._words: List[Word] = []
        self._joined = ""
        self._function_next = False
        # Where the commands begin of the compound command that has just been closed.
        self._closed: Optional[int] = None
        self._end = 0

    def run(self, until_parenthesis: bool = False) -> None:
        while True:
            kind, word = self.next()
            if word.text not in REDIRECTIONS and not word.text.isdigit():
                self._leave_closed(word.text)
            closes = kind == "operator" and word.text == ")"
            if closes and until_parenthesis and not self._in_paren():
                return
            if kind == "word":
                self._take_word(word)
            elif kind == "operator":
                self._take_operator(word)
            else:
                # A line that ends in && or a pipe goes on in the next one.
                goes_on = not self._words
                self._finish(word.text)
                self._joined = self._joined if goes_on else ""
            if kind == "end":
                if self._frames or until_parenthesis:
                    raise Broken("a compound command is never closed")
                return

    def _leave_closed(self, behind: str) -> None:
        """What stands behind a compound command tells whether it ran in a process of its own."""
        if self._closed is not None and behind in ("|", "|&", "&"):
            self.steps.take(len(self.commands) - self._closed)
            for at in range(self._closed, len(self.commands)):
                self.commands[at] = self.commands[at]._replace(subshell=True)
        self._closed = None

    def _in_paren(self) -> bool:
        return self._in_pattern() or any(frame.kind == "(" for frame in self._frames)

    def _in_pattern(self) -> bool:
        return bool(self._frames) and self._frames[-1].part == "pattern"

    def parentheses_end(self, at: int) -> int:
        """What stands in a $( has a life of its own, but for the steps that it takes."""
        if self._depth >= _MAX_DEPTH:
            raise Broken("it nests too deeply")
        inner = _Parser(self.text, self.steps, self._depth + 1)
        inner.at = at
        inner.run(until_parenthesis=True)
        return inner.at

    def _take_word(self, word: Word) -> None:
        if self._in_pattern():
            self._take_pattern(word)
        elif self._words:
            self._words.append(word)
            self._end = word.end
            self._take_head_word(word.text)
        elif not self._take_reserved(word):
            self._words.append(word)
            self._end = word.end

    def _take_pattern(self, word: Word) -> None:
        if word.text == "esac":
            self._close("case")

    def _take_head_word(self, text: str) -> None:
        """`in` ends the head of a case, its name that of a function."""
        first = self._words[0].text
        if first == "function" and len(self._words) == 2:
            self._function_next = True
            self._words = []
        if first == "case" and text == "in" and len(self._words) == 3:
            self.heads.append(self._command(tuple(self._words), ""))
            self._push("case")
            self._words = []

    def _take_reserved(self, word: Word) -> bool:
        text = word.text
        if text in ("then", "do", "else", "elif"):
            if self._frames:
                self._frames[-1].part = "body"
            self._joined = ""
            return True
        if text in _CLOSERS:
            self._close(_CLOSERS[text])
            return True
        if text in ("!", "time", "coproc"):
            return True
        if text == "[[":
            self.skip_test()
            self._words += [word, Word(word.end, self.at, self.text[word.end : self.at])]
            self._end = self.at
            return True
        if text in ("if", "while", "until", "{"):
            self._push(_OPENERS[text])
            return True
        return False

    def _take_operator(self, word: Word) -> None:
        text = word.text
        if self._in_pattern():
            if text == ")":
                self._frames[-1].part = "body"
        elif text in ("<<", "<<-"):
            self.add_here_document(text)
            self._end = self.at
        elif text in REDIRECTIONS:
            self._take_redirection(text)
        elif text == "(":
            self._open_parenthesis()
        elif text == ")":
            self._finish(text)
            self._close("(")
        elif text in (";;", ";&", ";;&", ";|"):
            self._finish(";")
            self._joined = ""
            if self._frames and self._frames[-1].kind == "case":
                self._frames[-1].part = "pattern"
        else:
            self._finish(text)
            self._joined = {"&&": "&&", "||": "&&", "|": "|", "|&": "|"}.get(text, "")

    def _take_redirection(self, operator: str) -> None:
        # The digit in `2>file` was read as a word: it belongs to the redirection.
        at = self.at - len(operator)
        if self._words and self._words[-1].end == at and self._words[-1].text.isdigit():
            self._words.pop()
        if self.text.startswith("(", self.at) and operator in "<>":
            self.at = self.parentheses_end(self.at + 1)
        else:
            self.at = self.word_end(blanks_end(self.text, self.at))
        self._end = self.at

    def _open_parenthesis(self) -> None:
        start = self.at
        if (not self._words or self._words[0].text == "for") and self.skip_arithmetic():
            at = start - 1 if self._words else start + 1
            if not self._words:
                self._words.append(Word(start - 1, at, "(("))
            self._words.append(Word(at, self.at, self.text[at : self.at]))
            self._end = self.at
            return
        rest = re.compile(r"[ \t]*\)").match(self.text, self.at)
        if rest and (self._words or self._function_next):
            self.at = rest.end()
            self._words = []
            self._function_next = True
            return
        self._push("(")

    def _push(self, kind: str) -> None:
        outer = self._frames[-1] if self._frames else _Frame("", False, False, False)
        if len(self._frames) >= _MAX_DEPTH * 5:
            raise Broken("it nests too deeply")
        function = self._function_next and kind in ("{", "(")
        conditional = self._conditional() or function
        subshell = outer.subshell or kind == "("
        frame = _Frame(kind, conditional, subshell, outer.in_function or function)
        frame.first_command = len(self.commands)
        self._frames.append(frame)
        self._function_next = False
        self._joined = ""

    def _close(self, kind: str) -> None:
        while self._frames:
            frame = self._frames.pop()
            self._closed = frame.first_command
            loop = kind == "loop" and frame.kind in ("while", "for")
            if frame.kind == kind or loop:
                break
        self._words = []
        self._joined = ""

    def _conditional(self) -> bool:
        if self._joined:
            return True
        if not self._frames:
            return False
        frame = self._frames[-1]
        return frame.conditional or frame.part != "head" or frame.kind == "case"

    def _finish(self, separator: str) -> None:
        """One simple command, or the head of a loop, ends here."""
        words, self._words = tuple(self._words), []
        if not words:
            return
        first = words[0].text
        if first in ("for", "select", "foreach"):
            self.heads.append(self._command(words, separator))
            self._push("for")
            return
        self.commands.append(self._command(words, separator))

    def _command(self, words: Tuple[Word, ...], separator: str) -> Command:
        needed = bool(self._frames or self._joined or separator in ("&&", "||"))
        frame = self._frames[-1] if self._frames else _Frame("", False, False, False)
        return Command(
            words=words,
            start=words[0].start,
            end=max(self._end, words[-1].end),
            conditional=self._conditional(),
            needed=needed,
            in_function=frame.in_function,
            subshell=frame.subshell or separator in ("|", "|&", "&"),
        )


class _Expanding(_Parser):
    """It keeps what it steps over; a $(...) in it is a text of its own, and no part of this one."""

    def __init__(self, text: str, steps: Steps) -> None:
        super().__init__(text, steps)
        self.found: List[str] = []

    def _brace_end(self, at: int) -> int:
        end = super()._brace_end(at)
        self.found.append(self.text[at - 2 : end])
        return end

    def _arithmetic_end(self, at: int) -> int:
        end = super()._arithmetic_end(at)
        if end:
            self.found.append(self.text[at - 3 : end])
        return end
