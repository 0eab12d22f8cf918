# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose connections a Match block is about, and which line gives a connection its value.

Private to the collection.
"""

import re
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

from ...module_utils._sshd import config, match
from .values import mapping, mappings, number, text

__all__ = ["UNCONDITIONAL", "for_all_or_none", "meaning", "origin"]

# Outside of every Match block; a block that a connection meets goes before them.
_OUTSIDE = ("global", "command line")
UNCONDITIONAL = (*_OUTSIDE, "Match all")
# What a host tells of a connection; not its groups, nor whether the user exists.
_TOLD = ("user", "host", "address", "localaddress", "localport")
# The longest name that there is; the stars of 10.*.*.*
_LONGEST, _STARS = 255, 3


def meaning(scope: str) -> Optional[FrozenSet[Any]]:
    """Return what is equal for scopes with the same connections; None where it is no scope."""
    criteria = _criteria(scope)
    return None if criteria is None else match.canonical(criteria)


def for_all_or_none(scope: str) -> bool:
    """Tell whether a scope is no exception of anybody: what it asks for all connections share."""
    criteria = _criteria(scope)
    return scope in UNCONDITIONAL or bool(
        criteria and {name for name, _argument in criteria} == {"version"}
    )


def origin(sshd: Dict[str, Any], keyword: str, numbers: Dict[str, Any]) -> Optional[str]:
    """Tell which line gives a connection its value, as sshd reads its files; None: not known."""
    definitions = [
        definition
        for definition in mappings(sshd.get("definitions"))
        if text(definition.get("keyword")).lower() == keyword.lower()
    ]
    for definition in definitions:
        scope = text(definition.get("scope"))
        met = False if scope in _OUTSIDE else _met(definition, scope, numbers)
        if met is None:
            return None
        if met:
            return _place(definition)
    for definition in definitions:
        if text(definition.get("scope")) in _OUTSIDE and definition.get("wins") is True:
            return _place(definition)
    return "no file sets it: sshd's own default"


def _place(definition: Dict[str, Any]) -> str:
    if definition.get("path") is None:
        return "from sshd's command line"
    return f"{text(definition.get('path'))} line {text(definition.get('line'))}"


def _met(definition: Dict[str, Any], scope: str, numbers: Dict[str, Any]) -> Optional[bool]:
    """Tell whether a connection meets a scope, where what is told of both decides that."""
    if scope != "Match all" and for_all_or_none(scope):
        return definition.get("wins") is True
    accounts = mapping(definition.get("accounts"))
    named, count = accounts.get("names"), number(accounts.get("count"))
    if isinstance(named, list) and mapping(numbers.get("accounts")):
        if numbers.get("user") in named:
            return True
        return False if count == len(named) else None
    criteria, connection = _criteria(scope), _connection(numbers)
    if criteria == () or scope == text(numbers.get("scope")):
        return True
    if criteria is None or connection is None or not _quick(scope, *connection[:4]):
        return None
    decidable = tuple(pair for pair in criteria if pair[0] in _TOLD)
    if not match.matches(decidable, connection):
        return False
    return True if decidable == criteria else None


def _quick(scope: str, *facts: str) -> bool:
    """Tell whether matching is quick: many stars on a long word would keep the controller busy."""
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
    """Return the conditions of all Match lines of a scope: an Include puts one block in another."""
    criteria: List[Tuple[str, str]] = []
    for line in re.split(r", (?=Match )", scope):
        statement = config.parse_line(line)
        pairs = config.parse_criteria(statement.arguments if statement else None)
        if pairs is None:
            return None
        criteria += [pair for pair in pairs if pair != ("all", "")]
    return tuple(criteria)
