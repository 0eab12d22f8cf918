# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a file without being fooled by it, and copy one with everything that belongs to it.

Private to this collection. Knows the file system, and nothing of what the files say.
"""

import errno
import os
import stat
from contextlib import contextmanager
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

__all__ = [
    "MAX_BYTES",
    "Change",
    "FilesError",
    "Identity",
    "Snapshot",
    "copy_attributes",
    "create_private",
    "explained",
    "identity_of",
    "is_link",
    "look",
    "read",
    "resolve",
    "shown",
    "sync_folder",
    "write_all",
]

MAX_BYTES = 4 * 1024 * 1024
MAX_LINKS = 40  # the kernel's own limit

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
)
# These sign the bytes of a file: copied to other bytes they would be a lie.
_SIGNATURES = ("security.ima", "security.evm")

# device, inode, mode, owner, group, size, time of the last write in ns
Identity = Tuple[int, int, int, int, int, int, int]


class FilesError(Exception):
    """One sentence that names the file and says what stands in the way."""


class Snapshot(NamedTuple):
    """What a path held when it was read; `data` is None where nothing was there."""

    path: str
    real_path: str
    data: Optional[bytes]
    identity: Optional[Identity]


class Change(NamedTuple):
    """What a file is to hold; `after` None removes it, `mode` counts for a new file only."""

    snapshot: Snapshot
    after: Optional[bytes]
    mode: int = 0o644


def shown(path: str) -> str:
    """The path as a message may print it: one line, and no bytes that JSON cannot hold."""
    return path if path.isprintable() else repr(path)


@contextmanager
def explained(path: str, done: str) -> Iterator[None]:
    """Turn what the system refuses into one sentence: PATH could not be DONE: why."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise FilesError(f"{shown(path)} could not be {done}: {why}.") from error
    except ValueError as error:  # a NUL, or characters that the locale cannot encode
        raise FilesError(f"{shown(path)} could not be {done}: {error}.") from error


def look(path: str) -> Optional[os.stat_result]:
    """What is at a path, links not followed; None if nothing is.

    Unlike os.path.lexists() and islink() it never takes an error for a no: on that no, a journal
    would be overlooked, or a link replaced by a file.
    """
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def is_link(path: str) -> bool:
    """Whether a symbolic link is at a path."""
    about = look(path)
    return about is not None and stat.S_ISLNK(about.st_mode)


def resolve(path: str) -> Tuple[str, List[Tuple[str, str]]]:
    """The real path, and each (folder, entry) that is looked up on the way to it."""
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


def identity_of(about: os.stat_result) -> Identity:
    """What changes when somebody else replaces, writes or re-owns the file."""
    return (
        about.st_dev,
        about.st_ino,
        about.st_mode,
        about.st_uid,
        about.st_gid,
        about.st_size,
        about.st_mtime_ns,
    )


def read(path: str, missing_ok: bool = False) -> Snapshot:
    """Read a regular file of at most MAX_BYTES; anything else is refused, and never waited for."""
    if not path:
        raise FilesError("An empty path names no file.")
    with explained(path, "read"):
        real_path = resolve(path)[0]
        about = look(real_path)
        if about is None:
            return _absent(path, real_path, missing_ok)
        _require_regular(path, about)
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY
        descriptor = os.open(real_path, flags)
        try:
            about = os.fstat(descriptor)
            _require_regular(path, about)
            data = _read_bounded(path, descriptor)
        finally:
            os.close(descriptor)
    return Snapshot(path, real_path, data, identity_of(about))


def _absent(path: str, real_path: str, missing_ok: bool) -> Snapshot:
    if is_link(path):
        raise FilesError(
            f"{shown(path)} is a symbolic link to {shown(real_path)}, which does not exist."
        )
    if not missing_ok:
        raise FilesError(f"{shown(path)} does not exist.")
    return Snapshot(path, real_path, None, None)


def _require_regular(path: str, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        kind = next((name for test, name in _KINDS if test(about.st_mode)), "no file")
        raise FilesError(f"{shown(path)} is {kind}, not a regular file.")
    if about.st_size > MAX_BYTES:
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
    raise FilesError(f"{shown(path)} is larger than {MAX_BYTES // 1024 // 1024} MB.")


def create_private(path: str) -> int:
    """Open a file that is new for certain, and that nobody else can read yet."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: one call may take only some of them."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def copy_attributes(source: int, descriptor: int) -> None:
    """Give an open file the owner, the ACL, the labels and the mode of another, in this order.

    The mode comes last: until then the file is as private as it was created.
    """
    wanted = os.fstat(source)
    found = os.fstat(descriptor)
    if (wanted.st_uid, wanted.st_gid) != (found.st_uid, found.st_gid):
        os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
    _copy_xattrs(source, descriptor)
    os.fchmod(descriptor, stat.S_IMODE(wanted.st_mode))


def _copy_xattrs(source: int, descriptor: int) -> None:
    wanted = _xattrs(source)
    found = _xattrs(descriptor)
    for name in found:
        if name not in wanted:  # an ACL inherited from the folder, which the old file has not
            os.removexattr(descriptor, name)
    for name, value in wanted.items():
        if found.get(name) != value:
            os.setxattr(descriptor, name, value)


def _xattrs(descriptor: int) -> Dict[str, bytes]:
    try:
        names = os.listxattr(descriptor)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS):
            return {}
        raise
    return {name: os.getxattr(descriptor, name) for name in names if name not in _SIGNATURES}


def sync_folder(folder: str) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)
