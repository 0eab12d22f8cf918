# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts of this host are in a Match block, and which definitions count for whom.

Private to the collection. Only a host with conditional Match blocks that say something else loads
this. The files of accounts are read once, and a set of accounts is an int with a bit for each: a
host may have 100,000 accounts and 500 blocks. A directory is never asked, so this is how to find
the accounts that sshd is asked about, and no proof of what it does with them.
"""

import re
import socket
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .. import _accounts, _identities
from .._files.reading import text_or_nothing
from . import config
from .match import Connection, Criteria, matches, nobody_meets

__all__ = [
    "MAX_CLASSES",
    "Accounts",
    "Class",
    "Local",
    "classes",
    "decisions",
    "local",
    "most_telling",
]

MAX_CLASSES = 32  # each is a question to sshd
MAX_LOOKUPS = 512  # of a user's groups, by sshd, in all questions
MAX_TOLD = 10
_ASKABLE = re.compile(r"[^\s,\x00-\x1f]+\Z")  # what -C can hold as a user


class Accounts(NamedTuple):
    """Some accounts of this host: how many they are, and the first of their names."""

    number: int
    names: List[str]

    def returned(self) -> Dict[str, object]:
        """Return it as a module does."""
        return {"count": self.number, "names": self.names}


class Class(NamedTuple):
    """Accounts for which the same definitions count: one for each keyword, or sshd's default.

    ``connection`` is that of one of them; None where the name of none can be handed to sshd.
    """

    accounts: Accounts
    connection: Optional[Connection]
    deciders: Tuple[Optional[config.Directive], ...]
    has_root: bool


class Local:
    """The accounts of this host's files that can log in, and sets of them."""

    def __init__(
        self, names: Sequence[str], members: Dict[str, List[int]], default: Connection
    ) -> None:
        """Take the accounts' names, the numbers of each group's members, and how they connect."""
        self.names = list(names)
        self.default = default
        self.everybody = (1 << len(self.names)) - 1
        users = {name: [number] for number, name in enumerate(self.names)}
        self._users = _Patterns(users, len(users))
        self._groups = _Patterns(members, len(users))
        self._members = members
        self._groups_of: Dict[int, List[str]] = {}
        self._known: Dict[Criteria, int] = {}

    def leave_out(self, some: int) -> None:
        """Count some no more among those who can log in."""
        self.everybody &= ~some
        self._known.clear()

    def derived(self, criteria: Criteria) -> Optional[Connection]:
        """Return the default connection as an account that meets the criteria, if one does."""
        found = self.meeting(criteria)
        return self.representative(found) if found else None

    def meeting(self, criteria: Criteria) -> int:
        """Return those who meet the criteria if they connect as the default connection does."""
        if criteria not in self._known:
            found = self.everybody
            for name, argument in criteria:
                if name in ("user", "group"):
                    found &= self.of(name, argument)
                elif name == "invalid-user" or not matches(((name, argument),), self.default):
                    found = 0
            self._known[criteria] = found
        return self._known[criteria]

    def of(self, name: str, patterns: str) -> int:
        """Return those whose own name, or that of a group of theirs, fits a list of patterns.

        One negated pattern that fits decides, whatever else does.
        """
        words = patterns.split(",")
        wanted = self.fitting(name, [word for word in words if not word.startswith("!")])
        denied = self.fitting(name, [word[1:] for word in words if word.startswith("!")])
        return wanted & ~denied

    def fitting(self, name: str, patterns: Iterable[str]) -> int:
        """Return those whose own name, or that of a group of theirs, fits one of the patterns."""
        return (self._users if name == "user" else self._groups).fitting(patterns)

    def users(self, some: int) -> Iterator[str]:
        """Return the names of a set."""
        bits = bin(some)[:1:-1]
        place = bits.find("1")
        while place >= 0:
            yield self.names[place]
            place = bits.find("1", place + 1)

    def told(self, some: int) -> Accounts:
        """Return a set as it is told."""
        return Accounts(bin(some).count("1"), [self.names[n] for n in self._first(some)])

    def of_scope(self, scope: config.Scope) -> Optional[Accounts]:
        """Return the accounts that a scope is about.

        Of a block for some addresses and users those who meet it from somewhere; None where it is
        about addresses alone, and not those of the default connection.
        """
        criteria = config.criteria_of(scope)
        met = self.meeting(criteria)
        personal = tuple(pair for pair in criteria if pair[0] in ("user", "group", "invalid-user"))
        if met or nobody_meets(criteria, self.default.version):
            return self.told(met)
        return self.told(self.meeting(personal)) if personal else None

    def representative(self, some: int) -> Optional[Connection]:
        """Return the default connection with one of a set as its user."""
        for number in self._first(some):
            if _ASKABLE.match(self.names[number]):
                groups = tuple(self._all_groups().get(number, ()))
                return self.default._replace(user=self.names[number], groups=groups)
        return None

    def _all_groups(self) -> Dict[int, List[str]]:
        """Return the groups of all: only here are they looked at from this side."""
        if not self._groups_of:
            for name, numbers in self._members.items():
                for number in numbers:
                    self._groups_of.setdefault(number, []).append(name)
        return self._groups_of

    @staticmethod
    def _first(some: int) -> List[int]:
        numbers: List[int] = []
        while some and len(numbers) < MAX_TOLD:
            lowest = some & -some
            numbers.append(lowest.bit_length() - 1)
            some ^= lowest
        return numbers


class _Patterns:
    """Names with their accounts, to be looked up by patterns: each pattern is tried once."""

    def __init__(self, numbers: Dict[str, List[int]], size: int) -> None:
        self._numbers = numbers
        self._size = size
        self._text = ""
        self._known: Dict[str, int] = {}

    def fitting(self, patterns: Iterable[str]) -> int:
        """Return the set of those whose name fits one of the patterns."""
        found, plain = 0, []
        for pattern in patterns:
            if "*" in pattern or "?" in pattern:
                found |= self._tried(pattern)
            else:
                plain.append(pattern)
        return found | self._set(plain)

    def _tried(self, pattern: str) -> int:
        if pattern not in self._known:
            # All names as one text: a pattern that begins with letters is found like a word in it.
            self._text = self._text or "\n" + "\n".join(self._numbers) + "\n"
            parts = {"*": "[^\n]*", "?": "[^\n]"}
            regex = "".join(parts.get(char, re.escape(char)) for char in pattern)
            self._known[pattern] = self._set(re.findall(f"\n({regex})(?=\n)", self._text))
        return self._known[pattern]

    def _set(self, names: Iterable[str]) -> int:
        bits = bytearray(self._size // 8 + 1)
        for name in names:
            for number in self._numbers.get(name, ()):
                bits[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(bits, "little")


def local(default: Connection, tree: config.Tree) -> Local:
    """Read the files of accounts, which connect as the default connection does, but to this host.

    That one reaches it at no address of its own, which matters where blocks of the tree ask for it.
    """
    wanted = {
        pair
        for directive in tree.directives
        for pair in config.criteria_of(directive.scope)
        if pair[0] == "localaddress"
    }
    if wanted and default.laddr in ("0.0.0.0", "::"):
        own = [default._replace(laddr=address) for address in _own_addresses()]
        free = [item for item in own if not any(matches((pair,), item) for pair in wanted)]
        default = (free + own + [default])[0]
    users = list(dict.fromkeys(account.user for account in _accounts.read_passwd()))
    users.sort(key=lambda user: user != "root")
    numbers = {user: number for number, user in enumerate(users)}
    return Local(users, _identities.local_members(numbers), default)


def _own_addresses() -> List[str]:
    """Return the addresses at which others reach this host, as far as the kernel tells."""
    found = re.findall(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL", text_or_nothing("/proc/net/fib_trie"))
    for number in re.findall(r"(?m)^([0-9a-f]{32}) ", text_or_nothing("/proc/net/if_inet6")):
        if not number.startswith(("fe80", "0" * 31)):
            packed = bytes.fromhex(number)
            found.append(socket.inet_ntop(socket.AF_INET6, packed))
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]


def classes(tree: config.Tree, keywords: Sequence[str], accounts: Local) -> List[Class]:
    """Part the accounts by the definitions that count for them; root's class comes first."""
    deciders: Tuple[Optional[config.Directive], ...] = ()
    parts = [(accounts.everybody, deciders)] if accounts.everybody else []
    for keyword in keywords:
        rows = decisions(tree, keyword.lower(), accounts)
        parts = [
            (part & some, known + (directive,))
            for part, known in parts
            for some, directive in rows
            if part & some
        ]
    root = 1 if accounts.names[:1] == ["root"] else 0
    found = [
        Class(accounts.told(part), accounts.representative(part), known, bool(part & root))
        for part, known in parts
    ]
    return sorted(found, key=lambda item: (not item.has_root, -item.accounts.number))


def decisions(
    tree: config.Tree, keyword: str, accounts: Local
) -> List[Tuple[int, Optional[config.Directive]]]:
    """Part the accounts by the definition of one keyword that counts for them."""
    rows: List[Tuple[int, Optional[config.Directive]]] = []
    rest = accounts.everybody
    definitions = [directive for directive in tree.directives if directive.keyword == keyword]
    for directive in definitions:
        if directive.scope:
            some = rest & accounts.meeting(config.criteria_of(directive.scope))
            rest &= ~some
            rows += [(some, directive)] * bool(some)
    outside = [directive for directive in definitions if not directive.scope]
    return rows + [(rest, outside[0] if outside else None)] * bool(rest)


def most_telling(
    found: Sequence[Class], agrees: Callable[[Class], bool], tree: config.Tree
) -> List[Class]:
    """Return the classes to ask sshd about: root's, one that gets what is wanted, the largest.

    The more blocks there are, the fewer: for each of them sshd looks up the user's groups anew.
    """
    asked = [item for item in found if item.connection is not None]
    agreeing = [number for number, item in enumerate(asked) if agrees(item)]
    if agreeing and agreeing[0] > 1:
        asked.insert(1, asked.pop(agreeing[0]))
    blocks = len({directive.scope for directive in tree.directives}) or 1
    return asked[: max(2, min(MAX_CLASSES, MAX_LOOKUPS // blocks))]
