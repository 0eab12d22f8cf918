# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files with everything that belongs to them. Private to the collection."""

import errno
import os
import stat
from typing import Dict

__all__ = ["copy_attributes", "create_private", "sync_folder", "write_all"]

# These sign the bytes of a file: copied to other bytes they would be a lie.
_SIGNATURES = ("security.ima", "security.evm")


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
    created = os.fstat(descriptor)
    if (wanted.st_uid, wanted.st_gid) != (created.st_uid, created.st_gid):
        os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
    _copy_xattrs(source, descriptor)
    os.fchmod(descriptor, stat.S_IMODE(wanted.st_mode))


def _copy_xattrs(source: int, descriptor: int) -> None:
    wanted = _xattrs(source)
    inherited = _xattrs(descriptor)
    for name in inherited:
        # An ACL inherited from the folder, which the old file has not. A label that the system gave
        # is not ours to take: SELinux lets nobody.
        if name not in wanted and not name.startswith("security."):
            os.removexattr(descriptor, name)
    for name, value in wanted.items():
        if inherited.get(name) != value:
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
