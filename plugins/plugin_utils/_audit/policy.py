# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy that a host is held against, out of the role's variables.

Private to the collection.
"""

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from ...module_utils import _durations
from . import words

__all__ = ["ClientAlive", "Policy", "PolicyError", "Tmout", "described", "read"]

# The words of Ansible's own booleans.
_TRUE = frozenset(("true", "yes", "on", "1", "y", "t"))
_FALSE = frozenset(("false", "no", "off", "0", "n", "f"))


class PolicyError(ValueError):
    """The variables make no policy; the text is a sentence."""


class ClientAlive(NamedTuple):
    """What sshd is to be told; `match` limits it to the connections of a Match block."""

    interval: int
    count_max: int
    match: Optional[str]


class Tmout(NamedTuple):
    """After how long an idle login shell is to end, and for whom that is not asked."""

    seconds: int
    readonly: bool
    exempt_users: List[str]


class Policy(NamedTuple):
    """None: the policy asks for nothing there."""

    client_alive: Optional[ClientAlive]
    tmout: Optional[Tmout]


def read(asked: Mapping[str, Any]) -> Policy:
    """Return the policy that the variables ask for, or raise a sentence that names the variable."""
    try:
        return Policy(_client_alive(asked), _tmout(asked))
    except _durations.DurationError as error:
        raise PolicyError(str(error)) from error
    except KeyError as error:
        raise PolicyError(f"{error.args[0]} is not given.") from error


def described(policy: Policy) -> Dict[str, Any]:
    """The policy as the report holds it."""
    alive, tmout = policy
    return {
        "sentences": _sentences(policy),
        "client_alive": None
        if alive is None
        else {
            "interval_seconds": alive.interval,
            "count_max": alive.count_max,
            "match": alive.match,
            # What the numbers mean on a release without a bug of its own; 0 never drops anybody.
            "detection_seconds": None
            if not (alive.interval and alive.count_max)
            else {
                "min": alive.interval * alive.count_max,
                "max": alive.interval * (alive.count_max + 1),
            },
        },
        "tmout": None
        if tmout is None
        else {
            "seconds": tmout.seconds,
            "readonly": tmout.readonly,
            "exempt_users": tmout.exempt_users,
        },
    }


def _sentences(policy: Policy) -> List[str]:
    alive, tmout = policy
    found = []
    if tmout is not None:
        found.append(
            "An idle prompt ends after {}{}.".format(
                words.span(tmout.seconds),
                "" if not tmout.exempt_users else f", except for {words.names(tmout.exempt_users)}",
            )
        )
    if alive is not None:
        whose = f" under Match {alive.match}" if alive.match else ""
        when = "is never dropped"
        if alive.interval and alive.count_max:
            when = "is dropped after {}".format(
                words.within(
                    alive.interval * alive.count_max, alive.interval * (alive.count_max + 1)
                )
            )
        found.append(
            f"A client that vanishes{whose} {when} (ClientAliveInterval {alive.interval}, ClientAliveCountMax {alive.count_max})."
        )
    return found or ["Nothing is asked for."]


def _client_alive(asked: Mapping[str, Any]) -> Optional[ClientAlive]:
    if not _wanted(asked, "client_alive_enabled", "client_alive_state"):
        return None
    interval = asked["session_timeouts_client_alive_interval"]
    count_max = str(asked["session_timeouts_client_alive_count_max"])
    if not re.match(r"[0-9]{1,10}\Z", count_max) or int(count_max) > _durations.MAXIMUM:
        raise PolicyError(
            "session_timeouts_client_alive_count_max: %.60r is not a whole number." % count_max
        )
    return ClientAlive(
        _durations.parse(_plain(interval), "session_timeouts_client_alive_interval"),
        int(count_max),
        asked.get("session_timeouts_client_alive_match") or None,
    )


def _tmout(asked: Mapping[str, Any]) -> Optional[Tmout]:
    if not _wanted(asked, "tmout_enabled", "tmout_state"):
        return None
    return Tmout(
        _durations.parse(_plain(asked["session_timeouts_tmout"]), "session_timeouts_tmout", 1),
        _truth(asked, "session_timeouts_tmout_readonly"),
        _names(asked, "session_timeouts_tmout_exempt_users"),
    )


def _wanted(asked: Mapping[str, Any], enabled: str, state: str) -> bool:
    """Where the role is told to take its work back, it asks for nothing that could be held."""
    return (
        _truth(asked, "session_timeouts_" + enabled)
        and _state(asked, "session_timeouts_" + state) == "present"
    )


def _state(asked: Mapping[str, Any], name: str) -> str:
    state = str(asked.get(name, "present"))
    if state not in ("present", "absent"):
        raise PolicyError("%s: %.60r is neither present nor absent." % (name, state))
    return state


def _truth(asked: Mapping[str, Any], name: str) -> bool:
    """Variables from a command line are text; a mistyped one must not ask for nothing."""
    word = str(asked.get(name, True))
    if word.lower() not in _TRUE | _FALSE:
        raise PolicyError("%s: %.60r is neither true nor false." % (name, word))
    return word.lower() in _TRUE


def _names(asked: Mapping[str, Any], name: str) -> List[str]:
    """One text is a list to Ansible's modules too."""
    value = asked.get(name) or []
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)):
        raise PolicyError("%s: %.60r is not a list." % (name, str(value)))
    return [str(one) for one in names]


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int)) else str(value)
