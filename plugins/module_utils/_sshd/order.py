# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order to write the files of a plan. Private to the collection.

Pure. A run may be killed between any two writes, and what is in force then should be the old or
the new value, never that of some line between the two that nobody asked for.
"""

from typing import FrozenSet, List, Optional, Sequence, Set, Tuple

from . import config, edit, match
from .plan import Plan, Read

__all__ = ["safest"]

MAX_READINGS = 32  # of the whole tree; a plan for more files than this is a rare thing


def safest(
    plan: Plan,
    read: Read,
    settings: Sequence[edit.Setting],
    connections: Sequence[match.Connection],
) -> List[str]:
    """The changed files, so that after each write all connections get old or new values.

    In the plan's own order where no order does that.
    """
    return _Search(plan, read, settings, connections).found(frozenset()) or list(plan.texts)


class _Search:
    def __init__(
        self,
        plan: Plan,
        read: Read,
        settings: Sequence[edit.Setting],
        connections: Sequence[match.Connection],
    ) -> None:
        self._plan = plan
        self._read = read
        self._pairs = [(setting, item) for setting in settings for item in connections]
        self._old, self._new = self._values(plan.before), self._values(plan.after)
        self._preferred = _preferred(plan)
        self._dead: Set[FrozenSet[str]] = set()
        self._readings = 0

    def found(self, written: FrozenSet[str]) -> Optional[List[str]]:
        """The rest of the order once these are written; None where nothing safe follows."""
        for path in self._preferred:
            state = written | {path}
            if path in written or state in self._dead:
                continue
            if len(state) == len(self._preferred):
                return [path]
            rest = self.found(state) if self._holds(state) else None
            if rest is not None:
                return [path] + rest
            self._dead.add(state)
        return None

    def _holds(self, written: FrozenSet[str]) -> bool:
        self._readings += 1
        if self._readings > MAX_READINGS:
            return False
        texts = {path: text for path, text in self._plan.texts.items() if path in written}
        values = self._values(self._read(texts))
        return all(value in ends for value, ends in zip(values, zip(self._old, self._new)))

    def _values(self, tree: config.Tree) -> Tuple[Optional[str], ...]:
        found = []
        for setting, connection in self._pairs:
            directive = config.deciding(tree, setting.keyword, connection)
            found.append(setting.read(directive.arguments) if directive else None)
        return tuple(found)


def _preferred(plan: Plan) -> List[str]:
    """What mostly holds: of lines that win one after the other, the first one falls last.

    So ours stands before they fall, and falls after they have come back.
    """
    others = [path for path in plan.texts if path != plan.before.main]
    main = [path for path in plan.texts if path == plan.before.main]
    return main + others[::-1] if plan.disabled else others + main
