# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove with the login shells themselves that TMOUT is in force, or would be.

Private to the collection.
"""

from typing import TYPE_CHECKING, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .. import _view
from .._files import reading
from .._files.reading import Change
from .._refusal import Refusal
from . import asking, staged, verdict
from .asking import Answer, Asker
from .options import Host, Options, Plan
from .staged import Seen
from .verdict import Verdict

if TYPE_CHECKING:
    from . import tracing

__all__ = ["Proof", "ask_now", "prove_as_is", "prove_staged", "prove_written"]


class Proof(NamedTuple):
    """What the shells say, or would say, after the run, and what follows from that.

    ``after`` is None where nobody was asked, or could be; ``refused`` says why strangers alone
    were asked, or nobody.
    """

    after: Optional[List[Answer]]
    verdict: Verdict
    refused: str = ""
    # Those that were seen to end, and those that were seen not to.
    lived: Sequence[Asker] = ()
    staying: Sequence[Asker] = ()


def ask_now(options: Options, host: Host) -> Optional[Seen]:
    """Ask the shells as the files are now; None with ``verify=false``."""
    return staged.ask_as_is(host.askers) if options.verify else None


def prove_as_is(options: Options, host: Host, plan: Plan, before: Optional[Seen]) -> Proof:
    """Prove that what is asked for is in force already; refuse it where it is not."""
    if before is None:
        return Proof(None, Verdict([], [], {}))
    judged = judge(options, host, plan, before.answers, before.answers)
    _require(judged)
    if _may_differ_at_terminal(options, host, plan):
        first = _at_terminal(host.askers)
        _require_at_terminal(options, host, plan, first, _at_terminal(host.askers))
    return Proof(before.answers, judged, before.refused)


def prove_staged(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[Seen],
    planned: Sequence[Change],
) -> Proof:
    """Prove that it would be in force with all planned files; refuse them where it would not.

    There are no answers where the host forbids to try them.
    """
    if before is None:
        return Proof(None, Verdict([], [], {}))
    if [change.snapshot.path for change in plan.changes] == [options.path]:
        # Ours alone cannot mend a shell that cannot be asked: no need to wait for it again.
        silent = [answer for answer in before.answers if answer.status != "answered"]
        _require(judge(options, host, plan, silent, silent))
    if before.refused:
        return Proof(None, Verdict([], [], {}), before.refused)
    after = staged.ask_planned(host.askers, planned)
    judged = judge(options, host, plan, before.answers, after, planned)
    if judged.problems:
        lost = _lost_at_terminal_alone(host, planned, after)
        judged = judged._replace(problems=judged.problems + lost)
    _require(judged)
    if _may_differ_at_terminal(options, host, plan):
        now = _at_terminal(host.askers)
        then = staged.ask_planned(host.askers, planned, terminal=True)
        _require_at_terminal(options, host, plan, now, then)
    return _obeyed(options, host, planned, Proof(after, judged))


def _obeyed(options: Options, host: Host, planned: Sequence[Change], proven: Proof) -> Proof:
    """Prove as well that idle shells end, where the drop-in changes."""
    changes = [change.snapshot.path for change in planned]
    if options.wanted is None or options.wanted.seconds is None or options.path not in changes:
        return proven
    from . import obedience

    asked = [answer for answer in proven.after or [] if not _is_exempt(options, host, answer.asker)]
    seen = obedience.observe(host, planned, asked, options.wanted.seconds)
    _require(seen.verdict)
    verdict_ = proven.verdict
    verdict_ = Verdict(
        [], verdict_.warnings + seen.verdict.warnings, {**verdict_.missed, **seen.verdict.missed}
    )
    return proven._replace(verdict=verdict_, lived=seen.lived, staying=list(seen.verdict.missed))


def prove_written(options: Options, host: Host, plan: Plan, before: Optional[Seen]) -> Proof:
    """Prove that it is in force now that the files are written; refuse it where it is not."""
    after = ask_now(options, host)
    if before is None or after is None:
        return Proof(None, Verdict([], [], {}))
    judged = judge(options, host, plan, before.answers, after.answers)
    _require(judged)
    return Proof(after.answers, judged, after.refused)


def judge(
    options: Options,
    host: Host,
    plan: Plan,
    before: Sequence[Answer],
    after: Sequence[Answer],
    planned: Sequence[Change] = (),
) -> Verdict:
    """Return what the answers say of the options, with these files planned."""
    lost = _lost(host, planned, after)
    standard = verdict.Standard(
        wanted=options.wanted,
        readers=_readers(options, host, plan, after),
        spared=[asker for asker in host.askers if _is_exempt(options, host, asker)],
        path=options.path,
        conflicts=plan.left_in_place(host.conflicts),
        lost={asker: place.where() for asker, place in lost.items()},
        replaced=_replaced(options, host, planned, lost),
    )
    return verdict.compare(before, after, standard)


def _replaced(
    options: Options, host: Host, planned: Sequence[Change], lost: Mapping[Asker, "tracing.Lost"]
) -> List[Asker]:
    """Return those in whose place another program runs that ends all the same."""
    askers = [asker for asker, place in lost.items() if place.replaces]
    if not askers or not options.wanted or not options.wanted.seconds or not options.text:
        return []
    from . import living

    drop_in = reading.read(options.path, missing_ok=True)
    ours = Change(drop_in, options.text.encode("ascii"), options.mode, rights=True)
    others = [change for change in planned if change.snapshot.path != options.path]
    try:
        lived = living.live(askers, host.files, [*others, ours], options.wanted.seconds)
    except _view.NoView:
        return []
    return [asker for asker, one in lived.items() if one.ended]


def _lost(
    host: Host, planned: Sequence[Change], answers: Sequence[Answer]
) -> Dict[Asker, "tracing.Lost"]:
    """Return where the shells were lost that could not be asked, as far as they tell."""
    silent = [answer.asker for answer in answers if answer.status != "answered"]
    if not silent:
        return {}
    from . import tracing

    try:
        return tracing.last_lines(silent, host.files, planned)
    except _view.NoView:
        return {}


def _lost_at_terminal_alone(
    host: Host, planned: Sequence[Change], answers: Sequence[Answer]
) -> List[verdict.Problem]:
    """Say where shells are lost at a terminal alone: who mends the rest would meet that next."""
    from . import tracing

    askers = [
        answer.asker
        for answer in answers
        if answer.status == "answered" and answer.shell.family in verdict.MUST_READ
    ]
    try:
        then = staged.ask_planned(askers, planned, terminal=True)
        silent = [answer.asker for answer in then if answer.status != "answered"]
        lost = tracing.last_lines(silent, host.files, planned, terminal=True) if silent else {}
    except Refusal:  # no terminal can be had, or no view
        return []
    sentence = "At a terminal {shells} does not come to its prompt{cause}."
    return [
        verdict.Problem(asker, sentence, "", f", at {place.where()}")
        for asker, place in lost.items()
    ]


def _is_exempt(options: Options, host: Host, asker: Asker) -> bool:
    user = asker.person.user
    known = host.classes.of(user) if user is not None else None
    if known is None:
        return False
    return user in options.exempt_users or any(g in options.exempt_groups for g in known.groups)


def _readers(options: Options, host: Host, plan: Plan, answers: Sequence[Answer]) -> List[Asker]:
    """Return which shells read the drop-in; where the text leaves a doubt, they are asked."""
    by_text = [
        asker
        for asker in host.askers
        if asker.shell.family in host.readings and host.readings[asker.shell.family].reads_drop_in
    ]
    if not options.wanted:
        return by_text
    doubtful = [
        answer.asker
        for answer in verdict.mismatched(answers, options.wanted)
        if answer.status == "answered" and (plan.changes or answer.asker in by_text)
    ]
    if not doubtful:
        return by_text
    try:
        by_mark = staged.readers_of(options.path, options.mode, doubtful)
    except _view.NoView:
        return by_text
    return by_mark + [asker for asker in by_text if asker not in doubtful]


def _require(judged: Verdict, where: str = "") -> None:
    if judged.problems:
        sentences = " ".join(verdict.sentences(judged.problems))
        raise Refusal(where + sentences, {"verified": False})


def _may_differ_at_terminal(options: Options, host: Host, plan: Plan) -> bool:
    """Tell whether a definition that contradicts ours stays, which may count at a terminal only.

    To ask there costs as much as all the rest of a run.
    """
    left = plan.left_in_place(host.conflicts)
    return options.verify and any(conflict.against for conflict in left)


def _at_terminal(askers: Sequence[Asker]) -> List[Answer]:
    """Return what the shells say that come to their prompt there: one may wait for an answer."""
    try:
        answers = staged.ask_as_is(askers, terminal=True).answers
    except asking.AskError:  # no terminal can be had
        return []
    return [answer for answer in answers if answer.status == "answered"]


def _require_at_terminal(
    options: Options,
    host: Host,
    plan: Plan,
    before: Sequence[Answer],
    after: Sequence[Answer],
) -> None:
    """Refuse what does not hold at a terminal, for the shells that came to their prompt before."""
    asked = [answer.asker for answer in before]
    comparable = [answer for answer in after if answer.asker in asked]
    judged = judge(options, host, plan, before, comparable)
    # That no shell obeys is said of all of them, and some may wait there for an answer.
    problems = [problem for problem in judged.problems if problem.asker]
    _require(judged._replace(problems=problems), "At a terminal: ")
