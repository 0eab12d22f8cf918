# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd does with the sessions of accounts, beside their timeouts. Private to the collection.

Told from the text of its files, for connections from nowhere in particular: to ask sshd about each
account of a large host would take hours. Accounts for which the same lines count are looked at
together.
"""

from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .. import _directory, _identities
from . import channel_timeout, config, members
from .connections import default_connection
from .files import Files
from .match import Connection
from .members import Local
from .service import CommandLine

__all__ = ["Session", "decided", "leave_out_refused", "of_files"]

_FIRST_COUNTS = config.SESSION_KEYWORDS[:6]
_ADMISSION = {keyword.lower() for keyword in config.SESSION_KEYWORDS[5:]}
_WANTED = frozenset(keyword.lower() for keyword in config.SESSION_KEYWORDS)

# The arguments that the daemon's command line gives, by lower-case keyword.
Options = Dict[str, Tuple[str, ...]]


class _Given(NamedTuple):
    """The arguments that count, where they stand, and in which scope."""

    arguments: Tuple[str, ...] = ()
    place: str = ""
    scope: config.Scope = ()

    @property
    def text(self) -> str:
        return " ".join(self.arguments)


class Session(NamedTuple):
    """What sshd does with sessions of an account.

    ``jail`` and ``no_terminal`` name the line that gives them another root folder, or no terminal;
    ``refused`` says why there are none over SSH. ``locked_out``: that is nobody's intention.
    """

    channel: Tuple[str, ...] = ()
    setenv: Tuple[str, ...] = ()
    forced: Optional[str] = None
    jail: Optional[str] = None
    no_terminal: Optional[str] = None
    refused: Optional[str] = None
    locked_out: bool = False


def of_files(
    path: str,
    words: CommandLine,
    users: Sequence[str],
    release: config.Release = config.NEWEST,
    version: str = "",
) -> Dict[str, Session]:
    """Return what the sshd that reads a file does with the sessions of each user.

    :param words: the daemon's command line.
    :param version: what it calls itself.
    :raises Refusal: the files cannot be read.
    """
    places = ["Port", "ListenAddress", "AddressFamily"]
    tree = Files(path, [*places, *config.SESSION_KEYWORDS], release).read({})
    options = _options(words, release)
    if not options and all(item.keyword not in _WANTED for item in tree.directives):
        return dict.fromkeys(users, Session())
    return decided(tree, options, default_connection(tree, words, version), users, release)


def leave_out_refused(
    people: Local, tree: config.Tree, words: CommandLine, release: config.Release
) -> None:
    """Take those from the accounts whom sshd lets in from nowhere.

    Nobody where a block for some addresses or ports may let in whom others keep out.

    :param tree: read with ``config.SESSION_KEYWORDS``.
    """
    for item in tree.directives:
        names = {name for name, _argument in config.criteria_of(item.scope)}
        if item.keyword in _ADMISSION and not names <= {"all", "user", "group"}:
            return
    for some, _why in _refusals(tree, _options(words, release), people):
        people.leave_out(some)


def _options(words: CommandLine, release: config.Release) -> Options:
    options: Options = {}
    for option in words.options:
        statement = config.parse_line(option, release)
        if statement is not None and statement.keyword in _WANTED:
            options.setdefault(statement.keyword, statement.arguments or ())
    return options


def decided(
    tree: config.Tree,
    options: Options,
    default: Connection,
    users: Sequence[str],
    release: config.Release,
) -> Dict[str, Session]:
    """Return what sshd does with the sessions of each user.

    :param tree: read with ``config.SESSION_KEYWORDS``.
    :param default: a connection from nowhere in particular.
    """
    found: Dict[str, Session] = {}
    for people in _people(tree, default, users):
        refusals = _refusals(tree, options, people)
        for some, given in _parts(tree, options, people):
            for part, refused in _split(some, refusals):
                session = _session(given, refused, release)
                found.update((user, session) for user in people.users(part))
    return {user: found.get(user, Session()) for user in users}


def _people(tree: config.Tree, default: Connection, users: Sequence[str]) -> Iterator[Local]:
    """Return the users with their groups, as far as any line looks at these.

    The files tell those of local accounts; of others, one after the other, the system.
    """
    if not any(_asks_for_groups(directive) for directive in tree.directives):
        yield Local(users, {}, default)
        return
    local = members.local(default, tree)
    yield local
    known = frozenset(local.names)
    for user in users:
        if user not in known:
            groups: Dict[str, List[int]] = {group: [0] for group in _directory.groups_of(user)}
            yield Local([user], groups, default)


def _asks_for_groups(directive: config.Directive) -> bool:
    return directive.keyword.endswith("groups") or any(
        name == "group" for name, _argument in config.criteria_of(directive.scope)
    )


def _parts(
    tree: config.Tree, options: Options, people: Local
) -> Iterator[Tuple[int, Dict[str, _Given]]]:
    """Part the accounts by the lines that count for them, of directives of which one does."""
    parts: List[Tuple[int, Dict[str, _Given]]] = [(people.everybody, {})]
    for name in _FIRST_COUNTS:
        keyword = name.lower()
        rows = [
            (some, _given(keyword, directive, options))
            for some, directive in members.decisions(tree, keyword, people)
        ]
        parts = [
            (part & some, dict(known, **{keyword: given}))
            for part, known in parts
            for some, given in rows
            if part & some
        ]
    return iter(parts)


def _given(keyword: str, directive: Optional[config.Directive], options: Options) -> _Given:
    if keyword in options and (directive is None or not directive.scope):
        return _Given(options[keyword], "the daemon's command line")
    if directive is None:
        return _Given()
    place = f"{directive.path} line {directive.line}"
    return _Given(directive.arguments, place, directive.scope)


def _session(given: Dict[str, _Given], refused: Optional[str], release: config.Release) -> Session:
    channel, forced, jail = given["channeltimeout"], given["forcecommand"], given["chrootdirectory"]
    locked_out = refused is None and channel_timeout.locks_out(
        channel.arguments, channel.scope, release
    )
    if locked_out:
        refused = f"ChannelTimeout {channel_timeout.LOCKS_OUT} ({channel.place})"
    terminal = given["permittty"]
    return Session(
        channel.arguments,
        given["setenv"].arguments,
        None if forced.text.lower() in ("", "none") else forced.text,
        None
        if jail.text.lower() in ("", "none")
        else f"ChrootDirectory {jail.text} ({jail.place})",
        f"PermitTTY no ({terminal.place})" if terminal.text.lower() == "no" else None,
        refused,
        locked_out,
    )


def _split(some: int, refusals: Sequence[Tuple[int, str]]) -> Iterator[Tuple[int, Optional[str]]]:
    """Part a set by the first line that refuses its members."""
    for refused, why in refusals:
        if some & refused:
            yield some & refused, why
            some &= ~refused
    if some:
        yield some, None


def _refusals(tree: config.Tree, options: Options, people: Local) -> List[Tuple[int, str]]:
    """Return who is not let in, from anywhere, and by which line."""
    found: List[Tuple[int, str]] = []
    for keyword, name in (("denyusers", "user"), ("denygroups", "group")):
        for some, words, place in _listed(tree, options, keyword, people):
            whole = words if name == "group" else _from_anywhere(words)
            found.append((some & people.fitting(name, whole), f"{_written(keyword)} ({place})"))
    for keyword, name in (("allowusers", "user"), ("allowgroups", "group")):
        asked, allowed, firsts = 0, 0, []
        for some, words, place in _listed(tree, options, keyword, people):
            if name == "user":  # who comes from some hosts only may come from there
                words = [word.partition("@")[0] for word in words]
            firsts.append((some & ~asked, f"{_written(keyword)} ({place})"))
            asked |= some
            allowed |= some & people.fitting(name, words)
        found += [(part & ~allowed, line) for part, line in firsts]
    for some, directive in members.decisions(tree, "permitrootlogin", people):
        given = _given("permitrootlogin", directive, options)
        if given.text.lower() == "no":
            zero = people.fitting("user", _identities.superusers())
            found.append((some & zero, f"PermitRootLogin no ({given.place})"))
    return found


def _from_anywhere(words: Sequence[str]) -> List[str]:
    """Return the patterns of users whom a list is about wherever they come from."""
    parted = [word.partition("@") for word in words]
    return [user for user, at, host in parted if not at or (host and not host.strip("*"))]


def _listed(
    tree: config.Tree, options: Options, keyword: str, people: Local
) -> Iterator[Tuple[int, Sequence[str], str]]:
    """Return for whom each line of a list counts: all lines do, those outside where no block has.

    What stands on the command line is one of those outside.
    """
    lines = [directive for directive in tree.directives if directive.keyword == keyword]
    within = 0
    for directive in lines:
        if directive.scope:
            met = people.meeting(config.criteria_of(directive.scope))
            within |= met
            yield met, directive.arguments, f"{directive.path} line {directive.line}"
    rest = people.everybody & ~within
    if keyword in options:
        yield rest, options[keyword], "the daemon's command line"
    for directive in lines:
        if not directive.scope:
            yield rest, directive.arguments, f"{directive.path} line {directive.line}"


def _written(keyword: str) -> str:
    return next(name for name in config.SESSION_KEYWORDS if name.lower() == keyword)
