# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders for temporary files, which go with the run, or with the next one if it is killed.

Private to the collection.

A folder is locked as long as its run lives: one that carries our name, is ours, and is not locked
has been left behind.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from typing import Dict, Optional

__all__ = ["NOBODYS_UID", "make", "remove"]

PREFIX = "curfew-session-"
NOBODYS_UID = 4294900001  # no account has it, so no other process can look into what is its
_locks: Dict[str, int] = {}


def make(parent: Optional[str] = None) -> str:
    """Make a folder that nobody else can look into, below the usual one for temporary files."""
    parent = parent or tempfile.gettempdir()
    with suppress(OSError):
        for name in os.listdir(parent):
            if name.startswith(PREFIX):
                _sweep(os.path.join(parent, name))
    while True:
        folder = tempfile.mkdtemp(prefix=PREFIX, dir=parent)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue  # taken for left behind: it was not locked yet
        except BaseException:
            remove(folder)
            raise
        _locks[folder] = descriptor
        with suppress(OSError):  # where nothing can be locked, nothing is swept
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.path.isdir(folder):
            return folder
        remove(folder)


def remove(folder: str) -> None:
    """Remove a folder with all that is in it; that it cannot be is no reason to fail."""
    with suppress(OSError):  # rmtree itself lets some of them through
        shutil.rmtree(folder, ignore_errors=True)
    descriptor = _locks.pop(folder, None)
    if descriptor is not None:
        with suppress(OSError):
            os.close(descriptor)


def _sweep(folder: str) -> None:
    with suppress(OSError):
        status = os.lstat(folder)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (os.geteuid(), NOBODYS_UID):
            return
        if os.path.ismount(folder):  # our own stage, seen from within: what is locked lies below
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
