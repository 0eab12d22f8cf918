# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the login shells that accounts use do with TMOUT, and for whom they differ. Private.

Shells are asked as a user without rights. Where a login file looks at who logs in, each account's
shell is asked again with that account's identity, root's never: for him only our own drop-in, whose
exemptions can be read, is understood.
"""

import grp
import json
import os
import pwd
import re
import stat
import time
from contextlib import suppress
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.curfew.session.plugins.module_utils import (
    _forked,
    _login_asking,
    _login_shells,
    _shell_text,
    _tmout_conflicts,
    _tmout_dropin,
)
from ansible_collections.curfew.session.plugins.module_utils._timeout_verdict import AccountShell

__all__ = ["Shells", "look", "spoils_timer", "unsets"]

# A name that is not there: whether a drop-in would be read is told without passing over any.
_PROBE = "/etc/profile.d/curfew-session-probe.sh"
_NOBODYS = _tmout_conflicts.Wanted(None, False, False)
_IDENTITY = re.compile(
    r"\b(?:id|whoami|groups|logname|getent)\b|\$\{?(?:USER|LOGNAME|UID|EUID|GROUPS|HOME)\b")
_CIRCUMSTANCES = re.compile(r"\$\{?(?:SSH_\w+|TERM|DISPLAY)\b|\btty\b")
_EXEMPT_USERS = re.compile(r"id -un [^\n]*\n\s*\(([^\n]*)\) ;;")
_EXEMPT_GROUPS = re.compile(r"id -Gn [^\n]*\n\s*\(([^\n]*)\) ;;")
_CHANGING = ("unset", "export", "readonly", "typeset")
_ALL_ACCOUNTS_SECONDS = 30.0
_GRACE_SECONDS = 2.0
# They start with a TMOUT of 0: where there is none at all, it was unset. From then on it is a
# variable like any other, and the timer is what it was (measured: TMOUT=3, unset, TMOUT=8 or 0
# ended an idle session after 3 seconds, and a minute in ksh93).
_PREDEFINING = ("ksh93", "mksh")


class Shells(NamedTuple):
    """``result`` is what the module returns; ``reads_profile_d`` is by family."""

    result: List[Dict[str, Any]]
    accounts: List[AccountShell]
    reads_profile_d: Dict[str, bool]
    unseen: List[str]


def look() -> Shells:
    """Ask the shells that accounts use, and match them with the accounts."""
    run = _Look()
    run.ask()
    accounts = [run.account(account) for account in run.users]
    reads = {family: reading.reads_drop_in for family, reading in run.readings.items()}
    return Shells(run.result(), accounts, reads, run.unseen)


class _Look:
    def __init__(self) -> None:
        self.files = _tmout_conflicts.HostFiles()
        self.users = _login_shells.read_passwd()
        shells, self.unknown = _login_shells.installed(self.users)
        self._programs = {(shell.real_path, shell.as_sh): shell for shell in shells}
        used = [self.shell_of(account) for account in self.users]
        self.shells = list(dict.fromkeys(shell for shell in used if shell is not None))
        families = sorted({shell.family for shell in self.shells})
        self.readings, others = _tmout_conflicts.survey(
            self.files, families, _PROBE, _NOBODYS)
        self.others = [one for one in others if not one.families]
        self.answers = {}  # type: Dict[_login_shells.Shell, _login_asking.Answer]
        self.unseen = list(self.files.left_out)
        self._effects = {}  # type: Dict[str, _Effects]
        self._deadline = time.monotonic() + _ALL_ACCOUNTS_SECONDS

    def shell_of(self, account: _login_shells.Account) -> Optional[_login_shells.Shell]:
        if _login_shells.refused_path(account.shell):
            return None
        real_path = os.path.realpath(account.shell)
        as_sh = os.path.basename(account.shell) == "sh"
        return self._programs.get((real_path, as_sh)) or self._programs.get((real_path, False))

    def ask(self) -> None:
        if not self.users:
            self.unseen.append("/etc/passwd names no account that can log in, or cannot be read.")
        if not self.shells:
            return
        try:
            for answer in _login_asking.ask(self.shells, _login_asking.strangers([], [])):
                self.answers[answer.shell] = answer
        except (_login_asking.AskError, OSError) as error:
            self.unseen.append("No login shell could be asked: %s." % error)

    def result(self) -> List[Dict[str, Any]]:
        return [self._told(shell) for shell in self.shells]

    def _told(self, shell: _login_shells.Shell) -> Dict[str, Any]:
        answer = self.answers.get(shell)
        if answer is None:
            told = {"path": shell.path, "family": shell.family, "tmout_seconds": None,
                    "readonly": None, "exported": None,
                    "logout_seconds": None}  # type: Dict[str, Any]
        else:
            told = _login_asking.describe(answer)
        told["answered"] = answer is not None and answer.status == "answered"
        told["definitions"] = self._definitions(shell.family)
        return told

    def _definitions(self, family: str) -> List[Dict[str, Any]]:
        """What stands in the files that a login reads; what else may set it has another scope."""
        places = [] if family == "tcsh" else self.readings[family].places
        found = [{"path": place.path, "line": place.definition.line,
                  "text": place.definition.text, "scope": "login shells"} for place in places]
        for one in self.others:
            if (one.scope == "csh login shells") == (family == "tcsh"):
                found.append({"path": one.path, "line": one.definition.line,
                              "text": one.definition.text, "scope": one.scope})
        return found

    def account(self, account: _login_shells.Account) -> AccountShell:
        shell = self.shell_of(account)
        if shell is None:
            refused = _login_shells.refused_path(account.shell)
            missing = not refused and not os.path.lexists(account.shell)
            why = "%s %s, so that it is never started" % (
                account.shell, self.unknown.get(account.shell, "is not a shell that is known"))
            return AccountShell(account.user, account.shell, None,
                                "missing" if missing else "unknown", why, None, None, None)
        answer = self.answers.get(shell)
        if answer is None or answer.status != "answered":
            return _unknown(account, shell, "%s did not come to its prompt when it was asked" % (
                shell.path))
        said = _login_asking.describe(answer)
        doubt = self._doubt(answer, said["logout_seconds"])
        return (_unknown(account, shell, doubt) if doubt
                else self._by_identity(account, shell, said))

    def _doubt(self, answer: _login_asking.Answer, logout_seconds: Optional[int]) -> str:
        """Why the timer may be another than TMOUT says; empty where nothing speaks for that."""
        family = answer.shell.family
        if family not in _PREDEFINING:
            return ""
        effects = self._effects_on(family)
        if effects.puzzling:
            return "%s could not be understood" % effects.puzzling
        if effects.unset or answer.tmout is None:
            return ("a login file unsets TMOUT, after which %s goes by the value that it had then"
                    % family)
        if effects.spoiling and logout_seconds:
            return ("%s touches TMOUT in a subshell, which switches the timer of some releases of "
                    "ksh93 off" % effects.spoiling)
        return ""

    def _effects_on(self, family: str) -> "_Effects":
        """The same for all accounts: what is long to read is read once."""
        if family not in self._effects:
            texts = {path: self.files.text(path) or "" for path in self.readings[family].files}
            self._effects[family] = _effects_of(texts, family)
        return self._effects[family]

    def _by_identity(self, account: _login_shells.Account, shell: _login_shells.Shell,
                     general: Dict[str, Any]) -> AccountShell:
        ours, foreign = self._looking_at_who(shell.family)
        if not ours and not foreign:
            return _account(account, shell, general, "")
        how = [path for path in foreign
               if _CIRCUMSTANCES.search(_without_comments(self.files.text(path) or ""))]
        if how:
            return _unknown(account, shell, "%s looks at how one logs in" % how[0])
        identity = _identity_of(account.user)
        exempt = [path for path in ours if self._is_exempt(path, account.user, identity)]
        if not foreign and not exempt:
            return _account(account, shell, general, "")
        asked = self._ask_as(shell, identity)
        if asked is not None:
            return _account(account, shell, asked, exempt[0] if exempt else "")
        if exempt and not foreign and self._only_in(exempt[0], shell.family):
            nothing = dict(general, tmout_seconds=None, logout_seconds=None, readonly=None)
            return _account(account, shell, nothing, exempt[0])
        return _unknown(
            account, shell, "%s is not the same for everybody, and the shell could not be asked as "
            "this account" % (foreign or exempt)[0])

    def _looking_at_who(self, family: str) -> Tuple[List[str], List[str]]:
        """The files that define TMOUT, but not for everybody: our drop-ins, and others."""
        reading = self.readings[family]
        conditional = {place.path for place in reading.places if place.definition.conditional}
        ours, foreign = [], []
        for path in dict.fromkeys(place.path for place in reading.places):
            text = self.files.text(path) or ""
            if text.startswith(_tmout_dropin.HEADER + "\n"):
                if _EXEMPT_USERS.search(text) or _EXEMPT_GROUPS.search(text):
                    ours.append(path)
                if _is_for_all(path):
                    continue
            if not _is_for_all(path) or (path in conditional and _asks(text)):
                foreign.append(path)
        return ours, foreign

    def _only_in(self, path: str, family: str) -> bool:
        return all(place.path == path for place in self.readings[family].places)

    def _is_exempt(self, path: str, user: str, identity: Optional["_Identity"]) -> bool:
        text = self.files.text(path) or ""
        users = _names(_EXEMPT_USERS, text)
        groups = _names(_EXEMPT_GROUPS, text)
        return user in users or bool(identity and groups.intersection(identity.names))

    def _ask_as(self, shell: _login_shells.Shell,
                identity: Optional["_Identity"]) -> Optional[Dict[str, Any]]:
        left = min(self._deadline - time.monotonic(), _login_asking.LIMIT_SECONDS)
        if identity is None or identity.uid == 0 or os.geteuid() != 0 or left <= 0:
            return None

        def work() -> Optional[Dict[str, Any]]:
            ids = (identity.uid, identity.gid)
            answer = _login_asking.ask([shell], ids, left)[0]
            return _login_asking.describe(answer) if answer.status == "answered" else None

        # The user can stop a process that is theirs: it is not waited for much longer than asked.
        return _within(identity, work, left + _GRACE_SECONDS)


class _Identity(NamedTuple):
    uid: int
    gid: int
    groups: Tuple[int, ...]
    names: Tuple[str, ...]


def _account(account: _login_shells.Account, shell: _login_shells.Shell, said: Dict[str, Any],
             exempt: str) -> AccountShell:
    return AccountShell(
        account.user, account.shell, shell.family, "told",
        "" if said["logout_seconds"] else exempt, said["tmout_seconds"], said["logout_seconds"],
        said["readonly"])


def _unknown(
    account: _login_shells.Account, shell: _login_shells.Shell, why: str
) -> AccountShell:
    return AccountShell(
        account.user, account.shell, shell.family, "unknown", why, None, None, None)


def _names(pattern: Any, text: str) -> FrozenSet[str]:
    found = pattern.search(text)
    return frozenset(re.findall(r"' ?(.*?) ?'", found.group(1)) if found else ())


class _Effects(NamedTuple):
    """What login files do to the timer besides setting it, and the one that nobody can read."""

    unset: bool = False
    spoiling: str = ""
    puzzling: str = ""


def _effects_of(texts: Mapping[str, str], family: str) -> _Effects:
    found = _Effects()
    for path, text in texts.items():
        try:
            found = found._replace(unset=found.unset or unsets(text))
            if family == "ksh93" and not found.spoiling and spoils_timer(text):
                found = found._replace(spoiling=path)
        except _shell_text.TooMuch:
            found = found._replace(puzzling=path)
    return found


def spoils_timer(text: str) -> bool:
    """Whether a text changes TMOUT in a subshell that ksh93 does not fork; a limit makes it.

    After that ksh93u+m never logs out, whatever TMOUT is (measured).
    """
    if "TMOUT" not in text:
        return False
    forked = False
    for command in _shell_text.parse(text).commands:
        words = [word.text for word in command.words]
        touches = words[0] in _CHANGING and "TMOUT" in words or words[0].startswith("TMOUT=")
        if command.subshell and touches and not forked:
            return True
        forked = command.subshell and words[0] == "ulimit"
    return False


def unsets(text: str) -> bool:
    """Whether a text takes TMOUT away from the shell that reads it."""
    if "TMOUT" not in text:
        return False
    for command in _shell_text.parse(text).commands:
        words = [word.text for word in command.words]
        if words[0] == "unset" and "TMOUT" in words and not command.subshell:
            return True
    return False


def _asks(text: str) -> bool:
    """Whether a text looks at who logs in, or how."""
    plain = _without_comments(text)
    return bool(_IDENTITY.search(plain) or _CIRCUMSTANCES.search(plain))


def _is_for_all(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & stat.S_IROTH)
    except OSError:
        return True


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", text)


def _identity_of(user: str) -> Optional[_Identity]:
    try:
        entry = pwd.getpwnam(user)
        groups = tuple(os.getgrouplist(user, entry.pw_gid))
    except (KeyError, ValueError):
        return None
    names = []
    for group in groups:
        with suppress(KeyError):
            names.append(grp.getgrgid(group).gr_name)
    return _Identity(entry.pw_uid, entry.pw_gid, groups, tuple(names))


def _within(identity: _Identity, work: Callable[[], Optional[Dict[str, Any]]],
            limit: float) -> Optional[Dict[str, Any]]:
    """What ``work`` returns in a child that is this user; what it says is data, never code."""

    def as_this_user() -> bytes:
        os.setgroups(identity.groups)
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
        return json.dumps(work()).encode("ascii")

    said = _forked.answer(as_this_user, limit)
    return None if said is None else _checked(said)


def _checked(said: bytes) -> Optional[Dict[str, Any]]:
    """The user whom we were could have said anything."""
    try:
        found = json.loads(said.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    kinds = {"tmout_seconds": int, "logout_seconds": int, "readonly": bool}
    if not isinstance(found, dict):
        return None
    for key, kind in kinds.items():
        if key not in found or not (found[key] is None or type(found[key]) is kind):
            return None
    return found
