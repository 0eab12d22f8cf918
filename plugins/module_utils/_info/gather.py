# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what ends sessions on this host, and say so. Private to the collection.

Nothing is changed: files are read, programs are asked. Whatever cannot be seen is null in the
result, and a sentence of its ``verdict``.
"""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .. import _accounts, _directory, _sessions
from .._refusal import BadOption, Refusal
from .._results import check_usable, printable
from .._sshd import options
from . import host, verdict
from . import shells as info_shells
from . import sshd as info_sshd
from .facts import AccountShell, Directory, Facts, LogindTimeouts, ShellTimeouts, SshdTimeouts

__all__ = ["gather", "run", "spec"]

# The shells that take TMOUT from their environment and obey it (measured).
_INHERITING = ("bash", "ksh93", "mksh", "zsh")


def spec() -> Dict[str, Any]:
    """Return the module's options, those that it shares with the modules that edit sshd's files."""
    shared = options.argument_spec()
    own = {name: shared[name] for name in ("path", "connections", "sshd")}
    return dict(own, users=dict(type="list", elements="str", default=[]))


def run(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the module's result: ``failed`` where an option is wrong."""
    try:
        return gather(params)
    except Refusal as error:
        return dict(failed=True, msg=str(error))


def gather(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the module's return values.

    :raises Refusal: one sentence that names the option.
    """
    _check(params)
    shells = info_shells.survey_shells(params["users"])
    sshd = info_sshd.survey_sshd(
        params["path"],
        params["connections"],
        params["sshd"],
        [account.user for account in shells.accounts],
    )
    facts = _facts(shells, sshd, _directories_of(shells.named))
    accounts = [verdict.account(facts, *pair) for pair in facts.accounts]
    listed, notes = verdict.listed(accounts, _in_session(facts))
    result = {
        "changed": False,
        "sshd": facts.sshd.returned(),
        "shells": [shell.returned() for shell in facts.shells],
        "logind": dict(facts.logind._asdict()),
        "accounts": listed,
        "classes": verdict.classes(accounts),
        "directories": [dict(one._asdict()) for one in facts.directories],
        "verdict": verdict.verdict(facts) + notes,
    }
    return dict(printable(result))


def _in_session(facts: Facts) -> Set[str]:
    """Return who of many has a session open; where all are told about, nobody has to look."""
    if len(facts.accounts) <= verdict.MAX_ACCOUNTS:
        return set()
    open_now = _sessions.users_but(())
    return {account.user for account, _over_ssh in facts.accounts if account.uid in open_now}


def _directories_of(named: _accounts.Named) -> List[Directory]:
    """Return the directories that accounts come from; on most hosts nobody has to look."""
    if not _directory.sources():
        return []
    from .. import _directories

    return [Directory(*one, named.asked.get(one.name, 0)) for one in _directories.survey()]


def _check(params: Mapping[str, Any]) -> None:
    """Refuse options that cannot be right."""
    check_usable(params)
    for option in ("path", "sshd"):
        given = params[option]
        if given is not None and not given.startswith("/"):
            raise BadOption(option, f"{given!r} is not an absolute path.")
        if given is not None and given.endswith("/"):
            raise BadOption(option, f"{given!r} is the name of a folder.")


def _facts(
    shells: info_shells.Shells,
    sshd: info_sshd.Sshd,
    directories: Sequence[Directory],
) -> Facts:
    """Return all facts, with what the host's other services have to do with sessions."""
    timeouts = sshd.timeouts._replace(sessions=_open_sessions(sshd))
    modules = _pam_modules(sshd)
    logind, notes = _logind(sshd, modules)
    pam_value = host.pam_value("TMOUT") if "pam_env.so" in (modules or ()) else None
    return Facts(
        sshd=timeouts,
        shells=shells.timeouts,
        reads_profile_d=shells.reads_profile_d,
        release=sshd.release,
        accounts=[
            (
                _over_sshd(account, sshd.users[account.user], shells.timeouts, pam_value),
                _over_ssh(account, sshd, logind, modules or set()),
            )
            for account in shells.accounts
        ],
        logind=logind,
        unseen=sshd.unseen + shells.unseen + notes + _not_seen(timeouts) + _unnamed(shells.named),
        directories=directories,
        distribution=host.distribution(),
    )


def _unnamed(named: _accounts.Named) -> List[str]:
    if not named.missing and not named.silent:
        return []
    from .. import _directories

    return _directories.warnings(named)


def _open_sessions(sshd: info_sshd.Sshd) -> Optional[Dict[str, Optional[int]]]:
    """Count the open sessions; where a reload is needed, all of them are older than its files."""
    sessions = host.sessions(sshd.listener)
    if sessions and sshd.timeouts.reload_needed:
        return dict(sessions, older=sessions["open"])
    return sessions


def _pam_modules(sshd: info_sshd.Sshd) -> Optional[Set[str]]:
    """Return the session modules that sshd's connections go through; None: not known."""
    if not sshd.timeouts.connections:
        return None
    return host.pam_modules("sshd") if sshd.uses_pam else set()


def _logind(sshd: info_sshd.Sshd, modules: Optional[Set[str]]) -> Tuple[LogindTimeouts, List[str]]:
    """Return what logind does, and sentences on what of its configuration does nothing."""
    logind = host.logind()
    sees_ssh = None if modules is None else host.logind_sees_ssh(sshd.release, 1, modules)
    notes = []
    if logind.known and logind.seconds != logind.configured:
        notes.append("logind has not read its configuration since it was changed.")
    elif logind.running and not logind.known and logind.definitions:
        notes.append("StopIdleSessionSec does nothing before systemd 252.")
    return LogindTimeouts(logind.seconds, sees_ssh, logind.definitions), notes


def _over_ssh(
    account: AccountShell, sshd: info_sshd.Sshd, logind: LogindTimeouts, modules: Set[str]
) -> Dict[str, int]:
    """Return what else than the shell ends a user's idle SSH session, with a terminal, by name."""
    ends: Dict[str, int] = {}
    channel = sshd.users[account.user].channel
    if channel and channel["shell_seconds"]:
        ends["ChannelTimeout"] = channel["shell_seconds"]
    seconds = logind.stop_idle_session_seconds
    if sshd.users[account.user].refused is not None:
        return {}
    if seconds and host.logind_sees_ssh(sshd.release, account.uid, modules):
        ends["StopIdleSessionSec"] = seconds
    return ends


def _not_seen(sshd: SshdTimeouts) -> List[str]:
    """Return sentences on what of sshd could not be seen."""
    sentences = [sentence for sentence in [_directory.silence()] if sentence]
    if (
        sshd.version is not None
        and sshd.reload_needed is None
        and sshd.service.running is not False
    ):
        sentences.append(
            "Whether sshd has read its configuration since it was last changed cannot be seen here."
        )
    if sshd.version is not None and sshd.sessions is None:
        sentences.append("How many SSH sessions are open is for root to see.")
    return sentences


def _over_sshd(
    account: AccountShell,
    user: info_sshd.User,
    shells: List[ShellTimeouts],
    pam_value: Optional[str],
) -> AccountShell:
    """Return a shell as sshd starts it: SetEnv comes after PAM, ForceCommand in its place."""
    if account.state == "missing":
        return account
    if user.locked_out:
        account = _without_times(account, "missing", "")
        return account._replace(note=user.refused or "")
    if user.refused is not None:
        return account._replace(note=f"sshd does not let it in: {user.refused}")
    if user.forced is not None:
        detail = f"sshd starts its ForceCommand `{user.forced}` instead of the shell"
        return _without_times(account, "unknown", detail)
    if user.jail is not None:
        detail = f"sshd starts it within {user.jail}, where the login files are not the host's"
        return _without_times(account, "unknown", detail)
    if user.no_terminal is not None:
        detail = f"sshd gives it no terminal, {user.no_terminal}, and a shell without one may stay"
        return _without_times(account, "unknown", detail)
    if "TMOUT" in user.environment:
        return _with_inherited(account, shells, user.environment["TMOUT"], "sshd's SetEnv")
    if pam_value is not None:
        return _with_inherited(account, shells, pam_value, "/etc/environment")
    return account


def _without_times(account: AccountShell, state: str, detail: str) -> AccountShell:
    """Return an account of which nothing is known that was asked of its shell."""
    return account._replace(
        state=state, tmout_seconds=None, logout_seconds=None, readonly=None, detail=detail
    )


def _with_inherited(
    account: AccountShell, shells: List[ShellTimeouts], value: str, giver: str
) -> AccountShell:
    """Return an account with the TMOUT that its session starts with, if no login file sets it."""
    family = account.family
    if family not in _INHERITING or account.state != "told":
        return account
    if any(
        place.at_login for shell in shells if shell.family == family for place in shell.definitions
    ):
        return account
    seconds = _accounts.seconds_as_read(value, family)
    return account._replace(
        tmout_seconds=seconds,
        logout_seconds=_accounts.logout_seconds(family, seconds),
        readonly=False,
        detail=giver,
    )
