# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put TMOUT in force: plan the edits, prove them on a staged copy, write, prove again, or undo.

Private to the collection.
"""

import os
import re
import stat
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .. import _accounts, _durations, _scanners
from .._accounts import Account, Shell
from .._files import lock, reading
from .._files.reading import Change, FilesError
from .._refusal import Refusal
from . import asking, definitions, dropin, proof
from . import conflicts as shell_conflicts
from . import told as shell_told
from .asking import Answer, AskError
from .conflicts import Conflict, HostFiles, Wanted
from .reading import Reading

__all__ = ["MODE", "Host", "Options", "Plan", "Refused", "ask", "judged", "require", "run"]

MODE = 0o644
_PATH = re.compile(r"(?:/[A-Za-z0-9_.+@-]+)+\Z")
_LOOP_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.sh\Z")


class Refused(Refusal):
    """The run ends here and nothing is changed; the text is a sentence.

    With it comes what is known so far, in the shape of the module's result.
    """

    def __init__(self, message: str, result: Optional[Dict[str, Any]] = None) -> None:
        super().__init__(message)
        self.result = result if result is not None else shell_told.empty_result()


class Options(NamedTuple):
    wanted: Optional[Wanted]
    text: Optional[str]
    path: str
    disable: bool
    verify: bool
    backup: bool
    ids: Tuple[int, int]


class Host(NamedTuple):
    files: HostFiles
    users: List[Account]
    shells: List[Shell]
    unknown: Dict[str, str]
    readings: Dict[str, Reading]
    conflicts: List[Conflict]


class _SureFiles(HostFiles):
    """What a run must know that changes something.

    It must not take a disk that fails for a file that is not there, nor pass over one that is there
    and that it cannot read.
    """

    def not_read(self, error: FilesError) -> None:
        raise error

    def not_understood(self, path: str, why: str) -> None:
        super().not_understood(path, why)
        raise FilesError(self.left_out[-1])


class Plan(NamedTuple):
    changes: List[Change]
    disabled: Set[Tuple[str, int]]
    drop_in: reading.Snapshot
    # The rights of a drop-in that is there and that users could not read, or others could write.
    repair: bool

    def paths(self) -> List[str]:
        """Return which files it changes, in the order of the writes."""
        found = [change.snapshot.real_path for change in self.changes]
        ours = self.drop_in.real_path
        return found + [ours] if self.repair and ours not in found else found


def run(params: Dict[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Do what the module's options ask for, and return its result."""
    try:
        options = _options(params)
        home = os.path.dirname(options.path)
        if not os.path.isdir(home):
            raise Refused(f"path: the folder {home} does not exist.")
        if check_mode:
            return _run_alone(options, True, _left_over(home))
        with lock.locked(home):
            notes = _writing().recover(home) if reading.unfinished(home) else []
            return _run_alone(options, False, notes)
    except (_durations.DurationError, dropin.NameRefused, FilesError, AskError) as error:
        raise Refused(str(error)) from error
    except OSError as error:  # of a call that looks; what had been written is taken back
        where = reading.shown(str(error.filename or "The system says"))
        raise Refused(f"{where}: {error.strerror or error}.") from error


def _options(params: Dict[str, Any]) -> Options:
    path = params["path"]
    if not _PATH.match(path) or not _LOOP_NAME.match(os.path.basename(path)):
        raise Refused(
            f"path: {path!r} is not the absolute path of a file that profile loops read: a name of"
            " letters, digits, and any of . _ - that ends in .sh."
        )
    wanted, text = None, None
    if params["state"] == "present":
        if params["timeout"] is None:
            raise Refused("timeout: is needed with state=present.")
        seconds = _durations.parse(params["timeout"], "timeout", minimum=1)
        spared = ("interactive_only", "exempt_users", "exempt_groups")
        spares = any(params[key] for key in spared)
        wanted = Wanted(seconds, params["readonly"], params["export"], spares)
        keys = ("readonly", "export") + spared
        text = dropin.render(seconds, **{key: params[key] for key in keys})
    elif params["timeout"] is not None:
        raise Refused("timeout: has no meaning with state=absent, which removes it.")
    ids = asking.strangers(params["exempt_users"], params["exempt_groups"])
    disable = params["conflicts"] == "disable"
    return Options(wanted, text, path, disable, params["verify"], params["backup"], ids)


def _left_over(home: str) -> List[str]:
    left = reading.unfinished(home)
    note = "{0} is left from a run that was killed; a real run takes it back or completes it first."
    return [note.format(left)] if left else []


def _run_alone(options: Options, check_mode: bool, notes: List[str]) -> Dict[str, Any]:
    host = _look(options)
    plan = _plan(options, host)
    result = shell_told.empty_result()
    result["changed"] = bool(plan.changes) or plan.repair
    result["diff"] = _writing().diff(plan.changes) if plan.changes else []
    result["warnings"] = notes + _contradicted(options, host, plan) + _to_scanners(options)
    result["conflicts"] = [
        one.result((one.path, one.definition.offset) in plan.disabled) for one in host.conflicts
    ]
    if options.verify and options.wanted and not host.shells:
        raise Refused(
            "No login shell that is known is installed, so that nothing can be proven; to write the"
            " drop-in all the same, set verify=false.",
            dict(result, changed=False, diff=[]),
        )
    before = ask(options, host.shells)
    result["before"] = _described(before)
    if not result["changed"]:
        after, verdict = before, _proven(options, host, plan, before, result)
    else:
        after, verdict = _proven_staged(options, host, plan, before, result)
        if not check_mode:
            after, verdict = _writing().write(options, host, plan, before, result)
        result["changed_files"] = plan.paths()
    _finish_result(result, options, host, after, verdict)
    return result


def _proven(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[Sequence[Answer]],
    result: Dict[str, Any],
) -> proof.Verdict:
    """What the shells say of the files as they are, which stay."""
    verdict = judged(options, host, before, before, plan)
    require(verdict, result, "")
    if _may_differ(options, host, plan):
        terminal = _at_terminal()
        terminal.require(options, host, plan, terminal.ask(options, host), result)
    return verdict


def _proven_staged(
    options: Options,
    host: Host,
    plan: Plan,
    before: Optional[Sequence[Answer]],
    result: Dict[str, Any],
) -> Tuple[Optional[List[Answer]], proof.Verdict]:
    """What they say of the files as planned; no answer where the host forbids to try them."""
    for change in plan.changes:
        _writing().check_safe(change)
    if plan.repair:
        _writing().check_safe(Change(plan.drop_in, plan.drop_in.data))
    if [change.snapshot.path for change in plan.changes] in ([], [options.path]):
        # Ours alone cannot mend a shell that cannot be asked: no need to wait for it again.
        require(_silent_ones(options, host, before, plan), result, " Nothing has been changed.")
    staged = _writing().ask_staged(options, host, plan) if options.verify else None
    verdict = judged(options, host, before, staged, plan)
    require(verdict, result, " Nothing has been changed.")
    if staged is not None and _may_differ(options, host, plan):
        terminal = _at_terminal()
        terminal.require_staged(options, host, plan, terminal.ask(options, host), result)
    return staged, verdict


def _writing() -> Any:
    """What only a run that changes something needs: most change nothing, and never load it."""
    from . import write

    return write


def _at_terminal() -> Any:
    from . import terminal as shell_terminal

    return shell_terminal


def _may_differ(options: Options, host: Host, plan: Plan) -> bool:
    """Whether a line that contradicts us stays, which may count at a terminal only."""
    return options.verify and any(one.against for one in _left(host, plan))


def _left(host: Host, plan: Plan) -> List[Conflict]:
    return [one for one in host.conflicts if (one.path, one.definition.offset) not in plan.disabled]


def _look(options: Options) -> Host:
    files = _SureFiles()
    users = _accounts.read_passwd()
    shells, unknown = _accounts.installed(users)
    families = sorted({shell.family for shell in shells} | {"bash"})
    wanted = options.wanted or Wanted(None, False, False)
    readings, conflicts = shell_conflicts.survey(files, families, options.path, wanted)
    if not options.wanted:
        conflicts = [one._replace(against=False) for one in conflicts]
    return Host(files, users, shells, unknown, readings, conflicts)


def _plan(options: Options, host: Host) -> Plan:
    """Contradictions go before ours comes, and come back after ours is gone.

    Were both there, a readonly TMOUT would end the shells that meet the other one. One that is not
    readonly harms nobody: it comes first and goes last, so that there is no moment without any.
    """
    drop_in = reading.read(options.path, missing_ok=True)
    after = None if options.text is None else options.text.encode("ascii")
    if after is None and drop_in.data is not None and os.path.islink(options.path):
        after = b""  # a link that leads nowhere would be left, and refused from then on
    if drop_in.data not in (None, after):
        foreign = dropin.first_foreign_line(shell_conflicts.decoded(drop_in))
        if foreign:
            raise Refused(
                "path: {0} holds something else than TMOUT, line {1}: {2}".format(
                    options.path, *foreign
                )
            )
    ours = [Change(drop_in, after, MODE)] if after != drop_in.data else []
    if options.text is None:
        back = _writing().enabling(host.files, list(host.readings.values()))
        # The last one that a shell reads has the last word.
        return Plan(back[::-1] + ours if _is_soft(drop_in) else ours + back, set(), drop_in, False)
    edits: List[Change] = []
    disabled: Set[Tuple[str, int]] = set()
    if options.disable:
        edits, disabled = _writing().disabling(host.files, host.conflicts)
    soft = options.wanted is not None and not options.wanted.readonly
    changes = ours + edits if soft else edits + ours
    return Plan(changes, disabled, drop_in, _needs_repair(drop_in))


def _is_soft(drop_in: reading.Snapshot) -> bool:
    """Whether what the drop-in says now can be overruled."""
    text = shell_conflicts.decoded(drop_in)
    return not any(one.readonly for one in definitions.find(text))


def _needs_repair(drop_in: reading.Snapshot) -> bool:
    if drop_in.data is None:
        return False
    with reading.explained(drop_in.real_path, "examined"):
        about = os.stat(drop_in.real_path)
    return stat.S_IMODE(about.st_mode) != MODE or (
        os.geteuid() == 0 and (about.st_uid, about.st_gid) != (0, 0)
    )


def _contradicted(options: Options, host: Host, plan: Plan) -> List[str]:
    left = _left(host, plan) if options.wanted else []
    against = [one for one in left if one.against]
    others = [one for one in left if not one.against]
    return shell_told.named(
        "These contradict it for whoever meets them", against
    ) + shell_told.named("TMOUT is defined elsewhere too", others)


def _to_scanners(options: Options) -> List[str]:
    """What those do not see or do not accept who look at the text and not at the effect."""
    if options.wanted is None:
        return []
    said = [
        _scanners.tmout_unseen(options.path),
        _scanners.tmout_unwanted(options.wanted.readonly, options.wanted.export),
    ]
    return [sentence for sentence in said if sentence]


def ask(
    options: Options, shells: Sequence[Shell], terminal: bool = False
) -> Optional[List[Answer]]:
    if not options.verify:
        return None
    return asking.ask(shells, options.ids, terminal=terminal)


def _described(answers: Optional[Sequence[Answer]]) -> Optional[List[Dict[str, Any]]]:
    if answers is None:
        return None
    return [asking.describe(answer) for answer in answers]


def judged(
    options: Options,
    host: Host,
    before: Optional[Sequence[Answer]],
    after: Optional[Sequence[Answer]],
    plan: Plan,
) -> proof.Verdict:
    if after is None:
        return proof.Verdict([], [], {})
    readers = _readers(options, host, after, bool(plan.changes))
    left = _left(host, plan)
    return proof.judge(before or [], after, options.wanted, readers, left, options.path)


def _silent_ones(
    options: Options, host: Host, before: Optional[Sequence[Answer]], plan: Plan
) -> proof.Verdict:
    silent = [answer for answer in before or [] if answer.status != "answered"]
    return judged(options, host, silent, silent, plan)


def _readers(options: Options, host: Host, answers: Sequence[Answer], changing: bool) -> List[str]:
    """Return which shells read the drop-in; where the text leaves a doubt, they are asked."""
    told = [
        shell.path
        for shell in host.shells
        if shell.family in host.readings and host.readings[shell.family].reads_drop_in
    ]
    if not options.wanted:
        return told
    doubtful = [
        answer.shell
        for answer in proof.mismatched(answers, options.wanted)
        if answer.status == "answered" and (changing or answer.shell.path in told)
    ]
    seen: Optional[List[str]] = _writing().probe(options, doubtful) if doubtful else None
    if seen is None:
        return told
    asked = [shell.path for shell in doubtful]
    return seen + [path for path in told if path not in asked]


def require(verdict: proof.Verdict, result: Dict[str, Any], ending: str, where: str = "") -> None:
    if verdict.problems:
        failed = dict(result, changed=False, verified=False, diff=[])
        said = " ".join(proof.sentences(verdict.problems))
        raise Refused(where + said + ending, failed)


def _finish_result(
    result: Dict[str, Any],
    options: Options,
    host: Host,
    after: Optional[Sequence[Answer]],
    verdict: proof.Verdict,
) -> None:
    """Ask nobody any more: what is written stays, whatever fails now."""
    result["effective"] = _described(after)
    result["msg"] = shell_told.summary(result["effective"])
    result["verified"] = None if not options.verify else after is not None
    if options.wanted and after is not None:
        result["uncovered"] = shell_told.uncovered(
            host.users, host.shells, host.unknown, verdict.missed, result["effective"]
        )
    result["warnings"] += verdict.warnings + shell_told.uncovered_warning(result["uncovered"])
    if options.verify and after is None:
        result["warnings"].append(
            "No private mount namespace can be made on this host (it forbids them, or has no"
            " room), so that check mode cannot prove anything."
        )
