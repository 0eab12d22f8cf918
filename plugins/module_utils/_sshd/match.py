# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the criteria of a ``Match`` line mean, as sshd_config(5) says. Private to the collection.

Pure: no files, no programs. Criteria are pairs of a lower-case name and its argument,
``(("user", "backup"), ("address", "10.0.0.0/8"))``; ``all`` and ``invalid-user`` have ``""``.
"""

import re
from typing import Callable, Dict, FrozenSet, NamedTuple, Optional, Tuple

__all__ = [
    "KEYS",
    "NAMES",
    "SINCE",
    "Connection",
    "Criteria",
    "describe",
    "everybody_meets",
    "fits",
    "fits_one",
    "in_words",
    "is_address",
    "is_all",
    "matches",
    "nobody_meets",
    "canonical",
    "port",
]

# The criteria that sshd_config(5) knows, as one would write them.
NAMES = {
    "all": "all",
    "user": "User",
    "group": "Group",
    "host": "Host",
    "address": "Address",
    "localaddress": "LocalAddress",
    "localport": "LocalPort",
    "rdomain": "RDomain",
    "version": "Version",
    "invalid-user": "invalid-user",
}
# The releases that brought those which not all have; others refuse the whole configuration.
SINCE = {"invalid-user": (9, 9), "version": (10, 0)}

Criteria = Tuple[Tuple[str, str], ...]


class Connection(NamedTuple):
    """The facts about a connection that a ``Match`` line can ask for.

    ``user_exists`` is False only for one that shall meet ``Match invalid-user``; ``version`` is
    what the sshd that it reaches calls itself, empty where that is not known.
    """

    user: str
    host: str
    addr: str
    laddr: str
    lport: int
    groups: Tuple[str, ...] = ()
    user_exists: bool = True
    version: str = ""


# What people tell of a connection; the rest follows from the user.
KEYS = Connection._fields[:5]


def is_all(criteria: Criteria) -> bool:
    """Tell whether the criteria are those of ``Match all``."""
    return criteria == (("all", ""),)


def everybody_meets(criteria: Criteria, version: str) -> bool:
    """Tell whether every connection to an sshd that calls itself so meets the criteria."""
    return all(
        name == "all" or (name == "version" and fits(version, argument))
        for name, argument in criteria
    )


def nobody_meets(criteria: Criteria, version: str) -> bool:
    """Tell whether the criteria are about other versions of sshd than this one."""
    return bool(version) and not all(
        fits(version, argument) for name, argument in criteria if name == "version"
    )


def describe(criteria: Criteria) -> str:
    """Return the criteria as one would write them: ``Match User backup Address 10.0.0.0/8``."""
    words = ["Match"]
    for name, argument in criteria:
        words.append(NAMES.get(name, name.title()))
        if argument:
            words.append(f'"{argument}"' if re.search(r"[ \t]", argument) else argument)
    return " ".join(words)


def in_words(connection: Connection) -> str:
    """Return the connection as messages name it."""
    return "user {}, host {}, addr {}, laddr {}, lport {}".format(*connection)


def canonical(criteria: Criteria) -> FrozenSet[Tuple[str, FrozenSet[str]]]:
    """Return what is equal for criteria that differ in nothing but their order and case."""
    parts = set()
    for name, argument in criteria:
        if name in ("host", "address", "localaddress"):
            argument = argument.lower()
        parts.add((name, frozenset(argument.split(","))))
    return frozenset(parts)


def matches(criteria: Criteria, connection: Connection) -> bool:
    """Tell whether all criteria hold for the connection; one that we do not know never holds."""
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
    """Tell whether the value meets a list of patterns of names, such as ``admin*,!root``."""
    return bool(_pattern_list(value, patterns, fits_one))


def fits_one(value: str, pattern: str) -> bool:
    """Tell whether the whole value meets one pattern, with ``*`` and ``?`` for what is open."""
    parts = {"*": ".*", "?": "."}
    regex = "".join(parts.get(char, re.escape(char)) for char in pattern)
    return re.match(regex + r"\Z", value, re.DOTALL) is not None


def port(text: str) -> Optional[int]:
    """Return the number of a port, None where the text is none."""
    return int(text) if re.match(r"[0-9]{1,5}\Z", text) else None


def is_address(text: str) -> bool:
    """Tell whether the text is an IP address."""
    import ipaddress  # a large module, and few configurations name addresses

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _any_group(connection: Connection, patterns: str) -> bool:
    verdicts = [_pattern_list(group, patterns, fits_one) for group in connection.groups]
    return None not in verdicts and True in verdicts


def _pattern_list(value: str, patterns: str, meets: Callable[[str, str], bool]) -> Optional[bool]:
    """Return True, False, or None where a negated pattern matched: that one decides for all."""
    verdict = False
    for pattern in patterns.split(","):
        negated = pattern.startswith("!")
        if meets(value, pattern[1:] if negated else pattern):
            if negated:
                return None
            verdict = True
    return verdict


def _address_fits(value: str, pattern: str) -> bool:
    if re.search(r"/(?!\d+\Z)", pattern):  # sshd knows no netmasks: to it this is plain text
        return fits_one(value, pattern)
    import ipaddress  # see above

    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(pattern, strict=True)
    except (ValueError, TypeError):
        return fits_one(value, pattern)


def _addresses_fit(value: str, patterns: str) -> bool:
    return bool(_pattern_list(value, patterns, _address_fits))


_ARGUMENTS: Dict[str, Callable[[Connection, str], bool]] = {
    "version": lambda connection, argument: fits(connection.version, argument),
    "user": lambda connection, argument: fits(connection.user, argument),
    "host": lambda connection, argument: fits(connection.host.lower(), argument.lower()),
    "address": lambda connection, argument: _addresses_fit(connection.addr, argument),
    "localaddress": lambda connection, argument: _addresses_fit(connection.laddr, argument),
}
