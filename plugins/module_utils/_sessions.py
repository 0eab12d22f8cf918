# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has an SSH session open on this host. Private to the collection."""

import os
import re
from contextlib import suppress
from typing import Container, List

__all__ = ["has_session", "pids", "title", "users_but"]

_TITLE = re.compile(r"sshd(?:-session)?: .+@\S+\Z")
_UID = re.compile(r"(?m)^Uid:\t([0-9]{1,10})\t")


def pids() -> List[int]:
    """Return the numbers of all processes."""
    with suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def title(pid: int) -> str:
    """Return what a process calls itself.

    :raises OSError: it ended while we looked.
    """
    with open(f"/proc/{pid}/cmdline", "rb") as stream:
        return stream.read(4096).rstrip(b"\0 ").decode("utf-8", "replace")


def has_session(pid: int) -> bool:
    """Tell whether a process calls itself as an sshd does that serves a session.

    :raises OSError: it ended while we looked.
    """
    return bool(_TITLE.match(title(pid)))


def users_but(known: Container[int]) -> List[int]:
    """Return the numbers of further users who have a session open than those that are known.

    Whoever calls a process of his own like this tells of himself alone: the kernel says whose it
    is.
    """
    found = set()
    for pid in pids():
        with suppress(OSError):
            if has_session(pid):
                with open(f"/proc/{pid}/status", "rb") as stream:
                    uid = _UID.search(stream.read(4096).decode("utf-8", "replace"))
                if uid and int(uid.group(1)) not in known:
                    found.add(int(uid.group(1)))
    return sorted(found)
