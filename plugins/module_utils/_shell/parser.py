# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shell text to simple commands: a small parser for Bourne-like shells. Private to the collection.

It reads what bash, dash, zsh, ksh and mksh have in common, as far as it takes to know which
commands a login file runs in the shell itself, whether always, and where each one stands. It takes
more than a shell would: which closing word belongs to which opening one is all that it checks. The
grammar, in which ``WORD`` and the operators are the lexer's::

    COMMANDS    = { COMMAND [ SEPARATOR ] }
    SEPARATOR   = ";" | "&" | newline | "&&" | "||" | "|" | "|&"
    COMMAND     = { "!" | "time" | "coproc" } ( SIMPLE | COMPOUND | FUNCTION | TEST | SUM )
    SIMPLE      = ( WORD | REDIRECTION ) { WORD | REDIRECTION }
    COMPOUND    = ( IF | LOOP | CASE | GROUP | SUBSHELL ) { REDIRECTION }
    IF          = "if" COMMANDS "then" COMMANDS
                  { "elif" COMMANDS "then" COMMANDS } [ "else" COMMANDS ] "fi"
    LOOP        = ( ( "while" | "until" ) COMMANDS
                  | ( "for" | "select" | "foreach" ) ( WORD { WORD } | SUM ) SEPARATOR )
                  "do" COMMANDS ( "done" | "end" )
    CASE        = "case" WORD "in" { { WORD | "|" | "(" } ")" COMMANDS [ CASE_END ] } "esac"
    CASE_END    = ";;" | ";&" | ";;&" | ";|"
    GROUP       = "{" COMMANDS "}"
    SUBSHELL    = "(" COMMANDS ")"
    FUNCTION    = ( "function" WORD [ "(" ")" ] | WORD "(" ")" ) COMPOUND
    TEST        = "[[" text "]]"
    SUM         = "((" text "))"
    REDIRECTION = [ digits ] ( "<" | ">" | ">>" | "<&" | ... ) ( WORD | SUBSHELL )
                | [ digits ] ( "<<" | "<<-" ) WORD, and a here-document after the line
"""

import re
from contextlib import suppress
from typing import List, NamedTuple, Optional, Tuple

from .lexer import REDIRECTIONS, Broken, Lexer, Steps, TooMuch, Word, blanks_end, literal

__all__ = [
    "Broken",
    "Command",
    "Listener",
    "Script",
    "Steps",
    "TooMuch",
    "Word",
    "expansions",
    "literal",
    "parse",
    "read_to",
]


class Command(NamedTuple):
    """A simple command; those of command substitutions are not among them."""

    words: Tuple[Word, ...]
    start: int
    end: int
    conditional: bool
    # Within a compound command, where a command must stand, or beside && and ||.
    needed: bool
    # The name of the function whose body it is part of; empty outside of functions.
    function: str
    # It runs in a process of its own: in parentheses, in a pipe, or in the background.
    subshell: bool


class Script(NamedTuple):
    """A text that has been read, or as much of it as could be."""

    commands: List[Command]
    # What loops and cases begin with, up to their list or word: it is expanded like a command.
    heads: List[Command]
    # Where lines begin and end at which a comment may stand: not within a quote or a here-document.
    line_starts: Tuple[int, ...]
    line_ends: Tuple[int, ...]
    # Why the rest of the text could not be read, if so.
    error: Optional[str]

    def in_order(self) -> List[Command]:
        """Return commands and heads as they stand in the text."""
        return sorted(self.commands + self.heads, key=lambda command: command.start)


class Listener:
    """Is told, while a text is read, what stands around each of its commands.

    Plain parsing has none: to know what decides whether a command runs costs as much again.
    """

    def command(self, command: Command, joined: bool) -> None:
        """Take a simple command, or the head of a loop or a case.

        ``joined``: by &&, || or a pipe to what stands before it.
        """

    def opened(self, kind: str, at: int, function: str, joined: bool) -> None:
        """Take the beginning of a compound command, before ``at``.

        Its kind is ``if``, ``while`` (or until), ``for`` (or select), ``case``, ``{`` or ``(``;
        ``function`` is the name of the function that its commands are part of, or empty. The head
        of a for or a case comes before it, as a command; the test of an if or a while after it.
        """

    def turned(self, word: str) -> None:
        """Take the next part of the innermost compound command: then, do, else or elif."""

    def closed(self, at: int) -> None:
        """Take the end, before ``at``, of the innermost compound command."""


class _Frame:
    """One compound command that is open: its kind, and which part of it we are in."""

    def __init__(self, kind: str, conditional: bool, subshell: bool, function: str) -> None:
        self.kind = kind
        self.first_command = 0
        self.conditional = conditional
        self.subshell = subshell
        self.function = function
        self.part = "pattern" if kind == "case" else "head"


# Deeper than any real login file, and far from the interpreter's own limit.
_MAX_DEPTH = 40
_OPENERS = {"if": "if", "while": "while", "until": "while", "{": "{"}
_CLOSERS = {"fi": "if", "done": "loop", "end": "loop", "esac": "case", "}": "{"}
_JOINING = ("&&", "||", "|", "|&")
_DETACHING = ("|", "|&", "&")
_CLOSING = re.compile(r"[ \t]*\)")
_OUTSIDE = _Frame("", conditional=False, subshell=False, function="")


def parse(text: str) -> Script:
    """Return the simple commands of a text, in order; refuse one that holds too many (TooMuch)."""
    parser = _Parser(text, Steps())
    error = None
    try:
        parser.read_commands()
    except Broken as problem:
        error = str(problem)
    except RecursionError:
        error = "it nests too deeply"
    starts = (0,) + tuple(parser.lexer.line_starts)
    ends = tuple(parser.lexer.line_ends)
    return Script(parser.commands, parser.heads, starts, ends, error)


def read_to(listener: Listener, text: str, steps: Steps) -> None:
    """Read a text and tell a listener what stands in it.

    What no shell would take is Broken or a RecursionError; what is too much, TooMuch.
    """
    _Parser(text, steps, listener=listener).read_commands()


def expansions(raw: str) -> List[str]:
    """Return each ${...} and $((...)) of some words that the shell itself works out.

    A $(...) in them is a text of its own, and no part of this one.
    """
    lexer = _Parser(raw, Steps()).lexer
    at = 0
    with suppress(Broken, RecursionError):
        while at < len(raw):
            at = max(lexer.word_end(at), at + 1)
    return [raw[start:end] for start, end in lexer.expansions]


class _Parser:
    """The commands of a text, with the compound commands around each."""

    def __init__(
        self, text: str, steps: Steps, depth: int = 0, listener: Optional[Listener] = None
    ) -> None:
        self.lexer = Lexer(text, steps, self._commands_end)
        self.commands: List[Command] = []
        self.heads: List[Command] = []
        self._text = text
        self._steps = steps
        self._depth = depth
        self._listener = listener
        self._frames: List[_Frame] = []
        # The simple command, or the head, that we are in, and where it ends so far.
        self._words: List[Word] = []
        self._end = 0
        # It is joined by &&, || or a pipe to what stands before it.
        self._joined = False
        # The name of the function whose body comes next; empty where none does.
        self._function = ""
        # Where the commands begin of the compound command that has just been closed.
        self._closed: Optional[int] = None

    def read_commands(self, until_parenthesis: bool = False) -> None:
        """Read COMMANDS up to the end, or up to the ``)`` of a substitution."""
        while True:
            kind, word = self.lexer.next()
            if word.text not in REDIRECTIONS and not word.text.isdigit():
                self._leave_closed(word.text)
            closes = kind == "operator" and word.text == ")"
            if closes and until_parenthesis and not self._in_parenthesis():
                return
            if kind == "word":
                self._take_word(word)
            elif kind == "operator":
                self._take_operator(word.text)
            else:
                # A line that ends in && or a pipe goes on in the next one.
                goes_on = not self._words
                self._finish(word.text)
                self._joined = self._joined and goes_on
            if kind == "end":
                if self._frames or until_parenthesis:
                    raise Broken("a compound command is never closed")
                return

    def _commands_end(self, at: int) -> int:
        """Return where COMMANDS ")" end: a text of its own, but for the steps that it takes."""
        if self._depth >= _MAX_DEPTH:
            raise Broken("it nests too deeply")
        inner = _Parser(self._text, self._steps, self._depth + 1)
        inner.lexer.at = at
        inner.read_commands(until_parenthesis=True)
        return inner.lexer.at

    def _leave_closed(self, behind: str) -> None:
        """Look at what stands behind a COMPOUND: it tells whether that ran in its own process."""
        if self._closed is not None and behind in _DETACHING:
            self._steps.take(len(self.commands) - self._closed)
            for at in range(self._closed, len(self.commands)):
                self.commands[at] = self.commands[at]._replace(subshell=True)
        self._closed = None

    def _in_parenthesis(self) -> bool:
        return self._in_pattern() or any(frame.kind == "(" for frame in self._frames)

    def _in_pattern(self) -> bool:
        return bool(self._frames) and self._frames[-1].part == "pattern"

    def _take_word(self, word: Word) -> None:
        """Take a WORD of the pattern or the command that we are in, or the first of a command."""
        if self._in_pattern():
            if word.text == "esac":
                self._close("case")
        elif self._words:
            self._add(word)
            self._take_head_word(word.text)
        elif not self._take_reserved(word):
            self._add(word)

    def _add(self, word: Word) -> None:
        self._words.append(word)
        self._end = word.end

    def _take_head_word(self, text: str) -> None:
        """Take the last WORD of ``function WORD``, or of ``case WORD in``."""
        first = self._words[0].text
        if first == "function" and len(self._words) == 2:
            self._function = text
            self._words = []
        if first == "case" and text == "in" and len(self._words) == 3:
            self.heads.append(self._command(tuple(self._words), ""))
            self._push("case")
            self._words = []

    def _take_reserved(self, word: Word) -> bool:
        """Take a word that has a meaning as the first of a command; tell whether it has one."""
        text = word.text
        if text in ("then", "do", "else", "elif"):
            self._turn(text)
        elif text in _CLOSERS:
            self._close(_CLOSERS[text])
        elif text == "[[":
            self.lexer.skip_test()
            self._words.append(word)
            self._add(self._word(word.end, self.lexer.at))
        elif text in _OPENERS:
            self._push(_OPENERS[text])
        else:
            return text in ("!", "time", "coproc")
        return True

    def _word(self, start: int, end: int) -> Word:
        return Word(start, end, self._text[start:end])

    def _take_operator(self, text: str) -> None:
        if self._in_pattern():
            if text == ")":
                self._frames[-1].part = "body"
        elif text in ("<<", "<<-"):
            self.lexer.add_here_document(text)
            self._end = self.lexer.at
        elif text in REDIRECTIONS:
            self._take_redirection(text)
        elif text == "(":
            self._open_parenthesis()
        elif text == ")":
            self._finish(text)
            self._close("(")
        elif text in (";;", ";&", ";;&", ";|"):
            self._finish(";")
            self._joined = False
            if self._frames and self._frames[-1].kind == "case":
                self._frames[-1].part = "pattern"
        else:
            self._finish(text)
            self._joined = text in _JOINING

    def _take_redirection(self, operator: str) -> None:
        """Take what stands behind the operator of a REDIRECTION, and the digits before it."""
        lexer = self.lexer
        # The digit in `2>file` was read as a word: it belongs to the redirection.
        at = lexer.at - len(operator)
        if self._words and self._words[-1].end == at and self._words[-1].text.isdigit():
            self._words.pop()
        if operator in "<>" and self._text.startswith("(", lexer.at):
            lexer.at = self._commands_end(lexer.at + 1)
        else:
            lexer.at = lexer.word_end(blanks_end(self._text, lexer.at))
        self._end = lexer.at

    def _open_parenthesis(self) -> None:
        """Take what a "(" begins: a SUM, the "()" of a FUNCTION, or a SUBSHELL."""
        start = self.lexer.at
        is_head = bool(self._words) and self._words[0].text == "for"
        if (is_head or not self._words) and self.lexer.skip_arithmetic():
            if is_head:
                self._add(self._word(start - 1, self.lexer.at))
            else:
                self._words.append(Word(start - 1, start + 1, "(("))
                self._add(self._word(start + 1, self.lexer.at))
            return
        closing = _CLOSING.match(self._text, start)
        if closing and (self._words or self._function):
            self.lexer.at = closing.end()
            self._function = self._words[0].text if self._words else self._function
            self._words = []
            return
        self._push("(")

    def _push(self, kind: str) -> None:
        """Open a COMPOUND, which may be the body of a FUNCTION."""
        outer = self._frames[-1] if self._frames else _OUTSIDE
        if len(self._frames) >= _MAX_DEPTH * 5:
            raise Broken("it nests too deeply")
        is_body = bool(self._function) and kind in ("{", "(")
        conditional = self._conditional() or is_body
        subshell = outer.subshell or kind == "("
        function = self._function if is_body else outer.function
        frame = _Frame(kind, conditional, subshell, function)
        frame.first_command = len(self.commands)
        self._frames.append(frame)
        if self._listener:
            self._listener.opened(kind, self.lexer.at, function, self._joined)
        self._function = ""
        self._joined = False

    def _turn(self, word: str) -> None:
        """Go on to the next part of an IF or a LOOP."""
        if self._frames:
            self._frames[-1].part = "body"
            if self._listener:
                self._listener.turned(word)
        self._joined = False

    def _close(self, kind: str) -> None:
        """Close a COMPOUND, and with it all that was opened in it and is not closed."""
        while self._frames:
            frame = self._frames.pop()
            self._closed = frame.first_command
            if self._listener:
                self._listener.closed(self.lexer.at)
            loop = kind == "loop" and frame.kind in ("while", "for")
            if frame.kind == kind or loop:
                break
        self._words = []
        self._joined = False

    def _conditional(self) -> bool:
        if self._joined:
            return True
        if not self._frames:
            return False
        frame = self._frames[-1]
        return frame.conditional or frame.part != "head" or frame.kind == "case"

    def _finish(self, separator: str) -> None:
        """End a SIMPLE command, or the head of a LOOP, with the SEPARATOR behind it."""
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
        frame = self._frames[-1] if self._frames else _OUTSIDE
        command = Command(
            words=words,
            start=words[0].start,
            end=max(self._end, words[-1].end),
            conditional=self._conditional(),
            needed=bool(self._frames) or self._joined or separator in ("&&", "||"),
            function=frame.function,
            subshell=frame.subshell or separator in _DETACHING,
        )
        if self._listener:
            self._listener.command(command, self._joined)
        return command
