# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program is that stands as a login shell: told by its content, never by starting it.

Private to the collection. Its name alone tells nothing: ``false`` may be a copy of bash, and bash a
copy of ``false``. Only what is many programs in one goes by the name under which it is started.
"""

import os
import stat
from typing import Dict, NamedTuple, Optional, Tuple

from ._files.reading import resolve

__all__ = [
    "DEAF",
    "GIT_SHELL",
    "NOT_OVER_SSH",
    "NO_SESSION",
    "SHELL",
    "UNKNOWN",
    "USUAL_REFUSERS",
    "Program",
    "is_for_everybody",
    "program_at",
    "refused_path",
]

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
# Many programs in one file; some embed a shell.
_BUSYBOX = b"BusyBox v"
_MANY_IN_ONE = (_BUSYBOX, b"busybox", b"toybox", b"uucore")
_BUSYBOX_SHELLS = ("sh", "ash", "hush")
_FISH = (b"__fish_", "__fish_".encode("utf-32-le"))
# bash's words, and those of a busybox that was built with an idle timeout, which Debian's is not.
_TIMES_OUT = b"auto-logout"
_GIT_SHELL = b"Interactive git shell is not enabled"
# Programs that say something, or not even that, and end.
_REFUSERS = (
    ("nologin", b"This account is currently not available"),
    ("false", b"Exit with a status code indicating failure"),
    ("true", b"Exit with a status code indicating success"),
    ("sync", b"Synchronize cached writes to persistent storage"),
)
_SYSTEMCTL = (b"systemctl", b"poweroff")
_POWER = frozenset(("shutdown", "halt", "poweroff", "reboot"))
USUAL_REFUSERS = _POWER | frozenset(name for name, _mark in _REFUSERS)

SHELL = "shell"  # it may be started, and asked
DEAF = "deaf"  # a shell that knows no idle timeout, and is never started
NO_SESSION = "no session"  # nobody gets a session with it
NOT_OVER_SSH = "not over SSH"
GIT_SHELL = "git-shell"  # only who has ~/git-shell-commands gets one
UNKNOWN = "unknown"

_NO_PATH = "is not an absolute path"
_NO_NAME = "has a name that the locale of this run cannot express"
_ARGUMENTS = "has arguments, with which sshd lets nobody in, although a login at a console does"
_NOT_KNOWN = "is not a shell that is known"


class Program(NamedTuple):
    """What a login shell is: its kind, and if it is no shell to be started, why not.

    ``family`` is that of a shell, one that is deaf included. ``why`` follows the path in a
    sentence.
    """

    kind: str
    family: Optional[str]
    path: str
    real_path: str
    why: str


def program_at(path: str) -> Program:
    """Return what the program at the path of a login shell is."""
    refused = refused_path(path)
    if refused:
        return Program(NO_SESSION if refused == _NO_PATH else UNKNOWN, None, path, "", refused)
    real_path = os.path.realpath(path)
    try:
        status = os.stat(real_path)
        if not stat.S_ISREG(status.st_mode) or not status.st_mode & 0o111:
            return Program(NO_SESSION, None, path, real_path, "is not a program")
        mine = status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022
        kind, family, why = _identified(real_path, os.path.basename(path), status)
    except (FileNotFoundError, NotADirectoryError):
        if os.path.exists(path.partition(" ")[0]):
            return Program(NOT_OVER_SSH, None, path, real_path, _ARGUMENTS)
        return Program(NO_SESSION, None, path, real_path, "does not exist")
    except OSError as error:
        return Program(UNKNOWN, None, path, real_path, f"cannot be read: {error.strerror}")
    if not mine:  # what it is now it need not be when it is started
        return Program(UNKNOWN, None, path, real_path, "can be changed by others than root")
    return Program(kind, family, path, real_path, why)


def refused_path(path: str) -> str:
    """Say why the system is not asked about a path; empty if it may be."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return _NO_NAME
    return "" if os.path.isabs(path) and "\0" not in path else _NO_PATH


def is_for_everybody(program: Program) -> bool:
    """Tell whether nothing keeps anybody from starting a program, as is usual."""
    try:
        real_path, lookups = resolve(program.path)
        places = dict.fromkeys([folder for folder, _entry in lookups] + [real_path])
        free = all(os.stat(place).st_mode & 0o111 == 0o111 for place in places)
        runs = not os.statvfs(real_path).f_flag & os.ST_NOEXEC
        return free and runs and not any(map(_has_list, places))
    except (OSError, ValueError):
        return not program.real_path


def _has_list(place: str) -> bool:
    """Tell whether a list of access says more than the mode."""
    try:
        return bool(os.getxattr(place, "system.posix_acl_access"))
    except OSError:
        return False


_Identified = Tuple[str, Optional[str], str]
# What has been read once, by the name and by what changes when it is replaced or written. A shell
# is the same under every name.
_known: Dict[Tuple[object, ...], _Identified] = {}


def _identified(real_path: str, name: str, status: os.stat_result) -> _Identified:
    """Return kind, family and why of a program that is started by a name."""
    file = (status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns)
    known = _known.get(("",) + file) or _known.get((name,) + file)
    if known:
        return known
    content = b""
    if status.st_size <= _MAX_PROGRAM_BYTES:
        with open(real_path, "rb") as stream:
            content = stream.read()  # at once: to look at four bytes first costs ten times more
    found: _Identified = (UNKNOWN, None, _NOT_KNOWN)
    if content.startswith(b"\x7fELF"):
        found = _by_content(content, os.path.basename(real_path), name)
    _known[("" if found[0] == SHELL else name,) + file] = found
    return found


def _by_content(content: bytes, real_name: str, name: str) -> _Identified:
    family = _family(content, real_name)
    if family and family != "dash":  # to look for more in it takes as long again
        return SHELL, family, ""
    many = any(mark in content for mark in _MANY_IN_ONE)
    if family and not many:
        return SHELL, family, ""
    if many and _BUSYBOX in content and name in _BUSYBOX_SHELLS:
        if _TIMES_OUT in content:
            return UNKNOWN, None, "is a shell of busybox, of whose idle timeout nothing is known"
        return DEAF, "busybox", "is a shell of busybox that was built without an idle timeout"
    refuser = _refuser(content, many, name)
    if refuser:
        return NO_SESSION, None, f"is {refuser}, which gives no session"
    if all(mark in content for mark in _FISH):
        return DEAF, "fish", "is fish, which knows no idle timeout"
    if _GIT_SHELL in content:
        return GIT_SHELL, None, "is git-shell, which asks for commands in ~/git-shell-commands"
    return UNKNOWN, None, _NOT_KNOWN


def _family(content: bytes, name: str) -> Optional[str]:
    """Return the family of a shell by what it holds."""
    # What the name says is looked for first, for speed alone.
    for family, marks in sorted(_SIGNATURES, key=lambda row: not name.startswith(row[0])):
        if all(mark in content for mark in marks):
            return family
    return None


def _refuser(content: bytes, many: bool, name: str) -> str:
    """Return which program it is that gives nobody a session; empty where it is none."""
    held = [refuser for refuser, mark in _REFUSERS if mark in content]
    if len(held) == 1 and not many:
        return held[0]
    if name in USUAL_REFUSERS and (many or held):
        return name
    return name if name in _POWER and all(mark in content for mark in _SYSTEMCTL) else ""
