# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the criteria of a ``Match`` line mean, as sshd_config(5) says. Private to the collection.

Pure: no files, no programs. Criteria are pairs of a lower-case name and its argument,
``(("user", "backup"), ("address", "10.0.0.0/8"))``; ``all`` and ``invalid-user`` have ``""``.
"""

import re
from typing import Callable, Dict, FrozenSet, NamedTuple, Optional, Tuple

__all__ = ["Connection", "Criteria", "derive", "describe", "is_all", "matches", "meaning"]

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
    names = {"localaddress": "LocalAddress", "localport": "LocalPort", "rdomain": "RDomain",
             "all": "all", "invalid-user": "invalid-user"}
    words = ["Match"]
    for name, argument in criteria:
        words.append(names.get(name, name.title()))
        if argument:
            words.append('"%s"' % argument if re.search(r"[ \t]", argument) else argument)
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
        _pattern_list(connection.host.lower(), argument.lower())),
    "address": lambda connection, argument: _address_list(connection.addr, argument),
    "localaddress": lambda connection, argument: _address_list(connection.laddr, argument),
}


def derive(
    criteria: Criteria, default: Connection, member_of: Callable[[str], Optional[str]]
) -> Optional[Connection]:
    """A connection that meets the criteria, as like the default one as can be, or None.

    ``member_of`` names a user who is in the group given. The result is checked with
    :func:`matches`, all but its groups: those are known to the system, not to us.
    """
    fields: Dict[str, str] = {}
    group = ""
    for name, argument in criteria:
        if name in _FIELDS:
            fields[_FIELDS[name]] = _example(name, argument)
        elif name == "group":
            group = _example(name, argument)
            fields.setdefault("user", member_of(group) or "")
    lport = port(fields.pop("lport", str(default.lport)))
    if lport is None:
        return None
    candidate = default._replace(
        lport=lport,
        groups=(group,) if group else default.groups,
        user_exists=("invalid-user", "") not in criteria, **fields)
    whole = candidate.user and candidate.addr and candidate.laddr
    return candidate if whole and matches(criteria, candidate) else None


_FIELDS = {"user": "user", "host": "host", "address": "addr", "localaddress": "laddr",
           "localport": "lport"}


def _example(name: str, patterns: str) -> str:
    """A value that the first positive pattern of the list accepts, or an empty string."""
    positive = [pattern for pattern in patterns.split(",") if not pattern.startswith("!")]
    if not positive:
        return ""
    if name in ("address", "localaddress"):
        return _example_address(positive[0])
    return positive[0].replace("*", "x").replace("?", "x")


def _example_address(pattern: str) -> str:
    import ipaddress  # see above

    if not re.search(r"[*?]", pattern):
        try:
            network = ipaddress.ip_network(pattern, strict=True)
        except ValueError:
            return ""
        return str(network[1] if network.num_addresses > 1 else network[0])
    octets = pattern.replace("*", "1").replace("?", "1").split(".")
    return ".".join(octets + ["1"] * (4 - len(octets)))
