# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what all mechanisms have proven, prove it again, or bring everything back.

Private to the collection.

Only a run that changes something loads this.
"""

from typing import Callable, Container, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .._files import changes as files_changes
from .._files import signals
from .._files.reading import Change, FilesError
from .._refusal import Refusal, sentence
from .mechanism import Activation, Proven, Written
from .stopping import Stopped, stopping

__all__ = ["Done", "write"]


class Done(NamedTuple):
    """What was written, and what else went wrong; ``backups``: the copies kept, by real paths."""

    written: Dict[str, Written]
    backups: Dict[str, str]
    warnings: List[str]


def write(
    proven: Mapping[str, Proven],
    homes: Sequence[str],
    changes: Sequence[Change],
    backup: Container[str],
    owners: Mapping[str, str],
) -> Done:
    """Write all files, ask about the real ones, have daemons read them; or bring all back.

    ``backup`` holds the real paths of which a copy is kept, ``owners`` who wants each of them.

    :raises Stopped: something went wrong; also says what could not be put back.
    """
    activations = _activations(proven)
    transaction = files_changes.Transaction(homes, changes, backup)
    try:
        with signals.undoable(transaction.undo) as too_late:
            _place(transaction, proven, owners)
            written = _in_force(transaction, activations, proven, too_late)
    except FilesError as error:  # a signal, at a moment at which nobody else has seen to it
        stopped = Stopped(error, None, proven)
        changed = isinstance(error, files_changes.NotRestored)
        raise stopped.after_undo(str(stopped), changed) from error
    return Done(written, dict(transaction.backups), list(transaction.warnings))


def _activations(proven: Mapping[str, Proven]) -> Dict[str, Activation]:
    """Return what makes daemons obey, each once, by the name of a mechanism that wants it."""
    activations: Dict[str, Activation] = {}
    for name, step in proven.items():
        with stopping(name, proven):
            activation = step.activation()
        if activation is not None and activation not in activations.values():
            activations[name] = activation
    return activations


def _place(
    transaction: files_changes.Transaction, proven: Mapping[str, Proven], owners: Mapping[str, str]
) -> None:
    try:
        transaction.write()
    except (FilesError, OSError) as error:
        owner = owners.get(error.path or "") if isinstance(error, FilesError) else None
        stopped = Stopped(error, owner, proven)
        changed = isinstance(error, files_changes.NotRestored)
        ending = "" if changed else " The files are as they were."
        raise stopped.after_undo(f"{stopped}{ending}", changed) from error


def _in_force(
    transaction: files_changes.Transaction,
    activations: Mapping[str, Activation],
    proven: Mapping[str, Proven],
    too_late: Callable[[], None],
) -> Dict[str, Written]:
    """Prove what is written, and have daemons read it; or put the old bytes back."""
    begun: List[Activation] = []
    is_changing = bool(transaction.changed_files)
    try:
        written = {name: _proven_again(name, proven) for name in proven}
        _activate(activations, begun, proven)
        too_late()
        transaction.finish()
        return written
    except BaseException as error:
        too_late()
        stopped = _undone(transaction, error, begun, proven, is_changing)
        if stopped:
            raise stopped from error
        raise


def _proven_again(name: str, proven: Mapping[str, Proven]) -> Written:
    with stopping(name, proven):
        return proven[name].prove_written()


def _activate(
    activations: Mapping[str, Activation], begun: List[Activation], proven: Mapping[str, Proven]
) -> None:
    """Have daemons read the files; ``begun`` gets each of them before it is."""
    for name, activation in activations.items():
        with stopping(name, proven):
            activation.check()
    for name, activation in activations.items():
        if activation.is_due:
            begun.append(activation)
            with stopping(name, proven):
                activation.run()


def _undone(
    transaction: files_changes.Transaction,
    error: BaseException,
    begun: Sequence[Activation],
    proven: Mapping[str, Proven],
    is_changing: bool,
) -> Optional[Stopped]:
    """Put the old bytes back, and have them read; return what is to be told of it.

    None where the error is no reason that people can do something about, and all is as it was.
    """
    why = message = sentence(error) or repr(error)
    changed = isinstance(error, files_changes.NotRestored)
    try:
        transaction.undo()
    except FilesError as second:
        changed = True
        message = f"{message.rstrip('.')}. Then: {second}"
    if changed:
        ending = " The daemon was reloaded with what is there now."
    elif is_changing:
        message += " The files are as they were."
        ending = " The daemon was reloaded with them."
    else:
        ending = " A second try went well."
    for activation in begun:
        try:
            activation.run()
            message += ending
        except (Refusal, OSError) as second:
            same = sentence(second) == why
            message += " A second try failed, too." if same else f" Then: {sentence(second)}"
    if not changed and not isinstance(error, (Refusal, OSError, signals.Ended)):
        return None
    stopped = error if isinstance(error, Stopped) else Stopped(error, None, proven)
    return stopped.after_undo(message, changed)
