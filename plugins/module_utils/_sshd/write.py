# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order sshd's files are written, and the proof of what was. Private to the collection.

A run may be killed between any two writes, and what is in force then should be the old or the new
value, never that of some line between the two that nobody asked for. Only a run that changes
something loads this.
"""

from typing import FrozenSet, List, Optional, Sequence, Set, Tuple

from .._files.reading import Change
from .._refusal import Refusal
from . import asking, config
from . import host as sshd_host
from .connections import default_connection
from .host import Host, Work
from .match import Connection
from .options import Request, Setting
from .plan import Plan, Read, modelled
from .proof import Gets, values_in

__all__ = ["ordered", "prove_written", "safest"]

MAX_TRIALS = 32  # of the whole tree; a plan for more files than this is a rare thing


def ordered(request: Request, host: Host, work: Work) -> List[Change]:
    """Return the changes so that a run that is killed leaves old or new values in force."""
    default = default_connection(work.plan.before, host.words, host.version)
    paths = safest(work.plan, work.files.read, request.settings, work.connections + [default])
    return sorted(work.changes, key=lambda change: paths.index(change.snapshot.path))


def prove_written(request: Request, host: Host, work: Work, proven: Gets) -> None:
    """Ask sshd about the written files.

    :raises Refusal: they are not what was proven.
    """
    # Read anew: where the host lacks what sshd wants, it is asked about a copy of what we read.
    tree = work.files.as_planned(())
    with sshd_host.prover(host) as prover:
        answers = prover.ask(
            [asking.Question(tree, connection, False) for connection, _values in proven]
        )
    if [values_in(request, answer) for answer in answers] != [values for _item, values in proven]:
        raise Refusal(
            "sshd reads the written files otherwise than the staged ones; is somebody else "
            "changing them?"
        )


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
