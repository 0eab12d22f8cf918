# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a user is to the kernel, and who is in a group. Private to the collection."""

import grp
import itertools
import os
import pwd
import re
from contextlib import suppress
from typing import (
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

__all__ = [
    "GROUP",
    "PASSWD",
    "Group",
    "Identity",
    "Person",
    "exists",
    "group_numbers",
    "groups_of",
    "identity_of",
    "is_local",
    "local_groups",
    "local_members",
    "members",
    "stranger",
    "superusers",
]

PASSWD = "/etc/passwd"
GROUP = "/etc/group"
_NUMBER = re.compile(r"[0-9]{1,10}\Z")


class Identity(NamedTuple):
    """Who a user is to the kernel; a group whose number has no name is in ``groups`` alone."""

    uid: int
    gid: int
    groups: Tuple[int, ...]
    group_names: Tuple[str, ...]


class Group(NamedTuple):
    """A group of this host."""

    name: str
    gid: int


class Person(NamedTuple):
    """As whom a program is asked; without a name, as somebody who is no account of this host."""

    user: Optional[str]
    uid: int
    gid: int
    groups: Tuple[int, ...] = ()
    home: str = ""


def stranger(users: Sequence[str] = (), groups: Sequence[str] = ()) -> Person:
    """Return somebody without rights who is none of these users, and in none of these groups.

    Who is not root can ask as himself alone.
    """
    if os.geteuid() != 0:
        return Person(None, os.geteuid(), os.getegid())
    with suppress(KeyError):
        nobody = pwd.getpwnam("nobody")
        group = grp.getgrgid(nobody.pw_gid).gr_name
        if "nobody" not in users and group not in groups:
            return Person(None, nobody.pw_uid, nobody.pw_gid)
    free = next(number for number in range(65533, 0, -1) if _is_unnamed(number))
    return Person(None, free, free)


def _is_unnamed(number: int) -> bool:
    """Tell whether no user and no group has this number."""
    for lookup in (pwd.getpwuid, grp.getgrgid):
        try:
            lookup(number)
            return False
        except KeyError:
            continue
    return True


def exists(user: str) -> bool:
    """Tell whether the host knows a user of this name; directories are asked, too."""
    try:
        pwd.getpwnam(user)
    except (KeyError, ValueError):
        return False
    return True


def is_local(user: str) -> bool:
    """Tell whether the files of this host have a user of this name."""
    return any(fields[0] == user for fields in _records(PASSWD, 7))


def identity_of(user: str) -> Optional[Identity]:
    """Return the numbers and the groups of a user, or None where there is no such user."""
    try:
        entry = pwd.getpwnam(user)
        groups = group_numbers(user, entry.pw_gid)
    except (KeyError, ValueError):
        return None
    names = []
    for group in groups:
        with suppress(KeyError):  # a number without a name: sshd passes it over, too
            names.append(grp.getgrgid(group).gr_name)
    return Identity(entry.pw_uid, entry.pw_gid, groups, tuple(names))


def group_numbers(user: str, gid: int) -> Tuple[int, ...]:
    """Return all groups of a user whose own is ``gid``; directories are asked, too."""
    try:
        return tuple(os.getgrouplist(user, gid))
    except UnicodeEncodeError:  # it takes names of UTF-8 only
        return tuple(group.gid for group in local_groups().get(user, (Group("", gid),)))


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


def local_groups() -> Dict[str, Tuple[Group, ...]]:
    """Return the groups of each account of this host by its name, its own first.

    Read from the local files, each once: to ask the system for each account takes as long as there
    are accounts, and may ask a directory.
    """
    names: Dict[int, str] = {}
    further: Dict[str, List[Group]] = {}
    for name, _password, number, users in _records(GROUP, 4):
        if name[:1] not in ("#", "+", "-") and _NUMBER.match(number):
            group = Group(name, int(number))
            names.setdefault(group.gid, name)
            for user in filter(None, users.split(",")):
                further.setdefault(user, []).append(group)
    groups: Dict[str, Tuple[Group, ...]] = {}
    for fields in _records(PASSWD, 7):
        if _NUMBER.match(fields[3]):
            own = Group(names.get(int(fields[3]), ""), int(fields[3]))
            more = [group for group in further.get(fields[0], ()) if group.gid != own.gid]
            groups.setdefault(fields[0], (own,) + tuple(more))
    return groups


def local_members(numbers: Mapping[str, int]) -> Dict[str, List[int]]:
    """Return who is in each group, as the local files have it: the numbers given for the users.

    Of two groups with one number the first one's name counts, as it does for sshd. Both files are
    read once, which costs less for all users than the system takes to look for the groups of one.
    """
    names: Dict[str, str] = {}
    found: Dict[str, List[int]] = {}
    for name, _password, group, users in _records(GROUP, 4):
        listed = [numbers[user] for user in users.split(",") if user in numbers]
        found.setdefault(names.setdefault(group, name), []).extend(listed)
    seen: Set[str] = set()
    for fields in _records(PASSWD, 7):
        if fields[0] in numbers and fields[3] in names and fields[0] not in seen:
            found[names[fields[3]]].append(numbers[fields[0]])
        seen.add(fields[0])
    return found


def superusers() -> List[str]:
    """Return the local users who are root to the kernel."""
    return [fields[0] for fields in _records(PASSWD, 7) if fields[2].strip("0") == "" != fields[2]]


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
