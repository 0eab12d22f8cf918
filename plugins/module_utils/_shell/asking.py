# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start login shells as a user without rights and ask them what TMOUT is.

Private to the collection.
"""

import ctypes
import fcntl
import functools
import grp
import os
import pwd
import resource
import select
import signal
import stat
import subprocess
import termios
import time
from contextlib import suppress
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .._accounts import Shell, logout_seconds, seconds_as_read
from .._files import scratch
from .._refusal import Refusal

__all__ = ["Answer", "AskError", "ask", "describe", "strangers"]

LIMIT_SECONDS = 10.0
# Root's own TMPDIR may be closed to the user who asks.
_PUBLIC = "/tmp"
_MAX_OUTPUT = 65536
# A shell that prints more than this at login is killed: it would never end.
_FLOOD = 4 * 1024 * 1024
_MAX_ANSWER = 1024 * 1024
_MAX_MEMORY = 1 << 30
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36

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


# What sshd tells a login; the addresses are nobody's (RFC 5737).
_SSH = {
    "TERM": "xterm",
    "SSH_CLIENT": "192.0.2.1 50022 22",
    "SSH_CONNECTION": "192.0.2.1 50022 192.0.2.2 22",
}


class AskError(Refusal):
    """No shell can be asked on this host; the text says why."""


class Answer(NamedTuple):
    """What one login shell said; ``status`` is answered, hangs, exits or floods."""

    shell: Shell
    status: str
    exit_status: Optional[int]
    output: str
    tmout: Optional[str]
    readonly: Optional[bool]
    exported: Optional[bool]
    environment: Dict[str, str]


class _Running:
    """A shell that has been started, and what it has printed so far."""

    def __init__(
        self, shell: Shell, answers: str, process: "subprocess.Popen[bytes]", source: int
    ) -> None:
        self.shell = shell
        # The folder into which it writes its answers.
        self.answers = answers
        self.process = process
        # Where its output is read, the beginning of it, and how much there was.
        self.source = source
        self.output = b""
        self.read = 0
        # Empty as long as it runs.
        self.status = ""


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


def strangers(users: Sequence[str], groups: Sequence[str]) -> Tuple[int, int]:
    """Return the ids of an unprivileged user who is none of these, and in none of these groups."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    try:
        nobody = pwd.getpwnam("nobody")
        group = grp.getgrgid(nobody.pw_gid).gr_name
        if "nobody" not in users and group not in groups:
            return nobody.pw_uid, nobody.pw_gid
    except KeyError:
        pass
    free = next(number for number in range(65533, 0, -1) if _is_unnamed(number))
    return free, free


def _is_unnamed(number: int) -> bool:
    """Tell whether no user and no group has this number."""
    for lookup in (pwd.getpwuid, grp.getgrgid):
        try:
            lookup(number)
            return False
        except KeyError:
            continue
    return True


def ask(
    shells: Sequence[Shell],
    ids: Tuple[int, int],
    limit: float = LIMIT_SECONDS,
    terminal: bool = False,
) -> List[Answer]:
    """Start these shells side by side, one time limit for all, and return what each said.

    With ``terminal`` each has one of its own, as after a login over SSH.
    """
    try:
        home = scratch.make(_PUBLIC if os.path.isdir(_PUBLIC) else None)
    except OSError as error:
        raise AskError(f"no login shell can be asked: {error}") from error
    started: List[_Running] = []
    _adopt_orphans(True)
    try:
        os.chmod(home, 0o711)
        for number, shell in enumerate(shells):
            started.append(_start(shell, os.path.join(home, str(number)), ids, terminal))
        _wait(started, time.monotonic() + limit)
        return [_answer(running) for running in started]
    except OSError as error:
        raise AskError(f"a login shell cannot be started: {error}") from error
    except subprocess.SubprocessError as error:
        raise AskError(f"a shell cannot be started without rights: {error}") from error
    finally:
        for running in started:
            _end(running)
        _end_orphans()
        _adopt_orphans(False)
        scratch.remove(home)


def _start(shell: Shell, base: str, ids: Tuple[int, int], terminal: bool) -> _Running:
    """Start a login shell with a home of its own that is empty."""
    home, answers = os.path.join(base, "home"), os.path.join(base, "answers")
    os.mkdir(base)
    os.chmod(base, 0o711)  # whatever our umask is: the user who asks passes through
    for folder in (home, answers):
        os.mkdir(folder, 0o700)
        if os.geteuid() == 0:
            os.chown(folder, *ids)
    # At a terminal zsh has questions for users who have none.
    open(os.path.join(home, ".zshrc"), "w").close()
    env = next((path for path in ("/usr/bin/env", "/bin/env") if os.path.exists(path)), "env")
    script = _TCSH_SCRIPT if shell.family == "tcsh" else _SCRIPT
    environment = _environment(shell, home, ids)
    source, sink = os.openpty() if terminal else os.pipe()
    try:
        if terminal:
            os.fchown(sink, ids[0], -1)
            environment.update(_SSH, SSH_TTY=os.ttyname(sink))
        process = subprocess.Popen(
            [_login_name(shell), "-i", "-c", script.format(env=env, home=answers)],
            executable=shell.real_path,
            cwd=home,
            env=environment,
            stdin=sink if terminal else subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            preexec_fn=lambda: _prepare(ids, terminal),
            start_new_session=True,
        )
    except BaseException:
        os.close(source)
        raise
    finally:
        os.close(sink)
    os.set_blocking(source, False)
    return _Running(shell, answers, process, source)


def _login_name(shell: Shell) -> str:
    """Return what a shell is called when it is started, which tells it that it is a login shell."""
    # As a restricted shell it could not answer; what it reads at login is the same.
    name = os.path.basename(shell.path)
    return "-" + (name[1:] if name in ("rbash", "rksh93", "rksh", "rzsh", "rmksh") else name)


def _environment(shell: Shell, home: str, ids: Tuple[int, int]) -> Dict[str, str]:
    try:
        user = pwd.getpwuid(ids[0]).pw_name
    except KeyError:
        user = str(ids[0])
    return {
        "HOME": home,
        "LOGNAME": user,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "SHELL": shell.path,
        "TERM": "dumb",
        "USER": user,
    }


def _prepare(ids: Tuple[int, int], terminal: bool) -> None:
    if terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    _drop_rights(ids)


def _drop_rights(ids: Tuple[int, int]) -> None:
    """Become the user who asks, with limits, and end with the run."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(ids[1], ids[1], ids[1])
        os.setresuid(ids[0], ids[0], ids[0])
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FLOOD, _FLOOD))
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # last: it does not survive a change of user


def _wait(started: Sequence[_Running], deadline: float) -> None:
    """Read what the shells print, until each has ended or prints too much, or the time is over."""
    poll = select.poll()
    by_source = {running.source: running for running in started}
    for descriptor in by_source:
        poll.register(descriptor, select.POLLIN)
    pause = 1
    while any(not running.status for running in started):
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            break
        events = poll.poll(min(pause, seconds * 1000))
        # A shell that closed its output is asked again after a growing pause.
        pause = 1 if events else min(pause * 2, 50)
        for descriptor, _event in events:
            if not _drain(by_source[descriptor]):
                poll.unregister(descriptor)
        for running in started:
            if not running.status and running.read > _FLOOD:
                running.status = "floods"
            elif not running.status and _has_ended(running.process.pid):
                running.status = "exits"
    for running in started:
        running.status = running.status or "hangs"


def _has_ended(pid: int) -> bool:
    """Tell without reaping: as long as it is not reaped its process group cannot be another's."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _drain(running: _Running) -> bool:
    """Read what is there; tell whether there may be more later."""
    try:
        data = os.read(running.source, 65536)
    except BlockingIOError:
        return True
    except OSError:  # what a terminal says when nobody has it any more
        return False
    running.read += len(data)
    running.output += data[: _MAX_OUTPUT - len(running.output)]
    return bool(data)


def _answer(running: _Running) -> Answer:
    _end(running)
    value = _environment_of(os.path.join(running.answers, "value"))
    status = running.status
    if status == "exits" and value is not None:
        status = "answered"
    known = value is not None and status == "answered"
    tcsh = running.shell.family == "tcsh"
    writable = _environment_of(os.path.join(running.answers, "writable")) is not None
    environment = value or {}
    return Answer(
        shell=running.shell,
        status=status,
        exit_status=running.process.returncode,
        output=running.output.decode("utf-8", "replace"),
        tmout=(environment.get("CURFEW_VALUE") or None) if known else None,
        readonly=None if tcsh or not known else not writable,
        exported="TMOUT" in environment if known else None,
        environment=environment,
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


def _end(running: _Running) -> None:
    """Kill a shell with its process group, and close its output."""
    if running.process.returncode is not None:
        return
    with suppress(OSError):
        os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait()
    while _drain_rest(running):
        pass
    os.close(running.source)


def _drain_rest(running: _Running) -> bool:
    before = running.read
    return _drain(running) and before < running.read <= _FLOOD


def _adopt_orphans(adopt: bool) -> None:
    """Let processes that leave their group come to us, where they can be found."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(adopt))


def _prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        _libc().prctl(option, value, 0, 0, 0)


@functools.lru_cache(maxsize=None)
def _libc() -> ctypes.CDLL:
    """Return the C library: loaded before the first fork, and not once in each child."""
    return ctypes.CDLL(None, use_errno=True)


def _end_orphans() -> None:
    """Kill what has left the process groups of the shells, and come to us."""
    for _round in range(50):
        children = _children()
        if not children:
            return
        for pid in children:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _children() -> List[int]:
    pid = os.getpid()
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as stream:
            return [int(child) for child in stream.read().split()]
    except (OSError, ValueError):
        return []
