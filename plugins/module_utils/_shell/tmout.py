# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mechanism shell_tmout: TMOUT put in force in the login shells. Private to the collection.

``_engine.mechanism`` says what each step is for.
"""

import os
import stat
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .. import _accounts
from .._accounts import Account, Shell
from .._files import reading
from .._files.reading import Change, Snapshot
from .._once import Once
from .._refusal import BadOption, Refusal
from . import conflicts as shell_conflicts
from . import dropin, proof
from . import options as shell_options
from . import result as shell_result
from .asking import Answer
from .conflicts import Wanted
from .files import SureFiles, decoded
from .options import MODE, Host, Options, Plan, spec
from .result import Result, unknown

__all__ = ["NAME", "Asked", "options", "spec", "unknown"]

NAME = "shell_tmout"


class Asked(NamedTuple):
    """What is asked for."""

    options: Options

    @property
    def known(self) -> Result:
        """Return nothing: nobody has looked yet."""
        return {}

    def look(self, once: Once) -> "Found":
        """Find out who can log in here, and with which shells."""
        home = os.path.dirname(self.options.path)
        if not os.path.isdir(home):
            raise BadOption("path", f"the folder {home} does not exist.")
        users = once(_accounts.read_passwd)
        shells, unstarted = _accounts.installed(users)
        return Found(self.options, users, shells, unstarted)


class Found(NamedTuple):
    """Who can log in here; ``unstarted``: why some shells are not asked, by their paths."""

    options: Options
    users: List[Account]
    shells: List[Shell]
    unstarted: Dict[str, str]

    @property
    def known(self) -> Result:
        """Return nothing: no file has been read yet."""
        return {}

    @property
    def home(self) -> str:
        """Return the folder of the drop-in."""
        return os.path.dirname(self.options.path)

    @property
    def own(self) -> Sequence[str]:
        """Return the drop-in."""
        return (os.path.realpath(self.options.path),)

    @property
    def shared(self) -> Sequence[str]:
        """Return no file: which ones are edited, the plan will say."""
        return ()

    def plan(self, planned: Sequence[Change]) -> "Planned":
        """Read what login shells read, and plan what to change there."""
        host = _read(self, planned)
        return Planned(self.options, host, _plan(self.options, host))


class Planned(NamedTuple):
    """What to change."""

    options: Options
    host: Host
    plan: Plan

    @property
    def known(self) -> Result:
        """Return the definitions that are there, and warnings of them."""
        return shell_result.planned(self.options, self.host, self.plan)

    @property
    def changes(self) -> List[Change]:
        """Return what to change."""
        return self.plan.changes

    @property
    def backup(self) -> bool:
        """Tell whether copies are to be kept."""
        return self.options.backup

    def ask(self, _planned: Sequence[Change]) -> "Answered":
        """Ask the login shells as the files are now."""
        if self.options.verify and self.options.wanted and not self.host.shells:
            raise Refusal(
                "No login shell that is known is installed, so that nothing can be proven; to write"
                " the drop-in all the same, set verify=false."
            )
        before = proof.ask_now(self.options, self.host)
        return Answered(self.options, self.host, self.plan, before)


class Answered(NamedTuple):
    """What the login shells say now; None where nobody is to be asked."""

    options: Options
    host: Host
    plan: Plan
    before: Optional[List[Answer]]

    @property
    def known(self) -> Result:
        """Return what the shells say, too."""
        return shell_result.planned(*self)

    def prove(self, planned: Sequence[Change]) -> "Proven":
        """Prove it with the files as they are, or in a view in which all planned files stand."""
        if self.plan.changes:
            proven = proof.prove_staged(*self, planned=planned)
        else:
            proven = proof.prove_as_is(*self)
        return Proven(self, proven)


class Proven(NamedTuple):
    """What the login shells will say."""

    answered: Answered
    proof: proof.Proof

    @property
    def known(self) -> Result:
        """Return what was known before the proof."""
        return self.answered.known

    @property
    def is_due(self) -> bool:
        """Tell that nothing is to be done but to write: shells read their files by themselves."""
        return False

    def result(self) -> Result:
        """Return the result of a run that writes nothing."""
        return shell_result.finished(*self.answered, proven=self.proof)

    def activation(self) -> None:
        """Return nothing that makes open shells obey: they keep what they began with."""

    def ordered(self) -> List[Change]:
        """Return the changes, as they were planned."""
        return self.answered.plan.changes

    def prove_written(self) -> "Written":
        """Ask the login shells again, if anything of theirs has changed."""
        if not self.answered.plan.changes:
            return Written(self.answered, self.proof)
        return Written(self.answered, proof.prove_written(*self.answered))


class Written(NamedTuple):
    """What the login shells say now."""

    answered: Answered
    proof: proof.Proof

    @property
    def known(self) -> Result:
        """Return what was known before."""
        return self.answered.known

    def result(self, backup_files: Sequence[str]) -> Result:
        """Return the result of a run that has written."""
        return shell_result.finished(*self.answered, proven=self.proof, backup_files=backup_files)


def options(params: Mapping[str, object]) -> Asked:
    """Return what the options ask for; refuse those that make no sense."""
    return Asked(shell_options.from_params(params))


def _read(found: Found, planned: Sequence[Change]) -> Host:
    files = SureFiles(planned)
    families = sorted({shell.family for shell in found.shells} | {"bash"})
    wanted = found.options.wanted or Wanted(None, False, False)
    readings, conflicts = shell_conflicts.survey(files, families, found.options.path, wanted)
    if not found.options.wanted:
        conflicts = [conflict._replace(against=False) for conflict in conflicts]
    return Host(files, found.users, found.shells, found.unstarted, readings, conflicts)


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
            raise BadOption(
                "path", f"{options.path} holds something else than TMOUT, line {number}: {line}"
            )
    rights = after is not None and _needs_repair(drop_in)
    ours = [change for change in [Change(drop_in, after, MODE, rights)] if change.is_one]
    if options.text is None:
        return _plan_removal(host, drop_in, ours)
    edits: List[Change] = []
    disabled: Set[Tuple[str, int]] = set()
    if options.disable:
        from . import edit

        edits, disabled = edit.disabling(host.files, host.conflicts)
    soft = options.wanted is not None and not options.wanted.readonly
    changes = ours + edits if soft else edits + ours
    return Plan(changes, disabled)


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
    return Plan(changes, set())


def _is_soft(drop_in: Snapshot) -> bool:
    """Tell whether what the drop-in says now can be overruled."""
    from .definitions import find

    return not any(definition.readonly for definition in find(decoded(drop_in)))


def _needs_repair(drop_in: Snapshot) -> bool:
    """Tell whether the drop-in has not the rights with which every user's shell reads it."""
    if drop_in.data is None:
        return False
    with reading.explained(drop_in.real_path, "examined"):
        status = os.stat(drop_in.real_path)
    return stat.S_IMODE(status.st_mode) != MODE or (
        os.geteuid() == 0 and (status.st_uid, status.st_gid) != (0, 0)
    )
