# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what login files do about TMOUT depends on something, such as who logs in.

Private to the collection.

Tests, early returns, variables, functions and the files that are sourced are followed by their
text. What cannot be followed depends on nothing: a stock host must not be all doubt.
"""

import os
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._files.reading import fitting
from .._shell import parser as shell_parser
from .._shell.files import without_comments

__all__ = ["Because", "Texts"]

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\+?=")
_USED = re.compile(r"\$\{?#?([A-Za-z_]\w*)")
_WORD = re.compile(r"(?<![\w$./-])[A-Za-z_][\w-]*")
# Stock files give root others; that there is one says nothing of who it is.
_HARMLESS = ("PATH", "PS1", "PROMPT")
_LEAVING = ("exit", "exec", "logout")
# How much is looked at for one answer: one test may decide about thousands of commands.
_MAX_LOOKED_AT = 16 * 1024 * 1024
_Span = Tuple[int, int]


class Because(NamedTuple):
    """What it depends on, and where that is looked at."""

    path: str
    line: int
    word: str

    def where(self) -> str:
        return f"{self.path} line {self.line}"


class _Step(NamedTuple):
    """A simple command, and the parts of the text that decide whether it runs."""

    words: Tuple[str, ...]
    span: _Span
    deciding: Tuple[_Span, ...]
    function: str
    subshell: bool


class _Level:
    """What decides within one compound command: its tests, and what && and || have joined."""

    def __init__(self, start: int, function: str) -> None:
        self.start = start
        self.function = function
        self.testing = False
        self.tests: List[_Span] = []
        self.chain: List[_Span] = []


class _Steps(shell_parser.Listener):
    """Takes down the steps of a text, while the parser reads it."""

    def __init__(self, count: shell_parser.Steps) -> None:
        self.taken: List[_Step] = []
        self._count = count
        self._levels = [_Level(0, "")]
        self._last = (0, 0)

    def command(self, command: shell_parser.Command, joined: bool) -> None:
        level = self._levels[-1]
        if not joined:
            level.chain = []
        span = (command.start, command.end)
        deciding = [one for each in self._levels for one in each.tests + each.chain]
        self._count.take(len(deciding))
        words = tuple(word.text for word in command.words)
        self.taken.append(_Step(words, span, tuple(deciding), level.function, command.subshell))
        level.chain.append(span)
        for each in self._levels:
            if each.testing:
                each.tests.append(span)
        self._last = span

    def opened(self, kind: str, at: int, function: str, joined: bool) -> None:
        if not joined:
            self._levels[-1].chain = []
        level = _Level(at, function)
        level.testing = kind in ("if", "while")
        level.tests = [self._last] if kind in ("case", "for") else []
        self._levels.append(level)

    def turned(self, word: str) -> None:
        self._levels[-1].testing = word == "elif"

    def closed(self, at: int) -> None:
        level = self._levels.pop()
        if level.function == self._levels[-1].function:
            self._levels[-1].chain.append((level.start, at))


class Texts:
    """Login files by path, in the order in which they are read."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._steps: Dict[str, List[_Step]] = {}

    def because(self, offsets: Mapping[str, Sequence[int]], pattern: Any) -> Optional[Because]:
        """Return what matches a pattern and first decides about the commands at these offsets."""
        plain = {path: without_comments(text) for path, text in self._texts.items()}
        if not offsets or not any(pattern.search(text) for text in plain.values()):
            return None
        run = _Run(self._texts, pattern)
        for path, text in plain.items():
            try:
                run.read(path, self._steps_of(path), offsets.get(path, ()))
            except (shell_parser.Broken, shell_parser.TooMuch, RecursionError):
                found = pattern.search(text) if path in offsets else None
                if found:
                    return Because(path, text.count("\n", 0, found.start()) + 1, _shown(found))
        return run.because()

    def _steps_of(self, path: str) -> List[_Step]:
        if path not in self._steps:
            count = shell_parser.Steps()
            steps = _Steps(count)
            shell_parser.read_to(steps, self._texts[path], count)
            self._steps[path] = steps.taken
        return self._steps[path]


class _Run:
    """Follows one kind of word through the files, with what it has reached so far."""

    def __init__(self, texts: Mapping[str, str], pattern: Any) -> None:
        self._texts = texts
        self._pattern = pattern
        self._path = ""
        self._names: Dict[str, Because] = {}
        self._files: Dict[str, Because] = {}
        # Of functions that are defined: what they look at, if they do.
        self._functions: Dict[str, Optional[Because]] = {}
        self._called: Dict[str, Because] = {}
        self._loops: Dict[str, Sequence[str]] = {}
        self._left: Optional[Because] = None
        # The functions in which TMOUT is set.
        self._setting: List[str] = []
        self._found: Optional[Because] = None
        self._looked_at = 0

    def because(self) -> Optional[Because]:
        called = [self._called[name] for name in self._setting if name in self._called]
        return self._found or (called[0] if called else None)

    def read(self, path: str, steps: Sequence[_Step], offsets: Sequence[int]) -> None:
        self._path = path
        left: Dict[str, Because] = {}  # which functions, or the file itself
        for step in steps:
            why = self._files.get(path) or self._left or left.get(step.function)
            why = why or self._decided(step)
            own = self._looks(step.span)
            self._take_names(step, why, own)
            if any(step.span[0] <= offset <= step.span[1] for offset in offsets):
                self._found = self._found or why or own
                self._setting += [step.function] if step.function else []
            if why and not step.subshell:
                self._take_order(step, why)
                if step.words[0] == "return":
                    left.setdefault(step.function, why)

    def _decided(self, step: _Step) -> Optional[Because]:
        for span in step.deciding:
            why = self._looks(span)
            if why:
                return why
        return None

    def _looks(self, span: _Span) -> Optional[Because]:
        """Return why a part of the text depends on what is looked for."""
        self._looked_at += span[1] - span[0] + 1
        if self._looked_at > _MAX_LOOKED_AT:
            raise shell_parser.TooMuch("its tests are too long")
        text = without_comments(self._texts[self._path][span[0] : span[1]])
        found = self._pattern.search(text)
        if found:
            line = self._texts[self._path].count("\n", 0, span[0]) + 1
            line += text.count("\n", 0, found.start())
            return Because(self._path, line, _shown(found))
        for used in _USED.finditer(text) if self._names else ():
            if used.group(1) in self._names:
                return self._names[used.group(1)]
        for used in _WORD.finditer(text) if self._functions else ():
            why = self._functions.get(used.group())
            if why:
                return why
        return None

    def _take_names(self, step: _Step, why: Optional[Because], own: Optional[Because]) -> None:
        """Note what this gives to variables, and to the function that it is part of."""
        because = why or own
        if step.function and (because or step.function not in self._functions):
            self._functions[step.function] = because
        if step.words[0] in ("for", "select") and len(step.words) > 1:
            self._loops[step.words[1]] = step.words[3:]
            if because:
                self._names.setdefault(step.words[1], because)
        if because is None or step.subshell:
            return
        for word in step.words:
            assigned = _ASSIGNED.match(word)
            if assigned and assigned.group(1) not in _HARMLESS:
                self._names.setdefault(assigned.group(1), because)

    def _take_order(self, step: _Step, why: Because) -> None:
        """Note what a command that may not run has to do with others."""
        first = step.words[0]
        if first in _LEAVING and (first != "exec" or len(step.words) > 1):
            self._left = self._left or why
        elif first in (".", "source") and len(step.words) > 1:
            self._take_sourced(step.words[1].strip("\"'"), why)
        elif first in self._functions:
            self._called.setdefault(first, why)

    def _take_sourced(self, word: str, why: Because) -> None:
        used = _USED.match(word)
        for each in self._loops.get(used.group(1), ()) if used else (word,):
            for path in self._texts:
                named = (
                    "/" in each and os.path.dirname(path) in each and ("$(" in each or "`" in each)
                )
                if named or fitting([path], each.strip("\"'")):
                    self._files.setdefault(path, why)


def _shown(found: Any) -> str:
    return str(found.group()).strip().strip("{\"'")
