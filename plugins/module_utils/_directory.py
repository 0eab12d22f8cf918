# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this host has accounts of a directory, and ask it without waiting for ever.

Private to the collection. A directory that hangs keeps whoever asks for a name for a minute, each
time. So where there is one, a child asks, for some seconds; once it did not answer, it is asked
no more in this run, and the files of this host alone tell.
"""

import functools
import os
import re
from contextlib import suppress
from typing import Callable, Dict, List, Optional, Tuple

from . import _identities, _programs
from ._files.reading import text_or_nothing

__all__ = ["LOCAL", "NSSWITCH", "exists", "groups_of", "is_silent", "silence", "sources"]

NSSWITCH = "/etc/nsswitch.conf"
# One that looks nowhere but in the files of this host.
LOCAL = b"passwd: files\ngroup: files\ninitgroups: files\nshadow: files\nhosts: files dns\n"
ANSWER_SECONDS = 3
# Sources that are files of this host, or make accounts up that nobody logs in as.
_LOCAL_SOURCES = frozenset(("files", "compat", "systemd", "altfiles", "extrausers"))
_NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")
_state: Dict[str, bool] = {}


@functools.lru_cache(maxsize=None)
def sources() -> Tuple[str, ...]:
    """Return the directories that this host has accounts from, as nsswitch.conf calls them."""
    databases: Dict[str, List[str]] = {}
    for line in text_or_nothing(NSSWITCH).split("\n"):
        database, _colon, rest = line.partition("#")[0].partition(":")
        # What to do after each of them, [NOTFOUND=return], is no name.
        names = re.sub(r"\[[^\]]*\]", " ", rest).split()
        databases.setdefault(database.strip(), []).extend(filter(_NAME.match, names))
    names = databases.get("passwd", [])
    if "compat" in names and _has_plus():
        names = names + databases.get("passwd_compat", ["nis"])
    return tuple(
        name
        for name in dict.fromkeys(names)
        if name not in _LOCAL_SOURCES and not (name == "sss" and not _sss_is_configured())
    )


def _has_plus() -> bool:
    """Tell whether a line of /etc/passwd stands for accounts from elsewhere."""
    with suppress(OSError), open(_identities.PASSWD, "rb") as lines:
        return any(line.startswith(b"+") for line in lines)
    return False


def _sss_is_configured() -> bool:
    """Tell whether there is an sssd to answer: some systems name it on every host."""
    folder = "/etc/sssd"
    try:
        names = os.listdir(os.path.join(folder, "conf.d"))
    except OSError:
        names = []
    return os.path.exists(os.path.join(folder, "sssd.conf")) or any(
        name.endswith(".conf") and name[0] != "." for name in names
    )


def is_silent() -> bool:
    """Tell whether a directory was asked in this run and did not answer in time."""
    return _state.get("silent", False)


def silence() -> Optional[str]:
    """Return a sentence on a directory that did not answer."""
    if not is_silent():
        return None
    names = " and ".join(sources())
    return (
        f"The directory that /etc/nsswitch.conf calls {names} did not answer within "
        f"{ANSWER_SECONDS} seconds, and was not asked again: what is said holds for the accounts "
        "in the files of this host."
    )


def exists(user: str) -> bool:
    """Tell whether the host knows a user of this name."""
    if not sources():
        return _identities.exists(user)
    answer = _asked(lambda: b"yes" if _identities.exists(user) else b"no")
    return _identities.is_local(user) if answer is None else answer == b"yes"


def groups_of(user: str) -> Tuple[str, ...]:
    """Return the names of the groups of a user, none where there is no such user."""
    if not sources():
        return _identities.groups_of(user)
    answer = _asked(lambda: os.fsencode("\n".join(_identities.groups_of(user))))
    if answer is None:
        return tuple(name for name, who in _identities.local_members({user: 0}).items() if who)
    names: List[str] = os.fsdecode(answer).split("\n")
    return tuple(name for name in names if name)


def _asked(question: Callable[[], bytes]) -> Optional[bytes]:
    if is_silent():
        return None
    answer = _programs.answer(question, ANSWER_SECONDS)
    if answer is None:
        _state["silent"] = True
    return answer
