# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of the module, in the words that people read. Private to the collection."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import _accounts, _durations, _scanners
from . import asking
from .asking import Answer, Asker
from .conflicts import Conflict
from .options import Host, Options, Plan
from .proof import Proof
from .staged import Seen

__all__ = ["Result", "described", "finished", "planned", "unknown"]

Result = Dict[str, object]

# How many definitions or accounts a sentence names.
_MAX_NAMED = 8
# How many accounts the result holds.
_MOST_UNCOVERED = 1000


def unknown() -> Result:
    """Return every key of the result, with the value for what is not known."""
    return {
        "changed": False,
        "before": None,
        "effective": None,
        "verified": None,
        "conflicts": [],
        "uncovered": [],
        "changed_files": [],
        "backup_files": [],
    }


def planned(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[Seen] = None,
    refused: bool = True,
) -> Result:
    """Return the part of the result that is known before anything is proven.

    Where the run is ``refused``, it disables nothing.
    """
    disabled = set() if refused else plan.disabled
    return {
        "before": described(before.answers if before else None),
        "conflicts": [
            conflict.result(conflict.position in disabled) for conflict in host.conflicts
        ],
        "warnings": _on_conflicts(options, host, plan) + _on_scanners(options),
    }


def finished(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[Seen],
    proven: Proof,
    backup_files: Sequence[str] = (),
) -> Result:
    """Return the result of a run that did what it was asked for.

    It asks nobody: what is written stays, so nothing may fail any more.
    """
    effective = described(proven.after, proven.lived, proven.staying)
    uncovered: List[Dict[str, str]] = []
    if options.wanted and proven.after is not None:
        uncovered = _uncovered(host, proven.verdict.missed, proven.after, proven.staying)
    warnings = _on_conflicts(options, host, plan) + _on_scanners(options)
    warnings += proven.verdict.warnings + _on_uncovered(uncovered) + list(host.notes)
    if options.verify and proven.refused:
        warnings.append(_without_view(proven))
    warnings += _on_left_out(host)
    return dict(
        planned(options, host, plan, before, refused=False),
        changed=bool(plan.changes),
        changed_files=[change.snapshot.real_path for change in plan.changes],
        backup_files=list(backup_files),
        effective=effective,
        msg=_summary(effective),
        verified=None if not options.verify else _is_verified(host, proven),
        uncovered=_first_of_each(uncovered),
        warnings=warnings,
    )


def _is_verified(host: Host, proven: Proof) -> bool:
    return proven.after is not None and not proven.refused and not host.classes.left_out


def _first_of_each(uncovered: List[Dict[str, str]]) -> List[Dict[str, str]]:
    """Return so many accounts as a result may hold, one of each kind first."""
    if len(uncovered) <= _MOST_UNCOVERED:
        return uncovered
    kinds: Dict[Tuple[str, str], int] = {}
    nth = []
    for row in uncovered:
        kind = (row["shell"], row["why"])
        kinds[kind] = kinds.get(kind, 0) + 1
        nth.append(kinds[kind])
    order = sorted(range(len(uncovered)), key=lambda index: (nth[index] > 1, index))
    return [uncovered[index] for index in sorted(order[:_MOST_UNCOVERED])]


def described(
    answers: Optional[Sequence[Answer]],
    lived: Sequence[Asker] = (),
    staying: Sequence[Asker] = (),
) -> Optional[List[Dict[str, Any]]]:
    """Return what the shells said in the shape of the result; None where nobody was asked.

    :param lived: those that were seen to end.
    :param staying: those that were seen not to, whatever they show.
    """
    if answers is None:
        return None
    shells = []
    for one in answers:
        shell = dict(asking.describe(one), user=one.asker.person.user, basis="value")
        if one.asker in lived or one.asker in staying:
            shell["basis"] = "lived"
        if one.asker in staying:
            shell["logout_seconds"] = None
        shells.append(shell)
    return shells


def _on_conflicts(options: Options, host: Host, plan: Plan) -> List[str]:
    left = plan.left_in_place(host.conflicts) if options.wanted else []
    against = [conflict for conflict in left if conflict.against]
    others = [conflict for conflict in left if not conflict.against]
    return _named("These contradict it for whoever meets them", against) + _named(
        "TMOUT is defined elsewhere too", others
    )


def _named(what: str, conflicts: Sequence[Conflict]) -> List[str]:
    places = [f"{conflict.where()} ({conflict.scope})" for conflict in conflicts]
    places = list(dict.fromkeys(places))
    return [f"{what}: {_joined(places)}."] if places else []


def _joined(items: Sequence[str]) -> str:
    more = f" and {len(items) - _MAX_NAMED} more" if len(items) > _MAX_NAMED else ""
    return "; ".join(items[:_MAX_NAMED]) + more


def _on_scanners(options: Options) -> List[str]:
    """Return warnings about scanners, which read the file's text only."""
    if options.wanted is None:
        return []
    sentences = [
        _scanners.tmout_unseen(options.path),
        _scanners.tmout_unwanted(options.wanted.readonly, options.wanted.export),
    ]
    return [sentence for sentence in sentences if sentence]


def _without_view(proven: Proof) -> str:
    asked = "nobody was asked" if proven.after is None else "only users without rights were asked"
    return (
        f"No private view of this host can be made, so that {asked}, and for root and who else the"
        f" login files tell apart nothing is proven: {proven.refused}"
    )


def _summary(effective: Optional[Sequence[Dict[str, Any]]]) -> str:
    if effective is None:
        return "No shell was asked."
    by_path = {shell["path"]: shell for shell in effective if shell["user"] is None}
    ends, never = [], []
    for shell in effective:
        user, seconds = shell["user"], shell["logout_seconds"]
        if user and by_path.get(shell["path"], {}).get("logout_seconds") == seconds:
            continue  # as for everybody
        name = f"{shell['path']} of {user}" if user else shell["path"]
        if seconds:
            ends.append(f"{name} after {seconds} s")
        else:
            never.append(name)
    parts = [f"Idle sessions end: {', '.join(ends)}."] if ends else []
    parts += [f"Never: {', '.join(never)}."] if never else []
    return " ".join(parts)


def _uncovered(
    host: Host, missed: Mapping[Asker, str], answers: Sequence[Answer], staying: Sequence[Asker]
) -> List[Dict[str, str]]:
    """Return the accounts that no timeout ends, and why.

    A file of its own may give a shell a timeout that the drop-in does not.
    """
    ended = {answer.asker for answer in answers if asking.describe(answer)["logout_seconds"]}
    ended -= set(staying)
    by_program = _accounts.by_program(host.shells)
    paths = {account.shell for account in host.users}
    shells = {path: _accounts.shell_at(path, by_program) for path in paths}
    uncovered = []
    for account in host.users:
        why: Optional[str]
        if host.unknown.get(account.shell):
            why = f"{account.shell} {host.unknown[account.shell]}"
        else:
            shell = shells[account.shell]
            asker = shell and host.asker_for(account.user, shell)
            why = missed.get(asker) if asker and asker not in ended else None
        if why:
            uncovered.append({"user": account.user, "shell": account.shell, "why": why})
    return uncovered


def _on_left_out(host: Host) -> List[str]:
    number = len(host.classes.left_out)
    if not number:
        return []
    return [
        f"Login files tell so many accounts apart that {number} of them were not asked: for those"
        " nothing is proven."
    ]


def _on_uncovered(accounts: Sequence[Dict[str, str]]) -> List[str]:
    """Name those that no timeout ends, in words: those of one kind together."""
    kinds: Dict[Tuple[str, str], List[str]] = {}
    for account in accounts:
        kinds.setdefault((account["shell"], account["why"]), []).append(account["user"])
    if not kinds:
        return []
    texts = [
        f"{_durations.listed(users, most=_MAX_NAMED)} ({shell}: {why})"
        for (shell, why), users in kinds.items()
    ]
    more = len(accounts) - _MOST_UNCOVERED
    cut = f" The result holds {_MOST_UNCOVERED} of these {len(accounts)} accounts." * (more > 0)
    return [f"TMOUT does not log out: {_joined(texts)}.{cut}"]
