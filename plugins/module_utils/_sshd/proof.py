# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask sshd what would be in force, and compare it with what is wanted.

Private to the collection.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from .._refusal import Refusal
from . import asking, plan
from .host import Host, Work
from .match import Connection, matches
from .options import Request, Values

__all__ = ["Answers", "Gets", "ask", "judge", "values_in"]

# Each connection with the values that it gets.
Gets = List[Tuple[Connection, Values]]

_Answer = Union[asking.Answer, asking.Rejected]


class Answers(NamedTuple):
    """What sshd says: of the files as they are, and of those planned for each connection.

    ``before`` is None where it refuses the files as they are, or is not asked; then ``planned``
    is empty.
    """

    before: Optional[Values]
    planned: List[_Answer]


def ask(request: Request, work: Work, prover: asking.Prover) -> Answers:
    """Ask sshd about the files as they are, and as they would be."""
    if not request.verify:
        return Answers(None, [])
    questions = [
        asking.Question(work.plan.after, connection, work.plan.is_staged)
        for connection in work.connections
    ]
    if work.plan.is_staged:
        questions.append(asking.Question(work.plan.before, work.connections[0], False))
    answers = prover.ask(questions)
    now = answers[-1] if work.plan.is_staged else answers[0]
    before = None if isinstance(answers[-1], asking.Rejected) else values_in(request, now)
    return Answers(before, answers[: len(work.connections)])


def judge(request: Request, host: Host, work: Work, answers: Answers) -> Gets:
    """Return what each connection would get after the run; without a proof no values.

    :raises Rejected: sshd refuses the planned files.
    :raises Refusal: that is not what was asked; with the conflicts that are in the way.
    """
    if not request.verify:
        modelled = [
            (connection, _modelled(request, work, connection))
            for connection in work.connections
            if matches(host.criteria or (), connection)
        ]
        _require(request, host, work, modelled)
        return [(connection, {}) for connection in work.connections]
    proven = [
        (connection, values_in(request, _as_written(work, answer)))
        for connection, answer in zip(work.connections, answers.planned)
    ]
    _require(request, host, work, proven)
    return proven


def values_in(request: Request, answer: _Answer) -> Values:
    """Return the values of the reported directives in an answer of sshd.

    :raises Rejected: it is none, but a refusal.
    """
    if isinstance(answer, asking.Rejected):
        raise answer
    return {
        setting.keyword.lower(): setting.read(
            tuple(answer.get(setting.keyword.lower(), [""])[0].split())
        )
        for setting in request.reported
    }


def _as_written(work: Work, answer: _Answer) -> _Answer:
    """Return the answer; a refusal says which lines are counted in a file that is not there yet."""
    if not work.plan.is_staged or not isinstance(answer, asking.Rejected):
        return answer
    before, after = work.plan.before.texts, work.plan.after.texts
    changed = [path for path, text in after.items() if before.get(path) != text]
    place = "((?:{}):? line [0-9]+)".format("|".join(map(re.escape, changed)))
    return asking.Rejected(re.sub(place, r"\1 (as it would be written)", str(answer)))


def _modelled(request: Request, work: Work, connection: Connection) -> Values:
    """Return what the text alone says."""
    return {
        setting.keyword.lower(): plan.modelled(work.plan.after, setting, connection)
        for setting in request.settings
    }


def _require(request: Request, host: Host, work: Work, proven: Gets) -> None:
    if not all(
        setting.value in (None, values[setting.keyword.lower()])
        for _connection, values in proven
        for setting in request.settings
    ):
        from . import explain

        why, in_the_way = explain.explain(request, host, work, proven)
        known: Dict[str, object] = {"conflicts": [item.returned() for item in in_the_way]}
        raise Refusal(why, known)
