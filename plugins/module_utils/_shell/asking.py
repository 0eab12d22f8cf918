# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask login shells what TMOUT is. Private to the collection."""

import os
import stat
import time
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .._accounts import Shell, logout_seconds, seconds_as_read
from .starting import PLAINLY, Asker, AskError, Running, Way, started, wait

__all__ = ["Answer", "AskError", "Asker", "Way", "ask", "describe"]

# A login may take this long: modules of a cluster, or a directory that is asked.
LIMIT_SECONDS = 30.0
# Who has said nothing at a terminal for so long waits for a line, and is given one, so many times.
_SILENCE_SECONDS = 1.5
_MOST_LINES = 3
_MAX_ANSWER = 1024 * 1024

# Nothing here can be a function or an alias of the login files: assignments, expansions, and a
# program by its path. The first line shows the value and what is exported; the second is reached
# only if TMOUT may be changed. That it may not is no failure for a trap of the login files to tell.
_SCRIPT = (
    "{env} -0 \"CURFEW_VALUE=${{TMOUT-}}\" >'{home}/value'\n"
    "( TMOUT=1; {env} -0 >'{home}/writable' ) 2>/dev/null || :\n"
)
_TCSH_SCRIPT = (
    "if ($?autologout) then\n"
    "{env} -0 \"CURFEW_VALUE=$autologout\" >'{home}/value'\n"
    "else\n"
    "{env} -0 >'{home}/value'\n"
    "endif\n"
)


class Answer(NamedTuple):
    """What one login shell said; ``status`` is answered, hangs, waits, exits or floods.

    ``prompted``: how often it waited for a line before its prompt, and got one.
    """

    asker: Asker
    status: str
    exit_status: Optional[int]
    output: str
    tmout: Optional[str]
    readonly: Optional[bool]
    exported: Optional[bool]
    environment: Dict[str, str]
    prompted: int = 0

    @property
    def shell(self) -> Shell:
        """Return the shell that said it."""
        return self.asker.shell


def describe(answer: Answer) -> Dict[str, Any]:
    """Return an answer in the shape of the modules' results."""
    shell = answer.shell
    tcsh = shell.family == "tcsh"
    seconds = None if tcsh else seconds_as_read(answer.tmout, shell.family)
    logout = logout_seconds(shell.family, seconds)
    if tcsh:
        minutes = seconds_as_read((answer.tmout or "").split(" ")[0], "tcsh")
        logout = minutes * 60 if minutes else None
    return {
        "path": shell.path,
        "family": shell.family,
        "tmout_seconds": seconds,
        "readonly": answer.readonly,
        "exported": answer.exported,
        "logout_seconds": logout,
    }


def ask(askers: Sequence[Asker], way: Way = PLAINLY, limit: float = LIMIT_SECONDS) -> List[Answer]:
    """Start these shells side by side, one time limit for all, and return what each said.

    Of a shell that its person may not start there is no answer.

    :raises AskError: no shell can be started.
    """
    with started(askers, way, _question) as running:
        wait(running, time.monotonic() + limit, _waiting if way.terminal else _running)
        return [_answer(one) for one in running]


def _question(asker: Asker, answers: str) -> List[str]:
    env = next((path for path in ("/usr/bin/env", "/bin/env") if os.path.exists(path)), "env")
    script = _TCSH_SCRIPT if asker.shell.family == "tcsh" else _SCRIPT
    return ["-i", "-c", script.format(env=env, home=answers)]


def _running(_running: Running) -> str:
    return ""


def _waiting(running: Running) -> str:
    """Give a shell that waits for it a line; tell when there is no more use in that."""
    if not running.is_silent(_SILENCE_SECONDS):
        return ""
    if running.prompted == _MOST_LINES:
        return "waits"
    running.answer_line()
    return ""


def _answer(running: Running) -> Answer:
    running.end()
    value = _environment_of(os.path.join(running.answers, "value"))
    status = running.status
    if status == "exits" and value is not None:
        status = "answered"
    known = value is not None and status == "answered"
    tcsh = running.asker.shell.family == "tcsh"
    writable = _environment_of(os.path.join(running.answers, "writable")) is not None
    environment = value or {}
    return Answer(
        asker=running.asker,
        status=status,
        exit_status=running.process.returncode,
        output=running.output.decode("utf-8", "replace"),
        tmout=(environment.get("CURFEW_VALUE") or None) if known else None,
        readonly=None if tcsh or not known else not writable,
        exported="TMOUT" in environment if known else None,
        environment=environment,
        prompted=running.prompted,
    )


def _environment_of(path: str) -> Optional[Dict[str, str]]:
    """Read an answer, which its shell could have replaced by anything."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = os.read(descriptor, _MAX_ANSWER).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
    pairs = (entry.partition("=") for entry in content.split("\0") if "=" in entry)
    environment = {name: value for name, _equals, value in pairs}
    return environment or None
