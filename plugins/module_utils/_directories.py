# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which directories this host takes accounts from, besides its own files, and what they know.

Private to the collection. A directory is never enumerated: it is asked about a name that nobody
has, to see whether it answers, and about names that somebody gave. That is done in children, with
a limit: a directory whose server is away may let its callers wait for minutes.
"""

import grp
import json
import os
import pwd
import socket
from contextlib import suppress
from time import monotonic
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from . import _accounts, _directory, _durations, _identities, _programs
from ._accounts import Account, Named
from ._files.reading import text_or_nothing
from ._identities import Group

__all__ = ["Directory", "Found", "lookup", "named", "survey", "warnings"]

# A daemon of whom its library asks, by where it listens, and what must be there for it to be set
# up at all; nothing: that it listens is enough. RHEL names sss on every host.
_DAEMONS: Dict[str, Tuple[Sequence[str], Sequence[str]]] = {
    "sss": (("/var/lib/sss/pipes/nss",), ("/etc/sssd/sssd.conf", "/etc/sssd/conf.d")),
    "ldap": (("/run/nslcd/socket", "/var/run/nslcd/socket"), ("/etc/nslcd.conf",)),
    "winbind": (
        ("/run/samba/winbindd/pipe", "/var/run/samba/winbindd/pipe"),
        ("/etc/samba/smb.conf",),
    ),
}
# A library of this name that asks the server itself has its settings here.
_WITHOUT_DAEMON = {"ldap": ("/etc/libnss-ldap.conf", "/etc/ldap.conf")}
# What must be there for the others.
_FILES = {"db": ("/var/lib/misc/passwd.db", "/var/db/passwd.db")}
_DOMAIN = "/proc/sys/kernel/domainname"
# glibc's enum nss_status.
_TRY_AGAIN, _UNAVAILABLE, _SUCCESS = -2, -1, 1
_SOCKETS = "/proc/net/unix"
_HERE, _AWAY, _NO_LIBRARY = b"here", b"away", b"none"
_NO_ACCOUNT = "curfew-session-nobody"
_BUFFER_BYTES = 16384
_LIMIT_SECONDS = 3.0
# That all names together may take.
_ALL_SECONDS = 20.0


class Directory(NamedTuple):
    """A directory that is set up; ``why`` says what is wrong if it does not answer."""

    name: str
    answers: bool
    why: str


class Found(NamedTuple):
    """An account that was asked for, and all groups that it is in.

    ``is_local``: it is in /etc/passwd. Else ``directory`` has it, if that is known.
    """

    account: Account
    groups: Tuple[Group, ...]
    is_local: bool = False
    directory: str = ""


def survey(limit: float = _LIMIT_SECONDS) -> List[Directory]:
    """Return the directories that are set up on this host, each asked once.

    :param limit: how many seconds each of them has to answer.
    """
    found = []
    for name in _directory.sources():
        if not _is_set_up(name):
            continue
        if not _listens(name):
            found.append(Directory(name, False, "is set up, but its daemon does not run"))
            continue
        answer = _programs.answer(lambda name=name: _ask(name), limit)  # type: ignore[misc]
        if answer is None:
            found.append(Directory(name, False, f"did not answer within {limit:g} seconds"))
        elif answer == _AWAY:
            found.append(Directory(name, False, "says that it is not available"))
        elif answer == _HERE:
            found.append(Directory(name, True, ""))
    return found


def _is_set_up(name: str) -> bool:
    if name == "nis":
        return text_or_nothing(_DOMAIN).strip() not in ("", "(none)")
    wanted = list(_FILES.get(name, ()))
    if name in _DAEMONS:
        wanted += [*_DAEMONS[name][1], *_WITHOUT_DAEMON.get(name, ())]
    return not wanted or any(map(_holds_something, wanted))


def _holds_something(path: str) -> bool:
    """Tell whether a file is there, or a folder with a file of settings."""
    if os.path.isdir(path):
        with suppress(OSError):
            return any(entry.endswith(".conf") for entry in os.listdir(path))
    return os.path.isfile(path)


def _listens(name: str) -> bool:
    """Tell whether the daemon that a library asks is there, if there is to be one."""
    sockets, settings = _DAEMONS.get(name, ((), ()))
    if not any(map(_holds_something, settings)):
        return True
    table = text_or_nothing(_SOCKETS).split("\n")
    bound = {line.split()[-1] for line in table if line.count(" ") > 6}
    return any(path in bound or _connects(path) for path in sockets)


def _connects(path: str) -> bool:
    """Tell whether somebody takes connections who is in none of our tables."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(path)
    except (socket.timeout, BlockingIOError):  # somebody is there, and does not come to it
        return True
    except OSError:
        return False
    return True


def _ask(name: str) -> bytes:
    """Ask a directory's own library about a name that nobody has: it says whether it could look."""
    try:
        status = _said_by_library(name, _NO_ACCOUNT)
    except ImportError:  # a Python without it: whether it answers at all is seen all the same
        with suppress(KeyError):
            pwd.getpwnam(_NO_ACCOUNT)
        return _HERE
    if status is None:
        return _NO_LIBRARY
    return _AWAY if status in (_TRY_AGAIN, _UNAVAILABLE) else _HERE


def _said_by_library(name: str, user: str) -> Optional[int]:
    """Return the status with which a directory's own library looks a user up; None: none is there.

    :raises ImportError: this Python cannot call it.
    """
    import ctypes

    try:
        library = ctypes.CDLL(f"libnss_{name}.so.2")
        call = getattr(library, f"_nss_{name}_getpwnam_r")
    except (AttributeError, OSError):
        return None
    size = ctypes.c_size_t(_BUFFER_BYTES)
    entry, buffer = ctypes.create_string_buffer(256), ctypes.create_string_buffer(_BUFFER_BYTES)
    number = ctypes.byref(ctypes.c_int(0))
    return int(call(os.fsencode(user), entry, buffer, size, number))


def lookup(
    whom: Sequence[Union[str, int]], limit: float = _LIMIT_SECONDS
) -> Dict[Union[str, int], Optional[Found]]:
    """Return the accounts of these names or numbers, each asked for by itself; None: there is none.

    Those that were not answered in time are left out, and so are all after them: whoever does not
    answer is not asked again.

    :param limit: how many seconds each answer may take.
    """
    found: Dict[Union[str, int], Optional[Found]] = {}
    end = monotonic() + _ALL_SECONDS
    for one in dict.fromkeys(whom):
        content = None
        if monotonic() < end:
            content = _programs.answer(lambda one=one: _look_up(one), limit)  # type: ignore[misc]
        if content is None:
            break
        fields: Any = json.loads(content.decode("ascii"))
        found[one] = None
        if fields:
            account = _accounts.let_in([Account(*fields[:4])._replace(home=fields[4])])[0]
            found[one] = Found(account, tuple(Group(*pair) for pair in fields[5]), *fields[6:])
    return found


def named(names: Sequence[str], local: Sequence[Account], logged_in: Sequence[int] = ()) -> Named:
    """Return what directories know of names that are not those of local accounts.

    :param local: the accounts of this host's files that can log in.
    :param logged_in: the numbers of further users, of whom those are returned that are not local.
    """
    users = {account.user for account in local}
    wanted = [name for name in dict.fromkeys(names) if name not in users]
    found = lookup(wanted)
    silent = [name for name in wanted if name not in found]
    if not silent:  # whoever did not answer is not asked again
        seen = lookup(logged_in)
        found.update((uid, one) for uid, one in seen.items() if one and not one.is_local)
        silent += [f"the user with the number {uid}" for uid in logged_in if uid not in seen]
    there = {one.account.user: one for one in found.values() if one is not None}
    asked: Dict[str, int] = {}
    for one in there.values():
        if one.directory and not one.account.barred:
            asked[one.directory] = asked.get(one.directory, 0) + 1
    return Named(
        [one.account for one in there.values()],
        {name: one.groups for name, one in there.items()},
        [name for name in wanted if name in found and found[name] is None],
        silent,
        asked,
    )


def warnings(named: Named) -> List[str]:
    """Say which names could not be looked at."""
    sentences = []
    if named.missing:
        sentences.append(f"Option users: nobody is called {_durations.listed(named.missing)}.")
    if named.silent:
        sentences.append(
            "No directory answered in time when it was asked for "
            f"{_durations.listed(named.silent)}: of these nothing is said."
        )
    return sentences


def _look_up(whom: Union[str, int]) -> bytes:
    fields = None
    with suppress(KeyError, ValueError, OverflowError):
        entry = pwd.getpwnam(whom) if isinstance(whom, str) else pwd.getpwuid(whom)
        name = entry.pw_name if isinstance(whom, int) else whom
        groups = [(_group_name(gid), gid) for gid in _identities.group_numbers(name, entry.pw_gid)]
        shell = entry.pw_shell or "/bin/sh"
        is_local = _identities.is_local(name)
        directory = "" if is_local else _directory_of(name)
        who = (name, shell, entry.pw_uid, entry.pw_gid, entry.pw_dir)
        fields = (*who, groups, is_local, directory)
    return json.dumps(fields).encode("ascii")


def _directory_of(user: str) -> str:
    """Return the directory that has an account; empty where that is not known."""
    names = _directory.sources()
    with suppress(ImportError):
        return next((name for name in names if _said_by_library(name, user) == _SUCCESS), "")
    return names[0] if len(names) == 1 else ""


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""
