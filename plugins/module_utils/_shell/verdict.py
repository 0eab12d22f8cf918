# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of login shells, before and after, prove about TMOUT.

Private to the collection.
"""

import re
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .asking import Answer, Asker, describe
from .conflicts import Conflict, Wanted

__all__ = [
    "MUST_READ",
    "Problem",
    "Standard",
    "Verdict",
    "compare",
    "mismatched",
    "named",
    "sentences",
]

# These cannot miss the drop-in by design: their users would take themselves for covered.
MUST_READ = frozenset(("bash",))
_NEVER_LOG_OUT = frozenset(("dash", "tcsh"))
_MAX_CAUSES = 10


class Problem(NamedTuple):
    """What is wrong with a shell: a sentence with room for the shells of which it is true.

    Of all shells together, where it has no ``asker``.
    """

    asker: Optional[Asker]
    sentence: str
    # What one shell said; the shells do not say the same thing in the same words.
    sample: str
    cause: str


class Verdict(NamedTuple):
    """What the answers prove: a run with ``problems`` must not stand.

    ``missed`` says of whom who asked in which shell why there is no timeout.
    """

    problems: List[Problem]
    warnings: List[str]
    missed: Dict[Asker, str]


class Standard(NamedTuple):
    """What the answers are held against."""

    # None where nothing is to be in force.
    wanted: Optional[Wanted]
    # Who reads the drop-in, who of them is left alone, and its path.
    readers: Sequence[Asker]
    spared: Sequence[Asker]
    path: str
    # The definitions elsewhere that stay.
    conflicts: Sequence[Conflict]
    # Where a shell was lost that could not be asked.
    lost: Mapping[Asker, str] = {}
    # Those of them that end all the same if they are left alone: another program is in their place.
    replaced: Sequence[Asker] = ()


def mismatched(answers: Sequence[Answer], wanted: Wanted) -> List[Answer]:
    """Return the answers that are not what is wanted, of shells that could obey."""
    return [
        answer
        for answer in answers
        if answer.shell.family != "tcsh" and not _is_wanted(answer, wanted)
    ]


def _is_wanted(answer: Answer, wanted: Wanted) -> bool:
    shell = describe(answer)
    return (shell["tmout_seconds"], shell["readonly"], shell["exported"]) == (
        wanted.seconds,
        wanted.readonly,
        wanted.export,
    )


def compare(before: Sequence[Answer], after: Sequence[Answer], standard: Standard) -> Verdict:
    """Compare what shells say after with what is wanted, and with what they said before."""
    wanted = standard.wanted
    earlier = {answer.asker: answer for answer in before}
    verdicts = [_judge(earlier.get(answer.asker), answer, standard) for answer in after]
    problems = [problem for verdict in verdicts for problem in verdict.problems]
    warnings = [warning for verdict in verdicts for warning in verdict.warnings]
    missed = {shell: why for verdict in verdicts for shell, why in verdict.missed.items()}
    if wanted is None:
        # Lines of other people that come back are theirs, whatever they print.
        return Verdict([], warnings + sentences(problems), missed)
    if not problems and _nobody_obeys(after, wanted):
        problems = [Problem(None, "No login shell of this host reads {sample}.", standard.path, "")]
    return Verdict(problems, warnings, missed)


def _nobody_obeys(answers: Sequence[Answer], wanted: Wanted) -> bool:
    could = [
        answer
        for answer in answers
        if answer.shell.family not in _NEVER_LOG_OUT and answer.status == "answered"
    ]
    return bool(could) and not any(_is_wanted(answer, wanted) for answer in answers)


def _judge(before: Optional[Answer], answer: Answer, standard: Standard) -> Verdict:
    """Judge one shell."""
    if answer.status != "answered":
        return _judge_silence(before, answer, standard)
    verdict = Verdict([], [], {})
    if standard.wanted and answer.asker not in standard.spared:
        verdict = _judge_value(answer, standard.wanted, standard)
    line = _new_output(before, answer)
    if line:
        cause = _because(answer.shell.family, standard.conflicts)
        sentence = "{shells} would print at every login: {sample!r}{cause}."
        problem = Problem(answer.asker, sentence, line, cause)
        verdict = verdict._replace(problems=verdict.problems + [problem])
    return verdict


def _could_obey(asker: Asker) -> bool:
    return asker.shell.family not in _NEVER_LOG_OUT


_SILENCE = {
    "hangs": "does not come to its prompt in time",
    "waits": "waits for an answer before its prompt",
    "exits": "ends before its prompt",
    "floods": "prints without end",
}


def _judge_silence(before: Optional[Answer], answer: Answer, standard: Standard) -> Verdict:
    """Judge a shell that could not be asked."""
    what = _SILENCE[answer.status]
    asker = answer.asker
    where = standard.lost.get(asker)
    if asker in standard.replaced:
        warning = (
            f"Another program takes the place of {named(asker)} at {where}; it was left alone and"
            " ended, but whoever uses it may be able to change TMOUT there."
        )
        return Verdict([], [warning], {})
    cause = f", at {where}" if where else _because(answer.shell.family, standard.conflicts)
    if before is not None and before.status == "answered":
        sentence = f"{{shells}} would be broken: it {what}{{sample}}{{cause}}."
    elif standard.wanted and asker in standard.readers and _could_obey(asker):
        sentence = (
            f"{{shells}} cannot be asked: it {what}{{sample}}{{cause}}; mend its login files."
        )
    else:
        missed = {asker: f"it {what}, so that it cannot be asked"}
        return Verdict([], [f"{named(asker)} cannot be asked: it {what}."], missed)
    return Verdict([Problem(asker, sentence, _last_words(answer), cause)], [], {})


def _last_words(answer: Answer) -> str:
    lines = [line for line in _lines(answer.output) if not _is_usual(line)]
    return f", and said {lines[-1][:200]!r}" if lines else ""


def _judge_value(answer: Answer, wanted: Wanted, standard: Standard) -> Verdict:
    """Judge what TMOUT is in a shell, and whether the shell obeys it."""
    family, asker = answer.shell.family, answer.asker
    if family == "tcsh":
        return _missed(asker, "csh shells never obey TMOUT, only their own autologout")
    if not _is_wanted(answer, wanted):
        if asker in standard.readers or family in MUST_READ:
            return Verdict([_mismatch(answer, wanted, standard)], [], {})
        return _missed(asker, f"{family} does not read {standard.path} on this host")
    stopping = _stopping(family, standard.conflicts)
    if stopping:
        sentence = "{shells} would show the right TMOUT and never obey it{cause}."
        return Verdict([Problem(asker, sentence, "", _because(family, stopping))], [], {})
    at_prompts = _at_prompts(family, standard.conflicts)
    if at_prompts:
        # The shells that are asked come to no prompt.
        sentence = "{shells} would set TMOUT again at every prompt{cause}."
        return Verdict([Problem(asker, sentence, "", _because(family, at_prompts))], [], {})
    if family == "dash":
        return _missed(asker, "dash knows no idle timeout")
    return Verdict([], [], {})


def _missed(asker: Asker, why: str) -> Verdict:
    return Verdict([], [], {asker: why})


def named(asker: Asker) -> str:
    """Return the shell, and as which account it was asked."""
    user = asker.person.user
    return asker.shell.path if user is None else f"{asker.shell.path} of {user}"


def _stopping(family: str, conflicts: Sequence[Conflict]) -> List[Conflict]:
    """Return the definitions because of which a family obeys no TMOUT."""
    return [conflict for conflict in conflicts if conflict.against and family in conflict.stops]


def _at_prompts(family: str, conflicts: Sequence[Conflict]) -> List[Conflict]:
    """Return the definitions that set TMOUT at every prompt of a family."""
    return [
        conflict
        for conflict in conflicts
        if conflict.against
        and family == "bash"
        and family in conflict.families
        and conflict.definition.at_prompts
    ]


def _mismatch(answer: Answer, wanted: Wanted, standard: Standard) -> Problem:
    """Say what TMOUT would be, and why."""
    shell = describe(answer)
    value = "unset" if shell["tmout_seconds"] is None else str(shell["tmout_seconds"])
    details = [
        word if is_so else f"not {word}"
        for word, is_so, should in (
            ("readonly", shell["readonly"], wanted.readonly),
            ("exported", shell["exported"], wanted.export),
        )
        if is_so != should
    ]
    state = " and ".join([value] + details)
    cause = _cause_of_mismatch(answer, wanted, standard)
    sentence = f"TMOUT would be {state} in {{shells}}, not {wanted.seconds}{{cause}}."
    return Problem(answer.asker, sentence, "", cause)


def _cause_of_mismatch(answer: Answer, wanted: Wanted, standard: Standard) -> str:
    if answer.asker not in standard.readers:
        return f": it does not read {standard.path} (its loop, its name or its rights)"
    family, conflicts = answer.shell.family, standard.conflicts
    explaining = [conflict for conflict in conflicts if _explains(conflict, answer, wanted)]
    cause = _because(family, explaining)
    if not cause:
        cause = "; nothing that can be told from the text of its login files explains it"
    others = _named(family, [conflict for conflict in conflicts if conflict not in explaining])
    return cause + (f"; in the way too: {others}" if others else "")


def _explains(conflict: Conflict, answer: Answer, wanted: Wanted) -> bool:
    """Tell whether it may be why the shell has its value: not if it gives another one."""
    seconds = describe(answer)["tmout_seconds"]
    value = conflict.definition.value
    if seconds == wanted.seconds or value is None or not re.match(r"[0-9]{1,15}\Z", value):
        return True
    return bool(int(value) == seconds)


def sentences(problems: Sequence[Problem]) -> List[str]:
    """Say each thing once, with all the shells that it is true of."""
    alike: Dict[Tuple[str, str], List[Problem]] = {}
    for problem in problems:
        alike.setdefault((problem.sentence, problem.cause), []).append(problem)
    return [
        sentence.format(
            shells=", ".join(_names([problem.asker for problem in group if problem.asker])),
            sample=group[0].sample,
            cause=cause,
        )
        for (sentence, cause), group in alike.items()
    ]


def _names(askers: Sequence[Asker]) -> List[str]:
    """Name who asked; of what is true for everybody in a shell, the shell alone."""
    general = {asker.shell for asker in askers if asker.person.user is None}
    return [
        named(asker) for asker in askers if asker.person.user is None or asker.shell not in general
    ]


def _because(family: str, conflicts: Sequence[Conflict]) -> str:
    causes = _named(family, conflicts)
    return " because of " + causes if causes else ""


def _named(family: str, conflicts: Sequence[Conflict]) -> str:
    """Return the definitions that contradict ours for a family, in words."""
    causes = [
        conflict.where()
        for conflict in conflicts
        if conflict.against and family in conflict.families
    ]
    causes = list(dict.fromkeys(causes))
    more = f" and {len(causes) - _MAX_CAUSES} more" if len(causes) > _MAX_CAUSES else ""
    return "; ".join(causes[:_MAX_CAUSES]) + more


# What shells say when they are asked without a terminal.
_USUAL = re.compile(
    r"terminal process group|no job control|can't access tty|tty fd|full job control"
)


def _is_usual(line: str) -> bool:
    return bool(_USUAL.search(line))


def _lines(output: str) -> List[str]:
    return [line for line in re.split(r"[\r\n]+", output) if line.strip()]


def _new_output(before: Optional[Answer], after: Answer) -> str:
    """Return the first line that is new; clocks and process numbers change by themselves."""
    if before is None or before.status != "answered":
        return ""
    old = {_steady(line) for line in _lines(before.output)}
    new = [line for line in _lines(after.output) if _steady(line) not in old]
    silent = all(_is_usual(line) for line in _lines(before.output))
    telling = [line for line in new if silent or re.search(r"TMOUT|read-?only", line)]
    return telling[0][:200] if telling else ""


def _steady(line: str) -> str:
    return re.sub(r"[0-9]+", "0", line)
