# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try the planned files in a private view of the host, write them, prove them again, or undo.

_tmout_run loads this only for a run that changes something, or that has to look closer.
Private to this collection: it may change without notice.
"""

import os
import stat
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ansible_collections.curfew.session.plugins.module_utils import (
    _file_changes,
    _file_signals,
    _login_asking,
    _mount_stage,
    _tmout_edits,
    _tmout_run,
)
from ansible_collections.curfew.session.plugins.module_utils._file_system import (
    FilesError,
    explained,
)
from ansible_collections.curfew.session.plugins.module_utils._login_asking import Answer
from ansible_collections.curfew.session.plugins.module_utils._login_shells import Shell
from ansible_collections.curfew.session.plugins.module_utils._tmout_proof import Verdict
from ansible_collections.curfew.session.plugins.module_utils._tmout_run import (
    MODE,
    Host,
    Options,
    Plan,
    Refused,
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


def ask_staged(
    options: Options, host: Host, plan: Plan, terminal: bool = False
) -> Optional[List[Answer]]:
    path = plan.drop_in.real_path
    files: _Files = {one.snapshot.real_path: (one.after, None) for one in plan.changes}
    if plan.repair or path in files:
        files[path] = (files.get(path, (plan.drop_in.data, None))[0], MODE)
    return _within(files, options, host.shells, terminal)


def _within(
    files: _Files, options: Options, shells: Sequence[Shell], terminal: bool = False
) -> Optional[List[Answer]]:
    staged = [_mount_stage.Staged(path, data, mode) for path, (data, mode) in files.items()]
    answers: Optional[List[Answer]] = _mount_stage.within(
        staged, lambda: _tmout_run.ask(options, shells, terminal), _STAGE_LIMIT
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
) -> Tuple[Optional[List[Answer]], Verdict]:
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
            _tmout_run.require(verdict, result, "")
            too_late()
            transaction.finish()
        except BaseException as error:
            too_late()
            left = _take_back(plan, rights, transaction)
            _explain(error, left, result)
            raise
    result["backup_files"] = list(transaction.backup_files)
    result["warnings"] += transaction.warnings
    return after, verdict


def _rights(plan: Plan) -> Optional[os.stat_result]:
    """Return what only we can bring back: a file that is written anew comes back rights and all."""
    path = plan.drop_in.real_path
    if not plan.repair or any(one.snapshot.real_path == path for one in plan.changes):
        return None
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


def _take_back(
    plan: Plan, rights: Optional[os.stat_result], transaction: _file_changes.Transaction
) -> List[str]:
    """Return a sentence for whatever cannot be brought back."""
    give_rights = partial(_give_rights, plan.drop_in.real_path, rights)
    left = []
    for take_back in (give_rights, transaction.undo):
        try:
            take_back()
        except FilesError as error:
            left.append(str(error))
    return left


def _give_rights(path: str, old: Optional[os.stat_result]) -> None:
    if old is None:
        return
    with explained(path, "given its old owner and mode back"):
        os.chown(path, old.st_uid, old.st_gid)
        os.chmod(path, stat.S_IMODE(old.st_mode))


def _explain(error: BaseException, left: Sequence[str], result: Dict[str, Any]) -> None:
    """Say why the run failed, and only then what has become of the files."""
    if left:
        why = (str(error) or repr(error)).rstrip(".")
        failed = dict(result, verified=False, diff=[])
        raise Refused("{0}. Then: {1}".format(why, " ".join(left)), failed) from error
    if isinstance(error, Refused):
        said = "{0} Every file has its old bytes back.".format(error)
        raise Refused(said, error.result) from error
