# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to ask sshd about: given, or nobody's. Private to the collection."""

import functools
import re
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from .. import _directory
from .._refusal import BadOption
from . import config
from .match import (
    Connection,
    Criteria,
    fits,
    is_address,
    matches,
    port,
)
from .service import CommandLine

__all__ = [
    "BadConnection",
    "connection",
    "default_connection",
    "Derive",
    "deriving",
]

# Names that have little in common, and addresses that nobody has (TEST-NET-1 to 3 of RFC 5737). The
# first one counts if nothing speaks against it.
_USERS = ("curfew-no-such-user", "7-nobody", "zzyx", "_", "Q")
_ADDRESSES = ("192.0.2.1", "198.51.100.1", "203.0.113.1")


Derive = Callable[[Criteria], Optional[Connection]]


class BadConnection(BadOption):
    """A connection to prove cannot be made of what was given; one sentence."""


def default_connection(tree: config.Tree, words: CommandLine, version: str = "") -> Connection:
    """Return a user who does not exist, from an address that nobody has, at the first listener.

    :param version: what sshd calls itself.
    """
    user, address = _stranger(tree)
    while _directory.exists(user):
        user += "-"
    laddr, lport = _first_listener(tree, words)
    return Connection(user, address, address, laddr, lport, version=version)


def _stranger(tree: config.Tree) -> Tuple[str, str]:
    """Return a name and an address that meet no block for some, as ``Match User c*``, by chance."""
    criteria = {pair for item in tree.directives for pair in config.criteria_of(item.scope)}
    patterns = {
        ",".join(word for word in argument.split(",") if "*" in word or "?" in word)
        for name, argument in criteria
        if name == "user"
    }
    places = [pair for pair in criteria if pair[0] in ("address", "host")]
    user = _least_met(_USERS, lambda name: sum(fits(name, some) for some in patterns))
    address = _least_met(
        _ADDRESSES,
        lambda at: sum(matches((pair,), Connection(user, at, at, "", 0)) for pair in places),
    )
    return user, address


def _least_met(candidates: Sequence[str], count: Callable[[str], int]) -> str:
    """Return the first candidate that meets nothing, else the first of those that meet least."""
    counts: Dict[str, int] = {}
    for candidate in candidates:
        counts[candidate] = count(candidate)
        if not counts[candidate]:
            return candidate
    return min(candidates, key=counts.__getitem__)


def connection(given: Mapping[str, Any], default: Connection) -> Connection:
    """Return the connection that an item of the option ``connections`` describes."""
    fields = {key: value for key, value in given.items() if value is not None}
    for key, value in fields.items():
        if key != "lport" and not re.match(r"[^\s,\x00-\x1f]+\Z", value):
            raise BadConnection(
                "connections", f"{key} {value!r} must not be empty or hold a comma or blanks."
            )
        if key in ("addr", "laddr") and not is_address(value):
            raise BadConnection("connections", f"{key} {value!r} is not an IP address.")
    if not 1 <= fields.get("lport", 1) <= 65535:
        raise BadConnection("connections", "lport must be 1 to 65535.")
    if "addr" in fields:
        fields.setdefault("host", fields["addr"])
    if "user" in fields:
        fields["groups"] = _directory.groups_of(fields["user"])
        fields["user_exists"] = _directory.exists(fields["user"])
    return default._replace(**fields)


def deriving(default: Connection, at_hand: Optional[Derive] = None) -> Derive:
    """Return a function that derives a connection from criteria, and asks about each only once.

    To derive one may take hundreds of questions to a directory, where what is ``at_hand`` has none.
    """

    @functools.lru_cache(maxsize=None)
    def derive(criteria: Criteria) -> Optional[Connection]:
        known = at_hand(criteria) if at_hand is not None else None
        if known is not None:
            return known
        from .deriving import derivable

        return derivable(criteria, default)

    return derive


def _first_listener(tree: config.Tree, words: CommandLine) -> Tuple[str, int]:
    """Return where the daemon listens first.

    What stands on the command line is read first; what stands below ``Match all`` counts.
    """
    options = [config.parse_line(option) for option in words.options]
    settings = [(option.keyword, option.arguments) for option in options if option] + [
        (directive.keyword, directive.arguments)
        for directive in tree.directives
        if config.unconditional(directive)
    ]

    def first(keyword: str) -> str:
        return next((given[0] for name, given in settings if name == keyword and given), "")

    lport = words.ports[0] if words.ports else port(first("port")) or 22
    anywhere = "::" if first("addressfamily").lower() == "inet6" else "0.0.0.0"
    listen = first("listenaddress")
    whole = re.match(r"\[(.*)\](?::(\d+))?\Z|([^:]*):(\d+)\Z", listen)
    if whole is not None:
        listen = whole.group(1) or whole.group(3) or ""
        lport = port(whole.group(2) or whole.group(4) or "") or lport
    if not 1 <= lport <= 65535:
        lport = 22  # sshd itself will refuse the tree, and name the line
    return (listen if listen and is_address(listen) else anywhere), lport
