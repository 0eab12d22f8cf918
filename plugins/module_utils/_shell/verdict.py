# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of login shells, before and after, prove about TMOUT.

Private to the collection.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .asking import Answer, describe
from .conflicts import Conflict, Wanted

__all__ = ["Problem", "Verdict", "compare", "mismatched", "sentences"]

# These cannot miss the drop-in by design: their users would take themselves for covered.
_MUST_READ = frozenset(("bash",))
_NEVER_LOG_OUT = frozenset(("dash", "tcsh"))
_MAX_CAUSES = 10


class Problem(NamedTuple):
    """What is wrong with a shell: a sentence with room for the shells of which it is true."""

    shell: str
    sentence: str
    # What one shell said; the shells do not say the same thing in the same words.
    sample: str
    cause: str


class Verdict(NamedTuple):
    """A run with `problems` must not stand. `missed` says why a shell has no timeout."""

    problems: List[Problem]
    warnings: List[str]
    missed: Dict[str, str]


def mismatched(answers: Sequence[Answer], wanted: Wanted) -> List[Answer]:
    """Return the answers that are not what is wanted, of shells that could obey."""
    return [
        answer
        for answer in answers
        if answer.shell.family != "tcsh" and not _is_wanted(answer, wanted)
    ]


def _is_wanted(answer: Answer, wanted: Wanted) -> bool:
    said = describe(answer)
    return (said["tmout_seconds"], said["readonly"], said["exported"]) == (
        wanted.seconds,
        wanted.readonly,
        wanted.export,
    )


def compare(
    before: Sequence[Answer],
    after: Sequence[Answer],
    wanted: Optional[Wanted],
    readers: Sequence[str],
    conflicts: Sequence[Conflict],
    path: str,
) -> Verdict:
    """Compare what shells say after with what is wanted (None: nothing) and with what they said."""
    verdict = Verdict([], [], {})
    earlier = {answer.shell: answer for answer in before}
    for answer in after:
        reads = answer.shell.path in readers
        if answer.status != "answered":
            _judge_silence(verdict, earlier.get(answer.shell), answer, reads, wanted, conflicts)
            continue
        if wanted:
            _judge_value(verdict, answer, wanted, reads, conflicts, path)
        new = _new_output(earlier.get(answer.shell), answer)
        if new:
            verdict.problems.append(
                Problem(
                    answer.shell.path,
                    "{shells} would print at every login: {sample!r}{cause}.",
                    new,
                    _because(answer.shell.family, conflicts),
                )
            )
    obeys = [a for a in after if wanted and _is_wanted(a, wanted)]
    could = [a for a in after if a.shell.family not in _NEVER_LOG_OUT and a.status == "answered"]
    if wanted and could and not obeys and not verdict.problems:
        sentence = "No login shell of this host reads {sample}."
        verdict.problems.append(Problem("", sentence, path, ""))
    if wanted is None:
        # Lines of other people that come back are theirs, whatever they print.
        return Verdict([], verdict.warnings + sentences(verdict.problems), verdict.missed)
    return verdict


_SILENCE = {
    "hangs": "does not come to its prompt in time",
    "exits": "ends before its prompt",
    "floods": "prints without end",
}


def _judge_silence(
    verdict: Verdict,
    before: Optional[Answer],
    answer: Answer,
    reads: bool,
    wanted: Optional[Wanted],
    conflicts: Sequence[Conflict],
) -> None:
    what = _SILENCE[answer.status]
    shell = answer.shell
    if before is not None and before.status == "answered":
        sentence = f"{{shells}} would be broken: it {what}{{sample}}{{cause}}."
        cause = _because(shell.family, conflicts)
        verdict.problems.append(Problem(shell.path, sentence, _said(answer), cause))
    elif reads and wanted:
        sentence = f"{{shells}} cannot be asked: it {what}{{sample}}; mend its login files"
        cause = _because(shell.family, conflicts)
        verdict.problems.append(Problem(shell.path, sentence + "{cause}.", _said(answer), cause))
    else:
        verdict.missed[shell.path] = f"it {what}, so that it cannot be asked"
        verdict.warnings.append(f"{shell.path} cannot be asked: it {what}.")


def _said(answer: Answer) -> str:
    lines = [line for line in _lines(answer.output) if not _is_usual(line)]
    return f", and said {lines[-1][:200]!r}" if lines else ""


def _judge_value(
    verdict: Verdict,
    answer: Answer,
    wanted: Wanted,
    reads: bool,
    conflicts: Sequence[Conflict],
    path: str,
) -> None:
    shell = answer.shell
    if shell.family == "tcsh":
        verdict.missed[shell.path] = "csh shells never obey TMOUT, only their own autologout"
    elif not _is_wanted(answer, wanted):
        if reads or shell.family in _MUST_READ:
            verdict.problems.append(_mismatch(answer, wanted, reads, conflicts, path))
            return
        verdict.missed[shell.path] = f"{shell.family} does not read {path} on this host"
    elif _stopped(shell.family, conflicts):
        sentence = "{shells} would show the right TMOUT and never obey it{cause}."
        cause = _because(shell.family, _stopped(shell.family, conflicts))
        verdict.problems.append(Problem(shell.path, sentence, "", cause))
    elif _at_prompts(shell.family, conflicts):
        # The shells that are asked come to no prompt.
        sentence = "{shells} would set TMOUT again at every prompt{cause}."
        cause = _because(shell.family, _at_prompts(shell.family, conflicts))
        verdict.problems.append(Problem(shell.path, sentence, "", cause))
    elif shell.family == "dash":
        verdict.missed[shell.path] = "dash knows no idle timeout"


def _stopped(family: str, conflicts: Sequence[Conflict]) -> List[Conflict]:
    return [one for one in conflicts if one.against and family in one.stops]


def _at_prompts(family: str, conflicts: Sequence[Conflict]) -> List[Conflict]:
    told = [one for one in conflicts if one.against and family in one.families]
    return [one for one in told if family == "bash" and one.definition.at_prompts]


def _mismatch(
    answer: Answer, wanted: Wanted, reads: bool, conflicts: Sequence[Conflict], path: str
) -> Problem:
    said = describe(answer)
    seen = "unset" if said["tmout_seconds"] is None else str(said["tmout_seconds"])
    details = [
        word if is_so else f"not {word}"
        for word, is_so, should in (
            ("readonly", said["readonly"], wanted.readonly),
            ("exported", said["exported"], wanted.export),
        )
        if is_so != should
    ]
    shown = " and ".join([seen] + details)
    family = answer.shell.family
    explaining = [one for one in conflicts if _explains(one, answer, wanted)]
    cause = _because(family, explaining)
    others = _named(family, [one for one in conflicts if one not in explaining])
    if not reads:
        cause = f": it does not read {path} (its loop, its name or its rights)"
    elif not cause:
        cause = "; nothing that can be told from the text of its login files explains it"
    cause += "; in the way too: " + others if others and reads else ""
    sentence = f"TMOUT would be {shown} in {{shells}}, not {wanted.seconds}{{cause}}."
    return Problem(answer.shell.path, sentence, "", cause)


def _explains(conflict: Conflict, answer: Answer, wanted: Wanted) -> bool:
    """Whether it may be why the shell has what it has: not if it gives another value."""
    seen = describe(answer)["tmout_seconds"]
    value = conflict.definition.value
    if seen == wanted.seconds or value is None or not re.match(r"[0-9]{1,15}\Z", value):
        return True
    return bool(int(value) == seen)


def sentences(problems: Sequence[Problem]) -> List[str]:
    """Say each thing once, with all the shells that it is true of."""
    shells: Dict[Tuple[str, str], List[Problem]] = {}
    for problem in problems:
        shells.setdefault((problem.sentence, problem.cause), []).append(problem)
    return [
        sentence.format(
            shells=", ".join(one.shell for one in group), sample=group[0].sample, cause=cause
        )
        for (sentence, cause), group in shells.items()
    ]


def _because(family: str, conflicts: Sequence[Conflict]) -> str:
    causes = _named(family, conflicts)
    return " because of " + causes if causes else ""


def _named(family: str, conflicts: Sequence[Conflict]) -> str:
    causes = [one.where() for one in conflicts if one.against and family in one.families]
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
    told = [line for line in new if silent or re.search(r"TMOUT|read-?only", line)]
    return told[0][:200] if told else ""


def _steady(line: str) -> str:
    return re.sub(r"[0-9]+", "0", line)
