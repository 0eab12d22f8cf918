# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove with the login shells themselves that TMOUT is in force, or would be.

Private to the collection.
"""

from typing import List, NamedTuple, Optional, Sequence

from .._files.reading import Change
from .._refusal import Refusal
from . import asking, verdict
from .asking import Answer
from .options import Host, Options, Plan
from .verdict import Verdict

__all__ = ["Proof", "ask_now", "prove_as_is", "prove_staged", "prove_written"]


class Proof(NamedTuple):
    """What the shells say, or would say, after the run, and what follows from that.

    ``after`` is None where nobody was asked, or could be.
    """

    after: Optional[List[Answer]]
    verdict: Verdict


def ask_now(options: Options, host: Host) -> Optional[List[Answer]]:
    """Ask the shells as the files are now; None with ``verify=false``."""
    return asking.ask(host.shells, options.ids) if options.verify else None


def prove_as_is(options: Options, host: Host, plan: Plan, before: Optional[List[Answer]]) -> Proof:
    """Prove that what is asked for is in force already; refuse it where it is not."""
    judged = judge(options, host, plan, before, before)
    _require(judged)
    if _may_differ_at_terminal(options, host, plan):
        answers = _ask_at_terminal(options, host)
        _require_at_terminal(options, host, plan, answers, _ask_at_terminal(options, host))
    return Proof(before, judged)


def prove_staged(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[List[Answer]],
    planned: Sequence[Change],
) -> Proof:
    """Prove that it would be in force with all planned files; refuse them where it would not.

    There are no answers where the host forbids to try them.
    """
    if [change.snapshot.path for change in plan.changes] == [options.path]:
        # Ours alone cannot mend a shell that cannot be asked: no need to wait for it again.
        silent = [answer for answer in before or [] if answer.status != "answered"]
        _require(judge(options, host, plan, silent, silent))
    if not options.verify:
        return Proof(None, judge(options, host, plan, before, None))
    from . import staged

    after = staged.ask_staged(options, planned, host.shells)
    judged = judge(options, host, plan, before, after)
    _require(judged)
    if after is not None and _may_differ_at_terminal(options, host, plan):
        now = _ask_at_terminal(options, host)
        then = staged.ask_staged(options, planned, host.shells, terminal=True)
        _require_at_terminal(options, host, plan, now, then)
    return Proof(after, judged)


def prove_written(
    options: Options, host: Host, plan: Plan, before: Optional[List[Answer]]
) -> Proof:
    """Prove that it is in force now that the files are written; refuse it where it is not."""
    after = ask_now(options, host)
    judged = judge(options, host, plan, before, after)
    _require(judged)
    return Proof(after, judged)


def judge(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[Sequence[Answer]],
    after: Optional[Sequence[Answer]],
) -> Verdict:
    """Return what the answers say of the options; nothing where nobody was asked."""
    if after is None:
        return Verdict([], [], {})
    readers = _readers(options, host, plan, after)
    conflicts = plan.left_in_place(host.conflicts)
    return verdict.compare(before or [], after, options.wanted, readers, conflicts, options.path)


def _readers(options: Options, host: Host, plan: Plan, answers: Sequence[Answer]) -> List[str]:
    """Return which shells read the drop-in; where the text leaves a doubt, they are asked."""
    by_text = [
        shell.path
        for shell in host.shells
        if shell.family in host.readings and host.readings[shell.family].reads_drop_in
    ]
    if not options.wanted:
        return by_text
    doubtful = [
        answer.shell
        for answer in verdict.mismatched(answers, options.wanted)
        if answer.status == "answered" and (plan.changes or answer.shell.path in by_text)
    ]
    if not doubtful:
        return by_text
    from . import staged

    by_mark = staged.readers_of_drop_in(options, doubtful)
    if by_mark is None:
        return by_text
    asked = [shell.path for shell in doubtful]
    return by_mark + [path for path in by_text if path not in asked]


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


def _ask_at_terminal(options: Options, host: Host) -> List[Answer]:
    """Return what the shells say that come to their prompt there: one may wait for an answer."""
    try:
        answers = asking.ask(host.shells, options.ids, terminal=True)
    except asking.AskError:  # no terminal can be had
        return []
    return [answer for answer in answers if answer.status == "answered"]


def _require_at_terminal(
    options: Options,
    host: Host,
    plan: Plan,
    before: Sequence[Answer],
    after: Optional[Sequence[Answer]],
) -> None:
    """Refuse what does not hold at a terminal, for the shells that came to their prompt before."""
    asked = [answer.shell for answer in before]
    comparable = [answer for answer in after or [] if answer.shell in asked]
    judged = judge(options, host, plan, before, comparable)
    # That no shell obeys is said of all of them, and some may wait there for an answer.
    problems = [problem for problem in judged.problems if problem.shell]
    _require(judged._replace(problems=problems), "At a terminal: ")
