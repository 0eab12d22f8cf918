# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and their login shells, told by what a program is and never by starting it.

Private to the collection.
"""

import os
import re
import stat
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ._files.reading import text_or_nothing
from ._identities import PASSWD

__all__ = [
    "KSH93_GRACE",
    "Account",
    "Shell",
    "accounts",
    "family_of",
    "installed",
    "logout_seconds",
    "read_passwd",
    "refused_path",
    "seconds_as_read",
]

SHELLS = "/etc/shells"
_MAX_PROGRAM_BYTES = 16 * 1024 * 1024

# What only the program itself holds; every one of a row's byte strings must be there.
_SIGNATURES = (
    ("bash", (b"@(#)Bash version ",)),
    ("zsh", (b"ZSH_EVAL_CONTEXT", b"zsh_eval_context")),
    ("mksh", (b"@(#)MIRBSD KSH ",)),
    ("ksh93", (b"@(#)$Id: Version A", b"KSH_VERSION")),
    ("tcsh", (b"tcsh", "autologout".encode("utf-32-le"))),
    ("tcsh", (b"tcsh", b"autologout")),
    ("dash", (b"\0OPTIND=1\0", b"\0PS4=+ \0", b"PPID")),
)
# These embed a shell, or look like one.
_NOT_SHELLS = (b"BusyBox", b"busybox", b"toybox")
_USUAL = ("bash", "dash", "zsh", "ksh93", "mksh", "tcsh", "sh", "ksh", "csh")
_FOLDERS = ("/bin", "/usr/bin", "/usr/local/bin")
# Programs that stand in for a shell where nobody is to have a session.
_NO_SESSION = frozenset(("nologin", "false", "true", "sync", "shutdown", "halt", "poweroff"))
_NO_PATH = "is not an absolute path"
_NO_NAME = "has a name that the locale of this run cannot express"
# The seconds that ksh93 waits after its warning.
KSH93_GRACE = 60


class Account(NamedTuple):
    """A line of /etc/passwd; an empty shell means /bin/sh."""

    user: str
    shell: str


class Shell(NamedTuple):
    """A login shell that is known and may be started; as ``sh`` some behave differently."""

    path: str
    real_path: str
    family: str
    as_sh: bool


def accounts(passwd: str) -> List[Account]:
    """Return the accounts of a passwd file that can have a session."""
    users = []
    for line in passwd.split("\n"):
        fields = line.rstrip("\r").split(":")
        if len(fields) < 7 or not fields[0] or fields[0][0] in "#+-":
            continue
        shell = fields[6] or "/bin/sh"
        if os.path.basename(shell) not in _NO_SESSION:
            users.append(Account(fields[0], shell))
    return users


def read_passwd() -> List[Account]:
    """Return this host's accounts; users of a directory service are never enumerated."""
    return accounts(text_or_nothing(PASSWD))


def family_of(path: str) -> Tuple[Optional[str], str]:
    """Return the family of a program and its real path, or None and why it is not started."""
    refused = refused_path(path)
    if refused:
        return None, refused
    real_path = os.path.realpath(path)
    try:
        status = os.stat(real_path)
        if not stat.S_ISREG(status.st_mode) or not status.st_mode & 0o111:
            return None, "is not a program"
        if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
            return None, "can be changed by others than root"
        if status.st_size > _MAX_PROGRAM_BYTES:
            return None, "is not a shell that is known"
        with open(real_path, "rb") as stream:
            content = stream.read()  # at once: to look at four bytes first costs ten times more
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    if not content.startswith(b"\x7fELF"):
        content = b""
    family = _family_of_content(content, os.path.basename(real_path))
    return (family, real_path) if family else (None, "is not a shell that is known")


def refused_path(path: str) -> str:
    """Say why the system is not asked about a path; empty if it may be."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return _NO_NAME
    return "" if os.path.isabs(path) and "\0" not in path else _NO_PATH


def _family_of_content(content: bytes, name: str) -> Optional[str]:
    """Return the family of a program by what it holds."""
    # What the name says is looked for first, for speed alone.
    for family, marks in sorted(_SIGNATURES, key=lambda row: not name.startswith(row[0])):
        if all(mark in content for mark in marks):
            embeds = family == "dash" and any(mark in content for mark in _NOT_SHELLS)
            return None if embeds else family
    return None


def installed(users: Sequence[Account]) -> Tuple[List[Shell], Dict[str, str]]:
    """Return the known login shells of this host, and why others of its accounts are not started.

    One program is one shell, however many names it has; its name as ``sh`` is another.
    """
    families: Dict[str, Tuple[Optional[str], str]] = {}
    shells: Dict[Tuple[str, bool], Shell] = {}
    used = dict.fromkeys(account.shell for account in users)
    unknown = {path: refused_path(path) for path in used if refused_path(path)}
    for path in _candidates(used):
        real_path = os.path.realpath(path)
        if real_path not in families:
            families[real_path] = family_of(path)
        family, detail = families[real_path]
        if family is None:
            if path in used:
                unknown[path] = detail
            continue
        as_sh = os.path.basename(path) == "sh" and family in ("bash", "zsh", "mksh", "ksh93")
        shell = Shell(path, real_path, family, as_sh)
        key = (real_path, as_sh)
        if key not in shells or _rank(shell, used) < _rank(shells[key], used):
            shells[key] = shell
    return list(shells.values()), unknown


def _candidates(used: Dict[str, None]) -> List[str]:
    """Return the paths at which there may be a login shell, those of the accounts first."""
    paths = list(used)
    paths += [line.strip() for line in text_or_nothing(SHELLS).split("\n") if line.startswith("/")]
    paths += [os.path.join(folder, name) for name in _USUAL for folder in _FOLDERS]
    known = dict.fromkeys(path for path in paths if not refused_path(path))
    return [
        path
        for path in known
        if os.path.basename(path) not in _NO_SESSION and (path in used or os.path.exists(path))
    ]


def _rank(shell: Shell, used: Dict[str, None]) -> Tuple[bool, bool]:
    """Return a key that puts the name first which says what it is, then one that accounts use."""
    name = os.path.basename(shell.path)
    return (name != ("sh" if shell.as_sh else shell.family), shell.path not in used)


def seconds_as_read(raw: Optional[str], family: str) -> Optional[int]:
    """Return the seconds that a shell of this family takes a value of TMOUT for."""
    if raw is None or not raw.strip():
        return None
    plain = re.match(r"\s*\+?([0-9]{1,18})", raw)
    if not plain:
        return None
    whole = re.match(r"\s*\+?[0-9]{1,18}\s*\Z", raw)
    # bash stops at the first character that is no digit: 15m are 15 seconds.
    return int(plain.group(1)) if whole or family == "bash" else None


def logout_seconds(family: str, tmout_seconds: Optional[int]) -> Optional[int]:
    """Return after how long an idle session of this family ends; None: never."""
    if not tmout_seconds or family in ("dash", "tcsh"):
        return None
    return tmout_seconds + (KSH93_GRACE if family == "ksh93" else 0)
