# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say, before anything is touched, what would make changing a file unsafe or impossible.

Private to the collection.
"""

import fcntl
import os
import re
import stat
import struct
from typing import List, Tuple

from .reading import (
    Change,
    FilesError,
    danger_of,
    explained,
    is_link,
    look,
    resolve,
    shown,
)

__all__ = ["check_folder", "check_safe"]

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH  # an ACL shows its mask as the group's bits
_IMMUTABLE = 0x10
_APPEND_ONLY = 0x20
_ROOM_FOR_JOURNAL = 64 * 1024
_MOUNTS = "/proc/self/mountinfo"


def check_safe(change: Change) -> None:
    """Refuse what nobody should write to, and what is bound to fail; touch nothing."""
    path = change.snapshot.path
    with explained(path, "examined"):
        real_path, lookups = resolve(path)
        _check_lookups(path, [(at, "" if entry == real_path else entry) for at, entry in lookups])
        if any(is_link(entry) for _at, entry in lookups):
            _check_link_target(path, real_path)
        _check_folder_writable(os.path.dirname(real_path))
        _check_file(real_path)
        _check_mounts(real_path)
        _check_room(real_path, len(change.after or b""))


def check_folder(folder: str) -> None:
    """Refuse a folder in which, or on the way to which, somebody else could put other files."""
    with explained(folder, "examined"):
        real_path, lookups = resolve(folder)
        _check_lookups(folder, lookups + [(real_path, "")])


def _check_lookups(path: str, lookups: List[Tuple[str, str]]) -> None:
    if os.geteuid() != 0:
        return  # whoever is not root can lose no more than is theirs
    for folder, entry in lookups:
        danger = None if look(folder) is None else danger_of(os.stat(folder), entry)
        if danger:
            raise FilesError(
                f"{shown(path)} is not safe to write: the folder {shown(folder)} {danger}."
            )


def _check_link_target(path: str, real_path: str) -> None:
    status = look(real_path)
    if os.geteuid() != 0 or status is None:
        return
    if status.st_uid != 0 or status.st_mode & _WRITABLE_BY_OTHERS:
        raise FilesError(
            f"{shown(path)} leads through a symbolic link to {shown(real_path)}, "
            "which others than root can write."
        )


def _check_folder_writable(folder: str) -> None:
    name = shown(folder)
    if not os.path.isdir(folder):
        raise FilesError(f"The folder {name} does not exist.")
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise FilesError(f"The folder {name} is on a read-only file system.")
    _check_flags(folder, "The folder ")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FilesError(f"There is no permission to write in the folder {name}.")


def _check_file(real_path: str) -> None:
    status = look(real_path)
    if status is None:
        return
    name = shown(real_path)
    if status.st_nlink > 1:
        raise FilesError(
            f"{name} has {status.st_nlink} names (hard links): "
            "replacing one would cut it off from the others."
        )
    if os.geteuid() not in (0, status.st_uid):
        raise FilesError(f"{name} belongs to user {status.st_uid}, which could not be kept.")
    _check_flags(real_path, "")


def _check_flags(path: str, kind: str) -> None:
    flags = _inode_flags(path)
    for flag, name in ((_IMMUTABLE, "immutable (chattr +i)"), (_APPEND_ONLY, "append-only (+a)")):
        if flags & flag:
            raise FilesError(f"{kind}{shown(path)} is {name} and cannot be changed.")


def _inode_flags(path: str) -> int:
    """Return the attributes that lsattr shows; 0 where the file system does not tell."""
    machine = os.uname().machine
    read_bit = 1 << 30 if re.match("(ppc|mips|sparc|alpha|parisc)", machine) else 1 << 31
    request = read_bit | struct.calcsize("l") << 16 | ord("f") << 8 | 1  # FS_IOC_GETFLAGS
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY)
    except PermissionError:
        return 0
    try:
        answer = fcntl.ioctl(descriptor, request, b"\0" * struct.calcsize("l"))
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return int(struct.unpack_from("i", answer)[0])


def _check_mounts(real_path: str) -> None:
    """Refuse a file that is a mount point itself, as container tools make them."""
    try:
        with open(_MOUNTS, "rb") as mounts:
            points = [line.split(b" ")[4] for line in mounts]
    except (FileNotFoundError, PermissionError):
        return  # no /proc here: the rename itself will say it
    wanted = os.fsencode(real_path)
    if wanted in [re.sub(rb"\\([0-7]{3})", _unescaped, point) for point in points]:
        raise FilesError(f"{shown(real_path)} is a mount point of its own: it cannot be replaced.")


def _unescaped(match: "re.Match[bytes]") -> bytes:
    return bytes([int(match.group(1), 8)])


def _check_room(real_path: str, size: int) -> None:
    folder = os.path.dirname(real_path)
    room = os.statvfs(folder)
    blocks = room.f_bfree if os.geteuid() == 0 else room.f_bavail
    if blocks * room.f_frsize < size + _ROOM_FOR_JOURNAL or (room.f_files and not room.f_ffree):
        raise FilesError(
            f"There is not enough room on the file system of {shown(real_path)} to write it safely."
        )
