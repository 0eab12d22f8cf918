# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running sshd: command line, service, when it read its files. Private to the collection.

The daemon is the process that holds the socket at which connections come in. A pid file is where
it is looked for first, and no more. A reload (HUP) rewrites it and keeps the process, so its time
tells when the listener last read its configuration (measured, OpenSSH 8.0 to 10.5).
"""

import os
import re
import time
from typing import Iterable, List, Optional, Sequence, Tuple

from .._refusal import Refusal
from . import listening
from .daemon import (
    DEFAULT_PATH,
    OPTION,
    UNITS,
    CommandLine,
    Daemon,
    Listener,
    Service,
    built_in,
    parse_words,
)

__all__ = [
    "UNITS",
    "DEFAULT_PATH",
    "CommandLine",
    "Daemon",
    "Listener",
    "Service",
    "ServiceError",
    "built_in",
    "doubts",
    "find",
    "is_same",
    "is_sshd",
    "listener_of",
    "newer",
    "of_listener",
    "of_path",
    "parse_words",
    "pid_file_status",
    "read_at",
    "stale",
    "started_at",
]

PID_FILES = ("/run/sshd.pid", "/var/run/sshd.pid")
_RELOADS_SECONDS = 0.5  # for so long a daemon that starts itself anew may have no socket


class ServiceError(Refusal):
    """The service could not be reloaded; one sentence."""


def find() -> Daemon:
    """Return the sshd of this host: of several that of the usual unit, of port 22, the first."""
    listener = _listener_of_pid_file()
    own = listening.held(listener.pid) if listener else {}
    rest = set(listening.table()) - set(own)
    if not rest:
        return of_listener(listener) if listener else _without_listener()
    # Loaded only here: on most hosts that people log in to, nothing but sshd listens.
    from . import daemons

    return daemons.choose(listener, rest, listener_of, of_listener) or _without_listener()


def of_listener(listener: Listener) -> Daemon:
    """Return the daemon that a running listener is."""
    words = listener.command_line
    running = None if words.doubt else True
    if os.path.isdir("/run/systemd/system"):
        name = listener.unit[:-8] if listener.unit else None
        return Daemon(Service(name, "systemd", running), listener, words)
    from . import inits

    return Daemon(inits.service(listener.pid)._replace(running=running), listener, words)


def _without_listener() -> Daemon:
    """Return the daemon that is installed; only systemd can say how it would be started."""
    if not os.path.isdir("/run/systemd/system"):
        from . import inits

        return Daemon(inits.service(None), None, CommandLine())
    from . import unit as sshd_unit

    properties = sshd_unit.show(UNITS)
    if properties is None:
        return Daemon(Service(None, "systemd", False), None, CommandLine())
    running = properties["ActiveState"] in ("active", "reloading")
    words = parse_words(sshd_unit.start_words(properties))
    return Daemon(Service(properties["Id"][:-8], "systemd", running), None, words)


def _listener_of_pid_file() -> Optional[Listener]:
    """Return the process that a pid file names, if it is an sshd that listens."""
    for path in PID_FILES:
        try:
            with open(path, "rb") as pid_file:
                pid = int(pid_file.read(32))
        except (OSError, ValueError):
            continue
        found = listener_of(pid, path)
        limit = time.monotonic() + _RELOADS_SECONDS
        while found is not None and not listening.held(pid):
            if time.monotonic() > limit:
                found = None
                break
            time.sleep(0.02)
        if found is not None:
            return found
    return None


def listener_of(pid: int, pid_file: Optional[str]) -> Optional[Listener]:
    """Return the sshd of root that accepts connections here; None for other processes.

    An old pid file may hold the number of anybody's process, and that may bear any title.
    """
    try:
        if not _is_roots(pid) or not is_sshd(pid) or not _has_our_files(pid):
            return None
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            text = cmdline.read().decode("utf-8", "surrogateescape")
    except OSError:
        return None
    if not text or _SESSION.match(text):
        return None  # a session's monitor is root's too
    unit = _unit_of(pid)
    title = re.match(r"sshd: (.*?) \[listener\]", text, re.DOTALL)
    words = title.group(1).split(" ") if title else text.rstrip("\0").split("\0")
    if (title is None and text.startswith("sshd: ")) or (title is not None and _doubtful(words)):
        from . import titles

        return Listener(pid, pid_file, titles.resolve(pid, text, unit), unit)
    return Listener(pid, pid_file, parse_words(words), unit)


# Of a session: "sshd: ann [priv]", "sshd: ann@pts/0". A listener's words begin with a path.
_SESSION = re.compile(r"sshd(?!: /)[a-z-]*: (?!.* \[listener\])", re.DOTALL)
_COMMAND = re.compile(r"(?:-[46DdeGiqrTtV]*o)?(?:[A-Za-z]*command|subsystem)\b", re.IGNORECASE)


def _doubtful(words: Sequence[str]) -> bool:
    """Tell whether these words, parted at blanks, may have been others: a command has its own."""
    return any(
        (word.startswith("-") and not OPTION.match(word)) or _COMMAND.match(word)
        for word in words[1:]
    )


def of_path(path: Optional[str], daemon: Daemon) -> Tuple[Daemon, Optional[str]]:
    """Return the daemon that reads a file, else the first one; with it what that one reads."""
    reads = daemon.config
    if path is None or not daemon.others or is_same(reads, path):
        return daemon, reads
    for position, other in enumerate(daemon.others):
        if is_same(other.config, path):
            rest = daemon.others[:position] + daemon.others[position + 1 :]
            return other._replace(others=(daemon._replace(others=()),) + rest), other.config
    return daemon, reads


def is_same(one: Optional[str], other: str) -> bool:
    """Tell whether two paths lead to one file."""
    return one is not None and os.path.realpath(one) == os.path.realpath(other)


def doubts(daemon: Daemon, reads: Optional[str]) -> List[str]:
    """Return why a daemon may not do what its program says of a file: sentences."""
    sentences = []
    if reads is None:
        program = daemon.words.binary or "its program"
        sentences.append(f"Which file the sshd of this host ({program}) reads cannot be known.")
    if daemon.words.doubt:
        from . import daemons

        sentences.append(daemons.not_understood(daemon))
    return sentences


def _is_roots(pid: int) -> bool:
    """Tell by all four user ids: what is in /proc/PID belongs to root for other reasons, too."""
    with open(f"/proc/{pid}/status", "rb") as status:
        return re.search(rb"\nUid:(\t0){4}\n", status.read()) is not None


def is_sshd(pid: int) -> bool:
    """Tell by its program and root folder: anybody may give a process of his sshd's title.

    The program's name goes on with " (deleted)" once an upgrade has replaced it.
    """
    program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    return program.startswith("sshd") and os.path.samestat(
        os.stat(f"/proc/{pid}/root/"), os.stat("/")
    )


def _has_our_files(pid: int) -> bool:
    """Tell whether a process has the folder of sshd's files that we have.

    A unit whose mounts are its own may not have it, and a container has not.
    """
    if os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
        return True
    folder = os.path.dirname(DEFAULT_PATH)
    folder = folder if os.path.isdir(folder) else "/etc"
    return os.path.samestat(os.stat(f"/proc/{pid}/root{folder}"), os.stat(folder))


def _unit_of(pid: int) -> Optional[str]:
    """Return the systemd unit of a process: the last part of its control group's name."""
    try:
        with open(f"/proc/{pid}/cgroup") as groups:
            for line in groups:
                name = line.rstrip("\n").rpartition("/")[2]
                if name.endswith(".service"):
                    return name
    except OSError:
        pass
    return None


def stale(listener: Listener, paths: Iterable[str]) -> Optional[bool]:
    """Tell whether the newest of the files was changed after the listener read its configuration.

    None where nothing tells: no pid file, a process that is older than the files, and no reload by
    systemd since; or times that lie ahead, as they do once the clock was set back.
    """
    newest = max(_changed_at(path) for path in paths)
    if newest > time.time() * 1e9:
        return None
    known = read_at(listener)
    if known is not None:
        return known < newest
    started = started_at(listener.pid)
    if started is not None and started > newest:
        return False
    if listener.unit is None or not os.path.isdir("/run/systemd/system"):
        return None
    from . import unit

    reloaded = unit.reloaded_at(listener.unit)
    return False if reloaded is not None and reloaded > newest else None


def newer(listener: Listener, paths: Iterable[str]) -> List[str]:
    """Return the files that were changed after the listener read them, as far as that is known."""
    known = read_at(listener)
    return [] if known is None else [path for path in paths if _changed_at(path) > known]


def read_at(listener: Listener) -> Optional[int]:
    """Return when the listener read its files, in ns since the epoch, or None: not known.

    A pid file's time that lies ahead, or after that of its last change, is none of sshd's making.
    """
    status = pid_file_status(listener)
    if status is None:
        return None
    likely = status.st_mtime_ns <= status.st_ctime_ns <= time.time() * 1e9
    return status.st_mtime_ns if likely else None


def pid_file_status(listener: Listener) -> Optional[os.stat_result]:
    """Return what the system says of the listener's pid file; None where it has none."""
    if listener.pid_file is None:
        return None
    try:
        return os.stat(listener.pid_file)
    except OSError:
        return None


def started_at(pid: int) -> Optional[float]:
    """Return when a process was started, in ns since the epoch, or None: there is no such process.

    The times of the files in /proc/PID are those of their first look-up.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            ticks = int(stream.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
    since_boot = ticks / float(os.sysconf("SC_CLK_TCK"))
    return (time.time() - time.clock_gettime(7) + since_boot) * 1e9  # 7: CLOCK_BOOTTIME


def _changed_at(path: str) -> int:
    """Return when content or attributes changed last: a copy may bring any mtime with it."""
    try:
        return os.stat(path).st_ctime_ns
    except OSError:
        return 0
