# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what a run of the engine has proven, prove it again, reload. Private to the collection.

That module loads this one only for a run that changes something.
"""

import os
from typing import Any, List, Optional, Sequence, Tuple

from .._files import changes as files_changes
from .._files import signals
from .._refusal import Refusal, sentence
from . import asking, engine, files, listening, match, order, reload, service

__all__ = ["check", "check_reload", "diff", "recover", "write"]

Proven = Sequence[Tuple[match.Connection, engine.Values]]

diff = files_changes.diff
recover = files_changes.recover
check_reload = listening.check


def check(changes: Sequence[files_changes.Change]) -> None:
    """Refuse, before anything is touched, what would be unsafe or impossible to write."""
    for change in changes:
        files_changes.check_safe(change)


def write(
    run: Any,
    changes: Sequence[files_changes.Change],
    prover: asking.Prover,
    proven: Proven,
    reloading: bool,
) -> Tuple[List[str], List[str]]:
    """Write, ask the real files again, reload; whatever goes wrong, the old bytes come back.

    Returns the copies kept, and warnings.
    """
    home = os.path.dirname(os.path.realpath(run.path))
    transaction = files_changes.Transaction(home, _ordered(run, changes), run.request.backup)
    answered = reload.answering(run.listener, run.listening) if reloading else []
    with signals.undoable(transaction.undo) as too_late:
        transaction.write()
        begun = False
        try:
            if changes and run.request.verify:
                _prove_written(run, prover, proven)
            if run.listener is not None and run.binary:
                reload.check_start(run.binary, run.words)
            if reloading:
                reload.check_listening(run.listening)
                begun = True
                reload.reload(run.service, run.listener, answered)
            too_late()
            transaction.finish()
        except BaseException as error:
            too_late()
            _undo(run, transaction, error, answered if begun else None)
            raise
    return list(transaction.backup_files), transaction.warnings


def _ordered(run: Any, changes: Sequence[files_changes.Change]) -> List[files_changes.Change]:
    """So that a run that is killed between two of them leaves old or new values in force."""
    if len(changes) < 2:
        return list(changes)
    default = files.default_connection(run.plan.before, run.words)
    paths = order.safest(
        run.plan, run.files.read, run.request.settings, list(run.connections) + [default]
    )
    return sorted(changes, key=lambda change: paths.index(change.snapshot.path))


def _prove_written(run: Any, prover: asking.Prover, proven: Proven) -> None:
    tree = run.plan.after
    if prover.bare:  # what is asked is a copy of what we hand over, so that must be read anew
        tree = files.Files(run.path, run.files.keywords, run.release).read({})
    answers = prover.ask(
        [asking.Question(tree, connection, False) for connection, _values in proven]
    )
    if [run.values(answer) for answer in answers] != [values for _item, values in proven]:
        raise engine.ChangeError(
            "sshd reads the written files otherwise than the staged "
            "ones; is somebody else changing them?"
        )


def _undo(
    run: Any,
    transaction: files_changes.Transaction,
    error: BaseException,
    answered: Optional[Sequence[listening.Address]],
) -> None:
    """``answered``: where sshd did before the reload, if there was one."""
    said = sentence(error)
    ended = " The daemon was reloaded with them." if run.plan.texts else " A second try went well."
    told = isinstance(error, (Refusal, OSError, signals.Ended))
    try:
        transaction.undo()
        said += " The files are as they were." if run.plan.texts else ""
    except files_changes.FilesError as second:
        said += f" Then: {second}"
        ended = " The daemon was reloaded with what is there now."
        told = True  # the caller would raise the error alone
    if answered is not None:
        try:
            reload.reload(run.service, run.listener, answered)
            said += ended
        except service.ServiceError as second:
            said += f" Then: {second}"
    if told:
        raise engine.ChangeError(said) from error
