# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of shell_tmout tells of a host, from what was found out: nothing is asked here.

Private to the collection.
"""

import os
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .._accounts import Account, Shell
from .conflicts import Conflict

__all__ = ["empty_result", "named", "summary", "uncovered", "uncovered_warning"]

_NAMED = 8


def named(what: str, conflicts: Sequence[Conflict]) -> List[str]:
    shown = [f"{one.where()} ({one.scope})" for one in conflicts]
    shown = list(dict.fromkeys(shown))
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return ["{0}: {1}{2}.".format(what, "; ".join(shown[:_NAMED]), more)] if shown else []


def summary(effective: Optional[Sequence[Dict[str, Any]]]) -> str:
    if effective is None:
        return "No shell was asked."
    obeying = [one for one in effective if one["logout_seconds"]]
    ends = ["{path} after {logout_seconds} s".format(**one) for one in obeying]
    never = [one["path"] for one in effective if not one["logout_seconds"]]
    parts = ["Idle sessions end: {0}.".format(", ".join(ends))] if ends else []
    parts += ["Never: {0}.".format(", ".join(never))] if never else []
    return " ".join(parts)


def uncovered(
    users: Sequence[Account],
    shells: Sequence[Shell],
    unknown: Mapping[str, str],
    missed: Mapping[str, str],
    effective: Sequence[Dict[str, Any]],
) -> List[Dict[str, str]]:
    """Whom nothing logs out; a file of its own may give a shell what ours does not."""
    ended = [one["path"] for one in effective if one["logout_seconds"]]
    by_program = {(shell.real_path, shell.as_sh): shell for shell in shells}
    found = []
    for account in users:
        why = unknown.get(account.shell)
        if why:
            why = f"{account.shell} {why}, so that it is never started"
        else:
            real_path = os.path.realpath(account.shell)
            is_sh = os.path.basename(account.shell) == "sh"
            shell = by_program.get((real_path, is_sh)) or by_program.get((real_path, False))
            why = missed.get(shell.path) if shell and shell.path not in ended else None
        if why:
            found.append({"user": account.user, "shell": account.shell, "why": why})
    return found


def uncovered_warning(accounts: Sequence[Dict[str, str]]) -> List[str]:
    if not accounts:
        return []
    shown = "; ".join("{user} ({shell}: {why})".format(**one) for one in accounts[:_NAMED])
    more = f" and {len(accounts) - _NAMED} more" if len(accounts) > _NAMED else ""
    return [
        f"TMOUT does not log out: {shown}{more}. Users of a directory service are not looked at."
    ]


def empty_result() -> Dict[str, Any]:
    return {
        "changed": False,
        "before": None,
        "effective": None,
        "verified": None,
        "conflicts": [],
        "uncovered": [],
        "changed_files": [],
        "backup_files": [],
        "diff": [],
        "warnings": [],
    }
