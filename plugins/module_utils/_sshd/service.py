# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running sshd: command line, service, when it read its files. Private to the collection.

A reload (HUP) rewrites the pid file and keeps the process, so the pid file's time tells when the
listener last read its configuration (measured, OpenSSH 8.0 to 10.5).
"""

import os
import re
import time
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .._refusal import Refusal

__all__ = [
    "UNITS",
    "CommandLine",
    "Daemon",
    "Listener",
    "Service",
    "ServiceError",
    "find",
    "is_sshd",
    "newer",
    "pid_file_status",
    "read_at",
    "stale",
    "started_at",
]

PID_FILES = ("/run/sshd.pid", "/var/run/sshd.pid")
UNITS = ("ssh.service", "sshd.service")
_WITH_ARGUMENT = "CEbcfghkopu"  # the letters of sshd(8) that take one


class ServiceError(Refusal):
    """The service could not be reloaded; one sentence."""


class CommandLine(NamedTuple):
    """What matters of the words that sshd runs with.

    ``options`` are the arguments of ``-o``, ``keys`` the words for host keys and certificates.
    """

    binary: Optional[str] = None
    config: Optional[str] = None
    options: Tuple[str, ...] = ()
    ports: Tuple[int, ...] = ()
    keys: Tuple[str, ...] = ()


class Listener(NamedTuple):
    """The process that accepts connections; ``pid_file`` is None where it keeps none."""

    pid: int
    pid_file: Optional[str]
    command_line: CommandLine


class Service(NamedTuple):
    """As modules return it; ``manager`` is ``systemd``, ``openrc`` or None."""

    name: Optional[str]
    manager: Optional[str]
    running: Optional[bool]


class Daemon(NamedTuple):
    """The service, its listener if one runs, and the command line that it has or would have."""

    service: Service
    listener: Optional[Listener]
    words: CommandLine


def find() -> Daemon:
    """Return the sshd of this host."""
    listener = _listener_of_pid_file()
    if os.path.isdir("/run/systemd/system"):
        return _find_systemd(listener)
    words = listener.command_line if listener else CommandLine()
    if os.path.isdir("/run/openrc"):
        return Daemon(Service("sshd", "openrc", listener is not None), listener, words)
    return Daemon(Service(None, None, listener is not None), listener, words)


def _find_systemd(listener: Optional[Listener]) -> Daemon:
    unit = _unit_of(listener.pid) if listener else None
    if listener is not None and unit in UNITS:
        return Daemon(Service(unit[:-8], "systemd", True), listener, listener.command_line)
    # Loaded only here: where sshd runs, its listener tells.
    from . import unit as sshd_unit

    properties = sshd_unit.show(UNITS)
    running = properties is not None and properties["ActiveState"] in ("active", "reloading")
    if properties is None or (listener is not None and not running):
        # Under a unit of another name, or under none: the one that is installed is not what runs.
        words = listener.command_line if listener else CommandLine()
        name = unit[:-8] if unit else None
        return Daemon(Service(name, "systemd", listener is not None), listener, words)
    listener = _main_listener(properties["MainPID"], listener)
    words = listener.command_line if listener else _parse_words(sshd_unit.start_words(properties))
    return Daemon(Service(properties["Id"][:-8], "systemd", running), listener, words)


def _main_listener(main_pid: str, listener: Optional[Listener]) -> Optional[Listener]:
    """Return the unit's main process rather than one that a pid file names, if the two differ."""
    pid = int(main_pid or 0)
    if not pid or (listener is not None and listener.pid == pid):
        return listener
    words = _command_line_of(pid)
    return listener if words is None else Listener(pid, None, words)


def _listener_of_pid_file() -> Optional[Listener]:
    for path in PID_FILES:
        try:
            with open(path, "rb") as pid_file:
                pid = int(pid_file.read(32))
        except (OSError, ValueError):
            continue
        words = _command_line_of(pid)
        if words is not None:
            return Listener(pid, path, words)
    return None


def _command_line_of(pid: int) -> Optional[CommandLine]:
    """Return the words of the sshd of root that accepts connections here; None for other processes.

    An old pid file may hold the number of anybody's process, and that may bear any title.
    """
    try:
        if not _is_roots(pid) or not is_sshd(pid):
            return None
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            text = cmdline.read().decode("utf-8", "surrogateescape")
    except OSError:
        return None
    title = re.match(r"sshd: (.*?) \[listener\]", text, re.DOTALL)
    if title is None and text.startswith("sshd: "):
        return None  # a session's monitor is root's too
    words = title.group(1).split(" ") if title else text.rstrip("\0").split("\0")
    return _parse_words(words) if os.path.basename(words[0]).startswith("sshd") else None


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


def _parse_words(words: Sequence[str]) -> CommandLine:
    arguments: Dict[str, List[str]] = {"f": [], "o": [], "p": []}
    rest = list(words[1:])
    last = ""
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            if last == "o":  # the kernel shows the words joined by blanks: this was one word
                arguments["o"][-1] += " " + word
            continue
        last = ""
        for position, letter in enumerate(word[1:], 2):
            if letter in _WITH_ARGUMENT:
                last = letter
                argument = word[position:] or (rest.pop(0) if rest else "")
                arguments.setdefault(letter, []).append(argument)
                break
    return CommandLine(
        words[0] if words else None,
        arguments["f"][-1] if arguments["f"] else None,
        tuple(arguments["o"]),
        tuple(int(port) for port in arguments["p"] if re.match(r"[0-9]{1,5}\Z", port)),
        tuple(
            word
            for letter in "hc"
            for path in arguments.get(letter, ())
            for word in ("-" + letter, path)
        ),
    )


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

    None where nothing tells: no pid file, and a process that is older than the files; or times
    that lie ahead, as they do once the clock was set back.
    """
    newest = max(_changed_at(path) for path in paths)
    if newest > time.time() * 1e9:
        return None
    known = read_at(listener)
    if known is not None:
        return known < newest
    started = started_at(listener.pid)
    return False if started is not None and started > newest else None


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
