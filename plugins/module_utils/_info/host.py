# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else on this host ends sessions, and the sessions that are open. Private.

logind is asked itself, never started; its files tell where its value comes from.
"""

import os
import re
import shutil
import subprocess
import time
from typing import Any, Container, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._sshd import service as sshd_service

__all__ = [
    "Logind",
    "distribution",
    "logind",
    "logind_sees_ssh",
    "pam_modules",
    "pam_value",
    "sessions",
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
_TITLE = re.compile(r"sshd(?:-session)?: .+@\S+\Z")
_MONITOR = re.compile(r"sshd(?:-session)?: .+ \[priv\]\Z")
_MAX_BYTES = 4 * 1024 * 1024


class Logind(NamedTuple):
    """``seconds`` is in force; ``configured`` is what the files say; None: never, or not there."""

    known: bool
    running: bool
    seconds: Optional[int]
    configured: Optional[int]
    definitions: List[Dict[str, Any]]


def logind() -> Logind:
    """What the running logind does with idle sessions (systemd 252 and later)."""
    definitions = logind_definitions()
    wins = [entry for entry in definitions if entry["wins"]]
    configured = span_seconds(wins[0]["value"]) if wins else None
    if not os.path.isdir("/run/systemd/system"):
        return Logind(False, False, None, configured, definitions)
    said = _property("StopIdleSessionUSec")
    if said is None:
        # Any release has the other one, so that it tells whether logind answers at all.
        return Logind(False, _property("IdleActionUSec") is not None, None, configured, definitions)
    microseconds = int(said)
    seconds = None if microseconds in (0, _NEVER) else (microseconds + 999999) // 1000000
    return Logind(True, True, seconds, configured, definitions)


def logind_sees_ssh(release: Tuple[int, int], uid: int, modules: Container[str]) -> bool:
    """Whether logind learns the terminal of a user's SSH sessions: without it none is ever idle.

    pam_systemd is asked before there is a terminal; logind then takes it from utmp, which newer
    systems do not have. Before 9.8 root's sshd is not the process that utmp names (measured).
    """
    if "pam_systemd.so" not in modules or not os.path.exists("/run/utmp"):
        return False
    if uid == 0 and release < (9, 8):
        return False
    return "+UTMP" in _run(["systemctl", "--version"])


def _property(name: str) -> Optional[str]:
    found = re.match(
        r"t (\d+)\s*\Z",
        _run(
            [
                "busctl",
                "--auto-start=no",
                "get-property",
                "org.freedesktop.login1",
                "/org/freedesktop/login1",
                "org.freedesktop.login1.Manager",
                name,
            ]
        ),
    )
    return found.group(1) if found else None


def _run(command: Sequence[str]) -> str:
    """What a program says; nothing if it is not there, fails or hangs."""
    program = shutil.which(command[0], path="/usr/bin:/bin")
    if program is None:
        return ""
    try:
        output = subprocess.check_output(
            [program] + list(command[1:]),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return output.decode("utf-8", "replace")


def logind_definitions() -> List[Dict[str, Any]]:
    """Where StopIdleSessionSec is set, in reading order: the last one counts."""
    found: List[Dict[str, Any]] = []
    for path in _logind_files():
        section = ""
        for number, line in enumerate(_text(path).split("\n"), 1):
            line = line.strip()
            header = re.match(r"\[(.*)\]\Z", line)
            section = header.group(1) if header else section
            name, equals, value = line.partition("=")
            if section == "Login" and equals and name.strip() == "StopIdleSessionSec":
                found.append(
                    {
                        "path": path,
                        "line": number,
                        "text": line,
                        "value": value.strip(),
                        "wins": False,
                    }
                )
    valid = [entry for entry in found if is_span(entry["value"])]
    if valid:
        valid[-1]["wins"] = True
    return found


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
    return text == "infinity" or _parts(text) is not None


def span_seconds(text: str) -> Optional[int]:
    """The seconds of systemd's time spans, whole ones, rounded up; None: never."""
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
    """The session modules that a PAM service leads to; None where it cannot be read."""
    found: Set[str] = set()
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
        for line in _text(path).replace("\\\n", " ").split("\n"):
            waiting += _follow_pam(line.partition("#")[0], found)
    return found


def _follow_pam(line: str, found: Set[str]) -> List[str]:
    included = re.match(r"\s*@include\s+(\S+)", line)
    if included:
        return [included.group(1)]
    rule = re.match(r"\s*-?session\s+(\[[^]]*\]|\S+)\s+(\S+)", line)
    if rule is None:
        return []
    if rule.group(1) in ("include", "substack"):
        return [rule.group(2)]
    found.add(os.path.basename(rule.group(2)))
    return []


def pam_value(name: str) -> Optional[str]:
    """What pam_env makes a variable from /etc/environment."""
    value = None
    for line in _text("/etc/environment").split("\n"):
        found = re.match(r"\s*(?:export\s+)?(\w+)=([^#]*)", line)
        if found and found.group(1) == name:
            value = found.group(2).strip().strip("\"'")
    return value


def distribution() -> str:
    """Its ID in os-release, such as ``debian``; empty where nothing tells."""
    text = _text("/etc/os-release") or _text("/usr/lib/os-release")
    found = re.search(r"(?m)^ID=[\"']?([a-z0-9._-]+)", text)
    return found.group(1) if found else ""


def sessions(listener: Optional[sshd_service.Listener]) -> Optional[Dict[str, Optional[int]]]:
    """How many are open, and how many began before sshd last read its files; None: not seen."""
    if os.geteuid() != 0:
        return None
    read_at = None if listener is None else sshd_service.read_at(listener)
    began = [start for start in map(_session_start, _pids()) if start is not None]
    older = None if read_at is None else sum(1 for start in began if start < read_at / 1e9)
    return {"open": len(began), "older": older}


def _pids() -> List[int]:
    return [int(name) for name in _names("/proc") if name.isdigit()]


def _session_start(pid: int) -> Optional[float]:
    """When an sshd's session began; None for any other process."""
    try:
        if not _TITLE.match(_title(pid)) or not sshd_service.is_sshd(pid):
            return None
        parent = _status(pid)[1]
        monitored = _MONITOR.match(_title(int(parent))) if int(parent) else None
        ticks = int(_status(int(parent) if monitored else pid)[19])
    except (OSError, ValueError, IndexError):
        return None  # it ended while we looked
    since_boot = ticks / float(os.sysconf("SC_CLK_TCK"))
    return time.time() - time.clock_gettime(7) + since_boot  # 7: CLOCK_BOOTTIME


def _title(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline", "rb") as stream:
        return stream.read(4096).rstrip(b"\0 ").decode("utf-8", "replace")


def _status(pid: int) -> List[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything."""
    with open(f"/proc/{pid}/stat", "rb") as stream:
        return stream.read(4096).decode("utf-8", "replace").rpartition(")")[2].split()


def _text(path: str) -> str:
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as stream:
            return stream.read(_MAX_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _names(folder: str) -> List[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
