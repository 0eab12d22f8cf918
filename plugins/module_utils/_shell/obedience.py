# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from how idle shells end, or do not. Private to the collection.

Only a run that changes the drop-in loads this.
"""

from typing import Dict, List, NamedTuple, Sequence

from .. import _view
from .._files.reading import Change
from . import living, tracing
from .asking import Answer, Asker, describe
from .options import Host
from .verdict import MUST_READ, Problem, Verdict, named

__all__ = ["Obedience", "observe"]

NOTHING = Verdict([], [], {})


class Obedience(NamedTuple):
    """What was seen: ``lived`` are those that ended by themselves."""

    verdict: Verdict
    lived: List[Asker]


def observe(
    host: Host, planned: Sequence[Change], answers: Sequence[Answer], seconds: int
) -> Obedience:
    """See whether the shells that show ``seconds`` end, with the planned files in place."""
    asked = [answer.asker for answer in answers if describe(answer)["tmout_seconds"] == seconds]
    try:
        lived = living.live(living.obedient(asked), host.files, planned, seconds)
        staying = [asker for asker, one in lived.items() if one.ended is False]
        busy = [asker for asker in staying if lived[asker].busy]
        verdict = _of_staying(host, planned, staying, seconds, busy) if staying else NOTHING
    except _view.NoView:
        return Obedience(NOTHING, [])
    return Obedience(verdict, [asker for asker, one in lived.items() if one.ended])


def _of_staying(
    host: Host,
    planned: Sequence[Change],
    staying: Sequence[Asker],
    seconds: int,
    busy: Sequence[Asker],
) -> Verdict:
    """Say of those that do not end by themselves what holds them up, or who is not covered."""
    waiting = [asker for asker in staying if asker not in busy]
    lived = living.live(waiting, host.files, planned, seconds, answering=True)
    places = tracing.last_lines(staying, host.files, planned, terminal=True)
    problems: List[Problem] = []
    held: Dict[str, List[str]] = {}
    missed: Dict[Asker, str] = {}
    for asker in staying:
        place = places.get(asker)
        again = lived.get(asker)
        if again is not None and again.ended and again.prompted:
            where = place.where() if place else "a login file"
            held.setdefault(where, []).append(named(asker))
            continue
        reading = host.readings.get(asker.shell.family)
        paths = reading.files if reading else []
        cause = living.cause(host.files, paths, place, asker in busy)
        if asker.shell.family in MUST_READ:
            sentence = (
                "{shells} would show the right TMOUT and never obey it: with one second in its"
                " place an idle session stays{cause}."
            )
            problems.append(Problem(asker, sentence, "", cause))
        else:
            missed[asker] = f"it shows the right TMOUT, and an idle session of it stays{cause}"
    warnings = [
        f"Before its prompt {', '.join(shells)} waits for an answer, where nothing ends an idle"
        f" session: {where}. What comes behind it ends as asked for."
        for where, shells in held.items()
    ]
    return Verdict(problems, warnings, missed)
