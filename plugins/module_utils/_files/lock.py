# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep other runs out of a folder while one changes what is in it. Private to the collection.

Whoever can open a file can lock it, and keep a run waiting that is to limit their sessions. So root
locks a file in /run that nobody else can open. It is there only while a run is; one that a killed
run left counts for nothing, and goes with the next.
"""

import fcntl
import os
import stat
import time
from contextlib import contextmanager, suppress
from typing import Iterator, Optional, Tuple

from .reading import FilesError, explained, look, shown

__all__ = ["locked"]

RUN = "/run"
_WAIT = 60.0
_STEP = 0.1
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@contextmanager
def locked(home: str, wait: float = _WAIT) -> Iterator[None]:
    """Keep other runs out of a folder; the lock ends with this run, however that ends."""
    with explained(home, "locked"):
        descriptor, lock_file = _acquired(home, time.monotonic() + wait)
    try:
        yield
    finally:
        with suppress(OSError):  # what was done is done
            if lock_file:
                os.unlink(lock_file)  # while it is still locked, or it might be somebody else's
        with suppress(OSError):
            os.close(descriptor)


def _acquired(home: str, deadline: float) -> Tuple[int, Optional[str]]:
    while True:
        descriptor, lock_file = _opened(home)
        try:
            _lock(home, descriptor, deadline)
            if lock_file is None or _is_at(descriptor, lock_file):
                return descriptor, lock_file
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was removed by the run that held it: nobody else will find it


def _opened(home: str) -> Tuple[int, Optional[str]]:
    """Open the lock file; the folder itself for who is not root, or where there can be none."""
    if os.geteuid() == 0 and _is_roots(RUN) and os.path.isdir(home):
        real = os.path.realpath(home).replace("%", "%25").replace("-", "%2d")
        name = "curfew.session" + real.replace("/", "-") + ".lock"
        path = os.path.join(RUN, name[-255:])
        with suppress(OSError):
            descriptor = os.open(path, _FLAGS, 0o600)
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_uid == 0:
                return descriptor, path
            os.close(descriptor)  # somebody was there before, which only a sticky folder allows
    return os.open(home, os.O_RDONLY | os.O_DIRECTORY), None


def _is_roots(folder: str) -> bool:
    """Tell whether what root makes there stays; in a container /run is often sticky."""
    status = look(folder)
    if status is None or not stat.S_ISDIR(status.st_mode) or status.st_uid != 0:
        return False
    return bool(status.st_mode & stat.S_ISVTX) or not status.st_mode & _WRITABLE_BY_OTHERS


def _lock(home: str, descriptor: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise FilesError(
                    f"{shown(home)} is locked by another run that has not ended in time."
                ) from None
        time.sleep(_STEP)


def _is_at(descriptor: int, path: str) -> bool:
    status = look(path)
    return status is not None and os.path.samestat(status, os.fstat(descriptor))
