# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try candidate files in the place of the real ones, seen by our own child process alone.

Private to the collection.

A private mount namespace is made in a forked child; the staged files live on a tmpfs of its own, so
that nothing touches a disk and everything is gone with the child.
"""

import ctypes
import os
import pickle
import stat
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, TypeVar

from . import _programs
from ._files import scratch

__all__ = ["Staged", "within"]

_Result = TypeVar("_Result")
_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18


class Staged(NamedTuple):
    """A file as it would be: no ``data`` if it would be gone, no ``mode`` to keep the old file."""

    real_path: str
    data: Optional[bytes]
    mode: Optional[int]


def within(
    staged: Sequence[Staged], work: Callable[[], _Result], limit: float
) -> Optional[_Result]:
    """Return what ``work`` returns when it sees the staged files; None where that is forbidden."""
    try:
        base = scratch.make()
    except OSError:
        return None  # a full disk: no answer, as where it is forbidden
    try:
        content = _programs.answer(lambda: pickle.dumps(_work_within(base, staged, work)), limit)
    finally:
        scratch.remove(base)
    # It comes from our own child: no shell has its end of the pipe.
    result: Optional[_Result] = None if content is None else pickle.loads(content)
    return result


def _work_within(base: str, staged: Sequence[Staged], work: Callable[[], _Result]) -> _Result:
    _enter(base)
    _place(base, staged)
    return work()


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    arguments = [os.fsencode(text) for text in (source, target, kind)]
    if _libc().mount(*(arguments + [ctypes.c_ulong(flags), os.fsencode(data)])) != 0:
        raise OSError(ctypes.get_errno(), "mount", target)


def _enter(base: str) -> None:
    """Leave the mounts that all processes see for mounts of our own."""
    if _libc().unshare(_CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", base, "tmpfs", 0, "mode=0755")


def _place(base: str, staged: Sequence[Staged]) -> None:
    """Bind each staged file over the real one; a folder that gains or loses one, as a whole."""
    folders: Dict[str, List[Staged]] = {}
    for file in staged:
        folders.setdefault(os.path.dirname(file.real_path), []).append(file)
    for number, (folder, members) in enumerate(sorted(folders.items())):
        copy = os.path.join(base, str(number))
        os.mkdir(copy)
        if all(file.data is not None and os.path.exists(file.real_path) for file in members):
            for file in members:
                _mount(_written(file, copy), file.real_path, "", _MS_BIND)
        else:
            _copy_folder(folder, copy, members)
            _mount(copy, folder, "", _MS_BIND | _MS_REC)


def _written(file: Staged, folder: str) -> str:
    """Write a staged file with the rights that the real one has, or is to have."""
    path = os.path.join(folder, os.path.basename(file.real_path))
    with open(path, "wb") as stream:
        stream.write(file.data or b"")
    mode, owner, group = file.mode, 0, 0
    if mode is None:
        status = os.stat(file.real_path)
        mode, owner, group = stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
    os.chown(path, owner, group)
    os.chmod(path, mode)
    return path


def _copy_folder(folder: str, copy: str, members: Sequence[Staged]) -> None:
    """Rebuild a folder with the staged files in it, and the other ones bound into it."""
    status = os.stat(folder)
    os.chown(copy, status.st_uid, status.st_gid)
    os.chmod(copy, stat.S_IMODE(status.st_mode))
    replaced = {os.path.basename(file.real_path): file for file in members}
    for name in os.listdir(folder):
        source, target = os.path.join(folder, name), os.path.join(copy, name)
        if name in replaced:
            continue
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
            continue
        if os.path.isdir(source):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
        _mount(source, target, "", _MS_BIND | _MS_REC)
    for file in members:
        if file.data is not None:
            _written(file, copy)
