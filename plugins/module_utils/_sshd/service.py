# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running sshd: command line, service, when it read its files. Private to the collection.

The daemon is the process that holds the socket at which connections come in. A pid file is where
it is looked for first, and no more. A reload (HUP) rewrites it and keeps the process, so its time
tells when the listener last read its configuration (measured, OpenSSH 8.0 to 10.5).
"""

import mmap
import os
import re
import time
from contextlib import suppress
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, Union

from .._refusal import Refusal
from . import listening

__all__ = [
    "DEFAULT_PATH",
    "UNITS",
    "CommandLine",
    "Daemon",
    "Listener",
    "Service",
    "ServiceError",
    "built_in",
    "is_sshd",
    "listener_of",
    "marked_read",
    "newer",
    "of_listener",
    "parse_words",
    "pid_file_status",
    "read_at",
    "with_pid_file",
    "stale",
    "started_at",
]

UNITS = ("ssh.service", "sshd.service")
DEFAULT_PATH = "/etc/ssh/sshd_config"  # where no program is there to tell
_BUILT_IN = b"/sshd_config\0"
_LARGEST = 32 << 20  # bytes of a program that is looked into
_WITH_ARGUMENT = "CEbcfghkopu"  # the letters of sshd(8) that take one


class ServiceError(Refusal):
    """The service could not be reloaded; one sentence."""


class CommandLine(NamedTuple):
    """What matters of the words that sshd runs with.

    ``options`` are the arguments of ``-o``, ``keys`` the words for host keys and certificates;
    ``doubt`` says, in a sentence, why there may be more than these.
    """

    binary: Optional[str] = None
    config: Optional[str] = None
    options: Tuple[str, ...] = ()
    ports: Tuple[int, ...] = ()
    keys: Tuple[str, ...] = ()
    doubt: Optional[str] = None


class Listener(NamedTuple):
    """The process that accepts connections; ``pid_file`` is None where it keeps none.

    ``foreign``: it sees other files than we do, as that of a container which has our network.
    """

    pid: int
    pid_file: Optional[str]
    command_line: CommandLine
    unit: Optional[str] = None
    foreign: bool = False


class Service(NamedTuple):
    """As modules return it; ``manager``: ``systemd``, ``openrc``, ``sysvinit``, ``runit``, None."""

    name: Optional[str]
    manager: Optional[str]
    running: Optional[bool]


class Daemon(NamedTuple):
    """A service, its listener if one runs, and the command line that it has or would have.

    ``others`` are those that let people in at this host beside it; ``sockets``: where systemd
    listens for it.
    """

    service: Service
    listener: Optional[Listener]
    words: CommandLine
    others: Tuple["Daemon", ...] = ()
    sockets: Tuple[str, ...] = ()

    @property
    def is_foreign(self) -> bool:
        """Tell whether what it reads are no files of ours."""
        return self.listener is not None and self.listener.foreign

    @property
    def config(self) -> Optional[str]:
        """Return the file that it reads; None where that cannot be known."""
        return self.words.config or default_config(self)


def of_listener(listener: Listener) -> Daemon:
    """Return the daemon that a running listener is."""
    words = listener.command_line
    running = None if words.doubt else True
    if listener.foreign:
        return Daemon(Service(None, None, running), listener, words)
    if os.path.isdir("/run/systemd/system"):
        name = listener.unit[:-8] if listener.unit else None
        return Daemon(Service(name, "systemd", running), listener, words)
    from . import inits

    return Daemon(Service(*inits.service(listener.pid), running), listener, words)


def listener_of(pid: int, pid_file: Optional[str] = None) -> Optional[Listener]:
    """Return the sshd of root that accepts connections; None for other processes.

    An old pid file may hold the number of anybody's process, and that may bear any title.
    """
    try:
        if not _is_roots(pid) or not _paths_in(f"/proc/{pid}/exe"):
            return None
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            text = cmdline.read().decode("utf-8", "surrogateescape")
        foreign = not _has_our_files(pid)
    except OSError:
        return None
    if not text or _SESSION.match(text):
        return None  # a session's monitor is root's too
    unit = None if foreign else _unit_of(pid)
    title = re.match(r"[^\0/]*: (.*?) \[listener\]", text, re.DOTALL)
    words = title.group(1).split(" ") if title else text.rstrip("\0").split("\0")
    if (title is None and _TITLE.match(text)) or (title is not None and _doubtful(words)):
        from . import titles

        words, doubt = titles.resolve(pid, text, unit)
        command_line = parse_words(words)._replace(doubt=doubt)
    else:
        command_line = parse_words(words, joined=title is not None)
    if not foreign and not command_line.doubt:
        place = _mounted_otherwise(pid, command_line.config or DEFAULT_PATH)
        doubt = f"at {place} it sees something else than is seen from here" if place else None
        command_line = command_line._replace(doubt=doubt)
    return Listener(pid, pid_file, command_line, unit, foreign)


# Titles begin with the program's name. Of a session: "sshd: ann [priv]", "sshd: ann@pts/0". A
# listener's words begin with a path: without one it could not start itself anew.
_TITLE = re.compile(r"[^\0/]*: ")
_SESSION = re.compile(r"[^\0/]*: (?!/)(?!.* \[listener\])", re.DOTALL)
# What sshd(8) knows. Any other word is a part of the one before it, which had blanks.
_OPTION = re.compile(r"-(?:[46DdeGiqrTtV]+|[46DdeGiqrTtV]*[CEbcfghkopu].*)\Z", re.DOTALL)
_COMMAND = re.compile(r"(?:-[46DdeGiqrTtV]*o)?(?:[A-Za-z]*command|subsystem)\b", re.IGNORECASE)


def _doubtful(words: Sequence[str]) -> bool:
    """Tell whether these words, parted at blanks, may have been others: a command has its own."""
    return any(
        (word.startswith("-") and not _OPTION.match(word)) or _COMMAND.match(word)
        for word in words[1:]
    )


def default_config(daemon: Daemon) -> Optional[str]:
    """Return the file that a daemon's program reads if it is told of none; None: not known.

    It is built in, and whoever builds sshd may choose it.
    """
    listener = daemon.listener
    program = f"/proc/{listener.pid}/exe" if listener else daemon.words.binary
    if program is None:
        from . import asking

        try:
            program = asking.find_binary(None, None)
        except asking.SshdError:
            return DEFAULT_PATH
    return built_in(program)


def built_in(program: str) -> Optional[str]:
    """Return the one configuration file whose path stands in a program; None: not known.

    Of several the only one that exists, as where a vendor has a file of its own below /usr.
    """
    try:
        paths = _paths_in(program)
    except OSError:
        return None
    there = {path for path in paths if os.path.exists(path)} if len(paths) > 1 else paths
    return there.pop() if len(there) == 1 else None


def _paths_in(program: str) -> Set[str]:
    """Return the paths of files ``sshd_config`` that stand in a program: none where it is no sshd.

    :raises OSError: there is no such program, or it may not be read.
    """
    paths: Set[str] = set()
    with open(program, "rb") as stream:
        if not 0 < os.fstat(stream.fileno()).st_size <= _LARGEST:
            return paths
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            end = content.find(_BUILT_IN)
            while end >= 0:
                start = content.rfind(b"\0", 0, end) + 1
                paths.add(os.fsdecode(content[start : end + len(_BUILT_IN) - 1]))
                end = content.find(_BUILT_IN, end + 1)
    return {path for path in paths if path.startswith("/")}


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
    """Tell whether a process sees sshd's files that we see.

    Those of a unit may, whose mounts are its own; none in a container or in a jail does.
    """
    if not os.path.samestat(os.stat(f"/proc/{pid}/root/"), os.stat("/")):
        return False
    if os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
        return True
    folder = os.path.dirname(DEFAULT_PATH)
    folder = folder if os.path.isdir(folder) else "/etc"
    return os.path.samestat(os.stat(f"/proc/{pid}/root{folder}"), os.stat(folder))


def _mounted_otherwise(pid: int, path: str) -> Optional[str]:
    """Return what at or below the folder of a file is something else to a process than to us.

    A unit may have files of its own there, by a mount that nobody else sees.
    """
    folder = os.path.dirname(path)
    with suppress(OSError):
        if os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
            return None
        for place in sorted(_mounts(pid, folder) | _mounts("self", folder)):
            if not _is_one(f"/proc/{pid}/root{place}", place):
                return place
        return None if _is_one(f"/proc/{pid}/root{path}", path) else path
    return None


def _mounts(pid: Union[int, str], folder: str) -> Set[str]:
    """Return where something is mounted at or below a folder, as a process sees it."""
    with open(f"/proc/{pid}/mountinfo", "rb") as mounts:
        text = os.fsdecode(mounts.read())
    places = [
        re.sub(r"\\([0-7]{3})", lambda code: chr(int(code.group(1), 8)), line.split(" ")[4])
        for line in text.splitlines()
    ]
    return {place for place in places if folder != "/" and (place + "/").startswith(folder + "/")}


def _is_one(one: str, other: str) -> bool:
    """Tell whether two paths lead to one file, or both to none."""
    try:
        return os.path.samefile(one, other)
    except FileNotFoundError:
        return os.path.exists(one) == os.path.exists(other)


def parse_words(words: Sequence[str], joined: bool = True) -> CommandLine:
    """Return what matters of the words that sshd is started with.

    :param joined: they were parted at blanks, which one of them may have had itself.
    """
    arguments: Dict[str, List[str]] = {"f": [], "o": [], "p": []}
    rest = list(words[1:])
    program = [words[0]] if words else []
    before = program
    while rest:
        word = rest.pop(0)
        if not _OPTION.match(word):
            if before and joined:
                before[-1] += " " + word
            continue
        before = []
        for position, letter in enumerate(word[1:], 2):
            if letter in _WITH_ARGUMENT:
                before = arguments.setdefault(letter, [])
                before.append(word[position:] or (rest.pop(0) if rest else ""))
                break
    return CommandLine(
        program[0] if program else None,
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


def stale(listener: Listener, texts: Mapping[str, str]) -> Optional[bool]:
    """Tell whether the newest of these files was changed after the listener read them.

    None where nothing tells: no pid file, a process that is older than the files, and no reload by
    us or by systemd since; or times that lie ahead, as they do once the clock was set back.
    """
    newest = max(_changed_at(path) for path in texts)
    if newest > time.time() * 1e9:
        return None
    known = read_at(with_pid_file(listener, texts))
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


def newer(listener: Listener, texts: Mapping[str, str]) -> List[str]:
    """Return the files that were changed after the listener read them, as far as that is known."""
    known = read_at(with_pid_file(listener, texts))
    return [] if known is None else [path for path in texts if _changed_at(path) > known]


def with_pid_file(listener: Listener, texts: Mapping[str, str]) -> Listener:
    """Return the listener with the pid file that options or files name, if it holds its number."""
    if listener.pid_file is not None:
        return listener
    for text in listener.command_line.options + tuple(texts.values()):
        for path in re.findall(r'(?im)^[ \t]*"?pidfile"?[ \t=]+"?(/[^\s"]+)', text):
            with suppress(OSError, ValueError), open(path, "rb") as pid_file:
                if int(pid_file.read(32)) == listener.pid:
                    return listener._replace(pid_file=path)
    return listener


def read_at(listener: Listener) -> Optional[int]:
    """Return when the listener read its files, in ns since the epoch, or None: not known.

    A pid file's time that lies ahead, or after that of its last change, is none of sshd's making.
    """
    now = time.time() * 1e9
    status = pid_file_status(listener)
    if status is None:
        marked = _mark(listener)
        return marked if marked is not None and 0 < marked <= now else None
    likely = status.st_mtime_ns <= status.st_ctime_ns <= now
    return status.st_mtime_ns if likely else None


def marked_read(listener: Listener, when: int) -> None:
    """Note on the socket of a daemon that keeps no pid file when it has read its files.

    The kernel gives sockets no times. A daemon that reads its files again opens other ones, which
    may have the times of one that is gone: so its number stands beside it, as the other time.
    """
    if listener.pid_file is None:
        with suppress(OSError, StopIteration):
            path = next(listening.links(listener.pid))
            os.utime(path, ns=(os.stat(path).st_ino, when))


def _mark(listener: Listener) -> Optional[int]:
    try:
        status = os.stat(next(listening.links(listener.pid)))
        return status.st_mtime_ns if status.st_atime_ns == status.st_ino else None
    except (OSError, StopIteration):
        return None


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
