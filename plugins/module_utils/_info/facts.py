# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a host's timeouts, before it is told. Private to the collection.

Each fact can return itself as ``timeout_info`` returns it; what only the verdict needs to know is
left out there.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._sshd.service import Service

__all__ = [
    "SAME_LINE",
    "RELEASE",
    "AccountShell",
    "Beaten",
    "ConnectionTimeouts",
    "Directory",
    "Facts",
    "LogindTimeouts",
    "ShellTimeouts",
    "SshdDefinition",
    "SshdTimeouts",
    "TmoutDefinition",
]

# They start with a TMOUT of 0: where there is none at all, it was unset. From then on it is a
# variable like any other, and the timer is what it was (measured: TMOUT=3, unset, TMOUT=8 or 0
# ended an idle session after 3 seconds, and a minute in ksh93).
PREDEFINING = ("ksh93", "mksh")
# What a definition loses to, where that is not just another definition: the same line, of a file
# that is included twice; a rule of this release of sshd; a block for others, some of whom are in
# its own scope as well.
SAME_LINE = "same line"
OVERLAP = "overlap"
RELEASE = "release"


class Beaten(NamedTuple):
    """What a definition loses to, in words, and of what kind that is."""

    by: str
    kind: str = ""


class SshdDefinition(NamedTuple):
    """A definition of one of sshd's directives; it wins where nothing beats it.

    Without ``path`` and ``line`` it stands on the daemon's command line.
    """

    path: Optional[str]
    line: Optional[int]
    keyword: str
    value: str
    scope: str
    conditional: bool
    beaten: Optional[Beaten]
    accounts: Optional[Dict[str, Any]] = None

    @property
    def wins(self) -> bool:
        """Tell whether it decides in its scope."""
        return self.beaten is None

    def returned(self) -> Dict[str, Any]:
        """Return it as the module does."""
        return {
            "path": self.path,
            "line": self.line,
            "keyword": self.keyword,
            "value": self.value,
            "scope": self.scope,
            "wins": self.wins,
            "beaten_by": self.beaten.by if self.beaten else None,
            "accounts": self.accounts,
        }


class ConnectionTimeouts(NamedTuple):
    """What sshd says of one connection; ``scope`` is the Match block it was derived from.

    ``accounts`` are those of this host for which it stands.
    """

    user: str
    host: str
    addr: str
    laddr: str
    lport: int
    scope: Optional[str]
    interval_seconds: Optional[int]
    count_max: Optional[int]
    detection_seconds: Optional[Dict[str, Any]]
    channel_timeout: Optional[Dict[str, Any]]
    unused_connection_timeout: Optional[Dict[str, Any]]
    accounts: Optional[Dict[str, Any]] = None

    @property
    def numbers(self) -> Tuple[Optional[int], Optional[int]]:
        """Return what of it is about clients that are gone."""
        return self.interval_seconds, self.count_max


class SshdTimeouts(NamedTuple):
    """What is known of sshd; of ``connections`` the default one comes first."""

    path: Optional[str]
    version: Optional[str]
    service: Service
    connections: List[ConnectionTimeouts]
    tcp_keepalive_seconds: Optional[int]
    definitions: List[SshdDefinition]
    command_line: List[str]
    reload_needed: Optional[bool]
    sessions: Optional[Dict[str, Optional[int]]]
    default_is_somebody: bool = False
    daemons: Sequence[Dict[str, Any]] = ()

    @property
    def general(self) -> Optional[ConnectionTimeouts]:
        """Return the connection that stands for most: the default one, if any account is like it.

        A block that all accounts meet and nobody's connection does not leaves that one alone. It
        may be like those of a directory, which are not looked at.
        """
        default = self.connections[0] if self.connections else None
        people = [item for item in self.connections if item.accounts is not None]
        if not people or self.default_is_somebody:
            return default
        if default is None or default.numbers in [item.numbers for item in people]:
            return default
        return people[0]

    def returned(self) -> Dict[str, Any]:
        """Return it as the module does, with the numbers of most connections on top."""
        default = self.general
        return {
            "path": self.path,
            "version": self.version,
            "service": dict(self.service._asdict()),
            "effective": {
                "interval_seconds": default and default.interval_seconds,
                "count_max": default and default.count_max,
            },
            "connections": [dict(connection._asdict()) for connection in self.connections],
            "detection_seconds": default and default.detection_seconds,
            "tcp_keepalive_seconds": self.tcp_keepalive_seconds,
            "channel_timeout": default and default.channel_timeout,
            "unused_connection_timeout": default and default.unused_connection_timeout,
            "definitions": [definition.returned() for definition in self.definitions],
            "command_line": self.command_line,
            "reload_needed": self.reload_needed,
            "sessions": self.sessions,
            "daemons": list(self.daemons),
        }


class TmoutDefinition(NamedTuple):
    """Where TMOUT (of csh shells, autologout) is given or taken away."""

    path: str
    line: int
    text: str
    scope: str

    @property
    def at_login(self) -> bool:
        """Tell whether it stands in a file that a login shell reads."""
        return self.scope == "login shells"


class ShellTimeouts(NamedTuple):
    """What one login shell says of its TMOUT, and where that is defined."""

    path: str
    family: str
    tmout_seconds: Optional[int]
    readonly: Optional[bool]
    exported: Optional[bool]
    logout_seconds: Optional[int]
    answered: bool
    definitions: List[TmoutDefinition]

    def returned(self) -> Dict[str, Any]:
        """Return it as the module does."""
        definitions = [dict(definition._asdict()) for definition in self.definitions]
        return dict(self._asdict(), definitions=definitions)


class LogindTimeouts(NamedTuple):
    """What logind does with idle sessions; ``sees_ssh`` is None where that is not known."""

    stop_idle_session_seconds: Optional[int]
    sees_ssh: Optional[bool]
    definitions: List[Dict[str, Any]]


class AccountShell(NamedTuple):
    """One account's shell. ``state``: told, unknown, or missing if nobody can log in as it.

    Of the last two ``detail`` says why.
    Of one that is told, ``detail`` is the file that exempts the account, or what gives it its
    timeout if that is no login file. A ``note`` is true besides; of one that is missing it says why
    nobody gets as far as the shell.
    """

    user: str
    shell: str
    family: Optional[str]
    state: str
    detail: str
    tmout_seconds: Optional[int]
    logout_seconds: Optional[int]
    readonly: Optional[bool]
    note: str = ""
    uid: int = 0


class Directory(NamedTuple):
    """A directory that accounts come from, and how many of these were asked.

    ``why`` says what is wrong if it does not answer.
    """

    name: str
    answers: bool
    why: str
    asked: int


class Facts(NamedTuple):
    """What was gathered. ``accounts`` pairs each account's shell with what else ends its idle SSH
    sessions, after how many seconds, by name."""

    sshd: SshdTimeouts
    release: Tuple[int, int]
    shells: Sequence[ShellTimeouts]
    reads_profile_d: Mapping[str, bool]
    accounts: Sequence[Tuple[AccountShell, Mapping[str, int]]]
    logind: LogindTimeouts
    unseen: Sequence[str]
    distribution: str = ""
    directories: Sequence[Directory] = ()
