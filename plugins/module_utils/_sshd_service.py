# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running sshd: command line, service, when it read its files. Private to the collection.

A reload (HUP) rewrites the pid file and keeps the process, so the pid file's time tells when the
listener last read its configuration (measured, OpenSSH 8.0 to 10.5).
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

__all__ = ["CommandLine", "Listener", "Service", "ServiceError", "find", "reload", "stale"]

PID_FILES = ("/run/sshd.pid", "/var/run/sshd.pid")
UNITS = ("ssh.service", "sshd.service")
WAIT_SECONDS = 20
_WITH_ARGUMENT = "CEbcfghkopu"  # the letters of sshd(8) that take one


class ServiceError(Exception):
    """The service could not be reloaded; one sentence."""


class CommandLine(NamedTuple):
    """What matters of the words that sshd runs with; ``options`` are the arguments of ``-o``."""

    binary: Optional[str] = None
    config: Optional[str] = None
    options: Tuple[str, ...] = ()
    ports: Tuple[int, ...] = ()


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


def find() -> Tuple[Service, Optional[Listener], CommandLine]:
    """The service, its listener if one runs, and the command line that it has or would have."""
    listener = _listener_of_pid_file()
    if os.path.isdir("/run/systemd/system"):
        return _find_systemd(listener)
    words = listener.command_line if listener else CommandLine()
    if os.path.isdir("/run/openrc"):
        return Service("sshd", "openrc", listener is not None), listener, words
    return Service(None, None, listener is not None), listener, words


def _find_systemd(
        listener: Optional[Listener]) -> Tuple[Service, Optional[Listener], CommandLine]:
    unit = _unit_of(listener.pid) if listener else None
    if listener is not None and unit in UNITS:
        return Service(unit[:-8], "systemd", True), listener, listener.command_line
    shown = _show_units()
    if shown is None:
        words = listener.command_line if listener else CommandLine()
        return Service(None, "systemd", listener is not None), listener, words
    name = shown["Id"][:-8]
    if listener is None and shown["MainPID"] not in ("", "0"):
        pid = int(shown["MainPID"])
        shown_words = _command_line_of(pid)
        listener = Listener(pid, None, shown_words) if shown_words is not None else None
    running = shown["ActiveState"] in ("active", "reloading")
    words = listener.command_line if listener else _parse_words(_start_words(shown))
    return Service(name, "systemd", running), listener, words


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
    """None unless the process is an sshd that shares our root folder."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as cmdline:
            text = cmdline.read().decode("utf-8", "surrogateescape")
        if not os.path.samestat(os.stat("/proc/%d/root/" % pid), os.stat("/")):
            return None
    except OSError:
        return None
    title = re.match(r"sshd: (.*?) \[listener\]", text, re.DOTALL)
    words = title.group(1).split(" ") if title else text.rstrip("\0").split("\0")
    return _parse_words(words) if os.path.basename(words[0]).startswith("sshd") else None


def _parse_words(words: Sequence[str]) -> CommandLine:
    found: Dict[str, List[str]] = {"f": [], "o": [], "p": []}
    rest = list(words[1:])
    last = ""
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            if last == "o":  # the kernel shows the words joined by blanks: this was one word
                found["o"][-1] += " " + word
            continue
        last = ""
        for position, letter in enumerate(word[1:], 2):
            if letter in _WITH_ARGUMENT:
                last = letter
                argument = word[position:] or (rest.pop(0) if rest else "")
                found.setdefault(letter, []).append(argument)
                break
    return CommandLine(
        words[0] if words else None, found["f"][-1] if found["f"] else None, tuple(found["o"]),
        tuple(int(port) for port in found["p"] if port.isdigit()))


def _unit_of(pid: int) -> Optional[str]:
    """The systemd unit of a process: the last part of its control group's name."""
    try:
        with open("/proc/%d/cgroup" % pid) as groups:
            for line in groups:
                name = line.rstrip("\n").rpartition("/")[2]
                if name.endswith(".service"):
                    return name
    except OSError:
        pass
    return None


def _show_units() -> Optional[Dict[str, str]]:
    """systemd's properties of sshd's unit: the active one, else the first that is installed."""
    wanted = "Id,LoadState,ActiveState,MainPID,ExecStart,Environment,EnvironmentFiles"
    status, output = _run(["systemctl", "show", "--no-pager", "-p", wanted] + list(UNITS))
    if status != 0:
        return None
    units = []
    for block in output.strip().split("\n\n"):
        unit = dict.fromkeys(wanted.split(","), "")
        for line in block.split("\n"):
            key, _equals, value = line.partition("=")
            unit[key] = unit[key] + "\n" + value if unit.get(key) else value
        if unit["LoadState"] == "loaded" and unit["Id"].endswith(".service"):
            units.append(unit)
    units.sort(key=lambda unit: unit["ActiveState"] != "active")
    return units[0] if units else None


def _start_words(shown: Dict[str, str]) -> List[str]:
    """The words with which systemd would start sshd, its variables put in."""
    start = re.search(r"argv\[\]=(.*?) ;", shown["ExecStart"])
    if start is None:
        return []
    variables: Dict[str, str] = {}
    _assign(variables, _split(shown["Environment"]))
    for line in shown["EnvironmentFiles"].split("\n"):
        path = re.sub(r" \(ignore_errors=\w+\)$", "", line)
        try:
            with open(path, "rb") as environment:
                text = environment.read(65536).decode("utf-8", "surrogateescape")
        except OSError:
            continue
        for assignment in text.split("\n"):
            if not assignment.lstrip().startswith(("#", ";")):
                _assign(variables, [" ".join(_split(assignment))])
    words: List[str] = []
    for word in start.group(1).split(" "):
        name = re.match(r"\$\{?(\w+)\}?\Z", word)
        words.extend(_split(variables.get(name.group(1), "")) if name else [word])
    return words


def _split(text: str) -> List[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _assign(variables: Dict[str, str], assignments: Iterable[str]) -> None:
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if equals:
            variables[name.strip()] = value


def stale(listener: Listener, paths: Iterable[str]) -> Optional[bool]:
    """Whether the listener read its configuration before the newest of the files was changed.

    None where nothing tells: no pid file, and a process that is older than the files.
    """
    newest = max(_changed_at(path) for path in paths)
    if listener.pid_file is not None:
        try:
            return os.stat(listener.pid_file).st_mtime_ns < newest
        except OSError:
            pass
    try:
        started = os.stat("/proc/%d" % listener.pid).st_mtime_ns
    except OSError:
        return None
    return False if started > newest else None


def _changed_at(path: str) -> int:
    """Content or attributes, whichever changed last: a copy may bring an old mtime with it."""
    try:
        status = os.stat(path)
    except OSError:
        return 0
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _addresses(listen: Iterable[str]) -> List[Tuple[str, int]]:
    """Where to knock, from the ``listenaddress`` lines of ``sshd -T``."""
    found = []
    for item in listen:
        match = re.match(r"\[?(.*?)\]?:(\d+)(?: rdomain .*)?\Z", item)
        if match is not None:
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(match.group(1), match.group(1))
            found.append((host, int(match.group(2))))
    return found


def reload(service: Service, listener: Listener, listening: Sequence[str]) -> None:
    """Have the daemon read its files again, and wait until it answers wherever it did before.

    ``listening`` holds the ``listenaddress`` lines of ``sshd -T``.
    """
    answered = [address for address in _addresses(listening) if _answers(address)]
    read_at = _pid_file_time(listener)
    if service.manager == "systemd" and service.name:
        status, output = _run(["systemctl", "reload", service.name])
    elif service.manager == "openrc":
        status, output = _run(["rc-service", "sshd", "reload"])
    else:
        os.kill(listener.pid, signal.SIGHUP)
        status, output = 0, ""
    if status != 0:
        raise ServiceError("Reloading sshd failed: %s" % " ".join(output.split()))
    _await_answers(listener, read_at, answered)


def _await_answers(listener: Listener, read_at: Optional[int],
                   answered: Sequence[Tuple[str, int]]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    waiting = list(answered)
    while time.monotonic() < end:
        if read_at is None or (_pid_file_time(listener) or 0) > read_at:
            waiting = [address for address in waiting if not _answers(address)]
            if not waiting:
                return
        time.sleep(0.02)
    if waiting:
        raise ServiceError("sshd no longer answers at %s after the reload." % ", ".join(
            "%s port %d" % address for address in waiting))
    raise ServiceError("sshd did not read its files again after the reload.")


def _pid_file_time(listener: Listener) -> Optional[int]:
    if listener.pid_file is None:
        return None
    try:
        return os.stat(listener.pid_file).st_mtime_ns
    except OSError:
        return 0


def _answers(address: Tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _run(command: Sequence[str]) -> Tuple[int, str]:
    program = shutil.which(command[0], path="/usr/bin:/bin:/usr/sbin:/sbin")
    if program is None:
        return 127, "%s is not installed." % command[0]
    environment = dict(os.environ, LC_ALL="C")
    try:
        process = subprocess.Popen(
            [program] + list(command[1:]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=environment)
    except OSError as error:
        return 126, "%s: %s." % (program, error.strerror)
    try:
        output = process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return 124, "%s did not end within 60 seconds." % program
    return process.returncode, output.decode("utf-8", "replace")
