# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what a run of _sshd_change has proven, prove it again, reload. Private to the collection.

That module loads this one only for a run that changes something.
"""

import os
from typing import Any, List, Optional, Sequence, Tuple

from ansible_collections.curfew.session.plugins.module_utils import (
    _file_changes,
    _file_signals,
    _sshd_change,
    _sshd_daemon,
    _sshd_listening,
    _sshd_match,
    _sshd_order,
    _sshd_reload,
    _sshd_service,
    _sshd_tree,
)

__all__ = ["check", "check_reload", "diff", "recover", "write"]

Proven = Sequence[Tuple[_sshd_match.Connection, _sshd_change.Values]]

diff = _file_changes.diff
recover = _file_changes.recover
check_reload = _sshd_listening.check


def check(changes: Sequence[_file_changes.Change]) -> None:
    """Refuse, before anything is touched, what would be unsafe or impossible to write."""
    for change in changes:
        _file_changes.check_safe(change)


def write(run: Any, changes: Sequence[_file_changes.Change], prover: _sshd_daemon.Prover,
          proven: Proven, reloading: bool) -> Tuple[List[str], List[str]]:
    """Write, ask the real files again, reload; whatever goes wrong, the old bytes come back.

    Returns the copies kept, and warnings.
    """
    home = os.path.dirname(os.path.realpath(run.path))
    transaction = _file_changes.Transaction(home, _ordered(run, changes), run.request.backup)
    answered = _sshd_reload.answering(run.listener, run.listening) if reloading else []
    with _file_signals.undoable(transaction.undo) as too_late:
        transaction.write()
        begun = False
        try:
            if changes and run.request.verify:
                _prove_written(run, prover, proven)
            if run.listener is not None and run.binary:
                _sshd_reload.check_start(run.binary, run.words)
            if reloading:
                _sshd_reload.check_listening(run.listening)
                begun = True
                _sshd_reload.reload(run.service, run.listener, answered)
            too_late()
            transaction.finish()
        except BaseException as error:
            too_late()
            _undo(run, transaction, error, answered if begun else None)
            raise
    return list(transaction.backup_files), transaction.warnings


def _ordered(run: Any, changes: Sequence[_file_changes.Change]) -> List[_file_changes.Change]:
    """So that a run that is killed between two of them leaves old or new values in force."""
    if len(changes) < 2:
        return list(changes)
    default = _sshd_tree.default_connection(run.plan.before, run.words)
    paths = _sshd_order.safest(
        run.plan, run.files.read, run.request.settings, list(run.connections) + [default])
    return sorted(changes, key=lambda change: paths.index(change.snapshot.path))


def _prove_written(run: Any, prover: _sshd_daemon.Prover, proven: Proven) -> None:
    tree = run.plan.after
    if prover.bare:  # what is asked is a copy of what we hand over, so that must be read anew
        tree = _sshd_tree.Files(run.path, run.files.keywords, run.release).read({})
    answers = prover.ask(
        [_sshd_daemon.Question(tree, connection, False) for connection, _values in proven])
    if [run.values(answer) for answer in answers] != [values for _item, values in proven]:
        raise _sshd_change.ChangeError("sshd reads the written files otherwise than the staged "
                                       "ones; is somebody else changing them?")


def _undo(run: Any, transaction: _file_changes.Transaction, error: BaseException,
          answered: Optional[Sequence[_sshd_listening.Address]]) -> None:
    """``answered``: where sshd did before the reload, if there was one."""
    said = _sshd_change.sentence(error)
    ended = " The daemon was reloaded with them." if run.plan.texts else " A second try went well."
    expected = _sshd_change.EXPECTED_ERRORS + (_sshd_change.ChangeError, _file_signals.Ended)
    told = isinstance(error, expected)
    try:
        transaction.undo()
        said += " The files are as they were." if run.plan.texts else ""
    except _file_changes.FilesError as second:
        said += " Then: %s" % second
        ended = " The daemon was reloaded with what is there now."
        told = True  # the caller would raise the error alone
    if answered is not None:
        try:
            _sshd_reload.reload(run.service, run.listener, answered)
            said += ended
        except _sshd_service.ServiceError as second:
            said += " Then: %s" % second
    if told:
        raise _sshd_change.ChangeError(said) from error
