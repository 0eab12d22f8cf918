# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts get in with a shell that not everybody may start, or that lets few in.

Private to the collection. Modes, lists of access, folders on the way and mounts without exec decide
together, and who is in which group: so the kernel is asked, in a child, for each account.
"""

import os
import pwd
from contextlib import suppress
from typing import Dict, NamedTuple, Sequence

from . import _identities, _programs

__all__ = ["Entry", "bars"]

_LIMIT_SECONDS = 10.0
_WHY = (
    "",
    "{} cannot be started by this account, so that it cannot log in",
    "{} is git-shell, which gives this account no session",
)
_FREE, _MAY_NOT, _NO_SESSION = range(3)
# With a folder of this name at home git-shell asks for commands.
_COMMANDS = "git-shell-commands"


class Entry(NamedTuple):
    """Who is to be let in, and with which shell; ``git`` tells that this is git-shell."""

    user: str
    shell: str
    uid: int
    gid: int
    git: bool


def bars(entries: Sequence[Entry]) -> Dict[str, str]:
    """Return why accounts do not get in, by name.

    What cannot be asked, or not in time, bars nobody.
    """
    if os.geteuid() != 0:
        return {}
    groups = {
        user: tuple(group.gid for group in some)
        for user, some in _identities.local_groups().items()
    }
    content = _programs.answer(
        lambda: bytes([_bar(entry, groups.get(entry.user, ())) for entry in entries]),
        _LIMIT_SECONDS,
    )
    return {
        entry.user: _WHY[number].format(entry.shell)
        for entry, number in zip(entries, content or b"")
        if number
    }


def _bar(entry: Entry, groups: Sequence[int]) -> int:
    """Return what keeps an account out, in a child that may change who it is."""
    if not _may_start(entry, groups):
        # A directory may have local users in its groups.
        with suppress(KeyError, ValueError, OSError):
            known = os.getgrouplist(entry.user, entry.gid)
            if not _may_start(entry, [*groups, *known]):
                return _MAY_NOT
    if entry.git and not os.path.isdir(os.path.join(_home(entry.user), _COMMANDS)):
        return _NO_SESSION
    return _FREE


def _may_start(entry: Entry, groups: Sequence[int]) -> bool:
    """Ask the kernel: ``access`` goes by the real user and group, and takes root's powers away."""
    try:
        os.setgroups([*groups, entry.gid])
        os.setresgid(entry.gid, -1, -1)
        os.setresuid(entry.uid, 0, 0)
    except OSError:  # in a container not every number is somebody
        return True
    return os.access(entry.shell, os.X_OK)


def _home(user: str) -> str:
    try:
        return pwd.getpwnam(user).pw_dir
    except (KeyError, ValueError):
        return ""
