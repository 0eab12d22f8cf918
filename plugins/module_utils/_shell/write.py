# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the planned files, prove them again, or put every byte back. Private to the collection.

Only a run that changes something loads this.
"""

import os
import stat
from functools import partial
from typing import List, NamedTuple, Optional, Sequence

from .._files import changes, signals
from .._files.reading import FilesError, explained
from . import proof
from .asking import Answer
from .options import MODE, Host, NotInForce, Options, Plan
from .proof import Proof

__all__ = ["Written", "write"]


class Written(NamedTuple):
    """What was written: the proof of it, the copies that are kept, and what else went wrong."""

    proof: Proof
    backup_files: List[str]
    warnings: List[str]


def write(options: Options, host: Host, plan: Plan, before: Optional[List[Answer]]) -> Written:
    """Write the files of a plan and prove that it is in force, or bring everything back."""
    home = os.path.dirname(options.path)
    transaction = changes.Transaction(home, plan.changes, backup=options.backup)
    rights = None
    with signals.undoable(transaction.undo) as too_late:
        transaction.write()
        try:
            rights = _rights(plan)
            _repair(plan)
            proven = proof.prove_written(options, host, plan, before)
            too_late()
            transaction.finish()
        except BaseException as error:
            too_late()
            _explain(error, _take_back(plan, rights, transaction))
            raise
    return Written(proven, list(transaction.backup_files), transaction.warnings)


def _rights(plan: Plan) -> Optional[os.stat_result]:
    """Return what only we can bring back: a file that is written anew comes back rights and all."""
    path = plan.drop_in.real_path
    if not plan.repair or any(change.snapshot.real_path == path for change in plan.changes):
        return None
    with explained(path, "examined"):
        return os.stat(path)


def _repair(plan: Plan) -> None:
    """Give the drop-in the owner and the mode with which every user's shell reads it."""
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
    """Bring everything back; return a sentence for each thing that cannot be."""
    give_rights = partial(_give_rights, plan.drop_in.real_path, rights)
    problems = []
    for take_back in (give_rights, transaction.undo):
        try:
            take_back()
        except FilesError as error:
            problems.append(str(error))
    return problems


def _give_rights(path: str, old: Optional[os.stat_result]) -> None:
    if old is None:
        return
    with explained(path, "given its old owner and mode back"):
        os.chown(path, old.st_uid, old.st_gid)
        os.chmod(path, stat.S_IMODE(old.st_mode))


def _explain(error: BaseException, problems: Sequence[str]) -> None:
    """Say why the run failed, and only then what has become of the files."""
    if problems:
        why = (str(error) or repr(error)).rstrip(".")
        raise NotInForce(f"{why}. Then: {' '.join(problems)}", changed=True) from error
    if isinstance(error, NotInForce):
        raise NotInForce(f"{error} Every file has its old bytes back.") from error
