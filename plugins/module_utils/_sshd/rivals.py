# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several definitions has its way in its own scope. Private to the collection.

Pure. Whether earlier Match scopes cover another is tried out with connections that meet that one,
since no comparison of patterns tells it. A definition wins if it decides for any of them.
"""

import itertools
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from . import config
from .match import Connection, Criteria, canonical, is_all, matches, port

__all__ = ["criteria_of", "deciders", "place"]

Scope = Tuple[config.MatchLine, ...]
Place = Tuple[str, int, Scope]
GroupsOf = Callable[[str], Tuple[str, ...]]

MAX_TRIED = 256  # trying takes the square of it; scopes beyond are compared as text alone
MAX_EXAMPLES = 32
MAX_EXCEPTIONS = 8
# Nobody in particular, from nowhere in particular: as much as a scope leaves open.
STRANGERS = [
    Connection("somebody", "nowhere.invalid", "198.51.100.77", "198.51.100.78", 65535),
    Connection("other", "else.invalid", "2001:db8::77", "2001:db8::78", 65534),
]


def place(directive: config.Directive) -> Place:
    """The same for each reading of a line in one scope."""
    return directive.path, directive.line, directive.scope


def criteria_of(scope: Scope) -> Criteria:
    """All that a connection must meet to be in a scope."""
    return tuple(pair for match in scope for pair in match.criteria if pair != ("all", ""))


def deciders(tree: config.Tree, keyword: str, groups_of: GroupsOf) -> Dict[Place, config.Directive]:
    """For each definition of a keyword the one that decides in its scope: itself, if it wins."""
    rivals = [each for each in tree.directives if each.keyword == keyword.lower()]
    free = [each for each in rivals if config.unconditional(each)]
    free.sort(key=lambda each: not each.scope)  # below Match all before the global section
    scopes = _Scopes([criteria_of(each.scope) for each in rivals], groups_of)
    found: Dict[Place, config.Directive] = {}
    for directive in rivals:
        decides = scopes.decider(directive) if directive.scope else free[0]
        found.setdefault(place(directive), decides)
    return found


class _Scopes:
    """The scopes read so far, and who decides in each."""

    def __init__(self, asked: Sequence[Criteria], groups_of: GroupsOf) -> None:
        pairs = list(dict.fromkeys(pair for criteria in asked for pair in criteria))
        self.exceptions = _exceptions(pairs)
        # Accounts are looked up only where somebody asks for groups.
        self.groups_of = groups_of if "group" in dict(pairs) else lambda user: ()
        self.by_conditions: Dict[FrozenSet[Any], config.Directive] = {}
        self.tried: List[Tuple[Criteria, config.Directive]] = []

    def decider(self, directive: config.Directive) -> config.Directive:
        conditions = frozenset(
            canonical(match.criteria) for match in directive.scope if not is_all(match.criteria)
        )
        decides = self._met_by(conditions)
        if decides is None:
            criteria = criteria_of(directive.scope)
            decides = self._covered(criteria) or directive
            if len(self.tried) < MAX_TRIED:
                self.tried.append((criteria, directive))
        self.by_conditions.setdefault(conditions, decides)
        return decides

    def _met_by(self, conditions: FrozenSet[Any]) -> Optional[config.Directive]:
        """Who meets conditions meets any part of them too; quick for many blocks."""
        known = self.by_conditions
        if len(known) < 2 ** len(conditions):
            return next((known[other] for other in known if other <= conditions), None)
        parts = (
            frozenset(part)
            for size in range(len(conditions) + 1)
            for part in itertools.combinations(conditions, size)
        )
        return next((known[part] for part in parts if part in known), None)

    def _covered(self, criteria: Criteria) -> Optional[config.Directive]:
        """The definition that is met first by who meets these criteria; None: some meet none."""
        found = None
        if self.tried and len(self.tried) < MAX_TRIED:
            for example in _examples(criteria, self.exceptions, self.groups_of):
                first = next(
                    (directive for other, directive in self.tried if matches(other, example)), None
                )
                if first is None:
                    return None
                found = found or first
        return found


def _exceptions(pairs: Sequence[Tuple[str, str]]) -> List[Tuple[str, str]]:
    """What negated patterns leave to other scopes."""
    found = [
        (name, pattern[1:])
        for name, argument in pairs
        for pattern in argument.split(",")
        if pattern.startswith("!")
    ]
    return found[:MAX_EXCEPTIONS]


def _examples(
    criteria: Criteria, exceptions: Sequence[Tuple[str, str]], groups_of: GroupsOf
) -> Iterator[Connection]:
    """Connections that meet the criteria, of kinds as different as the criteria allow."""
    choices = [
        [(name, choice) for choice in _choices(name, argument)] for name, argument in criteria
    ]
    kinds = list(itertools.islice(itertools.product(*choices), MAX_EXAMPLES))
    own = dict(criteria)
    left_out = [
        (name, choice)
        for name, pattern in exceptions
        for choice in _choices(name, pattern) + _both(pattern, own.get(name, ""))
    ]
    # One scope leaves out a user, the next a network: who is both is met by neither.
    pairs = [both for both in itertools.combinations(left_out, 2) if both[0][0] != both[1][0]]
    kinds += [
        kind + more
        for kind in kinds[:1]
        for more in [(one,) for one in left_out] + pairs[:MAX_EXAMPLES]
    ]
    for each, stranger in itertools.product(kinds, STRANGERS):
        example = _example(dict(each), stranger, groups_of)
        if matches(criteria, example):
            yield example


def _example(values: Dict[str, str], stranger: Connection, groups_of: GroupsOf) -> Connection:
    """Of a group nobody in particular is a member; a user's groups are those of the host."""
    groups = (values["group"],) if "group" in values else ()
    return Connection(
        values.get("user", stranger.user),
        values.get("host", stranger.host),
        values.get("address", stranger.addr),
        values.get("localaddress", stranger.laddr),
        port(values.get("localport", "")) or stranger.lport,
        groups_of(values["user"]) if "user" in values else groups,
        user_exists="invalid-user" not in values,
    )


def _choices(name: str, argument: str) -> List[str]:
    """Values that the patterns accept; matching tells whether they do."""
    positive = [pattern for pattern in argument.split(",") if not pattern.startswith("!")]
    if name.endswith("address"):
        return [value for pattern in positive for value in _addresses(pattern)]
    return list(
        dict.fromkeys(
            pattern.replace("*", many).replace("?", one)
            for many, one in (("curfew", "9"), ("x", "x"))
            for pattern in positive
        )
    )


def _both(one: str, patterns: str) -> List[str]:
    """Names that meet ``bad.*`` and ``*.example.org``: each pattern in the other's star."""
    return [
        outer.replace("*", inner.replace("*", ""))
        for pattern in patterns.split(",")
        for outer, inner in ((one, pattern), (pattern, one))
        if "*" in outer
    ]


def _addresses(pattern: str) -> List[str]:
    """Within a network, first not at its beginning, where gateways are."""
    import ipaddress  # a large module, and few configurations match addresses

    try:
        network = ipaddress.ip_network(pattern, strict=True)
    except ValueError:
        return [
            pattern.replace("*", filling).replace("?", "7")
            for filling in ("77", "77.77", "77.77.77")
        ]
    places = sorted({network.num_addresses * 2 // 3, 0}, reverse=True)
    return [str(network[place]) for place in places]
