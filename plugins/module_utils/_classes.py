# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts are the same to this host's login files. Private to the collection.

Accounts fall into few classes: root, and who differs in anything that a login file looks at (names,
numbers and groups that its text holds, or the rights of the files themselves), whatever it sets by
that. One member of each is asked for all. How a text looks at names cannot always be told: where it
does so, and few accounts can log in, each of them is a class of its own.
"""

import fnmatch
import os
import re
import stat
from bisect import bisect
from contextlib import suppress
from typing import (
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from ._accounts import Account
from ._files.reading import fitting, text_or_nothing
from ._identities import GROUP, PASSWD, Group, Person

__all__ = ["Class", "Classes", "Marks", "classes", "marks_of"]

_PRIMARY = re.compile(r"\bid\s+(?:-gn|-ng|-g\s+-n|-n\s+-g)\b")
_WORD = re.compile(r"[\w.@+-]+\$?")
_PATTERN = re.compile(r"[\w.@+?*\[\]!^-]*\w[\w.@+?*\[\]!^-]*")
# How a regular expression, or an expansion, looks at a part of a name: ^ops, ${USER#ops-}.
_PART = re.compile(r"([\^#%])([\w.@-]*[A-Za-z_][\w.@-]*)")
# These are about how a shell was started ("$-"), and many names have such a letter.
_OF_OPTIONS = frozenset(("*i*", "*i", "i*"))
# Numbers that something is compared with.
_COMPARED = re.compile(
    r"-(?:eq|ne|gt|ge|lt|le)\s+[\"']?([0-9]{1,10})\b|\b([0-9]{1,10})[\"']?\s+-(?:eq|ne|gt|ge|lt|le)\b"
    r"|[<>=!]=?\s*([0-9]{1,10})\b|\b([0-9]{1,10})\s*[<>=!|)]"
)
# A file for each user, such as /etc/idle/$USER: whether it is there is what is looked at.
_OF_USER = re.compile(
    r"(/[\w./+-]*)(?:\$\{?(?:USER|LOGNAME)\b\}?|[$`]\(?\s*(?:id\s+-un|id\s+-nu|whoami|logname)\s*[)`])"
    r"([\w./+-]*)"
)
# How a text looks at where a home is, and what it may hold it against: /home/*, ^/srv, ${HOME#/a}.
_LOOKS_AT_HOME = re.compile(r"\bHOME\b|\bPWD\b|(?<![\w/.])~(?![\w/])")
_PLACE = re.compile(r"(?<![\w.*?/}])/[\w./*?\[\]!@+-]*")
# Files and folders that a text names: login files may look into them, or read them in a way that
# reading their text does not show.
_NAMED = re.compile(r"(?<![\w/])/(?:etc|usr/local/etc)/[\w./+-]+")
# What asks who somebody is, or what he may do with a file.
_PERSONAL = re.compile(
    r"\$\{?[#!]?(?:USER|USERNAME|LOGNAME|E?UID|GROUPS)\b|\(\([^()\n]{0,200}\bE?UID\b"
    r"|(?<!-x )(?<![\w$./-])(?:/usr/bin/|/bin/)?(?:whoami|logname|groups|getent|id(?!\w|[ \t]*=)"
    r"|perl|python3?|ruby|printenv|env(?=\s*\|)|sudo)\b(?!=)|/etc/(?:passwd|group)\b"
    r"|(?<!\S)-[GOw]\s|(?<!\S)-[rx]\s+[\"']?/(?!etc/|usr/|bin/|sbin/)"
)
# Of that, what every system does: a number that is compared with another, a variable that is there,
# or gets its usual value, whether the own group has the name of the user, and how our drop-in asks.
_USUAL = re.compile(
    r"(?:UID\b|\bid\s+-u\b)[)`\"'}:0-]*\s*(?:-(?:eq|ne|gt|ge|lt|le)|[<>=!]=?)\s*[\"']?[0-9]+\b"
    r"|-[nz]\s+[\"']?\$\{?\w+(?::?-)?\}?"
    r"|(?m:^[ \t]*(?:USER|LOGNAME|MAIL|E?UID)=\S+(?:[ \t]+-\w+\S*)?[ \t]*$)"
    r"|\bid\s+-gn[)`\"]*\s*=\s*[\"`$(]*(?:/usr/bin/)?id\s+-un"
    r"|PATH=/usr/bin:/bin command id -(?:un|Gn)"
)
_MOST_FILES = 200
_COMMENT = re.compile(r"(?m)^[ \t]*#.*$")
_MAX_DATA = 8 * 1024 * 1024
# Of these it is known what they say of accounts.
_OF_ACCOUNTS = (PASSWD, GROUP, "/etc/shadow", "/etc/gshadow")
# A line with more words is a list, of which no part is told from another.
_MOST_WORDS = 40
_MOST_NAMES = 10
# So many are asked: each takes some hundredths of a second.
MOST_CLASSES = 300
# Up to so many accounts are asked each for itself.
_FEW = 40


class Marks(NamedTuple):
    """What login files look at: two accounts that do not differ in any of it are the same to them.

    ``edges`` are the numbers that user ids may be compared with; ``closed`` the owners and groups
    of files that are not for all to read; ``of_user`` what stands before and behind the user's name
    in the names of files; ``homes`` the places that homes may be held against.
    ``listed`` are words of files that login files name, and of the names of files in a folder, each
    with the lines that it stands in. ``personal``: who somebody is may be looked at in any way.
    """

    words: FrozenSet[str]
    patterns: Tuple[str, ...]
    edges: Tuple[int, ...]
    primary: bool
    closed: FrozenSet[Tuple[str, int]]
    of_user: Tuple[Tuple[str, str], ...]
    listed: Mapping[str, FrozenSet[int]]
    homes: Tuple[str, ...] = ()
    personal: bool = False


class Class(NamedTuple):
    """Accounts that are the same to login files, and the one of them that is asked for all."""

    person: Person
    shell: str
    groups: Tuple[str, ...]
    users: Tuple[str, ...]
    members: int

    def add(self, user: str) -> "Class":
        """Return the class with one more account in it."""
        users = self.users + (user,) if self.members < _MOST_NAMES else self.users
        return self._replace(users=users, members=self.members + 1)


class Classes(NamedTuple):
    """All classes but the strangers' own, and by the name of an account which of them it is in.

    Where there are too many, ``left_out`` are accounts of the smallest, of whom nobody is asked.
    """

    known: List[Class]
    by_user: Dict[str, int]
    left_out: FrozenSet[str] = frozenset()

    def of(self, user: str) -> Optional[Class]:
        """Return the class of an account; None where it is as strangers are."""
        index = self.by_user.get(user)
        return None if index is None else self.known[index]


def marks_of(texts: Mapping[str, str], programs: Iterable[str] = ()) -> Marks:
    """Return what login files look at, by their texts and rights.

    :param texts: what they hold, by path.
    :param programs: the login shells, which may not be for all to start.
    """
    plain = "\n".join(_COMMENT.sub("", text) for text in texts.values())
    named = _named_by(plain, texts)
    whole = "\n".join([plain, *named.values()])
    numbers = {int(number) for found in _COMPARED.findall(whole) for number in found if number}
    closed = frozenset(_closed([*texts, *named, *programs]))
    return Marks(
        words=frozenset(_WORD.findall(plain)),
        patterns=_patterns(whole),
        edges=tuple(sorted(numbers | {number + 1 for number in numbers})),
        primary=bool(_PRIMARY.search(whole)),
        closed=closed,
        of_user=tuple(set(_OF_USER.findall(whole))),
        listed=_listed(named),
        homes=_homes(whole),
        personal=bool(closed or _PERSONAL.search(_USUAL.sub(" ", whole))),
    )


def _patterns(text: str) -> Tuple[str, ...]:
    """Return the patterns that a text may hold names against."""
    found = {word for word in _PATTERN.findall(text) if any(char in word for char in "*?[")}
    for at, part in _PART.findall(text):
        if at != "%":
            found.add(f"{part}*")
        elif len(part) > 1:  # not as in printf %s
            found.add(f"*{part}")
    patterns = {word.replace("[^", "[!") for word in found - _OF_OPTIONS}
    return tuple(filter(_is_pattern, patterns))


def _is_pattern(word: str) -> bool:
    """Tell whether names can be held against it: none is in a range from z to a."""
    with suppress(re.error):
        return bool(re.compile(fnmatch.translate(word)))
    return False


def _homes(text: str) -> Tuple[str, ...]:
    """Return the places that a text may hold homes against; by each the start of a path, too."""
    if not _LOOKS_AT_HOME.search(text):
        return ()
    places = {place.rstrip("*").replace("[^", "[!") for place in _PLACE.findall(text)} - {"/"}
    return tuple(filter(_is_pattern, sorted({place + "*" for place in places} | places)))


def _listed(texts: Mapping[str, str]) -> Dict[str, FrozenSet[int]]:
    """Return the words of files, each with what else stands in its lines.

    Of a list of users each is like the others; where a number stands beside, those with the same.
    """
    found: Dict[str, FrozenSet[int]] = {}
    for path, text in texts.items():
        base = os.path.basename(path)
        for word in (base, base.partition(".")[0]):
            found[word] = found.get(word, frozenset()) | {hash(path)}
        for number, line in enumerate(text.split("\n")):
            words = set(_WORD.findall(line))
            for word in words:
                rest = str(number) if len(words) > _MOST_WORDS else line.replace(word, "\0")
                found[word] = found.get(word, frozenset()) | {hash((path, rest))}
    return found


def _named_by(text: str, known: Mapping[str, str]) -> Dict[str, str]:
    """Return the texts of further files that a text names, alone or by their folder."""
    paths: List[str] = []
    for path in sorted(set(_NAMED.findall(text))):
        if os.path.isdir(path):
            with suppress(OSError):
                paths += [os.path.join(path, name) for name in sorted(os.listdir(path))]
        else:
            paths.append(path)
    return {
        path: _COMMENT.sub("", text_or_nothing(path))
        for path in paths[:_MOST_FILES]
        if path not in known
        and path not in _OF_ACCOUNTS
        and os.path.isfile(path)
        and os.path.getsize(path) <= _MAX_DATA
    }


def _closed(paths: Iterable[str]) -> Iterable[Tuple[str, int]]:
    """Return owners and groups of files, and of their folders, that are not for all to read."""
    places = set(paths)
    for path in list(places):
        places.add(os.path.dirname(os.path.realpath(path)))
    for place in places:
        try:
            status = os.stat(place)
        except OSError:
            continue
        needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(status.st_mode) else 0)
        if status.st_mode & needed != needed:
            yield "user", status.st_uid
            yield "group", status.st_gid


def classes(
    accounts: Sequence[Account],
    marks: Mapping[str, Marks],
    stranger: Person,
    groups_of: Callable[[], Dict[str, Tuple[Group, ...]]],
) -> Classes:
    """Return the classes of these accounts, but for those that are as a stranger is.

    :param marks: what the files look at that a login shell reads, by its path in /etc/passwd;
        accounts with others are in no class.
    :param groups_of: returns the groups of each account, its own first.
    """
    groups = groups_of()
    looked = {path: _Looked(some) for path, some in marks.items()}
    theirs = {path: one.at(None, stranger.uid, (), "") for path, one in looked.items()}
    known: List[Class] = []
    indexes: Dict[Tuple[object, ...], int] = {}
    of: Dict[str, int] = {}
    asked = [account for account in accounts if account.shell in looked]
    for account in asked:
        own = groups.get(account.user, ())
        key = looked[account.shell].at(account.user, account.uid, own, account.home)
        if marks[account.shell].personal and len(asked) <= _FEW:
            key += (account.user,)
        if key == theirs[account.shell]:
            continue
        index = indexes.setdefault(key + (account.shell,), len(known))
        if index == len(known):
            numbers = tuple(group.gid for group in own) or (account.gid,)
            person = Person(account.user, account.uid, account.gid, numbers, account.home)
            known.append(Class(person, account.shell, tuple(g.name for g in own), (), 0))
        known[index] = known[index].add(account.user)
        of.setdefault(account.user, index)
    return _largest(Classes(known, of))


def _largest(found: Classes) -> Classes:
    """Return the classes that are asked: root's, and the largest."""
    if len(found.known) <= MOST_CLASSES:
        return found
    order = sorted(
        range(len(found.known)),
        key=lambda index: (found.known[index].person.uid != 0, -found.known[index].members),
    )
    kept = {index: at for at, index in enumerate(sorted(order[:MOST_CLASSES]))}
    return Classes(
        [found.known[index] for index in kept],
        {user: kept[index] for user, index in found.by_user.items() if index in kept},
        frozenset(user for user, index in found.by_user.items() if index not in kept),
    )


class _Looked:
    """What login files see of an account, as far as they look."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._groups: Dict[Group, object] = {}
        # Most names fit no pattern.
        some = "|".join(map(fnmatch.translate, marks.patterns))
        self._any = re.compile(some) if some else None
        self._homes = [re.compile(fnmatch.translate(place)) for place in marks.homes]

    def at(
        self, user: Optional[str], uid: int, groups: Sequence[Group], home: str
    ) -> Tuple[object, ...]:
        """Return what is equal for accounts between which login files cannot tell."""
        marks = self._marks
        told = [self._told(group) for group in groups]
        return (
            uid == 0,
            bisect(marks.edges, uid),
            None if user is None else self._named(user),
            uid if ("user", uid) in marks.closed else self._word(str(uid)),
            frozenset(one for one in told if one is not None),
            marks.primary and bool(groups) and groups[0].name == user,
            tuple(os.path.lexists(f"{a}{user}{b}") for a, b in marks.of_user),
            tuple(index for index, place in enumerate(self._homes) if place.match(home)),
        )

    def _told(self, group: Group) -> object:
        """Return what is equal for groups between which login files cannot tell; None: no mark."""
        if group not in self._groups:
            is_closed = ("group", group.gid) in self._marks.closed
            told = self._named(group.name), self._word(str(group.gid))
            alike = told if told != (None, None) else None
            self._groups[group] = group.gid if is_closed else alike
        return self._groups[group]

    def _named(self, name: str) -> object:
        """Return what tells a name from others: itself, or the patterns and lists that it is in."""
        word = self._word(name)
        if word == name or self._any is None or not self._any.match(name):
            return word
        return word, tuple(one for one in self._marks.patterns if fitting([name], one))

    def _word(self, word: str) -> object:
        if word in self._marks.words:
            return word
        return self._marks.listed.get(word)
