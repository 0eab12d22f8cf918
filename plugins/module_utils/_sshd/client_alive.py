# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshd_client_alive makes of its options, and of the engine's outcome.

Private to the collection.
"""

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import _durations, _scanners
from .._refusal import Refusal
from . import engine, options
from .facts import COUNT_MAX, INTERVAL, detection_seconds, pair, read_number, read_seconds
from .match import KEYS
from .options import Setting

__all__ = [
    "both_settings",
    "check_options",
    "failure",
    "result",
    "run",
    "settings",
    "spec",
    "warnings",
]


def spec() -> Dict[str, Any]:
    """Return the options of the module."""
    return options.argument_spec(interval=dict(type="raw"), count_max=dict(type="raw"))


def run(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Bring the directives to what the options ask for; return the module's result."""
    try:
        check_options(params)
        request = options.request(params, settings(params), both_settings(), check_mode)
        outcome = engine.apply(request)
    except Refusal as error:
        return dict(failure(error), failed=True, msg=str(error))
    return dict(result(outcome), warnings=warnings(outcome, params))


def check_options(params: Mapping[str, Any]) -> None:
    """Refuse options that contradict each other."""
    given = [name for name in ("interval", "count_max") if params[name] is not None]
    if params["state"] == "absent" and given:
        raise Refusal(
            f"Option {given[0]} has no meaning with state=absent, which removes both directives."
        )
    if params["state"] == "present" and not given:
        raise Refusal("Options interval and count_max: state=present needs at least one of them.")


def settings(params: Mapping[str, Any]) -> Tuple[Setting, ...]:
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


def _whole_number(value: Any) -> int:
    text = str(value)
    if isinstance(value, (bool, float)) or not re.match(r"[0-9]{1,64}\Z", text):
        raise Refusal(f"Option count_max: {value!r} is not a whole number.")
    if int(text) > _durations.MAXIMUM:
        raise Refusal(f"Option count_max: {text} is over {_durations.MAXIMUM}.")
    return int(text)


def result(outcome: engine.Outcome) -> Dict[str, Any]:
    """Return the module's return values."""
    effective = pair(outcome.proven[0][1])
    version = outcome.version
    return {
        "changed": outcome.changed,
        "before": _numbers(outcome.before),
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
        "service": dict(outcome.service._asdict()),
        "reload_needed": outcome.reload_needed,
        "conflicts": _returned(outcome.conflicts),
        "changed_files": outcome.changed_files,
        "backup_files": outcome.backup_files,
        "diff": outcome.diff,
    }


def _numbers(values: Mapping[str, Optional[str]]) -> Dict[str, Optional[int]]:
    return dict(pair(values)._asdict())


def failure(error: Exception) -> Dict[str, Any]:
    """Return the same keys for a run that changed nothing: what it found out, null for the rest."""
    keys = (
        "before",
        "effective",
        "verified",
        "detection_seconds",
        "openssh_version",
        "service",
        "reload_needed",
    )
    values: Dict[str, Any] = dict.fromkeys(keys)
    values.update(changed=False, connections=[], changed_files=[], backup_files=[], conflicts=[])
    if isinstance(error, engine.ChangeError):
        known = error.known
        values["conflicts"] = _returned(error.conflicts)
        values["before"] = None if known.before is None else _numbers(known.before)
        values["openssh_version"] = known.version.text if known.version else None
        values["service"] = dict(known.service._asdict())
    return values


def warnings(outcome: engine.Outcome, params: Mapping[str, Any]) -> List[str]:
    """Return what is legal, or done, and yet not what people think."""
    sentences = list(outcome.warnings)
    numbers = pair(outcome.proven[0][1])
    never = _scanners.never_drops(
        numbers.interval_seconds,
        numbers.count_max,
        outcome.version.release if outcome.version else None,
    )
    if never:
        sentences.append(never + ".")
    sentences += [
        _contradiction(conflict) for conflict in outcome.conflicts if not conflict["disabled"]
    ]
    if params["state"] == "present":
        sentences += _about_scanners(outcome, params["match"])
    return sentences


def _contradiction(conflict: Mapping[str, Any]) -> str:
    text = conflict["text"]
    if conflict["path"] is None:
        wins = " (and wins)" if conflict["wins"] else ""
        return f"The daemon's option {text} contradicts it{wins}."
    wins = " (which wins there)" if conflict["wins"] else ""
    place = "{path} line {line} in the scope {scope}".format(**conflict)
    return f"{place} contradicts it: {text}{wins}"


def _about_scanners(outcome: engine.Outcome, match: Optional[str]) -> List[str]:
    """Return warnings of scanners, which read the file's text only."""
    unseen = _scanners.sshd_unseen(outcome.path)
    conditional = bool(match) and str(match).strip().lower() != "all"
    conditional = conditional or any(
        conflict["conditional"] and not conflict["disabled"] for conflict in outcome.conflicts
    )
    return ([unseen] if unseen else []) + [_scanners.WITHIN_MATCH] * conditional


def _returned(conflicts: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
    """Return conflicts without what is for the warnings alone."""
    return [
        {key: value for key, value in conflict.items() if key != "conditional"}
        for conflict in conflicts
    ]
