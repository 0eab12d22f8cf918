# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mechanism sshd_client_alive: its options, and what it tells. Private to the collection."""

import re
from typing import Dict, List, Mapping, Optional, Tuple

from .. import _durations, _scanners
from .._refusal import BadOption
from . import options as sshd_options
from .facts import COUNT_MAX, INTERVAL, detection_seconds, pair, read_number, read_seconds
from .match import KEYS
from .options import Setting, Values
from .plan import Contradiction
from .steps import Asked, Known, Outcome, Result, Telling

__all__ = [
    "NAME",
    "both_settings",
    "check_options",
    "options",
    "result",
    "settings",
    "spec",
    "unknown",
    "warnings",
]

NAME = "sshd_client_alive"


def spec() -> Dict[str, Dict[str, object]]:
    """Return the options of the module."""
    return sshd_options.argument_spec(interval=dict(type="raw"), count_max=dict(type="raw"))


def unknown() -> Result:
    """Return every key of the result, with the value for what is not known."""
    return {
        "changed": False,
        "before": None,
        "effective": None,
        "connections": [],
        "verified": None,
        "detection_seconds": None,
        "openssh_version": None,
        "service": None,
        "reload_needed": None,
        "conflicts": [],
        "changed_files": [],
        "backup_files": [],
    }


def options(params: Mapping[str, object]) -> Asked:
    """Return what the options ask for; refuse those that make no sense."""
    check_options(params)
    request = sshd_options.request(params, settings(params), both_settings())
    return Asked(request, Telling(result, _known))


def check_options(params: Mapping[str, object]) -> None:
    """Refuse options that contradict each other."""
    given = [name for name in ("interval", "count_max") if params[name] is not None]
    if params["state"] == "absent" and given:
        raise BadOption(
            given[0], "has no meaning with state=absent, which removes both directives."
        )
    if params["state"] == "present" and not given:
        raise BadOption("interval", "state=present needs this, or count_max, or both.")


def settings(params: Mapping[str, object]) -> Tuple[Setting, ...]:
    """Return the directives that the options ask for; for ``absent`` both, without a value."""
    interval, count_max = params["interval"], params["count_max"]
    wanted = []
    if interval is not None or params["state"] == "absent":
        value = None if interval is None else str(_durations.parse(interval, "interval"))
        wanted.append(Setting(INTERVAL, value, read_seconds))
    if count_max is not None or params["state"] == "absent":
        value = None if count_max is None else str(_whole_number(count_max))
        wanted.append(Setting(COUNT_MAX, value, read_number))
    return tuple(wanted)


def both_settings() -> Tuple[Setting, ...]:
    """Return both directives: they are reported together, for only together they mean a time."""
    return (Setting(INTERVAL, None, read_seconds), Setting(COUNT_MAX, None, read_number))


def _whole_number(value: object) -> int:
    text = str(value)
    if isinstance(value, (bool, float)) or not re.match(r"[0-9]{1,64}\Z", text):
        raise BadOption("count_max", f"{value!r} is not a whole number.")
    if int(text) > _durations.MAXIMUM:
        raise BadOption("count_max", f"{text} is over {_durations.MAXIMUM}.")
    return int(text)


def result(outcome: Outcome) -> Result:
    """Return the module's return values, and warnings."""
    effective = pair(outcome.proven[0][1])
    version = outcome.known.version
    return {
        "changed": outcome.changed,
        "before": _numbers(outcome.known.before or {}),
        "effective": dict(effective._asdict()),
        "connections": [
            dict(zip(KEYS, connection), **_numbers(values)) for connection, values in outcome.proven
        ],
        "verified": outcome.verified,
        "detection_seconds": detection_seconds(
            effective.interval_seconds,
            effective.count_max,
            version.release if version else None,
        ),
        "openssh_version": version.text if version else None,
        "service": dict(outcome.known.service._asdict()),
        "reload_needed": outcome.reload_needed,
        "conflicts": [item.returned() for item in outcome.contradictions],
        "changed_files": outcome.changed_files,
        "backup_files": outcome.backup_files,
        "warnings": warnings(outcome),
    }


def _numbers(values: Values) -> Dict[str, Optional[int]]:
    return dict(pair(values)._asdict())


def _known(known: Known) -> Result:
    """Return the part of the result that is known before there is an outcome."""
    return {
        "before": None if known.before is None else _numbers(known.before),
        "openssh_version": known.version.text if known.version else None,
        "service": dict(known.service._asdict()),
    }


def warnings(outcome: Outcome) -> List[str]:
    """Return what is legal, or done, and yet not what people think."""
    sentences = list(outcome.warnings)
    numbers = pair(outcome.proven[0][1])
    version = outcome.known.version
    never = _scanners.never_drops(
        numbers.interval_seconds, numbers.count_max, version.release if version else None
    )
    if never:
        sentences.append(never + ".")
    sentences += [_sentence(item) for item in outcome.contradictions if not item.disabled]
    if outcome.request.state == "present":
        sentences += _about_scanners(outcome)
    return sentences


def _sentence(contradiction: Contradiction) -> str:
    text = contradiction.text
    if contradiction.path is None:
        wins = " (and wins)" if contradiction.wins else ""
        return f"The daemon's option {text} contradicts it{wins}."
    wins = " (which wins there)" if contradiction.wins else ""
    place = f"{contradiction.path} line {contradiction.line} in the scope {contradiction.scope}"
    whose = ""
    if contradiction.accounts is not None:
        accounts = contradiction.accounts
        whose = ", for no account of this host that can log in"
        if accounts.number:
            more = accounts.number - len(accounts.names)
            whose = f", for {_durations.count(accounts.number, 'account')} of this host"
            whose += f" ({_durations.listed(accounts.names + [f'{more} more'] * bool(more))})"
    return f"{place} contradicts it: {text}{wins}{whose}"


def _about_scanners(outcome: Outcome) -> List[str]:
    """Return warnings of scanners, which read the file's text only."""
    unseen = _scanners.sshd_unseen(outcome.path)
    match = outcome.request.match
    conditional = bool(match) and str(match).strip().lower() != "all"
    conditional = conditional or any(
        item.conditional and not item.disabled for item in outcome.contradictions
    )
    return ([unseen] if unseen else []) + [_scanners.WITHIN_MATCH] * conditional
