# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's report: what every host said, held against the policy, as data.

Private to the collection; the data's form is in docs/audit.md.
"""

import collections
import datetime
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ...module_utils import _durations
from ...module_utils._refusal import Refusal
from . import judge
from .judge import UNREACHABLE, UNVERIFIED, Reason
from .policy import Policy, described, read
from .values import mapping, names, number, plain, text

__all__ = ["SCHEMA_VERSION", "Answer", "build", "headline", "sentence"]

SCHEMA_VERSION = 1
_LONGEST_MESSAGE = 400
_SHORT_UNITS = {"day": "d", "hour": "h", "minute": "min", "second": "s"}
# Sorts after every time that there is.
_NEVER = 2**53


class Answer(NamedTuple):
    """What is known of a host; ``policy_error`` tells why there is no policy to hold it against."""

    name: str
    asked: Optional[Mapping[str, Any]]
    policy_error: Optional[str]
    result: Optional[Mapping[str, Any]]


def build(answers: Sequence[Answer], version: str, now: datetime.datetime) -> Dict[str, Any]:
    """Return the report; no host is left out, whatever became of it."""
    hosts = [_host(answer) for answer in answers]
    summary = dict.fromkeys((judge.HOLDS, judge.DIFFERS, UNVERIFIED, UNREACHABLE), 0)
    for host in hosts:
        summary[host["status"]] += 1
    report: Dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "collection": {"name": "curfew.session", "version": version},
        "generated_at": now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "holds": bool(hosts) and summary[judge.HOLDS] == len(hosts),
        "summary": dict(summary, hosts=len(hosts)),
        "reasons": _reasons(hosts),
        "hosts": hosts,
    }
    return dict(report, sentence=sentence(report))


def headline(summary: Mapping[str, int]) -> str:
    """Say in a few words whether the policy holds."""
    holding, hosts = summary[judge.HOLDS], summary["hosts"]
    if hosts < 2:
        return (
            "No host was asked",
            "The policy does not hold on the one host",
            "The policy holds on the one host",
        )[hosts + holding]
    if holding == hosts:
        return f"The policy holds on all {_durations.count(hosts, 'host')}"
    some = f"{holding:,}" if holding else "none"
    return f"The policy holds on {some} of {_durations.count(hosts, 'host')}"


def sentence(report: Mapping[str, Any]) -> str:
    """Say in one sentence whether the policy holds, and where it does not."""
    failing = [host["name"] for host in report["hosts"] if not host["holds"]]
    if not failing:
        return f"{headline(report['summary'])}."
    link = ":" if len(report["hosts"]) == 1 else ", and not on"
    return f"{headline(report['summary'])}{link} {names(failing)}."


def _reasons(hosts: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Count the hosts that share a reason, the most frequent first."""
    counts = collections.Counter(
        code for host in hosts for code in {reason["code"] for reason in host["reasons"]}
    )
    return [
        {"code": code, "title": judge.TITLES[code], "hosts": number_of_hosts}
        for code, number_of_hosts in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _host(answer: Answer) -> Dict[str, Any]:
    policy, reasons = _policy(answer)
    info, refusal = _info(answer.result)
    reasons += [refusal] if refusal else []
    notes: List[str] = []
    if policy is not None and info is not None:
        reasons += judge.judge(policy, info)
        notes = judge.notes(policy, info)
    status = judge.status(reasons)
    return {
        "name": text(answer.name),
        "status": status,
        "holds": status == judge.HOLDS,
        "reasons": [{"code": reason.code, "text": reason.text} for reason in reasons],
        "notes": notes,
        "exceptions": judge.exceptions(info or {}),
        "timeline": _timeline(info, policy) if info else [],
        "policy": plain(described(policy)) if policy else None,
        "info": info,
    }


def _policy(answer: Answer) -> Tuple[Optional[Policy], List[Reason]]:
    try:
        if answer.asked is None:
            raise Refusal(answer.policy_error or "nothing tells what is asked")
        return read(answer.asked), []
    except Refusal as error:
        return None, [
            Reason(
                UNVERIFIED,
                "policy_unreadable",
                f"The policy for this host cannot be read: {_message(error)}",
            )
        ]


def _info(result: Optional[Mapping[str, Any]]) -> Tuple[Optional[Dict[str, Any]], Optional[Reason]]:
    """Return what the host said of itself, or why it said nothing."""
    if not result or result.get("skipped"):
        return None, Reason(UNVERIFIED, "not_asked", "The host was not asked.")
    if result.get("unreachable"):
        return None, Reason(
            UNREACHABLE,
            "unreachable",
            f"The host could not be reached: {_message(result.get('msg'))}",
        )
    if result.get("failed"):
        return None, Reason(
            UNVERIFIED,
            "failed",
            f"The host could not be asked: {_message(result.get('msg'))}",
        )
    kept = {
        key: value
        for key, value in result.items()
        if key not in ("changed", "failed") and not str(key).startswith("ansible_")
    }
    return mapping(plain(kept)), None


def _message(message: Any) -> str:
    """Return an error, which may have line ends and any length, as part of a sentence."""
    squeezed = " ".join(text(message or "it did not say why").split())
    squeezed = re.sub(r"\A(?:(?:Task|Action) failed: )+", "", squeezed)
    if len(squeezed) > _LONGEST_MESSAGE:
        squeezed = squeezed[:_LONGEST_MESSAGE] + "..."
    return squeezed if squeezed.endswith((".", "!", "?", "...")) else squeezed + "."


def _timeline(info: Dict[str, Any], policy: Optional[Policy]) -> List[Dict[str, Any]]:
    """Return what ends a session and when, one lane for each thing that can happen to it."""
    tmout = policy.tmout if policy else None
    limit = tmout.seconds if tmout else None
    lanes: Dict[Tuple[int, bool, bool, str], List[str]] = {}
    for whose, account in judge.people(info):
        seconds = number(account.get("idle_logout_seconds")) or None
        if account.get("state") == "no_login":
            continue
        known = account.get("state") != "unknown"
        left = whose.but(tmout.exempt_users) if tmout else whose
        beyond = bool(known and tmout and left.number and judge.too_late(tmout, account, info))
        ended_by = text(account.get("ended_by") or "nothing") if seconds else "nothing"
        key = (seconds or _NEVER, known, beyond, ended_by)
        lanes.setdefault(key, []).extend(whose.users)
        lanes[key] += [f"{whose.others:,} more"] if whose.others else []
    timeline = []
    for (end, known, beyond, ended_by), users in sorted(lanes.items()):
        when = None if end == _NEVER else end
        timeline.append(_lane("idle", users, (when, when), limit, beyond, ended_by, known))
    return timeline + _lanes_of_host(info, policy)


def _lanes_of_host(info: Dict[str, Any], policy: Optional[Policy]) -> List[Dict[str, Any]]:
    sshd = mapping(info.get("sshd"))
    lanes = [_lane_of_clients(sshd, policy)] if sshd else []
    stop = number(mapping(info.get("logind")).get("stop_idle_session_seconds"))
    if stop:
        lanes.append(_lane("logind", [], (stop, stop), None, False, "StopIdleSessionSec"))
    return lanes


def _lane_of_clients(sshd: Dict[str, Any], policy: Optional[Policy]) -> Dict[str, Any]:
    """Return the lane of a client that vanishes."""
    alive = policy.client_alive if policy else None
    limit = None
    if alive is not None and not alive.match and alive.interval and alive.count_max:
        limit = alive.interval * (alive.count_max + 1)
    detection = mapping(sshd.get("detection_seconds"))
    ends = number(detection.get("min")), number(detection.get("max"))
    known = bool(detection) or judge.drops(sshd) is False
    # A release that takes twice as long for the same numbers is beyond the limit too.
    beyond = known and limit is not None and (ends[1] is None or ends[1] > limit)
    ended_by = "ClientAliveInterval" if detection else "nothing"
    return _lane("gone", [], ends, limit, beyond, ended_by, known)


def _lane(
    kind: str,
    users: List[str],
    ends: Tuple[Optional[int], Optional[int]],
    limit: Optional[int],
    beyond: bool,
    ended_by: str,
    known: bool = True,
) -> Dict[str, Any]:
    return {
        "kind": kind,
        "users": users,
        "from_seconds": ends[0],
        "to_seconds": ends[1],
        "when": _durations.between(*map(_short, ends)) if known else "not known",
        "known": known,
        "limit_seconds": limit,
        "beyond_limit": beyond,
        "ended_by": ended_by,
    }


def _short(seconds: Optional[int]) -> str:
    """Return ``16 min`` or ``1 h 30 min``; None is ``never``."""
    if seconds is None:
        return "never"
    parts = _durations.parts(seconds) or [(0, "second")]
    return " ".join(f"{number} {_SHORT_UNITS[unit]}" for number, unit in parts)
