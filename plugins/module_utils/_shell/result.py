# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of the module, in the words that people read. Private to the collection."""

import os
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import _scanners
from .._accounts import Account, Shell
from . import asking
from .asking import Answer
from .conflicts import Conflict
from .options import Host, Options, Plan
from .proof import Proof

__all__ = ["Result", "described", "finished", "planned", "unknown"]

Result = Dict[str, object]

# How many definitions or accounts a sentence names.
_MAX_NAMED = 8
_NO_VIEW = (
    "No private mount namespace can be made on this host (it forbids them, or has no"
    " room), so that check mode cannot prove anything."
)


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
    before: Optional[Sequence[Answer]] = None,
    refused: bool = True,
) -> Result:
    """Return the part of the result that is known before anything is proven.

    Where the run is ``refused``, it disables nothing.
    """
    disabled = set() if refused else plan.disabled
    return {
        "before": described(before),
        "conflicts": [
            conflict.result(conflict.position in disabled) for conflict in host.conflicts
        ],
        "warnings": _on_conflicts(options, host, plan) + _on_scanners(options),
    }


def finished(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[Sequence[Answer]],
    proven: Proof,
    backup_files: Sequence[str] = (),
) -> Result:
    """Return the result of a run that did what it was asked for.

    It asks nobody: what is written stays, so nothing may fail any more.
    """
    effective = described(proven.after)
    uncovered: List[Dict[str, str]] = []
    if options.wanted and effective is not None:
        uncovered = _uncovered(host, proven.verdict.missed, effective)
    warnings = _on_conflicts(options, host, plan) + _on_scanners(options)
    warnings += proven.verdict.warnings + _on_uncovered(uncovered)
    if options.verify and effective is None:
        warnings.append(_NO_VIEW)
    return dict(
        planned(options, host, plan, before, refused=False),
        changed=bool(plan.changes),
        changed_files=[change.snapshot.real_path for change in plan.changes],
        backup_files=list(backup_files),
        effective=effective,
        msg=_summary(effective),
        verified=None if not options.verify else effective is not None,
        uncovered=uncovered,
        warnings=warnings,
    )


def described(answers: Optional[Sequence[Answer]]) -> Optional[List[Dict[str, Any]]]:
    """Return what the shells said in the shape of the result; None where nobody was asked."""
    return None if answers is None else [asking.describe(answer) for answer in answers]


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


def _summary(effective: Optional[Sequence[Dict[str, Any]]]) -> str:
    if effective is None:
        return "No shell was asked."
    ends = [
        f"{shell['path']} after {shell['logout_seconds']} s"
        for shell in effective
        if shell["logout_seconds"]
    ]
    never = [shell["path"] for shell in effective if not shell["logout_seconds"]]
    parts = [f"Idle sessions end: {', '.join(ends)}."] if ends else []
    parts += [f"Never: {', '.join(never)}."] if never else []
    return " ".join(parts)


def _uncovered(
    host: Host, missed: Mapping[str, str], effective: Sequence[Dict[str, Any]]
) -> List[Dict[str, str]]:
    """Return the accounts that no timeout ends, and why.

    A file of its own may give a shell a timeout that the drop-in does not.
    """
    ended = [shell["path"] for shell in effective if shell["logout_seconds"]]
    by_program = {(shell.real_path, shell.as_sh): shell for shell in host.shells}
    uncovered = []
    for account in host.users:
        why: Optional[str]
        if host.unknown.get(account.shell):
            why = f"{account.shell} {host.unknown[account.shell]}, so that it is never started"
        else:
            shell = _shell_of(account, by_program)
            why = missed.get(shell.path) if shell and shell.path not in ended else None
        if why:
            uncovered.append({"user": account.user, "shell": account.shell, "why": why})
    return uncovered


def _shell_of(account: Account, by_program: Mapping[Tuple[str, bool], Shell]) -> Optional[Shell]:
    real_path = os.path.realpath(account.shell)
    as_sh = os.path.basename(account.shell) == "sh"
    return by_program.get((real_path, as_sh)) or by_program.get((real_path, False))


def _on_uncovered(accounts: Sequence[Dict[str, str]]) -> List[str]:
    if not accounts:
        return []
    names = [f"{account['user']} ({account['shell']}: {account['why']})" for account in accounts]
    return [
        f"TMOUT does not log out: {_joined(names)}. Users of a directory service are not looked at."
    ]
