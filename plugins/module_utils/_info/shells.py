# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the login shells that accounts use do with TMOUT, and for whom they differ.

Private to the collection. Shells are asked in a private view of the host, at a terminal as after a
login over SSH, and without one if they do not come to their prompt there: as a user who is nobody,
and as one of each class of accounts between which the login files tell, root first.
"""

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .. import _accounts, _classes, _identities, _sessions, _view
from .._shell import asking, conflicts, definitions, dropin, files, parser, staged
from .._shell.asking import Asker
from .doubts import Doubts, Effects, doubts_of, effects_of
from .facts import PREDEFINING, AccountShell, ShellTimeouts, TmoutDefinition

if TYPE_CHECKING:
    from .._shell import living, tracing

__all__ = ["Shells", "survey_shells"]

# A name that is not there: whether a drop-in would be read is told without passing over any.
_FOLDER = "/etc/profile.d"
_PROBE = _FOLDER + "/curfew-session-probe.sh"
# Of so many numbers it is tried whether shells obey them.
_MOST_NUMBERS = 5
_NOBODYS = conflicts.Wanted(None, False, False)
_LEFT_OUT = (
    f"login files tell so many accounts apart that only {_classes.MOST_CLASSES} kinds of them were"
    " asked, and not this one"
)


class Shells(NamedTuple):
    """What could be seen of shells and accounts; ``reads_profile_d`` is by family."""

    timeouts: List[ShellTimeouts]
    accounts: List[AccountShell]
    reads_profile_d: Dict[str, bool]
    unseen: List[str]
    named: _accounts.Named


class _Timeout(NamedTuple):
    """The part of a shell's answer that may differ between accounts."""

    tmout_seconds: Optional[int]
    logout_seconds: Optional[int]
    readonly: Optional[bool]


def survey_shells(users: Sequence[str] = ()) -> Shells:
    """Ask the shells that accounts use, and match them with the accounts."""
    login = _LoginShells(users)
    login.ask()
    accounts = [login.account(account)._replace(uid=account.uid) for account in login.users]
    reads = {family: login.may_read_folder(family) for family in login.readings}
    return Shells(login.timeouts(), accounts, reads, login.unseen, login.named)


def _named(users: Sequence[str], local: Sequence[_accounts.Account]) -> _accounts.Named:
    """Return the accounts that were named, or have a session open, and are not of this host."""
    logged_in = _sessions.users_but({account.uid for account in local})
    if not users and not logged_in:
        return _accounts.NOBODY
    from .. import _directories

    return _directories.named(users, local, logged_in)


class _LoginShells:
    """The login shells of this host's accounts, with what they read and what they answered.

    What is long to read or to ask is read and asked once for all accounts.
    """

    def __init__(self, users: Sequence[str]) -> None:
        self.files = files.HostFiles()
        local = _accounts.read_passwd()
        self.named = _named(users, local)
        self.users = [*local, *self.named.accounts]
        shells, self.unknown = _accounts.installed(self.users)
        self._programs = _accounts.by_program(shells)
        self._by_path: Dict[str, Optional[_accounts.Shell]] = {}
        self._free = [account for account in self.users if not account.barred]
        used = [self.shell_of(account) for account in self._free]
        self.shells = list(dict.fromkeys(shell for shell in used if shell is not None))
        families = sorted({shell.family for shell in self.shells})
        self.readings, others = conflicts.survey(self.files, families, _PROBE, _NOBODYS)
        self.others = [conflict for conflict in others if not conflict.families]
        self.answers: Dict[Asker, asking.Answer] = {}
        self.unseen = list(self.files.left_out)
        self._effects: Dict[str, Effects] = {}
        self._doubts: Dict[Tuple[str, bool], Doubts] = {}
        # Those that came to their prompt without a terminal alone.
        self._detached: Set[Asker] = set()
        self._stranger = _identities.stranger()
        self._classes = self._classes_of_accounts()
        # Those that did not come to it at a terminal, where something else went on.
        self._hung: Set[Asker] = set()
        # Why there is no view, so that strangers alone are asked.
        self.refused = ""
        # What became of those that were left alone, and where others were lost.
        self._lived: Dict[Asker, living.Lived] = {}
        self._places: Dict[Asker, tracing.Lost] = {}

    def _classes_of_accounts(self) -> _classes.Classes:
        """Return which accounts are the same to the files that login shells read."""
        programs = [shell.real_path for shell in self.shells]
        marks: Dict[str, _classes.Marks] = {}
        for account in self._free:
            shell = None if account.shell in marks else self.shell_of(account)
            if shell is not None:
                files = self._read_by(shell.family)[0]
                texts = {path: self.files.text(path) or "" for path in files}
                marks[account.shell] = _classes.marks_of(texts, programs)
        return _classes.classes(
            self._free,
            marks,
            self._stranger,
            lambda: {**_identities.local_groups(), **self.named.groups},
        )

    def shell_of(self, account: _accounts.Account) -> Optional[_accounts.Shell]:
        """Return an account's shell, where it is known and may be started."""
        if account.shell not in self._by_path:
            self._by_path[account.shell] = _accounts.shell_at(account.shell, self._programs)
        return self._by_path[account.shell]

    def ask(self) -> None:
        """Ask each shell, at a terminal and, where it did not answer there, without one."""
        if not self._free:
            self.unseen.append("/etc/passwd names no account that can log in, or cannot be read.")
        askers = [Asker(shell, self._stranger) for shell in self.shells]
        for one in self._classes.known:
            shell = _accounts.shell_at(one.shell, self._programs)
            askers += [Asker(shell, one.person)] if shell else []
        if not askers:
            return
        self._ask(askers, terminal=True)
        silent = [asker for asker in askers if asker not in self.answers]
        if silent:
            self._ask(silent, terminal=False)
        if not self.refused:
            self._look_closer(askers)
        else:
            self.unseen.append(
                "No private view of this host can be made, so that nobody was asked as root, nor as"
                f" anybody else whom the login files may tell from others: {self.refused}"
            )

    def _ask(self, askers: Sequence[Asker], terminal: bool) -> None:
        """Take down what they say; at a terminal not of those that wait there, or show a menu."""
        try:
            answers, self.refused = staged.ask_as_is(askers, terminal)
        except (asking.AskError, OSError) as error:  # there may be no terminals here
            if not terminal:
                self.unseen.append(f"No login shell could be asked: {error}.")
            return
        for answer in answers:
            if not terminal or answer.status == "answered":
                self.answers[answer.asker] = answer
            if not terminal:
                self._detached.add(answer.asker)
            elif answer.status == "hangs":
                self._hung.add(answer.asker)

    def _look_closer(self, askers: Sequence[Asker]) -> None:
        """See which shells end if they are left alone, and where those are that are held up."""
        by_number: Dict[int, List[Asker]] = {}
        for asker, answer in self.answers.items():
            seconds = asking.describe(answer)["tmout_seconds"]
            if answer.status == "answered" and seconds and asker not in self._hung:
                by_number.setdefault(seconds, []).append(asker)
        if not by_number and not any(self._is_lost(asker) for asker in askers):
            return
        from .._shell import living, tracing

        with suppress(_view.NoView):
            for seconds, some in list(by_number.items())[:_MOST_NUMBERS]:
                self._lived.update(living.live(living.obedient(some), self.files, (), seconds))
            lost = [asker for asker in askers if self._is_lost(asker)]
            if lost:
                self._places = tracing.last_lines(lost, self.files, terminal=True)

    def _is_lost(self, asker: Asker) -> bool:
        answer, lived = self.answers.get(asker), self._lived.get(asker)
        silent = answer is None or answer.status != "answered" or bool(answer.prompted)
        return silent or asker in self._detached or (lived is not None and lived.ended is False)

    def timeouts(self) -> List[ShellTimeouts]:
        """Return what each shell answered, and where its TMOUT is defined."""
        return [self._timeouts_of(shell) for shell in self.shells]

    def _timeouts_of(self, shell: _accounts.Shell) -> ShellTimeouts:
        places = self._definitions(shell.family)
        answer = self.answers.get(Asker(shell, self._stranger))
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
        if account.barred:
            return AccountShell(
                account.user, account.shell, None, "missing", account.barred, None, None, None
            )
        shell = self.shell_of(account)
        if shell is None:
            return self._without_shell(account)
        known = self._classes.of(account.user)
        if account.user in self._classes.left_out and shell.family != "dash":
            return _unknown(account, shell, _LEFT_OUT)
        if known and self.refused:
            return _unknown(
                account,
                shell,
                "it can be asked as this account in a private view of the host alone",
            )
        asker = Asker(shell, known.person if known else self._stranger)
        answer = self.answers.get(asker)
        place = self._places.get(asker)
        if answer is None or answer.status != "answered":
            where = f", and was lost at {place.where()}" if place else ""
            return _unknown(
                account, shell, f"{shell.path} did not come to its prompt when it was asked{where}"
            )
        timeout = _timeout_of(answer)
        lived = self._lived.get(asker)
        if timeout.logout_seconds and asker in self._hung:
            return _unknown(account, shell, _never_there(shell, place))
        if timeout.logout_seconds and lived is not None and lived.ended is False:
            return _unknown(account, shell, self._why_it_stays(asker, answer, timeout))
        doubt = self._doubt(answer, timeout.logout_seconds)
        doubt = doubt or self._doubt_about_login(asker, timeout)
        if doubt:
            return _unknown(account, shell, doubt)
        return _known(account, shell, timeout, self._exempting(asker, known))

    def _without_shell(self, account: _accounts.Account) -> AccountShell:
        family = _accounts.deaf(account.shell)
        problem = self.unknown.get(
            account.shell, "is not a shell that is known, so that it is never started"
        )
        return AccountShell(
            account.user,
            account.shell,
            family,
            "told" if family else "unknown",
            "" if family else f"{account.shell} {problem}",
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

    def _doubt_about_login(self, asker: Asker, timeout: _Timeout) -> str:
        """Tell what a real login may have and we have not; empty where nothing speaks for that."""
        if asker.shell.family == "dash":  # whatever TMOUT is
            return ""
        doubts = self._doubts_about(asker)
        if doubts.how:
            return (
                f"{doubts.how.where()} looks at {doubts.how.word}, which is known at a real login "
                "only"
            )
        if doubts.prompts and not timeout.readonly:
            return f"{doubts.prompts} sets TMOUT after the login"
        return ""

    def _why_it_stays(self, asker: Asker, answer: asking.Answer, timeout: _Timeout) -> str:
        """Say what holds up a shell that shows a timeout, and that was left alone and stayed."""
        place = self._places.get(asker)
        if answer.prompted:
            where = place.where() if place else "a login file"
            return (
                "the login waits for an answer before the prompt, where nothing ends an idle"
                f" session: {where}; the prompt behind it ends after {timeout.logout_seconds}"
                " seconds"
            )
        from .._shell import living

        files = self._read_by(asker.shell.family)[0]
        lived = self._lived.get(asker)
        cause = living.cause(self.files, files, place, lived is not None and lived.busy)
        return (
            f"{asker.shell.path} shows TMOUT={timeout.tmout_seconds}, and with one second in its"
            f" place it was left alone and stayed{cause}"
        )

    def _exempting(self, asker: Asker, known: Optional[_classes.Class]) -> str:
        """Return the drop-in of ours that leaves an account alone, where there is one."""
        for path in self._doubts_about(asker).ours if known else ():
            users, groups = dropin.exempt(self.files.text(path) or "")
            if known and (known.person.user in users or groups.intersection(known.groups)):
                return path
        return ""

    def _doubts_about(self, asker: Asker) -> Doubts:
        """Return the doubts, which are the same for shells that came to their prompt alike."""
        key = (asker.shell.family, asker in self._detached)
        if key not in self._doubts:
            files, places = self._read_by(asker.shell.family)
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


def _never_there(shell: _accounts.Shell, place: Optional["tracing.Lost"]) -> str:
    where = f", and was lost at {place.where()}" if place else ""
    return f"at a terminal {shell.path} did not come to its prompt within half a minute{where}"


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
