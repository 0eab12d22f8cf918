# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sshd's configuration as it lies on this host. Private to the collection.

Gives the pure reader its files and the accounts that Match lines ask for.
"""

import grp
import itertools
import os
import pwd
import re
from contextlib import suppress
from typing import (
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Set,
    Tuple,
)

from .._files import reading
from .._refusal import Refusal
from . import config, glob, match, service

__all__ = [
    "BadConnection",
    "Files",
    "check_meetable",
    "connection",
    "default_connection",
    "derived_connection",
]

NO_ADDRESS = "192.0.2.1"  # TEST-NET-1 of RFC 5737: nobody has it
PASSWD, GROUP = "/etc/passwd", "/etc/group"
KEYS = ("user", "host", "addr", "laddr", "lport")


class BadConnection(Refusal):
    """A connection to prove cannot be made of what was given; one sentence."""


class Files:
    """The files of one tree, each read once, so that what is planned fits what was read."""

    def __init__(self, main: str, keywords: Iterable[str], release: config.Release) -> None:
        self.main = main
        self.keywords = list(keywords)
        self._release = release
        self.snapshots: Dict[str, reading.Snapshot] = {}
        self._allowance = reading.Allowance()
        self._expanded: Dict[str, List[str]] = {}
        # One name for each real file, so that what is changed through one is seen through all.
        self._names = {os.path.realpath(main): main}

    def read(self, texts: Mapping[str, str]) -> config.Tree:
        """The tree, with the texts given in place of the files of those names."""

        def load(path: str, by: Optional[Tuple[str, int]]) -> str:
            return texts[path] if path in texts else self._load(path, by)

        return config.read_tree(self.main, load, self._expand, self.keywords, self._release)

    def change(self, path: str, text: str) -> reading.Change:
        return reading.Change(self.snapshots[path], text.encode("utf-8", "surrogateescape"))

    def _load(self, path: str, by: Optional[Tuple[str, int]]) -> str:
        if by is not None and os.path.isdir(path):
            return ""  # sshd opens a folder that a glob names, and reads nothing
        if path not in self.snapshots:
            try:
                self.snapshots[path] = self._allowance.spent_on(reading.read(path))
            except reading.FilesError as error:
                if by is None:
                    raise
                raise reading.FilesError("%s line %d: Include: %s" % (by + (error,))) from error
        return (self.snapshots[path].data or b"").decode("utf-8", "surrogateescape")

    def _expand(self, pattern: str) -> List[str]:
        if pattern not in self._expanded:
            names: List[str] = sorted(glob.expand(pattern), key=os.fsencode)
            self._expanded[pattern] = [
                self._names.setdefault(os.path.realpath(name), name) for name in names
            ]
        return self._expanded[pattern]


def default_connection(tree: config.Tree, words: service.CommandLine) -> match.Connection:
    """A user who does not exist, from an address that nobody has, at the first listener."""
    user = "curfew-no-such-user"
    while _exists(user):
        user += "-"
    laddr, lport = _first_listener(tree, words)
    return match.Connection(user, NO_ADDRESS, NO_ADDRESS, laddr, lport)


def connection(given: Mapping[str, Any], default: match.Connection) -> match.Connection:
    """The connection that an item of the option ``connections`` describes."""
    fields = {key: value for key, value in given.items() if value is not None}
    for key, value in fields.items():
        if key != "lport" and not re.match(r"[^\s,\x00-\x1f]+\Z", value):
            raise BadConnection(
                f"Option connections: {key} {value!r} must not be empty or hold a comma or blanks."
            )
        if key in ("addr", "laddr") and not _is_address(value):
            raise BadConnection(f"Option connections: {key} {value!r} is not an IP address.")
    if not 1 <= fields.get("lport", 1) <= 65535:
        raise BadConnection("Option connections: lport must be 1 to 65535.")
    if "addr" in fields:
        fields.setdefault("host", fields["addr"])
    if "user" in fields:
        fields["groups"] = _groups_of(fields["user"])
        fields["user_exists"] = _exists(fields["user"])
    return default._replace(**fields)


def check_meetable(criteria: match.Criteria, proving: bool) -> None:
    """Refuse criteria that no connection meets, and for a proof those that sshd is not asked."""
    hopeless = match.hopeless(criteria)
    if hopeless is not None:
        raise BadConnection("Option match: " + hopeless)
    if proving and "rdomain" in dict(criteria):
        raise BadConnection(
            "Option match: nothing is proven of routing domains; verify=false goes without."
        )


def derived_connection(criteria: match.Criteria, default: match.Connection) -> match.Connection:
    """A connection that meets the criteria of a Match line."""
    derived = match.derive(criteria, default, _members, _groups_of)
    if derived is None:
        raise BadConnection(
            f"Option match: no connection that meets {match.describe(criteria)!r} could be derived on "
            "this host; give one in the option connections."
        )
    return derived


def _first_listener(tree: config.Tree, words: service.CommandLine) -> Tuple[str, int]:
    """What stands on the command line is read first; what stands below ``Match all`` counts."""
    read = [config.parse_line(option) for option in words.options]
    said = [(one.keyword, one.arguments) for one in read if one] + [
        (one.keyword, one.arguments) for one in tree.directives if config.unconditional(one)
    ]

    def first(keyword: str) -> str:
        return next((given[0] for name, given in said if name == keyword and given), "")

    lport = words.ports[0] if words.ports else match.port(first("port")) or 22
    anywhere = "::" if first("addressfamily").lower() == "inet6" else "0.0.0.0"
    listen = first("listenaddress")
    whole = re.match(r"\[(.*)\](?::(\d+))?\Z|([^:]*):(\d+)\Z", listen)
    if whole is not None:
        listen = whole.group(1) or whole.group(3) or ""
        lport = match.port(whole.group(2) or whole.group(4) or "") or lport
    if not 1 <= lport <= 65535:
        lport = 22  # sshd itself will refuse the tree, and name the line
    return (listen if listen and _is_address(listen) else anywhere), lport


def _is_address(text: str) -> bool:
    import ipaddress  # a large module, and few hosts listen on one address only

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except (KeyError, ValueError):
        return False
    return True


def _groups_of(user: str) -> Tuple[str, ...]:
    try:
        account = pwd.getpwnam(user)
    except (KeyError, ValueError):
        return ()
    names = []
    for group in os.getgrouplist(user, account.pw_gid):
        with suppress(KeyError):  # a number without a name: sshd passes it over, too
            names.append(grp.getgrgid(group).gr_name)
    return tuple(names)


def _members(patterns: str) -> Iterator[str]:
    """Users who may be in a group of the list, without repetition.

    A group is asked for by its name where that is whole. Directories are never listed: of what
    a wildcard may mean, and of those for whom a group is primary, only the local files tell.
    """
    seen: Set[str] = set()
    primary = _primary_members()
    for number, names in _groups(patterns):
        for name in itertools.chain(names, primary.get(number, [])):
            if name and name not in seen:
                seen.add(name)
                yield name


def _groups(patterns: str) -> Iterator[Tuple[str, List[str]]]:
    """The number and the additional members of each group that the list may mean."""
    for pattern in patterns.split(","):
        if "*" not in pattern and not pattern.startswith("!"):
            with suppress(KeyError, ValueError):
                entry = grp.getgrnam(pattern.replace("?", " "))  # how a blank is written there
                yield str(entry.gr_gid), entry.gr_mem
    for name, _password, number, members in _records(GROUP, 4):
        if match.fits(name, patterns):
            yield number, members.split(",")


def _primary_members() -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for fields in _records(PASSWD, 7):
        found.setdefault(fields[3], []).append(fields[0])
    return found


def _records(path: str, width: int) -> Iterator[List[str]]:
    """The lines of a file of accounts that have as many fields; none where there is no file."""
    with suppress(FileNotFoundError), open(path, "rb") as accounts:
        for line in accounts:
            fields = line.decode("utf-8", "surrogateescape").rstrip("\n").split(":")
            if len(fields) == width:
                yield fields
