# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derive a connection that meets the criteria of a Match line. Private to the collection.

Only a run that is about a Match block, or meets one that says something else, loads this.
"""

import itertools
import re
from contextlib import suppress
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple

from .. import _directory, _identities
from .._refusal import BadOption
from .match import (
    Connection,
    Criteria,
    describe,
    fits,
    is_address,
    matches,
    nobody_meets,
    port,
)

__all__ = [
    "MAX_ACCOUNTS",
    "check_meetable",
    "derivable",
    "derive",
    "derived_connection",
    "hopeless",
]

MAX_ACCOUNTS = 256  # each may be a question to a directory
MAX_STARS = 4


def check_meetable(criteria: Criteria, proving: bool) -> None:
    """Refuse criteria that no connection meets, and for a proof those that sshd is not asked."""
    why = hopeless(criteria)
    if why is not None:
        raise BadOption("match", why)
    if proving and "rdomain" in dict(criteria):
        raise BadOption("match", "nothing is proven of routing domains; verify=false goes without.")


def derivable(criteria: Criteria, default: Connection) -> Optional[Connection]:
    """Return a connection that meets the criteria, or None where this host offers none."""
    return derive(criteria, default, _members, _directory.groups_of)


def derived_connection(criteria: Criteria, default: Connection) -> Connection:
    """Return a connection that meets the criteria of a Match line."""
    derived = derivable(criteria, default)
    if derived is None and nobody_meets(criteria, default.version):
        raise BadOption(
            "match",
            f"nobody meets {describe(criteria)!r} on this host, whose sshd calls itself"
            f" {default.version!r}.",
        )
    if derived is None:
        raise BadOption(
            "match",
            f"no connection that meets {describe(criteria)!r} could be derived on this host; give"
            " one in the option connections.",
        )
    return derived


def _members(patterns: str) -> Iterator[str]:
    """Return users who may be in a group of the list; a whole name may be that of a directory."""
    names = [
        pattern.replace("?", " ")  # how a blank is written there
        for pattern in patterns.split(",")
        if "*" not in pattern and not pattern.startswith("!")
    ]
    if _directory.is_silent():
        names = []  # the files tell of these, too
    return _identities.members(names, lambda group: fits(group, patterns))


def hopeless(criteria: Criteria) -> Optional[str]:
    """Return why no connection on any host can meet the criteria, where that is plain."""
    for name, argument in criteria:
        patterns = argument.split(",")
        why = None
        if name == "localport":
            if not 1 <= (port(argument) or 0) <= 65535:
                why = "this is not the number of one port"
        elif name in ("address", "localaddress"):
            why = _hopeless_addresses(patterns)
        if argument and not why and all(pattern.startswith("!") for pattern in patterns):
            why = "this never matches anybody: every pattern is negated"
        if why:
            return f"{describe(((name, argument),))}: {why}."
    return None


def _hopeless_addresses(patterns: List[str]) -> Optional[str]:
    for pattern in patterns:
        if _is_refused(pattern.lstrip("!")):
            return f"sshd accepts no such pattern as {pattern!r}"
    positive = [pattern for pattern in patterns if not pattern.startswith("!")]
    if positive and all(re.search(r"/[0-9]+\.", pattern) for pattern in positive):
        return "this never matches anybody: sshd knows a mask as a number of bits only"
    return None


def _is_refused(pattern: str) -> bool:
    """Tell whether it is empty, or has a mask that is too long or does not cover all bits set."""
    import ipaddress  # a large module, and few configurations match addresses

    address, slash, bits = pattern.partition("/")
    if not pattern or not re.match(r"[0-9]+\Z", bits) or not is_address(address):
        return not pattern
    try:
        ipaddress.ip_network(pattern, strict=True)
    except ValueError:
        return True
    return False


def derive(
    criteria: Criteria,
    default: Connection,
    members: Callable[[str], Iterable[str]],
    groups_of: Callable[[str], Tuple[str, ...]],
) -> Optional[Connection]:
    """Return a connection that meets the criteria, as like the default one as can be, or None.

    ``members`` names users who may be in a group that a list of patterns fits, and
    ``groups_of`` all groups of a user.
    """
    connection = default._replace(user_exists=("invalid-user", "") not in criteria)
    for name, field in _FIELDS:
        value = _value(name, field, connection, criteria)
        if value is None:
            return None
        connection = _with(connection, field, value, criteria)
    for user in itertools.islice(_users(connection, criteria, members), MAX_ACCOUNTS):
        candidate = connection._replace(user=user, groups=groups_of(user))
        if matches(criteria, candidate):
            return candidate
    return None


_FIELDS = (
    ("address", "addr"),
    ("localaddress", "laddr"),
    ("localport", "lport"),
    ("host", "host"),
    ("user", "user"),
)


def _only(name: str, criteria: Criteria) -> Criteria:
    return tuple(item for item in criteria if item[0] == name)


def _users(
    connection: Connection, criteria: Criteria, members: Callable[[str], Iterable[str]]
) -> Iterable[str]:
    """Return the connection's user; where a group is asked for, those who could be in it."""
    patterns = ",".join(argument for _name, argument in _only("group", criteria))
    if not patterns:
        return [connection.user]
    of_user = _only("user", criteria)
    return (user for user in members(patterns) if matches(of_user, connection._replace(user=user)))


def _value(name: str, field: str, connection: Connection, criteria: Criteria) -> Any:
    """Return the field's value if it meets the criteria of that name, else an example, or None."""
    wanted = _only(name, criteria)
    examples = (
        example
        for _name, patterns in wanted
        for pattern in patterns.split(",")
        for example in _examples(name, pattern)
    )
    for value in itertools.chain([getattr(connection, field)], examples):
        if matches(wanted, connection._replace(**{field: value})):
            return value
    return None


def _with(connection: Connection, field: str, value: Any, criteria: Criteria) -> Connection:
    """Return the connection with the value; a client without a name has its address for a host."""
    changed = connection._replace(**{field: value})
    if changed == connection:
        return connection
    if field == "addr":
        return changed._replace(host=value)
    if field == "host" and not _only("address", criteria) and is_address(value):
        return changed._replace(addr=value)
    return changed


def _examples(name: str, pattern: str) -> Iterator[Any]:
    """Return values that a pattern may accept; whether it does is for the caller to see."""
    if not pattern or pattern.startswith("!"):
        return
    if name == "localport":
        yield port(pattern)
    elif name != "user" and re.match(r"[0-9a-fA-F:.*?/]+\Z", pattern):
        yield from _example_addresses(pattern)
    if name in ("user", "host"):
        for filling in "xy":
            yield pattern.replace("*", filling).replace("?", filling)


def _example_addresses(pattern: str) -> Iterator[str]:
    import ipaddress  # see above

    with suppress(ValueError):
        network = ipaddress.ip_network(pattern, strict=True)
        for index in (1, 2, -2) if network.num_addresses > 2 else (0, -1):
            yield str(network[index])
    parts = pattern.replace("?", "1").split("*")
    fillings = ("1", "1::1", "::1", "") if ":" in pattern else ("1", "1.1", "1.1.1", "1.1.1.1", "")
    for chosen in itertools.product(fillings, repeat=min(len(parts) - 1, MAX_STARS)):
        text = "".join(itertools.chain(*itertools.zip_longest(parts, chosen, fillvalue="")))
        with suppress(ValueError):
            yield str(ipaddress.ip_address(text))  # in the form in which sshd compares it
