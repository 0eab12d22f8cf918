# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what ends sessions on this host, and say so. Private to the collection.

Nothing is changed: files are read, programs are asked. Whatever cannot be seen is null in the
result, and a sentence of its ``verdict``.
"""

import pwd
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

from .. import _accounts
from .._refusal import Refusal
from .._results import printable, unusable
from .._sshd import asking, connections, options
from . import host, verdict
from . import shells as info_shells
from . import sshd as info_sshd

__all__ = ["BadOption", "argument_spec", "gather"]

# The shells that take TMOUT from their environment and obey it (measured).
_INHERITING = ("bash", "ksh93", "mksh", "zsh")


class BadOption(Refusal):
    """An option of the module is not right; one sentence."""


def argument_spec() -> Dict[str, Any]:
    shared = options.argument_spec()
    return {name: shared[name] for name in ("path", "connections", "sshd")}


def gather(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The module's return values.

    :raises BadOption: one sentence that names the option.
    """
    refused = unusable(params)
    if refused:
        raise BadOption(refused)
    for option in ("path", "sshd"):
        given = params[option]
        if given is not None and not given.startswith("/"):
            raise BadOption(f"Option {option}: {given!r} is not an absolute path.")
        if given is not None and given.endswith("/"):
            raise BadOption(f"Option {option}: {given!r} is the name of a folder.")
    shells = info_shells.look()
    try:
        sshd = info_sshd.look(
            params["path"],
            params["connections"],
            params["sshd"],
            [account.user for account in shells.accounts],
        )
    except (asking.SshdError, connections.BadConnection) as error:
        raise BadOption(str(error)) from error
    sessions = host.sessions(sshd.listener)
    if sessions and sshd.result["reload_needed"]:
        sessions["older"] = sessions["open"]
    sshd.result["sessions"] = sessions
    modules = _pam_modules(sshd)
    logind, notes = _logind(sshd, modules)
    pam_value = host.pam_value("TMOUT") if "pam_env.so" in (modules or ()) else None
    facts = verdict.Facts(
        sshd=sshd.result,
        shells=shells.result,
        reads_profile_d=shells.reads_profile_d,
        release=sshd.release,
        accounts=[
            (
                _over_sshd(account, sshd.users[account.user], shells.result, pam_value),
                _over_ssh(account.user, sshd, logind, modules or set()),
            )
            for account in shells.accounts
        ],
        logind=logind,
        unseen=sshd.unseen + shells.unseen + notes + _not_seen(sshd.result),
        distribution=host.distribution(),
    )
    accounts = [verdict.account(facts, *pair) for pair in facts.accounts]
    told = {
        "changed": False,
        "sshd": sshd.result,
        "shells": shells.result,
        "logind": logind,
        "accounts": accounts,
        "verdict": verdict.verdict(facts),
    }
    return dict(printable(told))


def _pam_modules(sshd: info_sshd.Sshd) -> Optional[Set[str]]:
    """The session modules that sshd's connections go through; None where that is not known."""
    if not sshd.result["connections"]:
        return None
    return host.pam_modules("sshd") if sshd.uses_pam else set()


def _logind(sshd: info_sshd.Sshd, modules: Optional[Set[str]]) -> Tuple[Dict[str, Any], List[str]]:
    found = host.logind()
    sees_ssh = None if modules is None else (host.logind_sees_ssh(sshd.release, 1, modules))
    told = {
        "stop_idle_session_seconds": found.seconds,
        "sees_ssh": sees_ssh,
        "definitions": found.definitions,
    }
    if found.known and found.seconds != found.configured:
        return told, ["logind has not read its configuration since it was changed."]
    if found.running and not found.known and found.definitions:
        return told, ["StopIdleSessionSec does nothing before systemd 252."]
    return told, []


def _over_ssh(
    user: str, sshd: info_sshd.Sshd, logind: Mapping[str, Any], modules: Set[str]
) -> Dict[str, int]:
    """What else than the shell ends a user's idle SSH session, with a terminal, by name."""
    found: Dict[str, int] = {}
    channel = sshd.users[user].channel
    if channel and channel["shell_seconds"]:
        found["ChannelTimeout"] = channel["shell_seconds"]
    seconds = logind["stop_idle_session_seconds"]
    if seconds and host.logind_sees_ssh(sshd.release, _uid_of(user), modules):
        found["StopIdleSessionSec"] = seconds
    return found


def _uid_of(user: str) -> int:
    try:
        return pwd.getpwnam(user).pw_uid
    except (KeyError, ValueError):
        return 0  # of whom least is said


def _not_seen(sshd: Mapping[str, Any]) -> List[str]:
    found = []
    runs = sshd["service"]["running"] is not False
    if sshd["version"] is not None and sshd["reload_needed"] is None and runs:
        found.append(
            "Whether sshd has read its configuration since it was last changed cannot be seen here."
        )
    if sshd["version"] is not None and sshd["sessions"] is None:
        found.append("How many SSH sessions are open is for root to see.")
    return found


def _over_sshd(
    account: verdict.AccountShell,
    user: info_sshd.User,
    shells: List[Dict[str, Any]],
    pam_value: Optional[str],
) -> verdict.AccountShell:
    """The account's shell as sshd starts it: SetEnv comes after PAM, ForceCommand instead."""
    if user.forced is not None and account.state != "missing":
        return account._replace(
            state="unknown",
            tmout_seconds=None,
            logout_seconds=None,
            readonly=None,
            detail=f"sshd starts its ForceCommand `{user.forced}` instead of the shell",
        )
    if "TMOUT" in user.environment:
        return _with_inherited(account, shells, user.environment["TMOUT"], "sshd's SetEnv")
    if pam_value is not None:
        return _with_inherited(account, shells, pam_value, "/etc/environment")
    return account


def _with_inherited(
    account: verdict.AccountShell,
    shells: List[Dict[str, Any]],
    value: str,
    giver: str,
) -> verdict.AccountShell:
    """An account whose login files leave TMOUT alone keeps the one that its session starts with."""
    family = account.family
    if family not in _INHERITING or account.state != "told":
        return account
    if any(
        place["scope"] == "login shells"
        for told in shells
        if told["family"] == family
        for place in told["definitions"]
    ):
        return account
    seconds = _accounts.seconds_as_read(value, family)
    return account._replace(
        tmout_seconds=seconds,
        logout_seconds=_accounts.logout_seconds(family, seconds),
        readonly=False,
        detail=giver,
    )
