# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the criteria of a ``Match`` line mean, as sshd_config(5) says. Private to the collection.

Pure: no files, no programs. Criteria are pairs of a lower-case name and its argument,
``(("user", "backup"), ("address", "10.0.0.0/8"))``; ``all`` and ``invalid-user`` have ``""``.
"""

import itertools
import re
from contextlib import suppress
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Tuple,
)

__all__ = [
    "Connection",
    "Criteria",
    "derive",
    "describe",
    "fits",
    "hopeless",
    "is_all",
    "matches",
    "meaning",
    "port",
]

MAX_ACCOUNTS = 256  # each may be a question to a directory
MAX_STARS = 4

Criteria = Tuple[Tuple[str, str], ...]


class Connection(NamedTuple):
    """The facts about a connection that a ``Match`` line can ask for.

    ``user_exists`` is False only for one that shall meet ``Match invalid-user``.
    """

    user: str
    host: str
    addr: str
    laddr: str
    lport: int
    groups: Tuple[str, ...] = ()
    user_exists: bool = True


def is_all(criteria: Criteria) -> bool:
    return criteria == (("all", ""),)


def describe(criteria: Criteria) -> str:
    """The criteria as one would write them: ``Match User backup Address 10.0.0.0/8``."""
    names = {
        "localaddress": "LocalAddress",
        "localport": "LocalPort",
        "rdomain": "RDomain",
        "all": "all",
        "invalid-user": "invalid-user",
    }
    words = ["Match"]
    for name, argument in criteria:
        words.append(names.get(name, name.title()))
        if argument:
            words.append(f'"{argument}"' if re.search(r"[ \t]", argument) else argument)
    return " ".join(words)


def meaning(criteria: Criteria) -> FrozenSet[Tuple[str, FrozenSet[str]]]:
    """Equal for criteria that select the same connections whatever their order and case."""
    found = set()
    for name, argument in criteria:
        if name in ("host", "address", "localaddress"):
            argument = argument.lower()
        found.add((name, frozenset(argument.split(","))))
    return frozenset(found)


def matches(criteria: Criteria, connection: Connection) -> bool:
    """Whether all criteria hold for the connection; a criterion that we do not know does not."""
    return all(_holds(name, argument, connection) for name, argument in criteria)


def _holds(name: str, argument: str, connection: Connection) -> bool:
    if name == "all":
        return True
    if name == "invalid-user":
        return not connection.user_exists
    if name == "group":
        return _any_group(connection, argument)
    if name == "localport":
        return port(argument) == connection.lport
    if name in _ARGUMENTS:
        return _ARGUMENTS[name](connection, argument)
    return False


def fits(value: str, patterns: str) -> bool:
    """Whether the value meets a list of patterns of names, such as ``admin*,!root``."""
    return bool(_pattern_list(value, patterns))


def port(text: str) -> Optional[int]:
    """The number of a port, None where the text is none."""
    return int(text) if re.match(r"[0-9]{1,5}\Z", text) else None


def _any_group(connection: Connection, patterns: str) -> bool:
    verdicts = [_pattern_list(group, patterns) for group in connection.groups]
    return None not in verdicts and True in verdicts


def _pattern_list(value: str, patterns: str) -> Optional[bool]:
    """True, False, or None where a negated pattern matched: that one decides for all."""
    found = False
    for pattern in patterns.split(","):
        negated = pattern.startswith("!")
        if _wildcard(value, pattern[1:] if negated else pattern):
            if negated:
                return None
            found = True
    return found


def _wildcard(value: str, pattern: str) -> bool:
    parts = {"*": ".*", "?": "."}
    regex = "".join(parts.get(char, re.escape(char)) for char in pattern)
    return re.match(regex + r"\Z", value, re.DOTALL) is not None


def _address_list(value: str, patterns: str) -> bool:
    found = False
    for pattern in patterns.split(","):
        negated = pattern.startswith("!")
        if _address(value, pattern[1:] if negated else pattern):
            if negated:
                return False
            found = True
    return found


def _address(value: str, pattern: str) -> bool:
    if re.search(r"/(?!\d+\Z)", pattern):  # sshd knows no netmasks: to it this is plain text
        return _wildcard(value, pattern)
    import ipaddress  # a large module, and few configurations match addresses

    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(pattern, strict=True)
    except (ValueError, TypeError):
        return _wildcard(value, pattern)


_ARGUMENTS: Dict[str, Callable[[Connection, str], bool]] = {
    "user": lambda connection, argument: bool(_pattern_list(connection.user, argument)),
    "host": lambda connection, argument: bool(
        _pattern_list(connection.host.lower(), argument.lower())
    ),
    "address": lambda connection, argument: _address_list(connection.addr, argument),
    "localaddress": lambda connection, argument: _address_list(connection.laddr, argument),
}


def hopeless(criteria: Criteria) -> Optional[str]:
    """Why no connection can meet the criteria on any host, where that is plain; a sentence."""
    for name, argument in criteria:
        patterns = argument.split(",")
        why = None
        if name == "localport":
            if not 1 <= (port(argument) or 0) <= 65535:
                why = "this is not the number of one port"
        elif name in ("address", "localaddress"):
            why = _hopeless_addresses(patterns)
        if argument and not why and all(each.startswith("!") for each in patterns):
            why = "this never matches anybody: every pattern is negated"
        if why:
            return f"{describe(((name, argument),))}: {why}."
    return None


def _hopeless_addresses(patterns: List[str]) -> Optional[str]:
    for pattern in patterns:
        if _refused(pattern.lstrip("!")):
            return f"sshd accepts no such pattern as {pattern!r}"
    positive = [each for each in patterns if not each.startswith("!")]
    if positive and all(re.search(r"/[0-9]+\.", each) for each in positive):
        return "this never matches anybody: sshd knows a mask as a number of bits only"
    return None


def _refused(pattern: str) -> bool:
    """Empty, with bits set that the mask does not cover, or with a mask that is too long."""
    import ipaddress  # a large module, and few configurations match addresses

    address, slash, bits = pattern.partition("/")
    if not pattern or not re.match(r"[0-9]+\Z", bits) or not _is_address(address):
        return not pattern
    try:
        ipaddress.ip_network(pattern, strict=True)
    except ValueError:
        return True
    return False


def _is_address(text: str) -> bool:
    import ipaddress  # see above

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def derive(
    criteria: Criteria,
    default: Connection,
    members: Callable[[str], Iterable[str]],
    groups_of: Callable[[str], Tuple[str, ...]],
) -> Optional[Connection]:
    """A connection that meets the criteria, as like the default one as can be, or None.

    ``members`` names users who may be in a group that a list of patterns fits, and
    ``groups_of`` all groups of a user.
    """
    found = default._replace(user_exists=("invalid-user", "") not in criteria)
    for name, field in _FIELDS:
        value = _value(name, field, found, criteria)
        if value is None:
            return None
        found = _with(found, field, value, criteria)
    for user in itertools.islice(_users(found, criteria, members), MAX_ACCOUNTS):
        candidate = found._replace(user=user, groups=groups_of(user))
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
    found: Connection, criteria: Criteria, members: Callable[[str], Iterable[str]]
) -> Iterable[str]:
    """The user found; where a group is asked for, instead those who could be in it."""
    patterns = ",".join(argument for _name, argument in _only("group", criteria))
    if not patterns:
        return [found.user]
    own = _only("user", criteria)
    return (user for user in members(patterns) if matches(own, found._replace(user=user)))


def _value(name: str, field: str, found: Connection, criteria: Criteria) -> Any:
    """The field's value if it meets the criteria of that name, else an example, or None."""
    own = _only(name, criteria)
    examples = (
        example
        for _name, patterns in own
        for pattern in patterns.split(",")
        for example in _examples(name, pattern)
    )
    for value in itertools.chain([getattr(found, field)], examples):
        if matches(own, found._replace(**{field: value})):
            return value
    return None


def _with(found: Connection, field: str, value: Any, criteria: Criteria) -> Connection:
    """The connection with the value; a client without a name has its address for a host."""
    changed = found._replace(**{field: value})
    if changed == found:
        return found
    if field == "addr":
        return changed._replace(host=value)
    if field == "host" and not _only("address", criteria) and _is_address(value):
        return changed._replace(addr=value)
    return changed


def _examples(name: str, pattern: str) -> Iterator[Any]:
    """Values that a pattern may accept; whether it does is for the caller to see."""
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
