# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and their login shells, told by what a program is and never by starting it.

Private to the collection.
"""

import os
import re
import time
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ._files.reading import explained, shown, text_or_nothing
from ._identities import PASSWD, Group
from ._login_programs import (
    DEAF,
    GIT_SHELL,
    NO_SESSION,
    NOT_OVER_SSH,
    SHELL,
    USUAL_REFUSERS,
    Program,
    is_for_everybody,
    program_at,
    refused_path,
)

__all__ = [
    "KSH93_GRACE",
    "NOBODY",
    "Account",
    "Named",
    "Shell",
    "accounts",
    "by_program",
    "deaf",
    "installed",
    "let_in",
    "logout_seconds",
    "read_passwd",
    "refused_path",
    "seconds_as_read",
    "shell_at",
]

SHADOW = "/etc/shadow"
SHELLS = "/etc/shells"
_USUAL = ("bash", "dash", "zsh", "ksh93", "mksh", "tcsh", "sh", "ksh", "csh")
_FOLDERS = ("/bin", "/usr/bin", "/usr/local/bin")
_MAX_ID = 2**32 - 2
_EXPIRED = "the account has expired (/etc/shadow), so that nobody can log in"
_LAPSED = (
    "its password expired and was not changed in time (/etc/shadow), so that nobody can log in"
)
_NOT_STARTED = "so that it is never started"
# The seconds that ksh93 waits after its warning.
KSH93_GRACE = 60


class Account(NamedTuple):
    """A line of /etc/passwd; ``barred`` says why nobody can log in as it, and is empty else."""

    user: str
    shell: str
    uid: int = -1
    gid: int = -1
    barred: str = ""
    home: str = ""


class Named(NamedTuple):
    """What directories know of names that were given, and of who has a session open.

    ``accounts`` are those that are not of this host alone, with their ``groups``; ``missing`` are
    names that nobody has, and ``silent`` those for which no directory answered in time. ``asked``
    counts those that can log in by their directory.
    """

    accounts: List[Account]
    groups: Dict[str, Tuple[Group, ...]]
    missing: List[str]
    silent: List[str]
    asked: Dict[str, int]


NOBODY = Named([], {}, [], [], {})


class Shell(NamedTuple):
    """A login shell that is known and may be started; as ``sh`` some behave differently."""

    path: str
    real_path: str
    family: str
    as_sh: bool


def accounts(
    passwd: Iterable[bytes], barred: Optional[Dict[bytes, str]] = None
) -> Iterator[Account]:
    """Return the accounts in the lines of a passwd file, as the C library reads them.

    Of two of one name the first counts, fields that are missing are empty, and an empty shell is
    /bin/sh; a line ends at a NUL.

    :param barred: why nobody can log in as some who have their password in /etc/shadow.
    """
    seen: Set[bytes] = set()
    shells = {b"": "/bin/sh"}
    for line in passwd:
        fields = line.partition(b"\0")[0].rstrip(b"\n").lstrip().split(b":", 6)
        if len(fields) < 4 or fields[0][:1] in (b"", b"#", b"+", b"-") or fields[0] in seen:
            continue
        uid, gid = _number(fields[2]), _number(fields[3])
        if uid is None or gid is None:
            continue
        seen.add(fields[0])
        raw = fields[6] if len(fields) > 6 else b""
        if raw not in shells:
            shells[raw] = _text(raw)
        why = barred.get(fields[0], "") if barred and fields[1] == b"x" else ""
        home = _text(fields[5]) if len(fields) > 5 else ""
        yield Account(_text(fields[0]), shells[raw], uid, gid, why, home)


def _number(field: bytes) -> Optional[int]:
    digits = field.strip()
    number = int(digits) if digits.isdigit() else -1
    return number if 0 <= number <= _MAX_ID else None


def _text(field: bytes) -> str:
    return field.decode("utf-8", "surrogateescape")


def read_passwd() -> List[Account]:
    """Return this host's accounts; users of a directory service are never enumerated.

    Left out are those that are there so that nobody logs in: with ``nologin`` and the like.
    """
    if not os.path.isfile(PASSWD):
        return []
    today = int(time.time() // 86400)
    with explained(PASSWD, "read"), open(PASSWD, "rb") as lines:
        users = list(accounts(lines, _barred(today)))
    silent = {
        shell
        for shell in {account.shell for account in users}
        if os.path.basename(shell) in USUAL_REFUSERS and _shut(program_at(shell))
    }
    return let_in([account for account in users if account.shell not in silent])


def _barred(today: int) -> Dict[bytes, str]:
    """Return for whom /etc/shadow says that nobody can log in any more, and why.

    Somebody whose password is merely locked still can, with a key.
    """
    barred: Dict[bytes, str] = {}
    try:
        with open(SHADOW, "rb") as lines:
            for line in lines:
                fields = line.rstrip(b"\n").split(b":")
                if len(fields) == 9 and (fields[6] or fields[7]):
                    why = _bar(today, [_number(field) for field in fields[2:8]])
                    barred.update({fields[0]: why} if why else {})
    except OSError:  # for root to read, and not there on every host
        pass
    return barred


def _bar(today: int, days: Sequence[Optional[int]]) -> str:
    """Say what the numbers of a line of /etc/shadow keep an account from; empty for nothing."""
    changed, _least, most, _warning, grace, expires = days
    if expires is not None and expires <= today:
        return _EXPIRED
    if changed is None or most is None or grace is None:
        return ""
    return _LAPSED if 0 < changed < today - most - grace else ""


def let_in(users: Sequence[Account]) -> List[Account]:
    """Return the accounts, each with what its shell keeps it from."""
    programs = {shell: program_at(shell) for shell in {account.shell for account in users}}
    why = {shell: _shut(program) for shell, program in programs.items() if _shut(program)}
    unusual = [shell for shell in programs if shell not in why and _is_unusual(programs[shell])]
    users = [
        account._replace(barred=why[account.shell]) if account.shell in why else account
        for account in users
    ]
    if not unusual:
        return users
    from . import _admission

    bars = _admission.bars(
        [
            _admission.Entry(*account[:4], git=programs[account.shell].kind == GIT_SHELL)
            for account in users
            if account.shell in unusual and not account.barred
        ]
    )
    return [account._replace(barred=bars.get(account.user, account.barred)) for account in users]


def _shut(program: Program) -> str:
    """Say why nobody gets in with a program, empty if somebody may."""
    if program.kind == NOT_OVER_SSH:
        return f"{shown(program.path)} {program.why}"
    if program.kind == NO_SESSION:
        return f"{shown(program.path)} {program.why}, so that nobody can log in with it"
    return ""


def _is_unusual(program: Program) -> bool:
    return program.kind == GIT_SHELL or not is_for_everybody(program)


def deaf(path: str) -> Optional[str]:
    """Return the family of a shell that knows no idle timeout, and is never started."""
    program = program_at(path)
    return program.family if program.kind == DEAF else None


def installed(users: Sequence[Account]) -> Tuple[List[Shell], Dict[str, str]]:
    """Return the known login shells of this host, and why others of its accounts are not started.

    One program is one shell, however many names it has; its name as ``sh`` is another.
    """
    shells: Dict[Tuple[str, bool], Shell] = {}
    used = dict.fromkeys(account.shell for account in users if not account.barred)
    unknown = {path: f"{refused_path(path)}, {_NOT_STARTED}" for path in used if refused_path(path)}
    for path in _candidates(used):
        program = program_at(path)
        family, real_path = program.family, program.real_path
        if family is None or program.kind != SHELL:
            if path in used:
                why = program.why
                unknown[path] = why if program.kind == DEAF else f"{why}, {_NOT_STARTED}"
            continue
        as_sh = os.path.basename(path) == "sh" and family in ("bash", "zsh", "mksh", "ksh93")
        shell = Shell(path, real_path, family, as_sh)
        key = (real_path, as_sh)
        if key not in shells or _rank(shell, used) < _rank(shells[key], used):
            shells[key] = shell
    return list(shells.values()), unknown


def by_program(shells: Sequence[Shell]) -> Dict[Tuple[str, bool], Shell]:
    """Return the shells by their program and whether they are started as ``sh``."""
    return {(shell.real_path, shell.as_sh): shell for shell in shells}


def shell_at(path: str, shells: Dict[Tuple[str, bool], Shell]) -> Optional[Shell]:
    """Return the shell of an account, where it is known and may be started."""
    if refused_path(path):
        return None
    real_path = os.path.realpath(path)
    as_sh = os.path.basename(path) == "sh"
    return shells.get((real_path, as_sh)) or shells.get((real_path, False))


def _candidates(used: Dict[str, None]) -> List[str]:
    """Return the paths at which there may be a login shell, those of the accounts first."""
    paths = list(used)
    paths += [line.strip() for line in text_or_nothing(SHELLS).split("\n") if line.startswith("/")]
    paths += [os.path.join(folder, name) for name in _USUAL for folder in _FOLDERS]
    known = dict.fromkeys(path for path in paths if not refused_path(path))
    return [path for path in known if path in used or os.path.exists(path)]


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
