# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose connections a Match block is about, and which line gives a connection its value.

Private to the collection.
"""

import re
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

from ...module_utils._sshd import config, match
from .values import mappings, number, text

__all__ = ["UNCONDITIONAL", "meaning", "origin"]

# Outside of every Match block; a block that a connection meets goes before them.
_OUTSIDE = ("global", "command line")
UNCONDITIONAL = (*_OUTSIDE, "Match all")
# What a host tells of a connection; not its groups, nor whether the user exists.
_TOLD = ("user", "host", "address", "localaddress", "localport")
# The longest name that there is; the stars of 10.*.*.*
_LONGEST, _STARS = 255, 3


def meaning(scope: str) -> Optional[FrozenSet[Any]]:
    """Equal for scopes with the same connections, however written; None where it is no scope."""
    criteria = _criteria(scope)
    return None if criteria is None else match.canonical(criteria)


def origin(sshd: Dict[str, Any], keyword: str, numbers: Dict[str, Any]) -> Optional[str]:
    """Say what makes a connection's value what it is, as sshd reads its files; None: not known."""
    found = [
        one
        for one in mappings(sshd.get("definitions"))
        if text(one.get("keyword")).lower() == keyword.lower()
    ]
    for one in found:
        scope = text(one.get("scope"))
        met = False if scope in _OUTSIDE else _met(scope, numbers)
        if met is None:
            return None
        if met:
            return _place(one)
    for one in found:
        if text(one.get("scope")) in _OUTSIDE and one.get("wins") is True:
            return _place(one)
    return "no file sets it: sshd's own default"


def _place(definition: Dict[str, Any]) -> str:
    if definition.get("path") is None:
        return "from sshd's command line"
    return "{} line {}".format(text(definition.get("path")), text(definition.get("line")))


def _met(scope: str, numbers: Dict[str, Any]) -> Optional[bool]:
    """Tell whether a connection meets a scope, where what is told of it decides that."""
    criteria, connection = _criteria(scope), _connection(numbers)
    if criteria == () or scope == text(numbers.get("scope")):
        return True
    if criteria is None or connection is None or not _quick(scope, *connection[:4]):
        return None
    told = tuple(pair for pair in criteria if pair[0] in _TOLD)
    if not match.matches(told, connection):
        return False
    return True if told == criteria else None


def _quick(scope: str, *facts: str) -> bool:
    """A host must not keep the controller busy: many stars on a long word take for ever."""
    return (
        max(map(len, facts)) <= _LONGEST
        and max(pattern.count("*") for pattern in re.split("[, ]", scope)) <= _STARS
    )


def _connection(numbers: Dict[str, Any]) -> Optional[match.Connection]:
    user, host, addr, laddr = [numbers.get(key) for key in ("user", "host", "addr", "laddr")]
    lport = number(numbers.get("lport"))
    if lport is None or not all(isinstance(word, str) for word in (user, host, addr, laddr)):
        return None
    return match.Connection(text(user), text(host), text(addr), text(laddr), lport)


def _criteria(scope: str) -> Optional[match.Criteria]:
    """The conditions of all Match lines of a scope: an Include puts one block into another."""
    criteria: List[Tuple[str, str]] = []
    for line in re.split(r", (?=Match )", scope):
        statement = config.parse_line(line)
        found = config.parse_criteria(statement.arguments if statement else None)
        if found is None:
            return None
        criteria += [pair for pair in found if pair != ("all", "")]
    return tuple(criteria)
