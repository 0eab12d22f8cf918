# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy that a host is held against, out of the role's variables.

Private to the collection.
"""

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ...module_utils import _durations
from ...module_utils._refusal import Refusal
from .values import names

__all__ = ["ClientAlive", "Policy", "Tmout", "described", "read"]

# The words of Ansible's own booleans.
_TRUE = frozenset(("true", "yes", "on", "1", "y", "t"))
_FALSE = frozenset(("false", "no", "off", "0", "n", "f"))


class ClientAlive(NamedTuple):
    """What sshd is to be told; ``match`` limits it to the connections of a Match block."""

    interval: int
    count_max: int
    match: Optional[str]


class Tmout(NamedTuple):
    """After how long an idle login shell is to end, and for whom that is not asked."""

    seconds: int
    readonly: bool
    exempt_users: List[str]


class Policy(NamedTuple):
    """What is asked for of sshd and of login shells; None where nothing is."""

    client_alive: Optional[ClientAlive]
    tmout: Optional[Tmout]


def read(asked: Mapping[str, Any]) -> Policy:
    """Return the policy that the variables ask for, or refuse them in a sentence."""
    try:
        return Policy(_client_alive(asked), _tmout(asked))
    except KeyError as error:
        raise Refusal(f"{error.args[0]} is not given.") from error


def described(policy: Policy) -> Dict[str, Any]:
    """Return the policy as the report holds it."""
    alive, tmout = policy
    return {
        "sentences": _sentences(policy),
        "client_alive": None if alive is None else _described_numbers(alive),
        "tmout": None if tmout is None else dict(tmout._asdict()),
    }


def _described_numbers(alive: ClientAlive) -> Dict[str, Any]:
    ends = _detection(alive)
    return {
        "interval_seconds": alive.interval,
        "count_max": alive.count_max,
        "match": alive.match,
        "detection_seconds": None if ends is None else {"min": ends[0], "max": ends[1]},
    }


def _detection(alive: ClientAlive) -> Optional[Tuple[int, int]]:
    """Return what the numbers mean on a release without a bug of its own; 0 never drops anybody."""
    if not (alive.interval and alive.count_max):
        return None
    return alive.interval * alive.count_max, alive.interval * (alive.count_max + 1)


def _sentences(policy: Policy) -> List[str]:
    alive, tmout = policy
    sentences = []
    if tmout is not None:
        exempt = names(tmout.exempt_users)
        sentences.append(
            f"An idle prompt ends after {_durations.spelled(tmout.seconds)}"
            f"{f', except for {exempt}' if exempt else ''}."
        )
    if alive is not None:
        whose = f" under Match {alive.match}" if alive.match else ""
        when = "is never dropped"
        ends = _detection(alive)
        if ends is not None:
            words = _durations.between(*map(_durations.spelled, ends))
            when = f"is dropped after {words}"
        sentences.append(
            f"A client that vanishes{whose} {when} (ClientAliveInterval {alive.interval}, "
            f"ClientAliveCountMax {alive.count_max})."
        )
    return sentences or ["Nothing is asked for."]


def _client_alive(asked: Mapping[str, Any]) -> Optional[ClientAlive]:
    if not _wanted(asked, "client_alive_enabled", "client_alive_state"):
        return None
    interval = _seconds(asked, "session_timeouts_client_alive_interval", 0)
    count_max = str(asked["session_timeouts_client_alive_count_max"])
    if not re.match(r"[0-9]{1,10}\Z", count_max) or int(count_max) > _durations.MAXIMUM:
        raise Refusal(
            f"session_timeouts_client_alive_count_max: {_clipped(count_max)} is not a whole number."
        )
    match = asked.get("session_timeouts_client_alive_match") or None
    return ClientAlive(interval, int(count_max), match)


def _tmout(asked: Mapping[str, Any]) -> Optional[Tmout]:
    if not _wanted(asked, "tmout_enabled", "tmout_state"):
        return None
    return Tmout(
        _seconds(asked, "session_timeouts_tmout", 1),
        _truth(asked, "session_timeouts_tmout_readonly"),
        _names(asked, "session_timeouts_tmout_exempt_users"),
    )


def _wanted(asked: Mapping[str, Any], enabled: str, state: str) -> bool:
    """Tell whether something is asked for: a role that takes its work back asks for nothing."""
    return (
        _truth(asked, "session_timeouts_" + enabled)
        and _state(asked, "session_timeouts_" + state) == "present"
    )


def _state(asked: Mapping[str, Any], name: str) -> str:
    state = str(asked.get(name, "present"))
    if state not in ("present", "absent"):
        raise Refusal(f"{name}: {_clipped(state)} is neither present nor absent.")
    return state


def _truth(asked: Mapping[str, Any], name: str) -> bool:
    """Return a boolean; one from a command line is text, and mistyped it must not mean false."""
    word = str(asked.get(name, True))
    if word.lower() not in _TRUE | _FALSE:
        raise Refusal(f"{name}: {_clipped(word)} is neither true nor false.")
    return word.lower() in _TRUE


def _names(asked: Mapping[str, Any], name: str) -> List[str]:
    """Return a list of names; one text is a list to Ansible's modules too."""
    value = asked.get(name) or []
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        raise Refusal(f"{name}: {_clipped(str(value))} is not a list.")
    return [str(item) for item in items]


def _clipped(word: str) -> str:
    return repr(word)[:60]


def _seconds(asked: Mapping[str, Any], name: str, minimum: int) -> int:
    """Return a duration; what is wrong with it is told of a variable, and not of an option."""
    value = asked[name]
    try:
        return _durations.parse(
            value if isinstance(value, (bool, int)) else str(value), name, minimum
        )
    except _durations.DurationError as error:
        raise Refusal(f"{error.option}: {error.problem}") from error
