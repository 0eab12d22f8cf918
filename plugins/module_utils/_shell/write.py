# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try the planned files in a private view of the host, write them, prove them again, or undo.

The engine loads this only for a run that changes something, or that has to look closer.
Private to the collection.
"""

import os
import stat
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .. import _view
from .._accounts import Shell
from .._files import changes, signals
from .._files.reading import FilesError, explained
from . import asking, edit, engine
from .asking import Answer
from .engine import MODE, Host, Options, Plan, Refused
from .proof import Verdict

__all__ = ["ask_staged", "check_safe", "diff", "disabling", "enabling", "probe", "recover", "write"]

_STAGE_LIMIT = 3 * asking.LIMIT_SECONDS
_PROBE = "CURFEW_SESSION_READ"
# What is staged: content and mode by path, None for no file and for the mode that there is.
_Files = Dict[str, Tuple[Optional[bytes], Optional[int]]]

check_safe = changes.check_safe
diff = changes.diff
recover = changes.recover
disabling = edit.disabling
enabling = edit.enabling


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
    staged = [_view.Staged(path, data, mode) for path, (data, mode) in files.items()]
    answers: Optional[List[Answer]] = _view.within(
        staged, lambda: engine.ask(options, shells, terminal), _STAGE_LIMIT
    )
    return answers


def probe(options: Options, shells: Sequence[Shell]) -> Optional[List[str]]:
    """Put a mark in the place of the drop-in, seen by our own child alone, and look who has it."""
    text = f"{_PROBE}=yes\nexport {_PROBE}\n".encode("ascii")
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
    transaction = changes.Transaction(
        os.path.dirname(options.path), plan.changes, backup=options.backup
    )
    rights = None
    with signals.undoable(transaction.undo) as too_late:
        transaction.write()
        try:
            rights = _rights(plan)
            _repair(plan)
            after = engine.ask(options, host.shells)
            verdict = engine.judged(options, host, before, after, plan)
            engine.require(verdict, result, "")
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
    plan: Plan, rights: Optional[os.stat_result], transaction: changes.Transaction
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
        said = f"{error} Every file has its old bytes back."
        raise Refused(said, error.result) from error
