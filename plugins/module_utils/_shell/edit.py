# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take definitions of TMOUT out of other people's files, and bring them back.

Private to the collection.

Only a run that does so loads this.
"""

import re
from bisect import bisect_left, bisect_right
from typing import Collection, Dict, List, Optional, Sequence, Set, Tuple

from .._files.reading import MARKER, Change, FilesError
from .._refusal import Refusal
from . import definitions as shell_definitions
from . import parser
from .conflicts import Conflict
from .definitions import Definition
from .files import HostFiles, encoded
from .lexer import blanks_end
from .reading import Reading

__all__ = ["EditRefused", "disable", "disabling", "enable", "enabling"]

# What ends a line that stands in for disabled ones.
_REPLACEMENT = " #curfew.session#"
_REPLACED = re.compile(r" #curfew\.session#\r?\Z")
# What asks for the status of the last command.
_STATUS = re.compile(r"\$\{?\?")
# What is taken to succeed, so that nothing need stand in for the definition behind it.
_ENDS_IF = re.compile(r"(?m)(?:^|[;\s])fi\s*(?:#.*)?$")
_SETTING = frozenset(
    "alias declare export local readonly set shopt setopt trap typeset ulimit umask unset : "
    "true".split(" ")
)
_ASSIGNS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")


class EditRefused(Refusal):
    """A definition cannot be disabled without changing something else; the text says why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def disabling(
    files: HostFiles, conflicts: Sequence[Conflict]
) -> Tuple[List[Change], Set[Tuple[str, int]]]:
    """Return the edits that disable what contradicts us, and path and offset of what they disable.

    A function's body is left alone: whether it is ever called is for the proof to tell. So is an
    opaque line that cannot be taken apart, since it may as well do nothing to TMOUT.
    """
    chosen = [
        conflict
        for conflict in conflicts
        if conflict.against and conflict.editable and not conflict.definition.in_function
    ]
    changes = []
    disabled: Set[Tuple[str, int]] = set()
    for path in dict.fromkeys(conflict.path for conflict in chosen):
        snapshot = files.snapshot(path)
        if snapshot is None:
            continue
        text = files.text(path) or ""
        in_file = [conflict.definition for conflict in chosen if conflict.path == path]
        try:
            after, gone = _disabled(text, _with_companions(text, in_file))
        except EditRefused as error:
            raise FilesError(
                f"{path}, line {error.line} cannot be disabled: {error}; edit it by hand."
            ) from None
        if after != text:
            changes.append(Change(snapshot, encoded(after)))
        disabled.update((path, definition.offset) for definition in gone)
    return changes, disabled


def _disabled(text: str, definitions: Sequence[Definition]) -> Tuple[str, List[Definition]]:
    """Return the text, and which definitions are no longer in it."""
    wanted = {definition.offset: definition for definition in definitions}
    some_opaque = any(definition.kind == "opaque" for definition in definitions)
    script = _parsed(text, definitions) if some_opaque else None
    for command in script.commands + script.heads if script else ():
        parts = _parts(command, wanted)
        opaque = [part for part in parts if part.kind == "opaque" and part.word is None]
        if opaque and len(opaque) == len(parts) and shell_definitions.others(command, parts):
            wanted.pop(command.start, None)
    possible = list(wanted.values())
    return disable(text, possible), possible


def _with_companions(text: str, definitions: Sequence[Definition]) -> List[Definition]:
    """Return these definitions with those that belong to them: a value and its attributes.

    ``readonly TMOUT`` without its value would fix an empty one, ``export TMOUT`` would export ours.
    """
    others = [other for other in shell_definitions.find(text) if not other.in_function]
    chosen = {definition.offset: definition for definition in definitions}
    fixing = [
        definition.offset
        for definition in definitions
        if definition.kind == "attribute" and definition.readonly
    ]
    last_fixing = max(fixing, default=-1)
    for other in others:
        if other.gives_value and other.offset < last_fixing:
            chosen[other.offset] = other
    assigned = [definition.offset for definition in chosen.values() if definition.gives_value]
    first_assigned = min(assigned, default=len(text))
    for other in others:
        if other.kind == "attribute" and other.offset > first_assigned:
            chosen[other.offset] = other
    return [chosen[offset] for offset in sorted(chosen)]


def enabling(files: HostFiles, readings: Sequence[Reading]) -> List[Change]:
    """Return the edits that bring back everything that we had disabled."""
    changes = []
    done = set()
    for path in [path for reading in readings for path in reading.files]:
        snapshot = files.snapshot(path)
        if snapshot is None or snapshot.real_path in done:
            continue
        done.add(snapshot.real_path)
        text = files.text(path) or ""
        after = enable(text)
        if after != text:
            changes.append(Change(snapshot, encoded(after)))
    return changes


def disable(text: str, definitions: Sequence[Definition]) -> str:
    """Return the text without these definitions, in a form that ``enable`` takes back."""
    wanted = {definition.offset for definition in definitions}
    if not wanted:
        return text
    script = _parsed(text, definitions)
    blocks: Dict[Tuple[int, int], List[Tuple[int, int, str]]] = {}
    needed = set()
    for command in script.commands + script.heads:
        parts = _parts(command, wanted)
        if parts and not command.subshell:
            block = _block(text, script, command)
            blocks.setdefault(block, []).extend(_cuts(text, command, parts))
            if command.needed:
                needed.add(block)
    pieces = []
    at = 0
    remaining = _Remaining(text, script)
    for start, end in sorted(blocks):
        idle_is_fine = (start, end) not in needed
        new = _without(text, start, end, blocks[start, end], idle_is_fine)
        if new is None:
            # Its status was 0, and what came before it may have failed.
            new = _marked(text[start:end])
            new += _stand_in(":", text[start:end]) if remaining.status_matters(start, end) else ""
        pieces += [text[at:start], new]
        at = end
    return "".join(pieces) + text[at:]


class _Remaining:
    """The commands that remain where some are disabled, asked about from the first to the last."""

    def __init__(self, text: str, script: parser.Script) -> None:
        self._text = text
        self._commands = script.in_order()
        self._starts = [command.start for command in self._commands]
        self._behind = 0
        self._before: Optional[parser.Command] = None

    def status_matters(self, start: int, end: int) -> bool:
        """Tell whether something asks for the status that the commands before ``start`` leave.

        What stands from there to ``end`` is disabled; its own status was 0.
        """
        first = bisect_left(self._starts, start)
        if first > self._behind:
            self._before = self._commands[first - 1]
        self._behind = bisect_left(self._starts, end)
        if self._before is None or self._succeeds(self._before, start):
            return False
        if self._behind == len(self._commands):
            return True
        words = [word.text for word in self._commands[self._behind].words]
        return words in (["return"], ["exit"]) or any(_STATUS.search(word) for word in words)

    def _succeeds(self, command: parser.Command, end: int) -> bool:
        """Tell whether its status is 0, as far as one can tell from the text."""
        word = command.words[0].text
        sets = word in _SETTING or (_ASSIGNS.match(word) is not None and "$(" not in word)
        ends_if = _ENDS_IF.search(self._text[command.end : end]) is not None
        return sets and (ends_if or not command.needed)


def _parsed(text: str, definitions: Sequence[Definition]) -> parser.Script:
    script = parser.parse(text)
    if script.error:
        line = min(definition.line for definition in definitions)
        raise EditRefused(line, "the file is written in a way that is not understood")
    return script


def _parts(command: parser.Command, wanted: Collection[int]) -> List[shell_definitions.Part]:
    return [
        part
        for part in shell_definitions.parts_of(command)
        if shell_definitions.offset_of(command, part) in wanted
    ]


def _block(text: str, script: parser.Script, command: parser.Command) -> Tuple[int, int]:
    """Return where the whole lines around a command begin and end: there a comment may stand."""
    start = script.line_starts[bisect_right(script.line_starts, command.start) - 1]
    at = bisect_left(script.line_ends, command.end)
    return start, script.line_ends[at] if at < len(script.line_ends) else len(text)


def _cuts(
    text: str, command: parser.Command, parts: Sequence[shell_definitions.Part]
) -> List[Tuple[int, int, str]]:
    """Return from where to where a command is cut, and what stands there instead."""
    if not shell_definitions.others(command, parts):
        return [(command.start, command.end, ":")]
    cuts = []
    for part in parts:
        if part.word is None:
            line = text.count("\n", 0, command.start) + 1
            raise EditRefused(line, "it does more than set TMOUT, and cannot be taken apart")
        start = part.word.start
        before = _before_blanks(text, command.start, start)
        if before < start:
            cuts.append((before, part.word.end, ""))
        else:
            # The first word: what follows moves up to its place.
            cuts.append((start, blanks_end(text, part.word.end), ""))
    return cuts


def _before_blanks(text: str, start: int, end: int) -> int:
    """Return where the blanks and continued lines begin that go up to `end`."""
    while end > start:
        if text[end - 1] in " \t\r":
            end -= 1
        elif text.endswith("\\\n", start, end):
            end -= 2
        elif text.endswith("\\\r\n", start, end):
            end -= 3
        else:
            break
    return end


def _without(
    text: str, start: int, end: int, cuts: List[Tuple[int, int, str]], idle_is_fine: bool
) -> Optional[str]:
    """Return the lines there, marked, with a line in their place; None where none is needed."""
    block = text[start:end]
    pieces = []
    at = start
    for cut_start, cut_end, instead in sorted(cuts):
        pieces += [text[at:cut_start], instead]
        # Where two share the blanks between them, those behind go instead.
        at = cut_end + max(0, at - cut_start)
    rest = "".join(pieces) + text[at:end]
    idle = re.match(r"[\s;:]*(#.*)?\Z", rest) and idle_is_fine
    if idle:
        return None
    if "\n" in rest and "'" not in rest:
        rest = re.sub(r"\\\r?\n", "", rest)
    if "\n" in rest:
        line = text.count("\n", 0, start) + 1
        raise EditRefused(line, "it shares its command with a quote that goes over several lines")
    return _marked(block) + _stand_in(rest, block)


def _marked(block: str) -> str:
    return "\n".join(MARKER + line for line in block.split("\n"))


def _stand_in(line: str, block: str) -> str:
    """Return a line in the place of a block, with the ending by which ``enable`` knows it."""
    return "\n" + line.rstrip("\r") + _REPLACEMENT + ("\r" if block.endswith("\r") else "")


def enable(text: str) -> str:
    """Return the text with every disabled line as it was."""
    if MARKER not in text:
        return text
    lines: List[str] = []
    after_marked = False
    for line in text.split("\n"):
        if line.startswith(MARKER):
            lines.append(line[len(MARKER) :])
            after_marked = True
            continue
        if not (after_marked and _REPLACED.search(line)):
            lines.append(line)
        after_marked = False
    return "\n".join(lines)
