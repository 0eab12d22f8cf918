# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the login shells that accounts use do with TMOUT, and for whom they differ. Private.

Shells are asked as a user without rights, at a terminal as after a login over SSH, and without one
if they do not come to their prompt there. Where what a login file does about TMOUT depends on who
logs in, each account's shell is asked again with that account's identity, root's never: for him
only our own drop-in, whose exemptions can be read, is understood.
"""

import grp
import json
import os
import pwd
import re
import stat
import time
from contextlib import suppress
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from .. import _accounts, _programs
from .._shell import asking, conflicts, definitions, dropin, files, parser
from . import conditions
from . import effects as info_effects
from .verdict import AccountShell

__all__ = ["Shells", "look"]

# A name that is not there: whether a drop-in would be read is told without passing over any.
_FOLDER = "/etc/profile.d"
_PROBE = _FOLDER + "/curfew-session-probe.sh"
_Definition = definitions.Definition
_NOBODYS = conflicts.Wanted(None, False, False)
_IDENTITY = re.compile(
    r"(?<![\w.$-])(?:id|whoami|groups|logname|getent)\b"
    r"|\$\{?(?:USER|LOGNAME|UID|EUID|GROUPS)\b"
)
# What nobody can know before the login, and what only needs a terminal of sshd's.
_UNKNOWABLE = re.compile(
    r"\$\{?(?:SSH_(?:CLIENT|CONNECTION)|DISPLAY|PPID|XDG_\w+|HOME)\b|(?<![\w/])~/"
    r"|\bwho(?:[ \t]+am[ \t]+i|[ \t]+-m)\b"
)
_TERMINAL = re.compile(
    _UNKNOWABLE.pattern + r"|\$\{?(?:SSH_\w+|TERM)\b|\btty\b|(?<!\S)-t[ \t]+[0-9]\b"
)
# That there is a connection at all is no question for who asks as after a login over SSH.
_CONNECTED = re.compile(
    r"(?m)(?:-[nz]|\[+)[ \t]+\"?\$\{?SSH_\w+(?::?-)?\}?\"?"
    r"(?=[ \t]*(?:\]|;|&&|\|\||-[ao]\b|$))"
)
_EXEMPT_USERS = re.compile(r"id -un [^\n]*\n\s*\(([^\n]*)\) ;;")
_EXEMPT_GROUPS = re.compile(r"id -Gn [^\n]*\n\s*\(([^\n]*)\) ;;")
_ALL_ACCOUNTS_SECONDS = 30.0
_TERMINAL_SECONDS = 5.0  # then they are asked without one, for as long as others
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
    reads = {family: run.may_read_folder(family) for family in run.readings}
    return Shells(run.result(), accounts, reads, run.unseen)


class _Look:
    def __init__(self) -> None:
        self.files = files.HostFiles()
        self.users = _accounts.read_passwd()
        shells, self.unknown = _accounts.installed(self.users)
        self._programs = {(shell.real_path, shell.as_sh): shell for shell in shells}
        used = [self.shell_of(account) for account in self.users]
        self.shells = list(dict.fromkeys(shell for shell in used if shell is not None))
        families = sorted({shell.family for shell in self.shells})
        self.readings, others = conflicts.survey(self.files, families, _PROBE, _NOBODYS)
        self.others = [one for one in others if not one.families]
        self.answers: Dict[_accounts.Shell, asking.Answer] = {}
        self.unseen = list(self.files.left_out)
        self._effects: Dict[str, info_effects.Effects] = {}
        self._doubts: Dict[Tuple[str, bool], _Doubts] = {}
        # The shells that came to their prompt without a terminal alone.
        self._detached: Set[_accounts.Shell] = set()
        self._deadline = time.monotonic() + _ALL_ACCOUNTS_SECONDS

    def shell_of(self, account: _accounts.Account) -> Optional[_accounts.Shell]:
        if _accounts.refused_path(account.shell):
            return None
        real_path = os.path.realpath(account.shell)
        as_sh = os.path.basename(account.shell) == "sh"
        return self._programs.get((real_path, as_sh)) or self._programs.get((real_path, False))

    def ask(self) -> None:
        if not self.users:
            self.unseen.append("/etc/passwd names no account that can log in, or cannot be read.")
        if not self.shells:
            return
        ids = asking.strangers([], [])
        for answer in _at_terminal(self.shells, ids, _TERMINAL_SECONDS):
            self.answers[answer.shell] = answer
        left = [shell for shell in self.shells if shell not in self.answers]
        try:
            for answer in asking.ask(left, ids) if left else ():
                self.answers[answer.shell] = answer
                self._detached.add(answer.shell)
        except (asking.AskError, OSError) as error:
            self.unseen.append(f"No login shell could be asked: {error}.")

    def result(self) -> List[Dict[str, Any]]:
        return [self._told(shell) for shell in self.shells]

    def _told(self, shell: _accounts.Shell) -> Dict[str, Any]:
        answer = self.answers.get(shell)
        if answer is None:
            told = {
                "path": shell.path,
                "family": shell.family,
                "tmout_seconds": None,
                "readonly": None,
                "exported": None,
                "logout_seconds": None,
            }  # type: Dict[str, Any]
        else:
            told = asking.describe(answer)
        told["answered"] = answer is not None and answer.status == "answered"
        told["definitions"] = self._definitions(shell.family)
        return told

    def _definitions(self, family: str) -> List[Dict[str, Any]]:
        """What stands in the files that a login reads; what else may set it has another scope."""
        places = [] if family == "tcsh" else self.readings[family].places
        found = [
            {
                "path": place.path,
                "line": place.definition.line,
                "text": place.definition.text,
                "scope": "login shells",
            }
            for place in places
        ]
        for one in self.others:
            if (one.scope == "csh login shells") == (family == "tcsh"):
                found.append(
                    {
                        "path": one.path,
                        "line": one.definition.line,
                        "text": one.definition.text,
                        "scope": one.scope,
                    }
                )
        return found

    def account(self, account: _accounts.Account) -> AccountShell:
        shell = self.shell_of(account)
        if shell is None:
            refused = _accounts.refused_path(account.shell)
            missing = not refused and not os.path.lexists(account.shell)
            why = "{} {}, so that it is never started".format(
                account.shell,
                self.unknown.get(account.shell, "is not a shell that is known"),
            )
            return AccountShell(
                account.user,
                account.shell,
                None,
                "missing" if missing else "unknown",
                why,
                None,
                None,
                None,
            )
        answer = self.answers.get(shell)
        if answer is None or answer.status != "answered":
            return _unknown(
                account, shell, f"{shell.path} did not come to its prompt when it was asked"
            )
        said = asking.describe(answer)
        doubt = self._doubt(answer, said["logout_seconds"])
        return _unknown(account, shell, doubt) if doubt else self._by_identity(account, shell, said)

    def _doubt(self, answer: asking.Answer, logout_seconds: Optional[int]) -> str:
        """Why the timer may be another than TMOUT says; empty where nothing speaks for that."""
        family = answer.shell.family
        if family not in _PREDEFINING:
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

    def _effects_on(self, family: str) -> info_effects.Effects:
        """The same for all accounts: what is long to read is read once."""
        if family not in self._effects:
            texts = {path: self.files.text(path) or "" for path in self.readings[family].files}
            self._effects[family] = info_effects.effects_of(texts, family)
        return self._effects[family]

    def _by_identity(
        self, account: _accounts.Account, shell: _accounts.Shell, general: Dict[str, Any]
    ) -> AccountShell:
        if shell.family == "dash":  # whatever TMOUT is
            return _account(account, shell, general, "")
        doubts = self._doubts_about(shell)
        if doubts.how:
            return _unknown(
                account,
                shell,
                f"{doubts.how.where()} looks at {doubts.how.word}, which is known at a real login "
                "only",
            )
        if doubts.prompts and not general["readonly"]:
            return _unknown(account, shell, f"{doubts.prompts} sets TMOUT after the login")
        differs = doubts.differs
        if not differs and general["tmout_seconds"] and not doubts.known:
            differs = "a file that reading the others does not lead to, which sets TMOUT,"
        if not doubts.ours and not differs:
            return _account(account, shell, general, "")
        identity = _identity_of(account.user)
        exempt = [path for path in doubts.ours if self._is_exempt(path, account.user, identity)]
        if not differs and not exempt:
            return _account(account, shell, general, "")
        asked = self._ask_as(shell, identity)
        if asked is not None:
            return _account(account, shell, asked, exempt[0] if exempt else "")
        if exempt and not differs and doubts.places == exempt[:1]:
            nothing = dict(general, tmout_seconds=None, logout_seconds=None, readonly=None)
            return _account(account, shell, nothing, exempt[0])
        return _unknown(
            account,
            shell,
            "%s is not the same for everybody, and the shell could not be asked as "
            "this account" % (differs or exempt[0]),
        )

    def _doubts_about(self, shell: _accounts.Shell) -> "_Doubts":
        """The same for all accounts, as long as their shell came to its prompt in the same way."""
        key = (shell.family, shell in self._detached)
        if key not in self._doubts:
            files, places = self._read_by(shell.family)
            texts = {path: self.files.text(path) or "" for path in files}
            self._doubts[key] = _doubts_of(texts, places, *key)
        return self._doubts[key]

    def _read_by(self, family: str) -> Tuple[List[str], List[Tuple[str, _Definition]]]:
        """What a shell reads, and sets TMOUT with.

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
                    found = definitions.find(self.files.text(path) or "")
                    places += [(path, definition) for definition in found]
        return files, places

    def may_read_folder(self, family: str) -> bool:
        """Whether nothing shows that a shell reads no profile.d."""
        return self.readings[family].reads_drop_in or any(
            "profile.d" in conditions.without_comments(self.files.text(path) or "")
            for path in self.readings[family].files
        )

    def _is_exempt(self, path: str, user: str, identity: Optional["_Identity"]) -> bool:
        text = self.files.text(path) or ""
        users = _names(_EXEMPT_USERS, text)
        groups = _names(_EXEMPT_GROUPS, text)
        return user in users or bool(identity and groups.intersection(identity.names))

    def _ask_as(
        self, shell: _accounts.Shell, identity: Optional["_Identity"]
    ) -> Optional[Dict[str, Any]]:
        left = min(self._deadline - time.monotonic(), asking.LIMIT_SECONDS)
        if identity is None or identity.uid == 0 or os.geteuid() != 0 or left <= 0:
            return None

        def work() -> Optional[Dict[str, Any]]:
            ids = (identity.uid, identity.gid)
            if shell not in self._detached:
                answers = _at_terminal([shell], ids, left)
            else:
                answers = asking.ask([shell], ids, left)
            said = [asking.describe(one) for one in answers if one.status == "answered"]
            return said[0] if said else None

        # The user can stop a process that is theirs: it is not waited for much longer than asked.
        return _within(identity, work, left + _GRACE_SECONDS)


def _at_terminal(
    shells: Sequence[_accounts.Shell], ids: Tuple[int, int], limit: float
) -> List[asking.Answer]:
    """What those say that come to their prompt there: one may wait for a key, or find a menu."""
    try:
        answers = asking.ask(shells, ids, limit, terminal=True)
    except (asking.AskError, OSError):  # there may be no terminals here
        return []
    return [answer for answer in answers if answer.status == "answered"]


class _Doubts(NamedTuple):
    """Why what one shell says may not hold for everybody; texts are empty where nothing speaks for
    that."""

    ours: List[str]
    differs: str
    how: Optional[conditions.Because]
    prompts: str
    # The files that do something about TMOUT, and whether one gives it a value.
    places: List[str]
    known: bool


def _doubts_of(
    texts: Mapping[str, str], places: Sequence[Tuple[str, _Definition]], family: str, detached: bool
) -> _Doubts:
    drop_ins = [path for path in texts if texts[path].startswith(dropin.HEADER + "\n")]
    ours = [
        path
        for path in drop_ins
        if _EXEMPT_USERS.search(texts[path]) or _EXEMPT_GROUPS.search(texts[path])
    ]
    paths = list(dict.fromkeys(path for path, _definition in places))
    offsets = {
        path: [one.offset for where, one in places if where == path]
        for path in paths
        if path not in drop_ins
    }
    others = {
        path: text if detached else _CONNECTED.sub(_hidden, text)
        for path, text in texts.items()
        if path not in drop_ins
    }
    read = conditions.Texts(others)
    how = read.because(offsets, _TERMINAL if detached else _UNKNOWABLE)
    who = read.because(offsets, _IDENTITY)
    closed = [path for path in paths if not _is_for_all(path)]
    prompts = [
        f"{path} line {one.line}"
        for path, one in places
        if one.later and (family == "bash" or "PROMPT_COMMAND" not in one.text)
    ]
    return _Doubts(
        ours,
        closed[0] if closed else who.where() if who else "",
        how,
        prompts[0] if prompts else "",
        paths,
        any(one.gives_value or one.kind == "opaque" for _path, one in places),
    )


def _hidden(found: Any) -> str:
    return str(found.group()).replace("$", "_")


class _Identity(NamedTuple):
    uid: int
    gid: int
    groups: Tuple[int, ...]
    names: Tuple[str, ...]


def _account(
    account: _accounts.Account, shell: _accounts.Shell, said: Dict[str, Any], exempt: str
) -> AccountShell:
    return AccountShell(
        account.user,
        account.shell,
        shell.family,
        "told",
        "" if said["logout_seconds"] else exempt,
        said["tmout_seconds"],
        said["logout_seconds"],
        said["readonly"],
    )


def _unknown(account: _accounts.Account, shell: _accounts.Shell, why: str) -> AccountShell:
    return AccountShell(account.user, account.shell, shell.family, "unknown", why, None, None, None)


def _names(pattern: Any, text: str) -> FrozenSet[str]:
    found = pattern.search(text)
    return frozenset(re.findall(r"' ?(.*?) ?'", found.group(1)) if found else ())


def _is_for_all(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & stat.S_IROTH)
    except OSError:
        return True


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


def _within(
    identity: _Identity, work: Callable[[], Optional[Dict[str, Any]]], limit: float
) -> Optional[Dict[str, Any]]:
    """What ``work`` returns in a child that is this user; what it says is data, never code."""

    def as_this_user() -> bytes:
        os.setgroups(identity.groups)
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
        return json.dumps(work()).encode("ascii")

    said = _programs.answer(as_this_user, limit)
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
        value = found.get(key, "")
        is_kind = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
        if value is not None and not is_kind:
            return None
    return found
