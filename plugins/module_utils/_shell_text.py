# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shell text to simple commands: a small lexer and parser for Bourne-like shells.

It reads what bash, dash, zsh, ksh and mksh have in common, as far as it takes to know which
commands a login file runs in the shell itself, whether always, and where each one stands.

Private to this collection: it may change without notice.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

__all__ = ("Command", "Script", "Word", "expansions", "literal", "parse")


class Word(NamedTuple):
    start: int
    end: int
    text: str


class Command(NamedTuple):
    """A simple command; those of command substitutions are not among them."""

    words: Tuple[Word, ...]
    start: int
    end: int
    conditional: bool
    # Within a compound command, where a command must stand, or beside && and ||.
    needed: bool
    # The loop variables in sight, each with the words it takes.
    loops: Dict[str, Tuple[str, ...]]
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


class _Broken(Exception):
    """The text ends, or nests, in a way that no shell would take."""


# Deeper than any real login file, and far from the interpreter's own limit.
_MAX_DEPTH = 40
_MAX_ARITHMETIC = 4096


_PLAIN = re.compile(r"[^ \t\r\n|&;<>()`$\"'\\]+")
_BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
_OPERATOR = re.compile(r"&&|\|\||;;&|;;|;&|;\||<<<|<<-|<<|<&|>&|<>|>\||>>|&>>|&>|\|&|[|&;<>()]")
_REDIRECTIONS = frozenset("<<< <<- << <& >& <> >| >> &>> &> < >".split())
_DOLLAR_PLAIN = re.compile(r"\$[A-Za-z_0-9*@#?!$-]?")
_OPENERS = {"if": "if", "while": "while", "until": "while", "for": "for", "select": "for"}
_OPENERS.update({"foreach": "for", "case": "case", "{": "{"})
_CLOSERS = {"fi": "if", "done": "loop", "end": "loop", "esac": "case", "}": "{"}


def literal(raw: str) -> Optional[str]:
    """Return what a word stands for after quote removal, or None if it must be expanded."""
    out = []
    for part in re.findall(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\\n|\\.|[^'\"\\]+", raw, re.DOTALL):
        if part[0] == "'":
            out.append(part[1:-1])
            continue
        if "$" in part.replace("\\$", "") or "`" in part:
            return None
        if part[0] == '"':
            out.append(re.sub(r"\\([$`\"\\])", r"\1", part[1:-1].replace("\\\n", "")))
        elif part[0] == "\\":
            out.append("" if part == "\\\n" else part[1:])
        else:
            out.append(part)
    return "".join(out)


def parse(text: str) -> Script:
    """Return the simple commands of `text`, in order."""
    parser = _Parser(text)
    error = None
    try:
        parser.run()
    except _Broken as problem:
        error = str(problem)
    except RecursionError:
        error = "it nests too deeply"
    starts = (0,) + tuple(parser.line_starts)
    return Script(parser.commands, parser.heads, starts, tuple(parser.line_ends), error)


def expansions(raw: str) -> List[str]:
    """Return each ${...} and $((...)) of some words that the shell itself works out."""
    lexer = _Expanding(raw)
    at = 0
    try:
        while at < len(raw):
            at = max(lexer.word_end(at), at + 1)
    except _Broken:
        pass
    return lexer.found


class _Lexer:
    """Where the words and operators of a text begin and end."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.line_starts: List[int] = []
        self.line_ends: List[int] = []
        self._depth = depth
        self._here_documents: List[Tuple[str, bool]] = []

    def next(self) -> Tuple[str, Word]:
        """Return (kind, word); the kinds are word, operator, newline and end."""
        blank = _BLANK.match(self.text, self.at)
        if blank:
            self.at = blank.end()
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
        """Return where the word that begins at `at` ends."""
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
                at = self._parentheses_end(at + 1)
            elif char in "'\"`$":
                at = self._quoted_end(at)
            else:
                break
        return min(at, len(text))

    def _quoted_end(self, at: int) -> int:
        text = self.text
        char = text[at]
        if char == "'":
            return self._find("'", at + 1)
        if char == '"':
            return self._double_quote_end(at + 1)
        if char == "`":
            return self._escaped_end(at + 1, "`")
        if text.startswith("$'", at):
            return self._escaped_end(at + 2, "'")
        if text.startswith("$((", at):
            end = self._arithmetic_end(at + 3)
            return end if end else self._parentheses_end(at + 2)
        if text.startswith("$(", at):
            return self._parentheses_end(at + 2)
        if text.startswith("${", at):
            return self._brace_end(at + 2)
        matched = _DOLLAR_PLAIN.match(text, at)
        return matched.end() if matched else at + 1

    def _find(self, what: str, at: int) -> int:
        found = self.text.find(what, at)
        if found < 0:
            raise _Broken("a quote is never closed")
        return found + len(what)

    def _escaped_end(self, at: int, quote: str) -> int:
        while at < len(self.text):
            if self.text[at] == quote:
                return at + 1
            at += 2 if self.text[at] == "\\" else 1
        raise _Broken("a quote is never closed")

    def _double_quote_end(self, at: int) -> int:
        while at < len(self.text):
            char = self.text[at]
            if char == '"':
                return at + 1
            if char == "\\":
                at += 2
            elif char == "`" or (char == "$" and self.text[at + 1 : at + 2] in "({"):
                at = self._quoted_end(at)
            else:
                at += 1
        raise _Broken("a quote is never closed")

    def _brace_end(self, at: int) -> int:
        while at < len(self.text):
            char = self.text[at]
            if char == "}":
                return at + 1
            if char == "\\":
                at += 2
            elif char in "'\"`" or (char == "$" and self.text[at + 1 : at + 2] in "({"):
                at = self._quoted_end(at)
            else:
                at += 1
        raise _Broken("a ${ is never closed")

    def _arithmetic_end(self, at: int) -> int:
        """Return where $(( or (( ends, or 0 if it was a subshell in a parenthesis after all."""
        depth = 0
        limit = min(len(self.text), at + _MAX_ARITHMETIC)
        while at < limit:
            char = self.text[at]
            if char == "(":
                depth += 1
            elif char == ")" and depth:
                depth -= 1
            elif char == ")":
                return at + 2 if self.text.startswith("))", at) else 0
            at += 1
        return 0

    def _parentheses_end(self, at: int) -> int:
        """Return where a $( ends: its text is shell text again, with a life of its own."""
        if self._depth >= _MAX_DEPTH:
            raise _Broken("it nests too deeply")
        inner = _Parser(self.text, self._depth + 1)
        inner.at = at
        inner.run(until_parenthesis=True)
        return inner.at

    def add_here_document(self, operator: str) -> None:
        blank = _BLANK.match(self.text, self.at)
        start = blank.end() if blank else self.at
        self.at = self.word_end(start)
        delimiter = re.sub(r"\\(.)|['\"]", r"\1", self.text[start : self.at])
        self._here_documents.append((delimiter, operator == "<<-"))

    def _skip_here_documents(self) -> None:
        for delimiter, strip_tabs in self._here_documents:
            while self.at < len(self.text):
                newline = self.text.find("\n", self.at)
                end = len(self.text) if newline < 0 else newline
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if strip_tabs else line) == delimiter:
                    break
        self._here_documents = []

    def skip_arithmetic(self) -> bool:
        """Step over `((...))`, whose first parenthesis was just read."""
        end = self._arithmetic_end(self.at + 1) if self.text.startswith("(", self.at) else 0
        self.at = end or self.at
        return bool(end)

    def skip_test(self) -> None:
        """Step over `[[ ... ]]`, whose operators are not the shell's."""
        end = re.compile(r"\s\]\](?=[\s;&|)]|$)").search(self.text, self.at)
        if not end:
            raise _Broken("a [[ is never closed")
        self.at = end.end()


class _Expanding(_Lexer):
    """It keeps what it steps over; a $(...) in it is a text of its own, and no part of this one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
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


class _Parser(_Lexer):
    """The commands of a text, with the compound commands around each."""

    def __init__(self, text: str, depth: int = 0) -> None:
        super().__init__(text, depth)
        self.commands: List[Command] = []
        self.heads: List[Command] = []
        self._frames: List[_Frame] = []
        self._words: List[Word] = []
        self._loops: Dict[str, Tuple[str, ...]] = {}
        self._joined = ""
        self._function_next = False
        # Where the commands begin of the compound command that has just been closed.
        self._closed: Optional[int] = None
        self._end = 0

    def run(self, until_parenthesis: bool = False) -> None:
        while True:
            kind, word = self.next()
            if word.text not in _REDIRECTIONS and not word.text.isdigit():
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
                    raise _Broken("a compound command is never closed")
                return

    def _leave_closed(self, behind: str) -> None:
        """What stands behind a compound command tells whether it ran in a process of its own."""
        if self._closed is not None and behind in ("|", "|&", "&"):
            for at in range(self._closed, len(self.commands)):
                self.commands[at] = self.commands[at]._replace(subshell=True)
        self._closed = None

    def _in_paren(self) -> bool:
        kinds = [frame.kind for frame in self._frames]
        return "(" in kinds or self._in_pattern()

    def _in_pattern(self) -> bool:
        return bool(self._frames) and self._frames[-1].part == "pattern"

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
        elif text in _REDIRECTIONS:
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
            self.at = self._parentheses_end(self.at + 1)
        else:
            blank = _BLANK.match(self.text, self.at)
            self.at = self.word_end(blank.end() if blank else self.at)
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
            raise _Broken("it nests too deeply")
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
            if len(words) > 1:
                self._loops = dict(self._loops)
                self._loops[words[1].text] = tuple(word.text for word in words[3:])
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
            loops=self._loops,
            in_function=frame.in_function,
            subshell=frame.subshell or separator in ("|", "|&", "&"),
        )
