# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try the planned files in a private view of the host, write them, prove them again, or undo.

_tmout_run loads this only for a run that changes something, or that has to look closer.
Private to this collection: it may change without notice.
"""

import os
import stat
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ansible_collections.curfew.session.plugins.module_utils import (
    _file_changes,
    _file_signals,
    _login_asking,
    _mount_stage,
    _tmout_edits,
    _tmout_run,
)
from ansible_collections.curfew.session.plugins.module_utils._file_system import explained
from ansible_collections.curfew.session.plugins.module_utils._login_asking import Answer
from ansible_collections.curfew.session.plugins.module_utils._login_shells import Shell
from ansible_collections.curfew.session.plugins.module_utils._tmout_run import (
    MODE,
    Host,
    Options,
    Plan,
)

__all__ = (
    "ask_staged",
    "check_safe",
    "diff",
    "disabling",
    "enabling",
    "probe",
    "recover",
    "write",
)

_STAGE_LIMIT = 3 * _login_asking.LIMIT_SECONDS
_PROBE = "CURFEW_SESSION_READ"
# What is staged: content and mode by path, None for no file and for the mode that there is.
_Files = Dict[str, Tuple[Optional[bytes], Optional[int]]]

check_safe = _file_changes.check_safe
diff = _file_changes.diff
recover = _file_changes.recover
disabling = _tmout_edits.disabling
enabling = _tmout_edits.enabling


def ask_staged(options: Options, host: Host, plan: Plan) -> Optional[List[Answer]]:
    path = plan.drop_in.real_path
    files: _Files = {one.snapshot.real_path: (one.after, None) for one in plan.changes}
    if plan.repair or path in files:
        files[path] = (files.get(path, (plan.drop_in.data, None))[0], MODE)
    return _within(files, options, host.shells)


def _within(
    files: _Files, options: Options, shells: Sequence[Shell]
) -> Optional[List[Answer]]:
    staged = [_mount_stage.Staged(path, data, mode) for path, (data, mode) in files.items()]
    answers: Optional[List[Answer]] = _mount_stage.within(
        staged, lambda: _tmout_run.ask(options, shells), _STAGE_LIMIT
    )
    return answers


def probe(options: Options, shells: Sequence[Shell]) -> Optional[List[str]]:
    """Put a mark in the place of the drop-in, seen by our own child alone, and look who has it."""
    text = "{0}=yes\nexport {0}\n".format(_PROBE).encode("ascii")
    answers = _within({os.path.realpath(options.path): (text, MODE)}, options, shells)
    if answers is None:
        return None
    # One that cannot say is taken at its text's word.
    return [a.shell.path for a in answers if _PROBE in a.environment or a.status != "answered"]


def write(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[Sequence[Answer]],
    result: Dict[str, Any],
) -> Optional[List[Answer]]:
    transaction = _file_changes.Transaction(
        os.path.dirname(options.path), plan.changes, backup=options.backup
    )
    rights = None
    with _file_signals.undoable(transaction.undo) as too_late:
        transaction.write()
        try:
            rights = _rights(plan)
            _repair(plan)
            after = _tmout_run.ask(options, host.shells)
            verdict = _tmout_run.judged(options, host, before, after, plan)
            _tmout_run.require(verdict, result, " Every file has its old bytes back.")
            too_late()
            transaction.finish()
        except BaseException:
            too_late()
            _take_back_rights(plan, rights)
            transaction.undo()
            raise
    result["changed_files"] = list(transaction.changed_files)
    if rights and plan.drop_in.real_path not in result["changed_files"]:
        result["changed_files"].append(plan.drop_in.real_path)
    result["backup_files"] = list(transaction.backup_files)
    result["warnings"] += transaction.warnings
    return after


def _rights(plan: Plan) -> Optional[os.stat_result]:
    if not plan.repair:
        return None
    path = plan.drop_in.real_path
    with explained(path, "examined"):
        return os.stat(path)


def _repair(plan: Plan) -> None:
    if not plan.repair:
        return
    path = plan.drop_in.real_path
    with explained(path, "given its mode"):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            if os.geteuid() == 0:
                os.fchown(descriptor, 0, 0)
            os.fchmod(descriptor, MODE)
        finally:
            os.close(descriptor)


def _take_back_rights(plan: Plan, old: Optional[os.stat_result]) -> None:
    if old is None:
        return
    try:
        os.chown(plan.drop_in.real_path, old.st_uid, old.st_gid)
        os.chmod(plan.drop_in.real_path, stat.S_IMODE(old.st_mode))
    except OSError:
        pass  # the transaction that follows says what it cannot bring back
