# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read files without being fooled by what is there, and see whether a run was killed.

Private to the collection.

A run that changes nothing needs no more than this and the lock: what writes is in rooms of its own,
which most runs never load.
"""

import errno
import fnmatch
import os
import re
import stat
from contextlib import contextmanager
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._refusal import Refusal

__all__ = [
    "BEGUN",
    "DRAFT",
    "ELSEWHERE",
    "MARKER",
    "MAX_BYTES",
    "MAX_TOTAL",
    "PROVEN",
    "Allowance",
    "Change",
    "FilesError",
    "Identity",
    "Snapshot",
    "Unreadable",
    "danger_of",
    "diff",
    "explained",
    "fitting",
    "identity_of",
    "is_link",
    "look",
    "read",
    "resolve",
    "shown",
    "text_or_nothing",
    "unfinished",
]

MAX_BYTES = 4 * 1024 * 1024
MAX_TOTAL = 8 * MAX_BYTES
MAX_LINKS = 40  # the kernel's own limit
# What a run writes into its folder before it changes anything; see journal.
BEGUN = ".curfew.session.journal"
PROVEN = ".curfew.session.journal.proven"
DRAFT = ".curfew.session.journal.draft"
# The same where the journal is in another folder, which also has files that are changed.
ELSEWHERE = ".curfew.session.journal.elsewhere"
# What stands before a line of somebody else's that is disabled.
MARKER = "#curfew.session# "

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
)

# device, inode, mode, owner, group, size, time of the last write in ns
Identity = Tuple[int, int, int, int, int, int, int]


class FilesError(Refusal):
    """A file stands in the way of the run; the text names it, and ``path`` does where it can."""

    def __init__(self, message: str, path: Optional[str] = None) -> None:
        super().__init__(message)
        self.path = path


class Unreadable(FilesError):
    """A file is there that nobody can read whole: it is no regular one, or too large."""


class Snapshot(NamedTuple):
    """What a path held when it was read; ``data`` is None where nothing was there."""

    path: str
    real_path: str
    data: Optional[bytes]
    identity: Optional[Identity]


class Change(NamedTuple):
    """What a file is to hold; ``after`` None removes it.

    A new file gets the mode. One that is there keeps its mode and owner, but with ``rights``: then
    it gets the mode too, and is root's.
    """

    snapshot: Snapshot
    after: Optional[bytes]
    mode: int = 0o644
    rights: bool = False

    @property
    def is_one(self) -> bool:
        """Tell whether anything would be otherwise."""
        return self.rights or self.after != self.snapshot.data


def diff(changes: Sequence[Change]) -> List[Dict[str, str]]:
    """Return what Ansible prints with --diff: one dictionary for each file that changes."""
    return [
        {
            "before": _text(change.snapshot.data),
            "after": _text(change.after),
            "before_header": shown(change.snapshot.real_path),
            "after_header": shown(change.snapshot.real_path),
        }
        for change in changes
        if change.after != change.snapshot.data
    ]


def _text(data: Optional[bytes]) -> str:
    return (data or b"").decode("utf-8", "replace")


def shown(path: str) -> str:
    """Return a path as a message may print it: one line, and no bytes that JSON cannot hold."""
    return path if path.isprintable() else repr(path)


@contextmanager
def explained(path: str, done: str) -> Iterator[None]:
    """Turn what the system refuses into one sentence: PATH could not be DONE: why."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise FilesError(f"{shown(path)} could not be {done}: {why}.", path) from error
    except ValueError as error:  # a NUL, or characters that the locale cannot encode
        raise FilesError(f"{shown(path)} could not be {done}: {error}.", path) from error


def fitting(names: List[str], pattern: str) -> List[str]:
    """Return the names that a pattern of the shell means; none is in a range from z to a.

    Before Python 3.11 the library has an error for such a range.
    """
    try:
        return fnmatch.filter(names, pattern)
    except re.error:
        return []


def look(path: str) -> Optional[os.stat_result]:
    """Return what lstat says of a path; None if nothing is there.

    Unlike os.path.lexists() and islink() it never takes an error for a no: on that no, a journal
    would be overlooked, or a link replaced by a file.
    """
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def is_link(path: str) -> bool:
    """Tell whether a symbolic link is at a path."""
    status = look(path)
    return status is not None and stat.S_ISLNK(status.st_mode)


def resolve(path: str) -> Tuple[str, List[Tuple[str, str]]]:
    """Return the real path, and each (folder, entry) that is looked up on the way to it."""
    real = "/"
    lookups: List[Tuple[str, str]] = []
    # Not os.path.abspath(): what `..` means depends on the links before it.
    names = os.path.join(os.getcwd(), path).split("/")[::-1]
    links = 0
    while names:
        name = names.pop()
        if name == "..":
            real = os.path.dirname(real)
        if name in ("", ".", ".."):
            continue
        entry = os.path.join(real, name)
        lookups.append((real, entry))
        if not is_link(entry):
            real = entry
            continue
        links += 1
        if links > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = os.readlink(entry)
        names.extend(target.split("/")[::-1])
        real = "/" if target.startswith("/") else real
    return real, lookups


def danger_of(status: os.stat_result, entry: str) -> Optional[str]:
    """Return why others than root could replace ``entry`` in a folder, or write to a file.

    In a sticky folder only its owner and the entry's can: what is root's there is safe to pass
    through. No such mercy for what is to be written, or run, itself (an empty ``entry``).
    """
    if status.st_uid != 0:
        return f"belongs to user {status.st_uid}"
    if not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):  # an ACL shows its mask as the group's
        return None
    entry_status = look(entry) if entry and status.st_mode & stat.S_ISVTX else None
    if entry_status is not None and entry_status.st_uid == 0:
        return None
    return "can be written by others than root"


def identity_of(status: os.stat_result) -> Identity:
    """Return what changes when somebody else replaces, writes or re-owns the file."""
    return (
        status.st_dev,
        status.st_ino,
        status.st_mode,
        status.st_uid,
        status.st_gid,
        status.st_size,
        status.st_mtime_ns,
    )


def read(path: str, missing_ok: bool = False) -> Snapshot:
    """Read a regular file of at most MAX_BYTES; anything else is refused, and never waited for."""
    if not path:
        raise FilesError("An empty path names no file.")
    with explained(path, "read"):
        real_path = resolve(path)[0]
        status = look(real_path)
        if status is None:
            return _absent(path, real_path, missing_ok)
        _require_regular(path, status)
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY
        descriptor = os.open(real_path, flags)
        try:
            status = os.fstat(descriptor)
            _require_regular(path, status)
            data = _read_bounded(path, descriptor)
        finally:
            os.close(descriptor)
    return Snapshot(path, real_path, data, identity_of(status))


def _absent(path: str, real_path: str, missing_ok: bool) -> Snapshot:
    if is_link(path):
        raise FilesError(
            f"{shown(path)} is a symbolic link to {shown(real_path)}, which does not exist."
        )
    if not missing_ok:
        raise FilesError(f"{shown(path)} does not exist.")
    return Snapshot(path, real_path, None, None)


def _require_regular(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "no file")
        raise Unreadable(f"{shown(path)} is {kind}, not a regular file.")
    if status.st_size > MAX_BYTES:
        _refuse_size(path)


def _read_bounded(path: str, descriptor: int) -> bytes:
    chunks: List[bytes] = []
    size = 0
    while size <= MAX_BYTES:
        chunk = os.read(descriptor, MAX_BYTES + 1 - size)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
    return _refuse_size(path)


def _refuse_size(path: str) -> bytes:
    raise Unreadable(f"{shown(path)} is larger than {MAX_BYTES // 1024 // 1024} MB.")


def text_or_nothing(path: str) -> str:
    """Return the text of a regular file, at most MAX_BYTES; empty where it cannot be read."""
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as stream:
            return stream.read(MAX_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


class Allowance:
    """How much a run may still read of files that a host may have any number of."""

    def __init__(self) -> None:
        self._left = MAX_TOTAL

    def spent_on(self, snapshot: Snapshot) -> Snapshot:
        """Count what was read, and refuse it where it is too much together."""
        self._left -= len(snapshot.data or b"")
        if self._left < 0:
            raise Unreadable(
                f"{shown(snapshot.path)} and what was read before it are larger than"
                f" {MAX_TOTAL // 1024 // 1024} MB."
            )
        return snapshot


def unfinished(home: str) -> Optional[str]:
    """Return the journal that a killed run left in this folder, if there is one."""
    paths = [os.path.join(home, name) for name in (BEGUN, PROVEN, DRAFT, ELSEWHERE)]
    with explained(home, "examined"):
        return next((path for path in paths if look(path)), None)
