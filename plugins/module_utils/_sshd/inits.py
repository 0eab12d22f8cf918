# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which init runs sshd where that is not systemd. Private to the collection."""

import os
from contextlib import suppress
from typing import Optional, Tuple

__all__ = ["service"]

_NAMES = ("ssh", "sshd")  # as Debian calls its script, and as others do


def service(pid: Optional[int]) -> Tuple[Optional[str], Optional[str]]:
    """Return name and manager of the service of a running sshd, or of the one that is installed."""
    name = _script()
    if os.path.isdir("/run/openrc"):
        return name, "openrc"
    supervised = _supervised(pid) if pid is not None else None
    if supervised is not None:
        return supervised, "runit"
    if _program(1) == "init" and name is not None:
        return name, "sysvinit"
    return None, None


def _script() -> Optional[str]:
    """Return the name of sshd's script: of one that was started, else of one that is there."""
    for folder in ("/run/openrc/started", "/etc/init.d"):
        for name in _NAMES:
            if os.path.exists(os.path.join(folder, name)):
                return name
    return None


def _supervised(pid: int) -> Optional[str]:
    """Return the name of the folder in which runit's supervisor of a process works."""
    with suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            parent = int(stream.read().rpartition(")")[2].split()[1])
        if _program(parent) == "runsv":
            return os.path.basename(os.readlink(f"/proc/{parent}/cwd"))
    return None


def _program(pid: int) -> str:
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""
