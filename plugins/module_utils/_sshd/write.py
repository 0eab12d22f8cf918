# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what has been proven, prove it again, reload. Private to the collection.

A run may be killed between any two writes, and what is in force then should be the old or the new
value, never that of some line between the two that nobody asked for. Only a run that changes
something loads this.
"""

import os
from typing import FrozenSet, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._files import changes as files_changes
from .._files import journal, reading, safety, signals
from .._refusal import Refusal, sentence
from . import asking, config, files, reload
from .connections import default_connection
from .host import Host, Reload, Work
from .listening import Address
from .match import Connection
from .options import Request, Setting
from .plan import Plan, Read, modelled
from .proof import Proven, values_in
from .service import ServiceError

__all__ = ["Written", "check_changes", "diff", "recover", "safest", "write"]

MAX_TRIALS = 32  # of the whole tree; a plan for more files than this is a rare thing

diff = reading.diff
recover = journal.recover


class Written(NamedTuple):
    """What a run left: the copies of old files that it kept, and sentences on what went wrong."""

    backup_files: List[str]
    warnings: List[str]


class _Attempt(NamedTuple):
    """A reload that has begun, and where sshd answered before it."""

    reload: Reload
    answered: List[Address]


def check_changes(changes: Sequence[reading.Change]) -> None:
    """Refuse, before anything is touched, what would be unsafe or impossible to write."""
    for change in changes:
        safety.check_safe(change)


def write(
    request: Request,
    host: Host,
    work: Work,
    proven: Proven,
    prover: asking.Prover,
    due: Optional[Reload],
) -> Written:
    """Write, ask the real files again, reload; whatever goes wrong, the old bytes come back.

    :raises Refusal: something went wrong; also says what could not be put back.
    """
    home = os.path.dirname(os.path.realpath(host.path))
    ordered = _ordered(request, host, work)
    transaction = files_changes.Transaction(home, ordered, request.backup)
    answered = reload.answering(due.listener, due.listening) if due else []
    with signals.undoable(transaction.undo) as too_late:
        transaction.write()
        attempt = None
        try:
            if work.changes and request.verify:
                _prove_written(request, host, work, proven, prover)
            if host.listener is not None and host.binary:
                reload.check_start(host.binary, host.words)
            if due:
                reload.check_listening(due.listening)
                attempt = _Attempt(due, answered)
                reload.reload(due.service, due.listener, answered)
            too_late()
            transaction.finish()
        except BaseException as error:
            too_late()
            _undo(transaction, error, bool(work.changes), attempt)
            raise
    return Written(list(transaction.backup_files), list(transaction.warnings))


def _ordered(request: Request, host: Host, work: Work) -> List[reading.Change]:
    """Return the changes so that a run that is killed leaves old or new values in force."""
    if len(work.changes) < 2:
        return work.changes
    default = default_connection(work.plan.before, host.words)
    paths = safest(work.plan, work.files.read, request.settings, work.connections + [default])
    return sorted(work.changes, key=lambda change: paths.index(change.snapshot.path))


def _prove_written(
    request: Request, host: Host, work: Work, proven: Proven, prover: asking.Prover
) -> None:
    tree = work.plan.after
    if prover.bare:  # what is asked is a copy of what we hand over, so that must be read anew
        tree = files.Files(host.path, work.files.keywords, host.release).read({})
    answers = prover.ask(
        [asking.Question(tree, connection, False) for connection, _values in proven]
    )
    if [values_in(request, answer) for answer in answers] != [values for _item, values in proven]:
        raise Refusal(
            "sshd reads the written files otherwise than the staged ones; is somebody else "
            "changing them?"
        )


def _undo(
    transaction: files_changes.Transaction,
    error: BaseException,
    changed: bool,
    attempt: Optional[_Attempt],
) -> None:
    """Put the old bytes back, and have them read; raise what is to be told of it."""
    message = sentence(error)
    ending = " The daemon was reloaded with them." if changed else " A second try went well."
    for_people = isinstance(error, (Refusal, OSError, signals.Ended))
    try:
        transaction.undo()
        message += " The files are as they were." if changed else ""
    except reading.FilesError as second:
        message += f" Then: {second}"
        ending = " The daemon was reloaded with what is there now."
        for_people = True  # the caller would raise the error alone
    if attempt is not None:
        try:
            reload.reload(attempt.reload.service, attempt.reload.listener, attempt.answered)
            message += ending
        except ServiceError as second:
            message += f" Then: {second}"
    if for_people:
        raise Refusal(message) from error


def safest(
    plan: Plan,
    read: Read,
    settings: Sequence[Setting],
    connections: Sequence[Connection],
) -> List[str]:
    """Return the changed files so that after each write all connections get old or new values.

    In the plan's own order where no order does that.
    """
    return _Search(plan, read, settings, connections).rest_of(frozenset()) or list(plan.texts)


class _Search:
    """A search for the order; ``_dead`` are the sets of files after which no order is safe."""

    def __init__(
        self,
        plan: Plan,
        read: Read,
        settings: Sequence[Setting],
        connections: Sequence[Connection],
    ) -> None:
        self._plan = plan
        self._read = read
        self._pairs = [(setting, item) for setting in settings for item in connections]
        self._old, self._new = self._values(plan.before), self._values(plan.after)
        self._preferred = _preferred(plan)
        self._dead: Set[FrozenSet[str]] = set()
        self._readings = 0

    def rest_of(self, written: FrozenSet[str]) -> Optional[List[str]]:
        """Return the rest of the order once these are written; None where nothing safe follows."""
        for path in self._preferred:
            state = written | {path}
            if path in written or state in self._dead:
                continue
            if len(state) == len(self._preferred):
                return [path]
            rest = self.rest_of(state) if self._holds(state) else None
            if rest is not None:
                return [path] + rest
            self._dead.add(state)
        return None

    def _holds(self, written: FrozenSet[str]) -> bool:
        self._readings += 1
        if self._readings > MAX_TRIALS:
            return False
        texts = {path: text for path, text in self._plan.texts.items() if path in written}
        values = self._values(self._read(texts))
        return all(value in ends for value, ends in zip(values, zip(self._old, self._new)))

    def _values(self, tree: config.Tree) -> Tuple[Optional[str], ...]:
        return tuple(modelled(tree, setting, connection) for setting, connection in self._pairs)


def _preferred(plan: Plan) -> List[str]:
    """Return the order that mostly is safe: of lines that beat each other, the first falls last.

    So ours stands before they fall, and falls after they have come back.
    """
    others = [path for path in plan.texts if path != plan.before.main]
    main = [path for path in plan.texts if path == plan.before.main]
    return main + others[::-1] if plan.disabled else others + main
