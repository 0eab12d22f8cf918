# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a user is to the kernel, and who is in a group. Private to the collection."""

import grp
import itertools
import os
import pwd
from contextlib import suppress
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

__all__ = ["GROUP", "PASSWD", "Identity", "exists", "groups_of", "identity_of", "members"]

PASSWD = "/etc/passwd"
GROUP = "/etc/group"


class Identity(NamedTuple):
    """Who a user is to the kernel; a group whose number has no name is in ``groups`` alone."""

    uid: int
    gid: int
    groups: Tuple[int, ...]
    group_names: Tuple[str, ...]


def exists(user: str) -> bool:
    """Tell whether the host knows a user of this name; directories are asked, too."""
    try:
        pwd.getpwnam(user)
    except (KeyError, ValueError):
        return False
    return True


def identity_of(user: str) -> Optional[Identity]:
    """Return the numbers and the groups of a user, or None where there is no such user."""
    try:
        entry = pwd.getpwnam(user)
        groups = tuple(os.getgrouplist(user, entry.pw_gid))
    except (KeyError, ValueError):
        return None
    names = []
    for group in groups:
        with suppress(KeyError):  # a number without a name: sshd passes it over, too
            names.append(grp.getgrgid(group).gr_name)
    return Identity(entry.pw_uid, entry.pw_gid, groups, tuple(names))


def groups_of(user: str) -> Tuple[str, ...]:
    """Return the names of the groups of a user, none where there is no such user."""
    identity = identity_of(user)
    return identity.group_names if identity else ()


def members(names: Iterable[str], fits: Callable[[str], bool]) -> Iterator[str]:
    """Return users who may be in a group of these names, or in one that ``fits``, each once.

    The names are asked for. Directories are never listed: which of all groups fit, and for whom
    a group is primary, only the local files tell.
    """
    seen: Set[str] = set()
    primary = _primary_members()
    for number, additional in itertools.chain(_named_groups(names), _local_groups(fits)):
        for user in itertools.chain(additional, primary.get(number, [])):
            if user and user not in seen:
                seen.add(user)
                yield user


def _named_groups(names: Iterable[str]) -> Iterator[Tuple[str, List[str]]]:
    """Return the number and the additional members of each group that exists."""
    for name in names:
        with suppress(KeyError, ValueError):
            entry = grp.getgrnam(name)
            yield str(entry.gr_gid), entry.gr_mem


def _local_groups(fits: Callable[[str], bool]) -> Iterator[Tuple[str, List[str]]]:
    for name, _password, number, users in _records(GROUP, 4):
        if fits(name):
            yield number, users.split(",")


def _primary_members() -> Dict[str, List[str]]:
    users: Dict[str, List[str]] = {}
    for fields in _records(PASSWD, 7):
        users.setdefault(fields[3], []).append(fields[0])
    return users


def _records(path: str, width: int) -> Iterator[List[str]]:
    """Return the lines of a file of accounts with so many fields; none where there is no file."""
    with suppress(FileNotFoundError), open(path, "rb") as records:
        for line in records:
            fields = line.decode("utf-8", "surrogateescape").rstrip("\n").split(":")
            if len(fields) == width:
                yield fields
