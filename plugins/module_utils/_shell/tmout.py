# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mechanism shell_tmout: TMOUT put in force in the login shells. Private to the collection.

``_engine.mechanism`` says what each step is for.
"""

import os
import re
import stat
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .. import _accounts, _classes, _directory, _identities
from .._accounts import Account, Named, Shell
from .._classes import Classes, Marks
from .._files import reading
from .._files.reading import Change, Snapshot
from .._identities import Group, Person
from .._once import Once
from .._refusal import BadOption, Refusal
from . import conflicts as shell_conflicts
from . import dropin, proof
from . import options as shell_options
from . import result as shell_result
from .asking import Asker
from .conflicts import Wanted
from .files import SureFiles, decoded
from .options import EXECUTABLE, MODE, Host, Options, Plan, spec
from .reading import Reading
from .result import Result, unknown
from .staged import Seen

__all__ = ["NAME", "Asked", "options", "spec", "unknown"]

NAME = "shell_tmout"
# What may ask whether login files are executable; what tells is a room of its own.
_MAY_ASK = re.compile(r"-x\s+[\"']?(?:\$|\S*profile\.d)|--test\b|-executable\b|-perm\b")


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
        local = once(_accounts.read_passwd)
        further, notes = _of_directories(self.options, local)
        users = [account for account in [*local, *further.accounts] if not account.barred]
        shells, unstarted = _accounts.installed(users)
        return Found(self.options, users, shells, unstarted, further.groups, notes)


class Found(NamedTuple):
    """Who can log in here; ``unstarted``: why some shells are not asked, by their paths."""

    options: Options
    users: List[Account]
    shells: List[Shell]
    unstarted: Dict[str, str]
    # Of accounts of a directory; and what is to be told of directories.
    groups: Dict[str, Tuple[Group, ...]]
    notes: List[str]

    @property
    def known(self) -> Result:
        """Return nothing: no file has been read yet."""
        return {}

    @property
    def stranger(self) -> Person:
        """Return somebody whom the request is about, and who is no account of this host."""
        return _identities.stranger(self.options.exempt_users, self.options.exempt_groups)

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
        options = self.options._replace(mode=_mode(self.options, host))
        return Planned(options, host, _plan(options, host))


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
        return Answered(self.options, self.host, self.plan, proof.ask_now(self.options, self.host))


class Answered(NamedTuple):
    """What the login shells say now; None where nobody is to be asked."""

    options: Options
    host: Host
    plan: Plan
    before: Optional[Seen]

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
        written = proof.prove_written(*self.answered)
        # What was seen of idle shells with the planned files is true of the written ones.
        seen = self.proof.verdict
        verdict = written.verdict._replace(
            warnings=seen.warnings, missed={**written.verdict.missed, **seen.missed}
        )
        lived, staying = self.proof.lived, self.proof.staying
        return Written(
            self.answered, written._replace(verdict=verdict, lived=lived, staying=staying)
        )


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


def _of_directories(options: Options, local: Sequence[Account]) -> Tuple[Named, List[str]]:
    """Return the accounts of directories that are asked, and what is to be told of directories.

    They are those that were named, and those that have a session open now.
    """
    if not options.users and not _directory.sources():
        return _accounts.NOBODY, []
    from .. import _directories, _sessions

    logged_in = _sessions.users_but({account.uid for account in local})
    named = _directories.named(options.users, local, logged_in)
    unasked = [one for one in _directories.survey() if not named.asked.get(one.name)]
    return named, _directories.warnings(named) + [
        f"No account of the directory {one.name} was looked at: none is named in the option users,"
        f" or has a session open{', and it ' + one.why if one.why else ''}."
        for one in unasked
    ]


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
    classes = _classes_of(found, files, readings)
    return Host(
        files, found.users, found.shells, found.unstarted, readings, conflicts,
        _askers(found, classes), classes, found.stranger, found.notes,
    )  # fmt: skip


def _classes_of(found: Found, files: SureFiles, readings: Mapping[str, Reading]) -> Classes:
    """Return which accounts are the same to the login files, ours as it will be among them."""
    ours = {found.options.path: found.options.text or ""}
    programs = [shell.real_path for shell in found.shells]
    shells = _accounts.by_program(found.shells)
    users = [account for account in found.users if not account.barred]
    by_family: Dict[str, Marks] = {}
    by_path = {}
    for path in {account.shell for account in users}:
        shell = _accounts.shell_at(path, shells)
        if shell is None:
            continue
        if shell.family not in by_family:
            texts = {name: files.text(name) or "" for name in readings[shell.family].files}
            by_family[shell.family] = _classes.marks_of({**texts, **ours}, programs)
        by_path[path] = by_family[shell.family]
    return _classes.classes(
        users, by_path, found.stranger, lambda: {**_identities.local_groups(), **found.groups}
    )


def _askers(found: Found, classes: Classes) -> List[Asker]:
    """Return who asks: a stranger in each shell, and one of each class in its own."""
    askers = [Asker(shell, found.stranger) for shell in found.shells]
    shells = _accounts.by_program(found.shells)
    for one in classes.known:
        shell = _accounts.shell_at(one.shell, shells)
        if shell is not None:
            askers.append(Asker(shell, one.person))
    return list(dict.fromkeys(askers))


def _plan(options: Options, host: Host) -> Plan:
    """Plan the edits: contradictions go before ours comes, and come back after ours is gone.

    Were both there, a readonly TMOUT would end the shells that meet the other one. One that is not
    readonly harms nobody: it comes first and goes last, so that there is no moment without any.
    """
    drop_in = reading.read(options.path, missing_ok=True)
    after = _content(options, drop_in)
    if drop_in.data not in (None, after):
        _refuse_foreign(options.path, drop_in)
    rights = after is not None and _needs_repair(drop_in, options.mode)
    ours = [change for change in [Change(drop_in, after, options.mode, rights)] if change.is_one]
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


def _refuse_foreign(path: str, drop_in: Snapshot) -> None:
    """Refuse to replace what is not ours and holds more than a TMOUT for everybody."""
    from .exemptions import first_exemption, reading_group

    text = decoded(drop_in)
    foreign = dropin.first_foreign_line(text)
    exemption = first_exemption(text)
    why = ""
    if exemption and (foreign is None or exemption[0] <= foreign[0]):
        why = f"line {exemption[0]}: {exemption[1]}"
    elif foreign:
        number, line = foreign
        raise BadOption("path", f"{path} holds something else than TMOUT, line {number}: {line}")
    elif not text.startswith(dropin.HEADER) and reading_group(drop_in) is not None:
        why = f"its mode lets the group {reading_group(drop_in)} alone read it"
    if why:
        raise BadOption(
            "path",
            f"{path} does not give everybody the same TMOUT, {why}. Taking it over"
            " would end this; remove the file (exempt_users and exempt_groups leave people alone),"
            " or choose another path.",
        )


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


def _mode(options: Options, host: Host) -> int:
    """Return the mode with which every shell reads the drop-in; one that is executable stays so."""
    status = reading.look(os.path.realpath(options.path))
    if status is not None and stat.S_IMODE(status.st_mode) == EXECUTABLE:
        return EXECUTABLE
    paths = {path for family in host.readings.values() for path in family.files}
    texts = [host.files.text(path) or "" for path in sorted(paths)]
    if not any(_MAY_ASK.search(text) for text in texts):
        return MODE
    from .loops import wants_executable

    wanted = any(wants_executable(text, options.path) for text in texts)
    return EXECUTABLE if wanted else MODE


def _needs_repair(drop_in: Snapshot, mode: int) -> bool:
    """Tell whether the drop-in has not the rights with which every user's shell reads it."""
    if drop_in.data is None:
        return False
    with reading.explained(drop_in.real_path, "examined"):
        status = os.stat(drop_in.real_path)
    return stat.S_IMODE(status.st_mode) != mode or (
        os.geteuid() == 0 and (status.st_uid, status.st_gid) != (0, 0)
    )
