# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ClientAliveInterval and ClientAliveCountMax are and do. Private to the collection.

sshd disconnects when the unanswered probes *exceed* CountMax, so a dead client stays up to
``interval x (count_max + 1)`` seconds, one interval more than sshd_config(5) says (measured,
OpenSSH 8.0 to 10.5). OpenSSH 9.2 to 9.4 double that.
"""

import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .. import _durations, _scanners
from . import config, edit, engine

__all__ = [
    "INTERVAL",
    "COUNT_MAX",
    "check_options",
    "detection_seconds",
    "failure",
    "result",
    "settings",
    "shown",
    "warnings",
]

INTERVAL = "ClientAliveInterval"
COUNT_MAX = "ClientAliveCountMax"


def check_options(params: Mapping[str, Any]) -> None:
    """Refuse what contradicts itself."""
    given = [name for name in ("interval", "count_max") if params[name] is not None]
    if params["state"] == "absent" and given:
        raise engine.ChangeError(
            f"Option {given[0]} has no meaning with state=absent, which removes both directives."
        )
    if params["state"] == "present" and not given:
        raise engine.ChangeError(
            "Options interval and count_max: state=present needs at least one of them."
        )


def settings(params: Mapping[str, Any]) -> Tuple[edit.Setting, ...]:
    """The directives that the options ask for; for ``absent`` both, without a value."""
    interval, count_max = params["interval"], params["count_max"]
    found = []
    if interval is not None or params["state"] == "absent":
        value = None if interval is None else str(_durations.parse(interval, "interval"))
        found.append(edit.Setting(INTERVAL, value, read_seconds))
    if count_max is not None or params["state"] == "absent":
        value = None if count_max is None else str(_whole_number(count_max))
        found.append(edit.Setting(COUNT_MAX, value, read_number))
    return tuple(found)


def shown() -> Tuple[edit.Setting, ...]:
    """Both directives: their numbers are told together, since only together they mean a time."""
    return (edit.Setting(INTERVAL, None, read_seconds), edit.Setting(COUNT_MAX, None, read_number))


def read_seconds(arguments: Tuple[str, ...]) -> Optional[str]:
    """The seconds that sshd reads in the arguments of the interval."""
    if len(arguments) != 1:
        return None
    # sshd's numbers are strtol's: inside quotes, blanks and a plus may stand before each.
    text = re.sub(r"(^|[A-Za-z])[ \t\f\v]*\+?(?=[0-9])", r"\1", arguments[0])
    try:
        return str(_durations.parse(text, INTERVAL))
    except _durations.DurationError:
        return None


def read_number(arguments: Tuple[str, ...]) -> Optional[str]:
    if len(arguments) != 1 or not re.match(r"[ \t]*\+?[0-9]{1,64}\Z", arguments[0]):
        return None
    number = int(arguments[0])
    return str(number) if number <= _durations.MAXIMUM else None


def _whole_number(value: Any) -> int:
    text = str(value)
    if isinstance(value, (bool, float)) or not re.match(r"[0-9]{1,64}\Z", text):
        raise engine.ChangeError(f"Option count_max: {value!r} is not a whole number.")
    if int(text) > _durations.MAXIMUM:
        raise engine.ChangeError(f"Option count_max: {text} is over {_durations.MAXIMUM}.")
    return int(text)


def detection_seconds(
    interval: Optional[int], count_max: Optional[int], release: Optional[config.Release]
) -> Optional[Dict[str, Any]]:
    """How long a client that is gone stays connected, or None: for ever, or nobody can know.

    With a CountMax of 0 nobody is dropped since 8.2; before, after one interval; but distributions
    have backported either, so the release proves nothing.
    """
    if not interval or not count_max or release is None:
        return None
    basis = "interval x count_max to interval x (count_max + 1)"
    factor = 1
    if (9, 2) <= release <= (9, 4):
        factor = 2
        basis = "2 x interval x count_max to 2 x interval x (count_max + 1)"
        basis += ", the doubling of OpenSSH 9.2 to 9.4"
    return {
        "min": factor * interval * count_max,
        "max": factor * interval * (count_max + 1),
        "basis": basis,
    }


def _numbers(values: Mapping[str, Optional[str]]) -> Dict[str, Optional[int]]:
    interval, count_max = values.get(INTERVAL.lower()), values.get(COUNT_MAX.lower())
    return {
        "interval_seconds": None if interval is None else int(interval),
        "count_max": None if count_max is None else int(count_max),
    }


def result(outcome: engine.Outcome) -> Dict[str, Any]:
    """The module's return values."""
    effective = _numbers(outcome.proven[0][1])
    version = outcome.version
    return {
        "changed": outcome.changed,
        "before": _numbers(outcome.before),
        "effective": effective,
        "connections": [
            dict(zip(("user", "host", "addr", "laddr", "lport"), connection), **_numbers(values))
            for connection, values in outcome.proven
        ],
        "verified": outcome.verified,
        "detection_seconds": detection_seconds(
            effective["interval_seconds"],
            effective["count_max"],
            version.release if version else None,
        ),
        "openssh_version": version.text if version else None,
        "service": dict(outcome.service._asdict()),
        "reload_needed": outcome.reload_needed,
        "conflicts": outcome.conflicts,
        "changed_files": outcome.changed_files,
        "backup_files": outcome.backup_files,
        "diff": outcome.diff,
    }


def failure(error: Exception) -> Dict[str, Any]:
    """The same keys for a run that changed nothing: what it had found out, null for the rest."""
    keys = (
        "before",
        "effective",
        "verified",
        "detection_seconds",
        "openssh_version",
        "service",
        "reload_needed",
    )
    found: Dict[str, Any] = dict.fromkeys(keys)
    found.update(changed=False, connections=[], changed_files=[], backup_files=[], conflicts=[])
    if isinstance(error, engine.ChangeError):
        found["conflicts"] = error.conflicts
        found["before"] = None if error.before is None else _numbers(error.before)
        found["openssh_version"] = error.version.text if error.version else None
        found["service"] = dict(error.service._asdict()) if error.service else None
    return found


def warnings(outcome: engine.Outcome, params: Mapping[str, Any]) -> List[str]:
    """What is legal, or done, and yet not what people think."""
    found = list(outcome.warnings)
    numbers = _numbers(outcome.proven[0][1])
    never = _scanners.never_drops(
        numbers["interval_seconds"],
        numbers["count_max"],
        outcome.version.release if outcome.version else None,
    )
    if never:
        found.append(never + ".")
    for item in outcome.conflicts:
        if item["path"] is None:
            found.append(
                "The daemon's option {} contradicts it{}.".format(
                    item["text"], " (and wins)" if item["wins"] else ""
                )
            )
        elif not item["disabled"]:
            found.append(
                "{} line {} in the scope {} contradicts it: {}{}".format(
                    item["path"],
                    item["line"],
                    item["scope"],
                    item["text"],
                    " (which wins there)" if item["wins"] else "",
                )
            )
    if params["state"] == "present":
        found += _to_scanners(outcome, params["match"])
    return found


def _to_scanners(outcome: engine.Outcome, match: Optional[str]) -> List[str]:
    """What those miss or mistake who look at the text and not at the effect."""
    unseen = _scanners.sshd_unseen(outcome.path)
    scopes = [f"Match {match}"] if match else []
    scopes += [item["scope"] for item in outcome.conflicts if not item["disabled"]]
    conditional = any(re.match(r"Match (?!all\Z)", scope, re.IGNORECASE) for scope in scopes)
    return ([unseen] if unseen else []) + [_scanners.WITHIN_MATCH] * conditional
