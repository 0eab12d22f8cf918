# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start login shells side by side, as accounts of this host and as strangers, and end them.

Private to the collection. Each has a home of its own that is empty, a clean environment, limits,
and one limit of time for all together; nothing is left of them.
"""

import ctypes
import errno
import fcntl
import functools
import os
import pwd
import resource
import select
import signal
import stat
import subprocess
import tempfile
import termios
import time
from contextlib import contextmanager, suppress
from typing import (
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from .._accounts import Shell
from .._files import scratch
from .._identities import Person
from .._refusal import Refusal
from .._view import FOLDER, be_at_pipes, cover

__all__ = ["PLAINLY", "AskError", "Asker", "Running", "Way", "started", "wait"]

# Root's own TMPDIR may be closed to the user who asks.
_PUBLIC = "/tmp"
# What is kept of the output: its beginning, and its end.
_MAX_OUTPUT = 65536
_MAX_TAIL = 8192
# A shell that prints more than this at login is killed: it would never end.
FLOOD = 4 * 1024 * 1024
_MAX_MEMORY = 1 << 30
_PATIENCE_SECONDS = 1.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
# Nobody's home is laid over what programs need.
_OF_SYSTEM = "bin boot dev etc lib lib32 lib64 libx32 proc run sbin sys usr".split()
# What sshd tells a login; the addresses are nobody's (RFC 5737).
_SSH = {
    "TERM": "xterm",
    "SSH_CLIENT": "192.0.2.1 50022 22",
    "SSH_CONNECTION": "192.0.2.1 50022 192.0.2.2 22",
}


class AskError(Refusal):
    """No shell can be asked on this host; the text says why."""


class Asker(NamedTuple):
    """A login shell, and as whom it is started."""

    shell: Shell
    person: Person


class Way(NamedTuple):
    """How shells are started.

    ``terminal``: each has one of its own, as after a login over SSH. ``in_view``: this is a view of
    ours, in which root may be asked too, and of which nothing is left anyhow.
    """

    terminal: bool = False
    in_view: bool = False


PLAINLY = Way()


class Running:
    """A shell that has been started, and what it has printed so far."""

    def __init__(
        self, asker: Asker, answers: str, process: "subprocess.Popen[bytes]", source: int
    ) -> None:
        self.asker = asker
        # The folder into which it writes its answers.
        self.answers = answers
        self.process = process
        # Where its output is read, the beginning and the end of it, and how much there was.
        self.source = source
        self.output = b""
        self.tail = b""
        self.read = 0
        # Empty as long as it runs.
        self.status = ""
        # When it was started, did something last, ran a program of its last, and was seen to end;
        # and how many lines it was given.
        self.begun = self.active = self.busy = self.ended = time.monotonic()
        self.prompted = 0

    def has_ended(self) -> bool:
        """Tell without reaping: until then its process group cannot be another's."""
        pid = self.process.pid
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def is_silent(self, seconds: float) -> bool:
        """Tell whether it has done nothing for so long, and no program of its runs."""
        if time.monotonic() - self.active < seconds:
            return False
        return not self.is_busy()

    def is_busy(self) -> bool:
        """Tell whether a program that it has started runs, and does not wait at the terminal."""
        if any(not _waits_at_terminal(child) for child in _children_of(self.process.pid)):
            self.active = self.busy = time.monotonic()
            return True
        return False

    def answer_line(self) -> None:
        """Give it a line, as somebody would who is asked for one."""
        self.prompted += 1
        self.active = time.monotonic()
        with suppress(OSError):
            os.write(self.source, b"y\n")

    def drain(self) -> bool:
        """Read what is there; tell whether there may be more later."""
        try:
            data = os.read(self.source, 65536)
        except BlockingIOError:
            return True
        except OSError:  # what a terminal says when nobody has it any more
            return False
        self.read += len(data)
        self.active = time.monotonic()
        self.output += data[: _MAX_OUTPUT - len(self.output)]
        self.tail = (self.tail + data)[-_MAX_TAIL:]
        return bool(data)

    def end(self) -> None:
        """Kill it with its process group, and close its output."""
        if self.process.returncode is not None:
            return
        with suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        while self._drain_rest():
            pass
        os.close(self.source)

    def _drain_rest(self) -> bool:
        before = self.read
        return self.drain() and before < self.read <= FLOOD


@contextmanager
def started(
    askers: Sequence[Asker],
    way: Way,
    words: Callable[[Asker, str], List[str]],
    environment: Callable[[Asker], Mapping[str, str]] = lambda _asker: {},
) -> Iterator[List[Running]]:
    """Start these shells side by side; all are ended with the block.

    One that its person may not start is left out: nobody logs in so.

    :param words: returns the arguments of a shell; it is told the folder for its answers.
    :param environment: returns what a shell finds in its environment besides.
    """
    home = _folder(way)
    running: List[Running] = []
    _adopt_orphans(True)
    try:
        if way.in_view:  # all of which ends with it
            _limit()
        os.chmod(home, 0o711)
        homes = _Homes(askers if way.in_view else ())
        for number, asker in enumerate(askers):
            base = os.path.join(home, str(number))
            with suppress(PermissionError):
                running.append(_start(asker, base, way, words, homes, environment(asker)))
        yield running
    except OSError as error:
        raise AskError(f"a login shell cannot be started: {error}") from error
    except subprocess.SubprocessError as error:
        raise AskError(f"a shell cannot be started without rights: {error}") from error
    finally:
        for one in running:
            one.end()
        if not way.in_view:  # all processes of which end with it
            _end_orphans()
            _adopt_orphans(False)
            scratch.remove(home)


def _folder(way: Way) -> str:
    """Make the folder for all that is made for the shells."""
    try:
        if way.in_view:
            return tempfile.mkdtemp(dir=FOLDER)
        return scratch.make(_PUBLIC if os.path.isdir(_PUBLIC) else None)
    except OSError as error:
        raise AskError(f"no login shell can be asked: {error}") from error


def _start(
    asker: Asker,
    base: str,
    way: Way,
    words: Callable[[Asker, str], List[str]],
    homes: "_Homes",
    further: Mapping[str, str],
) -> Running:
    """Start a login shell with a home of its own that is empty."""
    shell, person = asker
    home, answers = _folders(base, person)
    home = homes.place_of(home, person)
    environment = dict(_environment(asker, home), **further)
    source, sink = os.openpty() if way.terminal else os.pipe()
    try:
        if way.terminal:
            os.fchown(sink, person.uid, -1)
            environment.update(_SSH, SSH_TTY=os.ttyname(sink))
        is_person = way.in_view and not way.terminal and os.geteuid() == 0
        with _acting_as(person if is_person else None):
            process = subprocess.Popen(
                [_login_name(shell)] + words(asker, answers),
                executable=shell.real_path,
                cwd=home if os.path.isdir(home) else "/",
                env=environment,
                stdin=sink if way.terminal else subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                preexec_fn=None if is_person else lambda: _prepare(person, way),
                start_new_session=True,
            )
    except BaseException:
        os.close(source)
        raise
    finally:
        os.close(sink)
    os.set_blocking(source, False)
    return Running(asker, answers, process, source)


class _Homes:
    """The places of homes, in a view: login files may look at where a home is.

    What is in a home is its owner's business, so that an empty one is laid over it; what has files
    of the system in it, or does not exist, is as it is.
    """

    def __init__(self, askers: Sequence[Asker]) -> None:
        self._wanted = {asker.person.home for asker in askers} - {""}
        self._owners: Dict[str, int] = {}

    def place_of(self, folder: str, person: Person) -> str:
        """Lay the folder over the person's home; return where it is then."""
        path = person.home
        if path not in self._wanted or self._owners.get(path, person.uid) != person.uid:
            return folder
        real_path = os.path.realpath(path)
        if path not in self._owners and self._may_be_covered(real_path):
            with suppress(OSError):
                status = os.stat(real_path)
                os.chown(folder, status.st_uid, status.st_gid)
                os.chmod(folder, stat.S_IMODE(status.st_mode))
                cover(folder, real_path)
        self._owners[path] = person.uid
        return path

    def _may_be_covered(self, path: str) -> bool:
        parts = path.split("/")[1:]
        if parts[0] in _OF_SYSTEM or len(parts) < 2 and path != "/root":
            return False
        return not any(other.startswith(path + "/") for other in self._wanted)


def _folders(base: str, person: Person) -> Tuple[str, str]:
    """Make a home, and a folder for answers, that are the person's."""
    home, answers = os.path.join(base, "home"), os.path.join(base, "answers")
    os.mkdir(base)
    os.chmod(base, 0o711)  # whatever our umask is: the user who asks passes through
    for folder in (home, answers):
        os.mkdir(folder, 0o700)
        if os.geteuid() == 0:
            os.chown(folder, person.uid, person.gid)
    # At a terminal zsh has questions for users who have none.
    open(os.path.join(home, ".zshrc"), "w").close()
    return home, answers


def _login_name(shell: Shell) -> str:
    """Return what a shell is called when it is started, which tells it that it is a login shell."""
    # As a restricted shell it could not answer; what it reads at login is the same.
    name = os.path.basename(shell.path)
    return "-" + (name[1:] if name in ("rbash", "rksh93", "rksh", "rzsh", "rmksh") else name)


def _environment(asker: Asker, home: str) -> Dict[str, str]:
    user = asker.person.user
    if user is None:
        try:
            user = pwd.getpwuid(asker.person.uid).pw_name
        except KeyError:
            user = str(asker.person.uid)
    return {
        "HOME": home,
        "LOGNAME": user,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "SHELL": asker.shell.path,
        "TERM": "dumb",
        "USER": user,
    }


@contextmanager
def _acting_as(person: Optional[Person]) -> Iterator[None]:
    """Be the person while a program is started, which then has no way back: it executes as them.

    A function of ours between fork and execution costs more than all the rest (measured: 2.5 ms in
    place of 0.6). We are the first process in a view, which no signal from there can kill.
    """
    if person is None:
        yield
        return
    groups, gid = os.getgroups(), os.getegid()
    try:
        os.setgroups(person.groups)
        os.setresgid(person.gid, person.gid, gid)
        os.setresuid(person.uid, person.uid, 0)
    except OSError as error:
        raise AskError(f"a shell cannot be started without rights: {error}") from error
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(gid, gid, gid)
        os.setgroups(groups)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # it does not survive a change of user


def _prepare(person: Person, way: Way) -> None:
    if way.terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if not way.in_view and person.uid == 0 and os.geteuid() == 0:
        raise OSError(errno.EPERM, "root is asked in a private view alone")
    _become(person)


def _become(person: Person) -> None:
    """Become the user who asks, with limits, and end with the run."""
    if os.geteuid() == 0:
        os.setgroups(person.groups)
        os.setresgid(person.gid, person.gid, person.gid)
        os.setresuid(person.uid, person.uid, person.uid)
    _limit()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # last: it does not survive a change of user


def _limit() -> None:
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FLOOD, FLOOD))
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))


def wait(started: Sequence[Running], deadline: float, judge: Callable[[Running], str]) -> None:
    """Read what the shells print, until each has a status, or the time is over.

    :param judge: returns the status that a shell has by now; empty if it is to go on.
    """
    poll = select.poll()
    by_source = {running.source: running for running in started}
    for descriptor in by_source:
        poll.register(descriptor, select.POLLIN)
    pause, patience = 1, time.monotonic() + _PATIENCE_SECONDS
    while any(not running.status for running in started):
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            break
        if time.monotonic() > patience:
            be_at_pipes()  # it may wait for somebody there
            patience = deadline
        events = poll.poll(min(pause, seconds * 1000))
        # A shell that closed its output is asked again after a growing pause.
        pause = 1 if events else min(pause * 2, 50)
        for descriptor, _event in events:
            if not by_source[descriptor].drain():
                poll.unregister(descriptor)
        for running in started:
            if not running.status and running.read > FLOOD:
                running.status = "floods"
            elif not running.status:
                running.status = "exits" if running.has_ended() else judge(running)
                running.ended = time.monotonic()
    for running in started:
        running.status = running.status or "hangs"


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
        children = _children_of(os.getpid())
        if not children:
            return
        for pid in children:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _waits_at_terminal(pid: int) -> bool:
    """Tell whether a process waits for a line, by the function of the kernel that it sleeps in."""
    try:
        with open(f"/proc/{pid}/wchan") as stream:
            return stream.read() in ("n_tty_read", "wait_woken")
    except OSError:
        return False


def _children_of(pid: int) -> List[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as stream:
            return [int(child) for child in stream.read().split()]
    except (OSError, ValueError):
        return []
