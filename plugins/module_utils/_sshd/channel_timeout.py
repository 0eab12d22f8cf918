# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ChannelTimeout and UnusedConnectionTimeout do on a release of OpenSSH.

Private to the collection.

Measured with live sessions on 9.2 and 10.0: the first pattern that fits a channel's type counts;
``session=15m`` is accepted and fits no channel that is in use; ``global`` counts from 9.7 on.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import _durations
from . import config
from .match import fits_one

__all__ = ["FIRST_RELEASE", "MATCH_RELEASE", "in_force", "meaning", "seconds_of"]

FIRST_RELEASE = (9, 2)
GLOBAL_RELEASE = (9, 7)
# Before this release the session keeps what the daemon itself read, Match blocks left out.
MATCH_RELEASE = (10, 5)

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
    if not idle:
        return None
    words = " ".join(idle)
    return f"`{words}` does nothing, since {_reason(idle, release)}"


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
    return named or any(fits_one(kind, part.pattern) for kind in _TYPES)


def _seconds_for(kind: str, parts: Sequence[_Part], release: config.Release) -> Optional[int]:
    if release < FIRST_RELEASE:
        return None
    limits = [
        part.seconds for part in parts if part.pattern == "global" and release >= GLOBAL_RELEASE
    ][-1:]
    limits += [part.seconds for part in parts if fits_one(kind, part.pattern)][:1]
    return min((limit for limit in limits if limit), default=None)


def in_force(
    shown: Sequence[str],
    tree: config.Tree,
    options: Sequence[Tuple[str, ...]],
    release: config.Release,
) -> Tuple[Sequence[str], Optional[str]]:
    """Return the arguments that count for a connection, and why not those that sshd shows for it.

    Before 10.5 the listener's own reading counts: the first definition outside of conditional
    Match blocks, ``Match all`` being none, after those of the command line (``options``).
    """
    if release >= MATCH_RELEASE:
        return shown, None
    unconditional = list(options) + [
        directive.arguments
        for directive in tree.directives
        if directive.keyword == "channeltimeout" and config.unconditional(directive)
    ]
    counted = unconditional[0] if unconditional else ()
    if tuple(shown) == tuple(counted):
        return shown, None
    return counted, (
        "sshd shows `{}` here, but before OpenSSH 10.5 a session does not get what a Match block "
        "sets".format(" ".join(shown) or "none")
    )
