# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See whether an idle login shell really ends: with one second in the place of the number.

Private to the collection.

A shell may show TMOUT and never obey it: a trap, a prompt that reads, a program in its place. So
each is started in a private view of the host, at a terminal, and left alone there. Only a run that
changes the drop-in, or that tells what ends sessions, loads this.
"""

import re
import time
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence

from .. import _view
from .._files.reading import Change
from .asking import ask
from .files import HostFiles, encoded
from .staged import staged_files
from .starting import Asker, Running, Way, started, wait
from .tracing import Lost

__all__ = ["STAYS_SECONDS", "Lived", "cause", "live", "obedient"]

# Who is still there so long after the last thing that happened does not obey a second.
STAYS_SECONDS = 5.0
_MOST_LINES = 3
_SOONEST_SECONDS = 0.8
# Who prints for so long, such as a clock, or a question again and again, does so for ever.
_CHATTY_SECONDS = 12.0
_LIMIT_SECONDS = 30.0
# ksh93 warns, and then waits a minute of its own.
_TOLD_BY_VALUE = ("ksh93", "dash", "tcsh")
# What is known to keep a shell from ending, or to put something in its place.
_SUSPECT = re.compile(
    r"TRAPALRM|\btrap\b.*\bALRM\b|PROMPT_COMMAND|\bprecmd\b|\bperiodic\b|\bset\s+-o\s+posix\b"
    r"|(?:^|[\s;&|(])exec\s+[^\s<>]|\btrap\b.*\b(?:EXIT|0)\b"
)
# What a shell says whose time is over: whoever waits after that is in what is done at a logout.
_IS_OVER = b"timed out waiting for input"
_AT_LOGOUT = ("/etc/bash.bash_logout", "/etc/zsh/zlogout", "/etc/zlogout")
_WAITS = re.compile(r"\b(?:read|select|vared|sleep|while|until)\b")


class Lived(NamedTuple):
    """What became of an idle shell: whether it ended (None: nobody knows), after how many lines
    that it was given, and whether it stays because a program runs in it."""

    ended: Optional[bool]
    prompted: int
    busy: bool = False


def obedient(askers: Iterable[Asker]) -> List[Asker]:
    """Return those of whom a second tells something."""
    return [asker for asker in askers if asker.shell.family not in _TOLD_BY_VALUE]


def live(
    askers: Sequence[Asker],
    files: HostFiles,
    planned: Sequence[Change],
    seconds: int,
    answering: bool = False,
) -> Dict[Asker, Lived]:
    """Return what becomes of each shell if the files say one second where they say ``seconds``.

    :param answering: a shell that waits for a line gets one.
    :raises NoView: the host forbids a view.
    """
    staged = _hurried(files, planned, seconds)
    if not staged or not askers:
        return {}
    return _view.within(staged, lambda: _left_alone(askers, answering), _LIMIT_SECONDS + 10)


def _hurried(files: HostFiles, planned: Sequence[Change], seconds: int) -> List[_view.Staged]:
    """Return the files as they would be, with one second in the place of the number."""
    number = re.compile(rf"(?<!\w)TMOUT=([\"']?){seconds}(?!\w)")
    staged = {file.real_path: file for file in staged_files(planned)}
    for snapshot in files.snapshots.values():
        if snapshot is not None and snapshot.real_path not in staged and snapshot.data:
            staged[snapshot.real_path] = _view.Staged(snapshot.real_path, snapshot.data, None)
    hurried = []
    is_any = False
    kept = {change.snapshot.real_path for change in planned}
    for path, file in staged.items():
        text = (file.data or b"").decode("utf-8", "surrogateescape")
        faster = number.sub(r"TMOUT=\g<1>1", text)
        is_any = is_any or faster != text
        if faster != text:
            hurried.append(file._replace(data=encoded(faster)))
        elif path in kept:
            hurried.append(file)
    return hurried if is_any else []


def _left_alone(askers: Sequence[Asker], answering: bool) -> Dict[Asker, Lived]:
    """Start the shells as a login over SSH does, and do nothing until they end, or clearly stay."""

    def judge(running: Running) -> str:
        if not running.is_busy() and time.monotonic() - running.busy > _CHATTY_SECONDS:
            return "stays"
        if not running.is_silent(STAYS_SECONDS):
            return ""
        if not answering or running.prompted == _MOST_LINES or _IS_OVER in running.tail:
            return "stays"
        running.answer_line()
        return ""

    with started(askers, Way(terminal=True, in_view=True), lambda *_given: ["-i"]) as shells:
        wait(shells, time.monotonic() + _LIMIT_SECONDS, judge)
        lived = {running.asker: _lived(running) for running in shells}
    staying = [asker for asker in askers if lived[asker].ended is False]
    # Of one whose number is not the one that was put in, staying says nothing.
    slow = [one.asker for one in ask(staying, Way(in_view=True)) if one.tmout not in ("1", None)]
    lived.update((asker, Lived(None, 0)) for asker in slow)
    return lived


def _lived(running: Running) -> Lived:
    ended: Optional[bool] = running.status == "exits"
    # One that ends before its second is over tells nothing.
    if ended and running.ended - running.begun < _SOONEST_SECONDS:
        ended = None
    return Lived(ended, running.prompted, running.status == "hangs")


def cause(files: HostFiles, paths: Iterable[str], place: Optional[Lost], busy: bool = False) -> str:
    """Say what may be why a shell stays; empty where nothing speaks for anything.

    :param place: the last command that it came to.
    :param busy: a program runs in it.
    """
    if place is not None and place.replaces:
        return f" because of {place.where()}"
    found = []
    for path in [*paths, *_AT_LOGOUT]:
        suspect = _WAITS if path in _AT_LOGOUT else _SUSPECT
        for number, line in enumerate((files.text(path) or "").split("\n"), 1):
            if suspect.search(line) and not line.lstrip().startswith("#"):
                found.append(f"{path}, line {number}: {line.strip()[:100]}")
    if busy and place is not None and not found:
        found.append(place.where())
    return f"; what may be why: {'; '.join(found[:5])}" if found else ""
