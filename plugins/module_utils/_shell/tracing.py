# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the line of a login file at which a login shell was lost. Private to the collection.

The shell itself tells, as it tells everybody who asks it to: by its option -x. Only a run that
cannot ask a shell loads this.
"""

import re
import time
from typing import Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from .. import _view
from .._files.reading import Change
from .files import HostFiles
from .staged import staged_files
from .starting import Asker, Running, Way, started, wait

__all__ = ["Lost", "last_lines"]

_LIMIT_SECONDS = 12.0
_SILENCE_SECONDS = 2.0
_MARK = "+CURFEW"
# What each family puts in for the file and the line; bash does not for root, nor do the others.
_PROMPTS = {
    "bash": _MARK + " ${BASH_SOURCE}:${LINENO} ",
    "zsh": _MARK + " %x:%I ",
    "ksh93": _MARK + " ${.sh.file}:${LINENO} ",
}
_TOLD = re.compile(r"^\++CURFEW (/[^\s:]+):([1-9][0-9]*) (.*)$|^\++ (.*)$", re.MULTILINE)


class Lost(NamedTuple):
    """Where a shell was, and in which command."""

    path: str
    line: int
    text: str

    @property
    def replaces(self) -> bool:
        """Tell whether it put another program in the shell's place."""
        return bool(re.match(r"\s*(?:\[.*\]\s*&&\s*)*exec\s+[^\s<>]", self.text))

    def where(self) -> str:
        """Return the place as sentences name it."""
        return f"{self.path}, line {self.line}: {self.text[:200]}"


def last_lines(
    askers: Sequence[Asker],
    files: HostFiles,
    planned: Sequence[Change] = (),
    terminal: bool = False,
) -> Dict[Asker, Lost]:
    """Return the last command of a login file that each shell came to, as far as it tells.

    :param files: the files that were read; a command whose place a shell does not tell is looked
        for in them.
    :raises NoView: the host forbids a view.
    """

    def trace() -> Dict[Asker, str]:
        way = Way(terminal, in_view=True)
        with started(askers, way, lambda *_given: ["-x", "-i", "-c", ":"], _prompt) as shells:
            wait(shells, time.monotonic() + _LIMIT_SECONDS, _given_up)
            for running in shells:
                running.end()
            return {one.asker: one.tail.decode("utf-8", "replace") for one in shells}

    traces = _view.within(staged_files(planned), trace, _LIMIT_SECONDS + 5)
    places = {asker: _place(text, files) for asker, text in traces.items()}
    return {asker: place for asker, place in places.items() if place is not None}


def _prompt(asker: Asker) -> Mapping[str, str]:
    return {"PS4": _PROMPTS.get(asker.shell.family, "+ ")}


def _given_up(running: Running) -> str:
    return "waits" if running.is_silent(_SILENCE_SECONDS) else ""


def _place(trace: str, files: HostFiles) -> Optional[Lost]:
    """Return the place of the last command in a trace."""
    commands = list(_TOLD.finditer(trace))
    if not commands:
        return None
    path, line, told, plain = commands[-1].groups()
    words = (plain if plain is not None else told).split()
    if path and words:
        lines = (files.text(path) or "").split("\n")
        text = lines[int(line) - 1].strip() if int(line) <= len(lines) else ""
        if words[0] in text:  # ksh93 counts otherwise within a file that is sourced
            return Lost(path, int(line), text)
    place = _looked_up(words, files)
    return Lost(path, int(line), told.strip()) if path and place is None else place


def _looked_up(words: Sequence[str], files: HostFiles) -> Optional[Lost]:
    """Return the line that has most words of a command, the first one among them."""
    best: Tuple[int, Optional[Lost]] = (0, None)
    for path in files.snapshots:
        for number, line in enumerate((files.text(path) or "").split("\n"), 1):
            if not words or not re.search(rf"(?<![\w/.-]){re.escape(words[0])}(?![\w-])", line):
                continue
            score = sum(word in line for word in words)
            if score > best[0] and not line.lstrip().startswith("#"):
                best = score, Lost(path, number, line.strip())
    return best[1]
