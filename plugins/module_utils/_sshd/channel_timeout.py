# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ChannelTimeout and UnusedConnectionTimeout do on a release of OpenSSH.

Private to the collection.

Measured with live sessions on 9.2, 10.0, 10.3 and 10.6: the first pattern that fits a channel's
type counts; ``session=15m`` is accepted everywhere, and fits no channel that is in use before 10.6;
``global`` counts from 9.7 on. A session gets what a Match block sets on 10.6; read: from 10.5 on.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import _durations
from . import config
from .facts import unmeasured
from .match import fits_one

__all__ = [
    "FIRST_RELEASE",
    "LOCKS_OUT",
    "MATCH_RELEASE",
    "in_force",
    "locks_out",
    "meaning",
    "seconds_of",
]

FIRST_RELEASE = (9, 2)
GLOBAL_RELEASE = (9, 7)
# Before this release the session keeps what the daemon itself read, Match blocks left out.
MATCH_RELEASE = (10, 5)
# From this release on a session whose type comes to no limit, or to 0, keeps that of the type which
# it had at the start.
SESSION_RELEASE = (10, 6)

# Measured on 9.2, 10.0 and 10.6; `sshd -t` and `-T` are content with it.
LOCKS_OUT = "`none` within a Match block makes sshd end every connection of it before the login"

_SESSION = "session"
SHELL, COMMAND = "session:shell", "session:command"
_TYPES = (
    SHELL,
    COMMAND,
    "session:subsystem:sftp",
    "agent-connection",
    "direct-tcpip",
    "direct-streamlocal@openssh.com",
    "forwarded-tcpip",
    "forwarded-streamlocal@openssh.com",
    "tun-connection",
    "x11-connection",
)


class _Part(NamedTuple):
    text: str
    pattern: str
    seconds: int


def meaning(words: Sequence[str], release: config.Release) -> Dict[str, Any]:
    """Return what the arguments of ChannelTimeout do, as ``timeout_info`` returns it."""
    parts = _parts(words)
    idle = [part.text for part in parts if not _does_something(part, release)]
    return {
        "value": " ".join(words),
        "works": any(_does_something(part, release) for part in parts),
        "shell_seconds": _seconds_for(SHELL, parts, release),
        "command_seconds": _seconds_for(COMMAND, parts, release),
        "why": _why(idle, release),
    }


def _why(idle: Sequence[str], release: config.Release) -> Optional[str]:
    clauses = []
    if idle:
        words = " ".join(idle)
        clauses.append(f"`{words}` does nothing, since {_reason(idle, release)}")
    newer = unmeasured(release)
    if newer:
        clauses.append(f"what it does was {newer}")
    return "; ".join(clauses) or None


def _reason(idle: Sequence[str], release: config.Release) -> str:
    if release < FIRST_RELEASE:
        return "OpenSSH {}.{} does not know ChannelTimeout, which came with 9.2".format(*release)
    if all(text.startswith("global=") for text in idle) and release < GLOBAL_RELEASE:
        return "global counts from OpenSSH 9.7 on"
    return "no channel in use is of such a type: shells are session:shell, commands session:command"


def _parts(words: Sequence[str]) -> List[_Part]:
    parts = []
    for word in words:
        pattern, equals, value = word.partition("=")
        seconds = seconds_of(value)
        if equals and seconds is not None:
            parts.append(_Part(word, pattern, seconds))
    return parts


def seconds_of(text: str) -> Optional[int]:
    """Return the seconds of a time as sshd writes it; None for ``none`` and what is no time."""
    try:
        return _durations.parse(text, "")
    except _durations.DurationError:
        return None


def _does_something(part: _Part, release: config.Release) -> bool:
    if not part.seconds or release < FIRST_RELEASE:
        return False
    if part.pattern == "global" and release >= GLOBAL_RELEASE:
        return True
    named = part.pattern.startswith("session:subsystem:")
    types = _TYPES + ((_SESSION,) if release >= SESSION_RELEASE else ())
    return named or any(fits_one(kind, part.pattern) for kind in types)


def _seconds_for(kind: str, parts: Sequence[_Part], release: config.Release) -> Optional[int]:
    if release < FIRST_RELEASE:
        return None
    limits = [
        part.seconds for part in parts if part.pattern == "global" and release >= GLOBAL_RELEASE
    ][-1:]
    own = _first(kind, parts)
    if not own and release >= SESSION_RELEASE:
        own = _first(_SESSION, parts)
    return min((limit for limit in limits + [own] if limit), default=None)


def _first(kind: str, parts: Sequence[_Part]) -> int:
    return next((part.seconds for part in parts if fits_one(kind, part.pattern)), 0)


def locks_out(arguments: Sequence[str], scope: config.Scope, release: config.Release) -> bool:
    """Tell whether what a connection gets ends it: outside of blocks the same is harmless."""
    return bool(scope) and release >= FIRST_RELEASE and [a.lower() for a in arguments] == ["none"]


def in_force(
    shown: Sequence[str],
    tree: config.Tree,
    options: Sequence[Tuple[str, ...]],
    release: config.Release,
    version: str = "",
) -> Tuple[Sequence[str], Optional[str]]:
    """Return the arguments that count for a connection, and why not those that sshd shows for it.

    Before 10.5 the listener's own reading counts: the first definition outside of conditional
    Match blocks, ``Match all`` and a ``Match Version`` that is met being none, after those of the
    command line (``options``).
    """
    if release >= MATCH_RELEASE:
        return shown, None
    unconditional = list(options) + [
        directive.arguments
        for directive in tree.directives
        if directive.keyword == "channeltimeout" and config.for_everybody(directive, version)
    ]
    counted = unconditional[0] if unconditional else ()
    if tuple(shown) == tuple(counted):
        return shown, None
    return counted, (
        "sshd shows `{}` here, but before OpenSSH 10.5 a session does not get what a Match block "
        "sets".format(" ".join(shown) or "none")
    )
