# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the login shells that accounts use do with TMOUT, and for whom they differ.

Private to the collection. Shells are asked as a user without rights, at a terminal as after a login
over SSH, and without one if they do not come to their prompt there. Where what a login file does
about TMOUT depends on who logs in, each account's shell is asked again with that account's
identity, root's never: for him only our own drop-in, whose exemptions can be read, is understood.
"""

import json
import os
import time
from contextlib import suppress
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .. import _accounts, _identities, _programs
from .._shell import asking, conflicts, definitions, dropin, files, parser
from .doubts import Doubts, Effects, doubts_of, effects_of
from .facts import PREDEFINING, AccountShell, ShellTimeouts, TmoutDefinition

__all__ = ["Shells", "survey_shells"]

# A name that is not there: whether a drop-in would be read is told without passing over any.
_FOLDER = "/etc/profile.d"
_PROBE = _FOLDER + "/curfew-session-probe.sh"
_NOBODYS = conflicts.Wanted(None, False, False)
_ALL_ACCOUNTS_SECONDS = 30.0
_TERMINAL_SECONDS = 5.0  # then they are asked without one, for as long as others
_GRACE_SECONDS = 2.0


class Shells(NamedTuple):
    """What could be seen of shells and accounts; ``reads_profile_d`` is by family."""

    timeouts: List[ShellTimeouts]
    accounts: List[AccountShell]
    reads_profile_d: Dict[str, bool]
    unseen: List[str]


class _Timeout(NamedTuple):
    """The part of a shell's answer that may differ between accounts."""

    tmout_seconds: Optional[int]
    logout_seconds: Optional[int]
    readonly: Optional[bool]


def survey_shells() -> Shells:
    """Ask the shells that accounts use, and match them with the accounts."""
    login = _LoginShells()
    login.ask()
    accounts = [login.account(account) for account in login.users]
    reads = {family: login.may_read_folder(family) for family in login.readings}
    return Shells(login.timeouts(), accounts, reads, login.unseen)


class _LoginShells:
    """The login shells of this host's accounts, with what they read and what they answered.

    What is long to read or to ask is read and asked once for all accounts.
    """

    def __init__(self) -> None:
        self.files = files.HostFiles()
        self.users = _accounts.read_passwd()
        shells, self.unknown = _accounts.installed(self.users)
        self._programs = {(shell.real_path, shell.as_sh): shell for shell in shells}
        used = [self.shell_of(account) for account in self.users]
        self.shells = list(dict.fromkeys(shell for shell in used if shell is not None))
        families = sorted({shell.family for shell in self.shells})
        self.readings, others = conflicts.survey(self.files, families, _PROBE, _NOBODYS)
        self.others = [conflict for conflict in others if not conflict.families]
        self.answers: Dict[_accounts.Shell, asking.Answer] = {}
        self.unseen = list(self.files.left_out)
        self._effects: Dict[str, Effects] = {}
        self._doubts: Dict[Tuple[str, bool], Doubts] = {}
        # The shells that came to their prompt without a terminal alone.
        self._detached: Set[_accounts.Shell] = set()
        self._deadline = time.monotonic() + _ALL_ACCOUNTS_SECONDS

    def shell_of(self, account: _accounts.Account) -> Optional[_accounts.Shell]:
        """Return an account's shell, where it is known and may be started."""
        if _accounts.refused_path(account.shell):
            return None
        real_path = os.path.realpath(account.shell)
        as_sh = os.path.basename(account.shell) == "sh"
        return self._programs.get((real_path, as_sh)) or self._programs.get((real_path, False))

    def ask(self) -> None:
        """Ask each shell, at a terminal and, where it did not answer there, without one."""
        if not self.users:
            self.unseen.append("/etc/passwd names no account that can log in, or cannot be read.")
        if not self.shells:
            return
        ids = asking.strangers([], [])
        for answer in _at_terminal(self.shells, ids, _TERMINAL_SECONDS):
            self.answers[answer.shell] = answer
        silent = [shell for shell in self.shells if shell not in self.answers]
        try:
            for answer in asking.ask(silent, ids) if silent else ():
                self.answers[answer.shell] = answer
                self._detached.add(answer.shell)
        except (asking.AskError, OSError) as error:
            self.unseen.append(f"No login shell could be asked: {error}.")

    def timeouts(self) -> List[ShellTimeouts]:
        """Return what each shell answered, and where its TMOUT is defined."""
        return [self._timeouts_of(shell) for shell in self.shells]

    def _timeouts_of(self, shell: _accounts.Shell) -> ShellTimeouts:
        places = self._definitions(shell.family)
        answer = self.answers.get(shell)
        if answer is None:
            return ShellTimeouts(shell.path, shell.family, None, None, None, None, False, places)
        return ShellTimeouts(
            answered=answer.status == "answered", definitions=places, **asking.describe(answer)
        )

    def _definitions(self, family: str) -> List[TmoutDefinition]:
        """Return what stands in the files that a login reads, then what else may set it."""
        places = [] if family == "tcsh" else self.readings[family].places
        at_login = [
            TmoutDefinition(
                place.path, place.definition.line, place.definition.text, "login shells"
            )
            for place in places
        ]
        return at_login + [
            TmoutDefinition(other.path, other.definition.line, other.definition.text, other.scope)
            for other in self.others
            if (other.scope == "csh login shells") == (family == "tcsh")
        ]

    def account(self, account: _accounts.Account) -> AccountShell:
        """Return what is known of one account's shell."""
        shell = self.shell_of(account)
        if shell is None:
            return self._without_shell(account)
        answer = self.answers.get(shell)
        if answer is None or answer.status != "answered":
            return _unknown(
                account, shell, f"{shell.path} did not come to its prompt when it was asked"
            )
        timeout = _timeout_of(answer)
        doubt = self._doubt(answer, timeout.logout_seconds)
        if doubt:
            return _unknown(account, shell, doubt)
        return self._by_identity(account, shell, timeout)

    def _without_shell(self, account: _accounts.Account) -> AccountShell:
        refused = _accounts.refused_path(account.shell)
        missing = not refused and not os.path.lexists(account.shell)
        problem = self.unknown.get(account.shell, "is not a shell that is known")
        return AccountShell(
            account.user,
            account.shell,
            None,
            "missing" if missing else "unknown",
            f"{account.shell} {problem}, so that it is never started",
            None,
            None,
            None,
        )

    def _doubt(self, answer: asking.Answer, logout_seconds: Optional[int]) -> str:
        """Tell why the timer may not be what TMOUT says; empty where nothing speaks for that."""
        family = answer.shell.family
        if family not in PREDEFINING:
            return ""
        effects = self._effects_on(family)
        if effects.puzzling:
            return f"{effects.puzzling} could not be understood"
        if effects.unset or answer.tmout is None:
            return (
                f"a login file unsets TMOUT, after which {family} goes by the value that it had "
                "then"
            )
        if effects.spoiling and logout_seconds:
            return (
                f"{effects.spoiling} touches TMOUT in a subshell, which switches the timer of some "
                "releases of ksh93 off"
            )
        return ""

    def _effects_on(self, family: str) -> Effects:
        if family not in self._effects:
            texts = {path: self.files.text(path) or "" for path in self.readings[family].files}
            self._effects[family] = effects_of(texts, family)
        return self._effects[family]

    def _by_identity(
        self, account: _accounts.Account, shell: _accounts.Shell, general: _Timeout
    ) -> AccountShell:
        """Return what the shell does for this account, where that may not be what all get."""
        if shell.family == "dash":  # whatever TMOUT is
            return _known(account, shell, general)
        doubts = self._doubts_about(shell)
        if doubts.how:
            return _unknown(
                account,
                shell,
                f"{doubts.how.where()} looks at {doubts.how.word}, which is known at a real login "
                "only",
            )
        if doubts.prompts and not general.readonly:
            return _unknown(account, shell, f"{doubts.prompts} sets TMOUT after the login")
        differs = doubts.differs
        if not differs and general.tmout_seconds and not doubts.known:
            differs = "a file that reading the others does not lead to, which sets TMOUT,"
        identity = _identities.identity_of(account.user) if doubts.ours or differs else None
        exempt = [path for path in doubts.ours if self._is_exempt(path, account.user, identity)]
        if not differs and not exempt:
            return _known(account, shell, general)
        asked = self._ask_as(shell, identity)
        if asked is not None:
            return _known(account, shell, asked, exempt[0] if exempt else "")
        if exempt and not differs and doubts.places == exempt[:1]:
            return _known(account, shell, _Timeout(None, None, None), exempt[0])
        return _unknown(
            account,
            shell,
            f"{differs or exempt[0]} is not the same for everybody, and the shell could not be "
            "asked as this account",
        )

    def _doubts_about(self, shell: _accounts.Shell) -> Doubts:
        """Return the doubts, which are the same for shells that came to their prompt alike."""
        key = (shell.family, shell in self._detached)
        if key not in self._doubts:
            files, places = self._read_by(shell.family)
            texts = {path: self.files.text(path) or "" for path in files}
            self._doubts[key] = doubts_of(texts, places, *key)
        return self._doubts[key]

    def _read_by(self, family: str) -> Tuple[List[str], List[Tuple[str, definitions.Definition]]]:
        """Return the files that a shell reads, and what sets TMOUT in them.

        A folder that its files name is among it: how they go through that may be beyond us.
        """
        if family not in self.readings:
            return [], []
        reading = self.readings[family]
        files = list(reading.files)
        places = [(place.path, place.definition) for place in reading.places]
        if reading.reads_drop_in or not self.may_read_folder(family):
            return files, places
        for name in sorted(self.files.names(_FOLDER) or (), key=os.fsencode):
            path = os.path.join(_FOLDER, name)
            if name.endswith(".sh") and name[0] != "." and path not in files:
                files.append(path)
                with suppress(parser.TooMuch):
                    defined = definitions.find(self.files.text(path) or "")
                    places += [(path, definition) for definition in defined]
        return files, places

    def may_read_folder(self, family: str) -> bool:
        """Tell whether nothing shows that a shell reads no profile.d."""
        return self.readings[family].reads_drop_in or any(
            "profile.d" in files.without_comments(self.files.text(path) or "")
            for path in self.readings[family].files
        )

    def _is_exempt(self, path: str, user: str, identity: Optional[_identities.Identity]) -> bool:
        text = self.files.text(path) or ""
        users, groups = dropin.exempt(text)
        return user in users or bool(identity and groups.intersection(identity.group_names))

    def _ask_as(
        self, shell: _accounts.Shell, identity: Optional[_identities.Identity]
    ) -> Optional[_Timeout]:
        """Ask a shell as an account; None where that is root, or it does not answer in time."""
        limit = min(self._deadline - time.monotonic(), asking.LIMIT_SECONDS)
        if identity is None or identity.uid == 0 or os.geteuid() != 0 or limit <= 0:
            return None

        def work() -> Optional[_Timeout]:
            ids = (identity.uid, identity.gid)
            if shell not in self._detached:
                answers = _at_terminal([shell], ids, limit)
            else:
                answers = asking.ask([shell], ids, limit)
            timeouts = [_timeout_of(answer) for answer in answers if answer.status == "answered"]
            return timeouts[0] if timeouts else None

        # The user can stop a process that is theirs: it is not waited for much longer than asked.
        return _as_user(identity, work, limit + _GRACE_SECONDS)


def _at_terminal(
    shells: Sequence[_accounts.Shell], ids: Tuple[int, int], limit: float
) -> List[asking.Answer]:
    """Ask shells at a terminal; leave out those that wait for a key there, or show a menu."""
    try:
        answers = asking.ask(shells, ids, limit, terminal=True)
    except (asking.AskError, OSError):  # there may be no terminals here
        return []
    return [answer for answer in answers if answer.status == "answered"]


def _timeout_of(answer: asking.Answer) -> _Timeout:
    described = asking.describe(answer)
    return _Timeout(**{field: described[field] for field in _Timeout._fields})


def _known(
    account: _accounts.Account, shell: _accounts.Shell, timeout: _Timeout, exempt: str = ""
) -> AccountShell:
    return AccountShell(
        account.user,
        account.shell,
        shell.family,
        "told",
        "" if timeout.logout_seconds else exempt,
        *timeout,
    )


def _unknown(account: _accounts.Account, shell: _accounts.Shell, why: str) -> AccountShell:
    return AccountShell(account.user, account.shell, shell.family, "unknown", why, None, None, None)


def _as_user(
    identity: _identities.Identity, work: Callable[[], Optional[_Timeout]], limit: float
) -> Optional[_Timeout]:
    """Do something in a child that is this user; what it returns is data, never code."""

    def as_this_user() -> bytes:
        os.setgroups(identity.groups)
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
        timeout = work()
        return json.dumps(timeout and timeout._asdict()).encode("ascii")

    content = _programs.answer(as_this_user, limit)
    return None if content is None else _checked(content)


def _checked(content: bytes) -> Optional[_Timeout]:
    """Return what a child said; the user that it was could have said anything."""
    try:
        values: Any = json.loads(content.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    fields = [values.get(field, "") for field in _Timeout._fields]
    for value, kind in zip(fields, (int, int, bool)):
        is_kind = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
        if value is not None and not is_kind:
            return None
    return _Timeout(*fields)
