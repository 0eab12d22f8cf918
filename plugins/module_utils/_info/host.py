# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else on this host ends sessions, and the sessions that are open.

Private to the collection. logind is asked itself, never started; its files tell where its value
comes from.
"""

import os
import re
import subprocess
from typing import Any, Container, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .. import _programs, _sessions
from .._files.reading import text_or_nothing
from .._sshd import service as sshd_service

__all__ = [
    "Logind",
    "distribution",
    "is_span",
    "logind",
    "logind_definitions",
    "logind_sees_ssh",
    "pam_modules",
    "pam_value",
    "sessions",
    "span_seconds",
]

# In systemd's order: of files of one name the first counts.
_FOLDERS = (
    "/etc/systemd",
    "/run/systemd",
    "/usr/local/lib/systemd",
    "/usr/lib/systemd",
    "/lib/systemd",
)
_NEVER = 2**64 - 1
_UNITS = {
    "usec": 1e-6,
    "us": 1e-6,
    "\u00b5s": 1e-6,
    "msec": 1e-3,
    "ms": 1e-3,
    "": 1,
    "s": 1,
    "sec": 1,
    "second": 1,
    "seconds": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
    "hours": 3600,
    "d": 86400,
    "day": 86400,
    "days": 86400,
    "w": 604800,
    "week": 604800,
    "weeks": 604800,
    "month": 2629800,
    "months": 2629800,
    "M": 2629800,
    "y": 31557600,
    "year": 31557600,
    "years": 31557600,
}
# Longer numbers are none that fit: systemd refuses them.
_PART = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)(?![0-9.])\s*([^\W\d_]*)\s*")
_MONITOR = re.compile(r"sshd(?:-session)?: .+ \[priv\]\Z")
_SECONDS = 10  # that a program may take to answer


class Logind(NamedTuple):
    """What logind does with idle sessions; ``seconds`` None: it never ends them, or is not there.

    ``configured`` is what the files say, ``known`` whether logind said what is in force.
    """

    known: bool
    running: bool
    seconds: Optional[int]
    configured: Optional[int]
    definitions: List[Dict[str, Any]]


def logind() -> Logind:
    """Ask the running logind what it does with idle sessions (systemd 252 and later)."""
    definitions = logind_definitions()
    wins = [entry for entry in definitions if entry["wins"]]
    configured = span_seconds(wins[0]["value"]) if wins else None
    if not os.path.isdir("/run/systemd/system"):
        return Logind(False, False, None, configured, definitions)
    answer = _property("StopIdleSessionUSec")
    if answer is None:
        # Any release has the other one, so that it tells whether logind answers at all.
        return Logind(False, _property("IdleActionUSec") is not None, None, configured, definitions)
    microseconds = int(answer)
    seconds = None if microseconds in (0, _NEVER) else (microseconds + 999999) // 1000000
    return Logind(True, True, seconds, configured, definitions)


def logind_sees_ssh(release: Tuple[int, int], uid: int, modules: Container[str]) -> bool:
    """Tell whether logind learns the terminal of a user's SSH sessions: else none is ever idle.

    pam_systemd is asked before there is a terminal; logind then takes it from utmp, which newer
    systems do not have. Before 9.8 root's sshd is not the process that utmp names (measured).
    """
    if "pam_systemd.so" not in modules or not os.path.exists("/run/utmp"):
        return False
    if uid == 0 and release < (9, 8):
        return False
    return "+UTMP" in _said_by(["systemctl", "--version"])


def _property(name: str) -> Optional[str]:
    """Return a number that logind tells over D-Bus."""
    manager = (
        "org.freedesktop.login1",
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
    )
    answer = _said_by(["busctl", "--auto-start=no", "get-property", *manager, name])
    value = re.match(r"t (\d+)\s*\Z", answer)
    return value.group(1) if value else None


def _said_by(command: Sequence[str]) -> str:
    """Return what a program says; nothing if it is not there, fails or hangs."""
    status, text = _programs.run(command, _SECONDS, subprocess.DEVNULL)
    return text if status == 0 else ""


def logind_definitions() -> List[Dict[str, Any]]:
    """Return where StopIdleSessionSec is set, in reading order: the last one counts."""
    definitions: List[Dict[str, Any]] = []
    for path in _logind_files():
        section = ""
        for number, line in enumerate(text_or_nothing(path).split("\n"), 1):
            line = line.strip()
            header = re.match(r"\[(.*)\]\Z", line)
            section = header.group(1) if header else section
            name, equals, value = line.partition("=")
            if section == "Login" and equals and name.strip() == "StopIdleSessionSec":
                definitions.append(
                    {
                        "path": path,
                        "line": number,
                        "text": line,
                        "value": value.strip(),
                        "wins": False,
                    }
                )
    valid = [entry for entry in definitions if is_span(entry["value"])]
    if valid:
        valid[-1]["wins"] = True
    return definitions


def _logind_files() -> List[str]:
    main = [
        folder + "/logind.conf" for folder in _FOLDERS if os.path.exists(folder + "/logind.conf")
    ][:1]
    drop_ins: Dict[str, str] = {}
    for folder in _FOLDERS:
        for name in _names(folder + "/logind.conf.d"):
            if name.endswith(".conf"):
                drop_ins.setdefault(name, f"{folder}/logind.conf.d/{name}")
    return main + [drop_ins[name] for name in sorted(drop_ins, key=os.fsencode)]


def is_span(text: str) -> bool:
    """Tell whether a text is one of systemd's time spans."""
    return text == "infinity" or _parts(text) is not None


def span_seconds(text: str) -> Optional[int]:
    """Return the seconds of one of systemd's time spans, rounded up; None: never."""
    parts = _parts(text)
    if not parts:
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return int(-(-total // 1)) or None


def _parts(text: str) -> Optional[List[Tuple[str, str]]]:
    parts, at = [], 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or part.group(2) not in _UNITS:
            return None
        parts.append((part.group(1), part.group(2)))
        at = part.end()
    return parts or None


def pam_modules(service: str) -> Optional[Set[str]]:
    """Return the session modules that a PAM service leads to; None where it cannot be read."""
    modules: Set[str] = set()
    seen: Set[str] = set()
    waiting = [service]
    while waiting:
        name = waiting.pop()
        if name in seen or len(seen) > 50:
            continue
        seen.add(name)
        path = os.path.join("/etc/pam.d", name)
        if not os.path.exists(path):
            path = os.path.join("/usr/lib/pam.d", name)
        if not os.access(path, os.R_OK):
            if name == service:
                return None
            continue
        for line in text_or_nothing(path).replace("\\\n", " ").split("\n"):
            module, included = _pam_rule(line.partition("#")[0])
            modules.update([module] if module else [])
            waiting += [included] if included else []
    return modules


def _pam_rule(line: str) -> Tuple[Optional[str], Optional[str]]:
    """Return the session module that a line of a PAM file names, or the file that it includes."""
    included = re.match(r"\s*@include\s+(\S+)", line)
    if included:
        return None, included.group(1)
    rule = re.match(r"\s*-?session\s+(\[[^]]*\]|\S+)\s+(\S+)", line)
    if rule is None:
        return None, None
    if rule.group(1) in ("include", "substack"):
        return None, rule.group(2)
    return os.path.basename(rule.group(2)), None


def pam_value(name: str) -> Optional[str]:
    """Return what pam_env makes a variable from /etc/environment."""
    value = None
    for line in text_or_nothing("/etc/environment").split("\n"):
        assignment = re.match(r"\s*(?:export\s+)?(\w+)=([^#]*)", line)
        if assignment and assignment.group(1) == name:
            value = assignment.group(2).strip().strip("\"'")
    return value


def distribution() -> str:
    """Return the ID in os-release, such as ``debian``; empty where nothing tells."""
    text = text_or_nothing("/etc/os-release") or text_or_nothing("/usr/lib/os-release")
    name = re.search(r"(?m)^ID=[\"']?([a-z0-9._-]+)", text)
    return name.group(1) if name else ""


def sessions(listener: Optional[sshd_service.Listener]) -> Optional[Dict[str, Optional[int]]]:
    """Count the sessions that are open, and those that began before sshd last read its files.

    None where they cannot be seen, as without root.
    """
    if os.geteuid() != 0:
        return None
    read_at = None if listener is None else sshd_service.read_at(listener)
    began = [start for start in map(_session_start, _sessions.pids()) if start is not None]
    older = None if read_at is None else sum(1 for start in began if start < read_at)
    return {"open": len(began), "older": older}


def _session_start(pid: int) -> Optional[float]:
    """Return when an sshd's session began, in nanoseconds; None for any other process."""
    try:
        if not _sessions.has_session(pid) or not sshd_service.is_sshd(pid):
            return None
        parent = _parent(pid)
        monitored = _MONITOR.match(_sessions.title(parent)) if parent else None
    except (OSError, ValueError, IndexError):
        return None  # it ended while we looked
    return sshd_service.started_at(parent if monitored else pid)


def _parent(pid: int) -> int:
    """Return the parent of a process; before it stands its name, which may hold anything."""
    with open(f"/proc/{pid}/stat", "rb") as stream:
        return int(stream.read(4096).decode("utf-8", "replace").rpartition(")")[2].split()[1])


def _names(folder: str) -> List[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
