# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask sshd what would be in force, and compare it with what is wanted.

Private to the collection.
"""

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from .._refusal import Refusal
from . import asking, plan
from .host import Host, Work
from .match import Connection, matches
from .options import Request, Values

if TYPE_CHECKING:
    from .members import Class
    from .whom import Reply

__all__ = ["Answers", "Gets", "ask", "exceptions", "judge", "values_in"]

# Each connection with the values that it gets.
Gets = List[Tuple[Connection, Values]]

_Answer = Union[asking.Answer, asking.Rejected]


class Answers(NamedTuple):
    """What sshd says: of the files as they are, and of those planned for each connection.

    ``before`` is None where it refuses the files as they are, or is not asked; then ``planned``
    is empty. ``classes`` are those of this host's accounts that conditional blocks part, with what
    it says of each.
    """

    before: Optional[Values]
    planned: List[_Answer]
    classes: Sequence[Tuple["Class", Optional[_Answer]]] = ()


def ask(request: Request, work: Work, prover: asking.Prover) -> Answers:
    """Ask sshd about the files as they are, and as they would be."""
    classes = _classes(request, work)
    if not request.verify:
        return Answers(None, [], [(item, None) for item in classes])
    connections = list(work.connections)
    connections += [item.connection for item in classes if item.connection is not None]
    questions = [
        asking.Question(work.plan.after, connection, work.plan.is_staged)
        for connection in connections
    ]
    if work.plan.is_staged:
        questions.append(asking.Question(work.plan.before, work.connections[0], False))
    answers = prover.ask(questions)
    now = answers[-1] if work.plan.is_staged else answers[0]
    before = None if isinstance(answers[-1], asking.Rejected) else values_in(request, now)
    count = len(work.connections)
    return Answers(before, answers[:count], list(zip(classes, answers[count:])))


def _classes(request: Request, work: Work) -> List["Class"]:
    """Return the classes of accounts to ask about: none where no conditional block differs."""
    if work.people is None:
        return []
    from . import whom

    return whom.parted(request, work)


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
        _require_somebody(request, host, work, answers)
        return [(connection, {}) for connection in work.connections]
    proven = [
        (connection, values_in(request, _as_written(work, answer)))
        for connection, answer in zip(work.connections, answers.planned)
    ]
    _require(request, host, work, proven)
    _require_somebody(request, host, work, answers)
    return proven


def exceptions(request: Request, work: Work, answers: Answers) -> List[str]:
    """Return warnings of accounts that matter most and would not get what is asked for."""
    if not answers.classes:
        return []
    from . import whom

    return whom.excepted(request, work, _replies(request, work, answers))


def _require_somebody(request: Request, host: Host, work: Work, answers: Answers) -> None:
    """Refuse to call done what no account of this host would get."""
    if not answers.classes:
        return
    from . import whom

    replies = _replies(request, work, answers)
    if whom.is_for_nobody(request, work, replies):
        from . import explain

        _refuse(*explain.for_accounts(request, host, work, replies))


def _replies(request: Request, work: Work, answers: Answers) -> List["Reply"]:
    """Return what each class of accounts would get: as sshd says, or else as the text does."""
    from . import whom

    return [
        whom.text_says(request, item)
        if answer is None
        else whom.Reply(item, values_in(request, _as_written(work, answer)))
        for item, answer in answers.classes
    ]


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

        _refuse(*explain.explain(request, host, work, proven))


def _refuse(why: str, in_the_way: Sequence[plan.Contradiction]) -> None:
    known: Dict[str, object] = {"conflicts": [item.returned() for item in in_the_way]}
    raise Refusal(why, known)
