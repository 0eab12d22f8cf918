# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""Take definitions of TMOUT out of other people's files, and bring them back.

Only a run that does so loads this. Private to this collection: it may change without notice.
"""

import re
from bisect import bisect_left, bisect_right
from typing import Dict, List, Sequence, Set, Tuple

from ansible_collections.curfew.session.plugins.module_utils import _shell_text, _tmout_script
from ansible_collections.curfew.session.plugins.module_utils._file_system import Change, FilesError
from ansible_collections.curfew.session.plugins.module_utils._login_files import Reading
from ansible_collections.curfew.session.plugins.module_utils._tmout_conflicts import (
    Conflict,
    HostFiles,
    decoded,
)
from ansible_collections.curfew.session.plugins.module_utils._tmout_script import Definition

__all__ = ("MARKER", "EditRefused", "disable", "disabling", "enable", "enabling")

MARKER = "#curfew.session# "
# What ends a line that stands in for disabled ones.
_REPLACEMENT = " #curfew.session#"
_REPLACED = re.compile(r" #curfew\.session#\r?\Z")


class EditRefused(ValueError):
    """A definition cannot be disabled without changing something else; the text says why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def disabling(
    files: HostFiles, conflicts: Sequence[Conflict]
) -> Tuple[List[Change], Set[Tuple[str, int]]]:
    """Return the edits that take out what contradicts us, and path and offset of all they take out.

    A function's body is left alone: whether it is ever called is for the proof to tell.
    """
    taken = [
        one
        for one in conflicts
        if one.against and one.editable and not one.definition.in_function
    ]
    changes = []
    done: Set[Tuple[str, int]] = set()
    for path in dict.fromkeys(one.path for one in taken):
        snapshot = files.snapshot(path)
        if snapshot is None:
            continue
        text = decoded(snapshot)
        chosen = _with_companions(text, [one.definition for one in taken if one.path == path])
        try:
            after = disable(text, chosen)
        except EditRefused as error:
            raise FilesError(
                "{0}, line {1} cannot be disabled: {2}; edit it by hand.".format(
                    path, error.line, error
                )
            ) from error
        changes.append(Change(snapshot, after.encode("utf-8", "surrogateescape")))
        done.update((path, definition.offset) for definition in chosen)
    return changes, done


def _with_companions(text: str, definitions: Sequence[Definition]) -> List[Definition]:
    """A value and the attributes that are given to it go together: `readonly TMOUT` without its
    value would fix an empty one, `export TMOUT` would export ours."""
    others = [one for one in _tmout_script.find(text) if not one.in_function]
    chosen = {one.offset: one for one in definitions}
    fixing = [one.offset for one in definitions if one.kind == "attribute" and one.readonly]
    for one in others:
        if fixing and one.gives_value and one.offset < max(fixing):
            chosen[one.offset] = one
    assigned = [one.offset for one in chosen.values() if one.gives_value]
    for one in others:
        if assigned and one.kind == "attribute" and one.offset > min(assigned):
            chosen[one.offset] = one
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
        text = decoded(snapshot)
        after = enable(text)
        if after != text:
            changes.append(Change(snapshot, after.encode("utf-8", "surrogateescape")))
    return changes


def disable(text: str, definitions: Sequence[Definition]) -> str:
    """Return the text without these definitions, in a form that `enable` takes back."""
    wanted = {definition.offset for definition in definitions}
    if not wanted:
        return text
    script = _shell_text.parse(text)
    if script.error:
        line = min(definition.line for definition in definitions)
        raise EditRefused(line, "the file does not end: " + script.error)
    blocks: Dict[Tuple[int, int], List[Tuple[int, int, str]]] = {}
    needed = set()
    for command in script.commands + script.heads:
        parts = [
            part
            for part in _tmout_script.parts_of(command)
            if _tmout_script.offset_of(command, part) in wanted
        ]
        if parts and not command.subshell:
            block = _block(text, script, command)
            blocks.setdefault(block, []).extend(_cuts(text, command, parts))
            if command.needed:
                needed.add(block)
    for block in sorted(blocks, reverse=True):
        new = _without(text[block[0] : block[1]], block[0], blocks[block], block in needed, text)
        text = text[: block[0]] + new + text[block[1] :]
    return text


def _block(text: str, script: _shell_text.Script, command: _shell_text.Command) -> Tuple[int, int]:
    """Return the whole lines around a command, from and to where a comment may stand."""
    start = script.line_starts[bisect_right(script.line_starts, command.start) - 1]
    at = bisect_left(script.line_ends, command.end)
    return start, script.line_ends[at] if at < len(script.line_ends) else len(text)


def _cuts(
    text: str, command: _shell_text.Command, parts: Sequence[_tmout_script.Part]
) -> List[Tuple[int, int, str]]:
    if not _tmout_script.others(command, parts):
        return [(command.start, command.end, ":")]
    cuts = []
    for part in parts:
        if part.word is None:
            line = text.count("\n", 0, command.start) + 1
            raise EditRefused(line, "it does more than set TMOUT, and cannot be taken apart")
        start = part.word.start
        blank = re.compile(r"(?:[ \t\r]|\\\r?\n)+\Z").search(text[command.start : start])
        if blank:
            cuts.append((command.start + blank.start(), part.word.end, ""))
        else:
            # The first word: what follows moves up to its place.
            after = re.compile(r"(?:[ \t\r]|\\\r?\n)*").match(text, part.word.end)
            cuts.append((start, after.end() if after else part.word.end, ""))
    return cuts


def _without(
    block: str, start: int, cuts: List[Tuple[int, int, str]], needed: bool, text: str
) -> str:
    rest = block
    for cut_start, cut_end, instead in sorted(cuts, reverse=True):
        rest = rest[: cut_start - start] + instead + rest[cut_end - start :]
    marked = "\n".join(MARKER + line for line in block.split("\n"))
    idle = re.match(r"[\s;:]*(#.*)?\Z", rest) and not needed
    if idle:
        return marked
    if "\n" in rest and "'" not in rest:
        rest = re.sub(r"\\\r?\n", "", rest)
    if "\n" in rest:
        line = text.count("\n", 0, start) + 1
        raise EditRefused(line, "it shares its command with a quote that goes over several lines")
    end = "\r" if rest.endswith("\r") else ""
    return marked + "\n" + rest.rstrip("\r") + _REPLACEMENT + end


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
