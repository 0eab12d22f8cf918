# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put TMOUT in force: plan the edits, prove them on a staged copy, write, prove again, or undo.

Private to the collection.
"""

import os
import stat
from typing import Any, Dict, List, Optional, Set, Tuple

from .. import _accounts
from .._files import lock, reading
from .._files.reading import Change, Snapshot
from .._refusal import Refusal
from . import conflicts as shell_conflicts
from . import definitions, dropin, proof
from . import options as shell_options
from . import result as shell_result
from .conflicts import Wanted
from .files import SureFiles, decoded
from .options import MODE, Host, NotInForce, Options, Plan

__all__ = ["run"]


def run(params: Dict[str, Any], check_mode: bool) -> Dict[str, Any]:
    """Do what the module's options ask for, and return its result: ``failed`` where it cannot."""
    try:
        options = shell_options.from_params(params)
        home = os.path.dirname(options.path)
        if not os.path.isdir(home):
            raise Refusal(f"path: the folder {home} does not exist.")
        if check_mode:
            return _run_alone(options, True, _unfinished(home))
        with lock.locked(home):
            return _run_alone(options, False, _recovered(home))
    except Refusal as error:
        return shell_result.failure(shell_result.empty_result(), str(error))
    except OSError as error:  # of a call that looks; what had been written is taken back
        where = reading.shown(str(error.filename or "The system says"))
        message = f"{where}: {error.strerror or error}."
        return shell_result.failure(shell_result.empty_result(), message)


def _unfinished(home: str) -> List[str]:
    journal = reading.unfinished(home)
    if not journal:
        return []
    return [
        f"{journal} is left from a run that was killed; a real run takes it back or completes it"
        " first."
    ]


def _recovered(home: str) -> List[str]:
    if not reading.unfinished(home):
        return []
    from .._files import journal

    return journal.recover(home)


def _run_alone(options: Options, check_mode: bool, notes: List[str]) -> Dict[str, Any]:
    """Do it while no other run works on the folder; ``notes`` are warnings so far."""
    host = _look(options)
    plan = _plan(options, host)
    known = shell_result.planned(options, host, plan, notes)
    if options.verify and options.wanted and not host.shells:
        return shell_result.failure(
            dict(known, changed=False, diff=[]),
            "No login shell that is known is installed, so that nothing can be proven; to write the"
            " drop-in all the same, set verify=false.",
        )
    before = proof.ask_now(options, host)
    known = dict(known, before=shell_result.described(before))
    try:
        if not known["changed"]:
            proven = proof.prove_as_is(options, host, plan, before)
            return shell_result.finished(known, options, host, proven)
        _check_safe(plan)
        proven = proof.prove_staged(options, host, plan, before)
        changed = dict(known, changed_files=plan.paths())
        if check_mode:
            return shell_result.finished(changed, options, host, proven)
        from . import write

        written = write.write(options, host, plan, before)
    except NotInForce as error:
        failed = dict(known, changed=error.changed, verified=False, diff=[])
        return shell_result.failure(failed, str(error))
    changed["backup_files"] = written.backup_files
    changed["warnings"] = known["warnings"] + written.warnings
    return shell_result.finished(changed, options, host, written.proof)


def _look(options: Options) -> Host:
    files = SureFiles()
    users = _accounts.read_passwd()
    shells, unknown = _accounts.installed(users)
    families = sorted({shell.family for shell in shells} | {"bash"})
    wanted = options.wanted or Wanted(None, False, False)
    readings, conflicts = shell_conflicts.survey(files, families, options.path, wanted)
    if not options.wanted:
        conflicts = [conflict._replace(against=False) for conflict in conflicts]
    return Host(files, users, shells, unknown, readings, conflicts)


def _plan(options: Options, host: Host) -> Plan:
    """Plan the edits: contradictions go before ours comes, and come back after ours is gone.

    Were both there, a readonly TMOUT would end the shells that meet the other one. One that is not
    readonly harms nobody: it comes first and goes last, so that there is no moment without any.
    """
    drop_in = reading.read(options.path, missing_ok=True)
    after = _content(options, drop_in)
    if drop_in.data not in (None, after):
        foreign = dropin.first_foreign_line(decoded(drop_in))
        if foreign:
            number, line = foreign
            raise Refusal(
                f"path: {options.path} holds something else than TMOUT, line {number}: {line}"
            )
    ours = [Change(drop_in, after, MODE)] if after != drop_in.data else []
    if options.text is None:
        return _plan_removal(host, drop_in, ours)
    edits: List[Change] = []
    disabled: Set[Tuple[str, int]] = set()
    if options.disable:
        from . import edit

        edits, disabled = edit.disabling(host.files, host.conflicts)
    soft = options.wanted is not None and not options.wanted.readonly
    changes = ours + edits if soft else edits + ours
    return Plan(changes, disabled, drop_in, _needs_repair(drop_in))


def _content(options: Options, drop_in: Snapshot) -> Optional[bytes]:
    """Return the bytes that the drop-in is to hold; None where it is to be gone."""
    if options.text is not None:
        return options.text.encode("ascii")
    if drop_in.data is not None and os.path.islink(options.path):
        return b""  # a link that leads nowhere would be left, and refused from then on
    return None


def _plan_removal(host: Host, drop_in: Snapshot, ours: List[Change]) -> Plan:
    from . import edit

    back = edit.enabling(host.files, list(host.readings.values()))
    # The last one that a shell reads has the last word.
    changes = back[::-1] + ours if _is_soft(drop_in) else ours + back
    return Plan(changes, set(), drop_in, False)


def _is_soft(drop_in: Snapshot) -> bool:
    """Tell whether what the drop-in says now can be overruled."""
    return not any(definition.readonly for definition in definitions.find(decoded(drop_in)))


def _needs_repair(drop_in: Snapshot) -> bool:
    """Tell whether the drop-in has not the rights with which every user's shell reads it."""
    if drop_in.data is None:
        return False
    with reading.explained(drop_in.real_path, "examined"):
        status = os.stat(drop_in.real_path)
    return stat.S_IMODE(status.st_mode) != MODE or (
        os.geteuid() == 0 and (status.st_uid, status.st_gid) != (0, 0)
    )


def _check_safe(plan: Plan) -> None:
    """Refuse what nobody should write to, before anything is."""
    from .._files.safety import check_safe

    for change in plan.changes:
        check_safe(change)
    if plan.repair:
        check_safe(Change(plan.drop_in, plan.drop_in.data))
