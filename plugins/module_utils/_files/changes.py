# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change several files, all or none, so that nothing is ever half done or lost.

Private to the collection.

The order of use, with ``homes`` folders that only root can write:

    with lock.locked(home) for each of them:
        warnings = journal.recover(homes)
        change = reading.Change(reading.read(path), after)
        safety.check_safe(change)
        transaction = Transaction(homes, [change])
        transaction.write()
        ...ask the programs; if they do not say what was asked: transaction.undo()
        transaction.finish()
"""

import errno
import os
import time
from typing import Container, Dict, List, NamedTuple, Optional, Sequence

from .journal import Entry, begin, complete, digest, prove, take_back
from .reading import (
    Change,
    FilesError,
    Identity,
    Snapshot,
    explained,
    identity_of,
    look,
    read,
    shown,
    unfinished,
)
from .safety import check_folder, check_safe
from .writing import copy_attributes, create_private, sync_folder, write_all

__all__ = ["NotRestored", "Transaction"]

# What a file system without hard links says, or one on which they are used up.
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS)


class NotRestored(FilesError):
    """Not every file could be put back; the text says how each of them is."""


class _Seen(NamedTuple):
    """A file as it was when the new one was staged; its ctime tells of any change since then."""

    identity: Identity
    ctime_ns: int


class Transaction:
    """A change of several files, all or none: written in the order given, undone in reverse.

    ``warnings`` holds sentences about what went wrong without consequences for the files.
    """

    def __init__(
        self, homes: Sequence[str], changes: Sequence[Change], backup: Container[str] = ()
    ) -> None:
        """Prepare it; ``backup`` holds the real paths of which a copy is kept."""
        self._homes = list(dict.fromkeys(os.path.realpath(home) for home in homes))
        self._changes = [change for change in changes if change.is_one]
        token = os.urandom(4).hex()
        stamp = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
        self._entries = [
            _entry(change, token, stamp if change.snapshot.real_path in backup else None)
            for change in self._changes
        ]
        self._begun = False
        self._placed = 0
        self.changed_files: List[str] = [entry.target for entry in self._entries]
        self.backups: Dict[str, str] = {
            entry.target: entry.backup for entry in self._entries if entry.backup
        }
        self.warnings: List[str] = []

    def write(self) -> None:
        """Put every new file in place; if one cannot be, put all back and say why."""
        self._check()
        if not self._entries:
            return
        try:
            self._begun = True
            begin(self._homes, self._entries)
            self._stage_and_place()
        except BaseException as error:
            self._restore_after(error)
            raise

    def undo(self) -> None:
        """Give every file its old bytes back; the very same inode where the system has links."""
        if not self._begun:
            return
        try:
            problems = take_back(self._homes, self._entries, self._placed)
            self.changed_files, self.backups = [], {}
        except FilesError as error:  # any other end of it, by a signal, lets it be called again
            problems = [str(error)]
        self._begun = False
        if problems:
            raise NotRestored(" ".join(problems))

    def finish(self) -> None:
        """Keep the new files for good, or else undo; what is not tidied up, the next run will."""
        if not self._begun:
            return
        try:
            prove(self._homes[0])
        except BaseException as error:
            self._restore_after(error)
            raise
        self._begun = False
        try:
            complete(self._homes, self._entries)
        except FilesError as error:
            self.warnings.append(str(error))

    def _check(self) -> None:
        targets = [entry.target for entry in self._entries]
        for target in targets:
            if targets.count(target) > 1:
                raise FilesError(f"{shown(target)} would be changed twice in one run.")
        if not targets:
            return
        for home in self._homes:
            check_folder(home)
            journal = unfinished(home)
            if journal:
                raise FilesError(f"{shown(journal)} is left from a run that was not finished.")
        for change in self._changes:
            check_safe(change)

    def _stage_and_place(self) -> None:
        pairs = list(zip(self._changes, self._entries))
        staged = []
        for change, entry in pairs:
            with explained(entry.target, "prepared"):
                staged.append(_stage(change, entry))
        for folder in sorted({os.path.dirname(entry.target) for entry in self._entries}):
            with explained(folder, "synced"):
                sync_folder(folder)
        for (change, entry), before in zip(pairs, staged):
            with explained(entry.target, "replaced"):
                _require_unchanged(change.snapshot, before, staged=True)
                self._placed += 1
                _place(entry)
                sync_folder(os.path.dirname(entry.target))

    def _restore_after(self, error: BaseException) -> None:
        try:
            self.undo()
        except FilesError as second:
            path = error.path if isinstance(error, FilesError) else None
            raise NotRestored(f"{error} And then: {second}", path) from error


def _entry(change: Change, token: str, stamp: Optional[str]) -> Entry:
    target = change.snapshot.real_path
    folder, name = os.path.split(target)
    # A name may have 255 bytes: cut ours so that what is added still fits.
    stem = os.path.join(folder, "." + os.fsdecode(os.fsencode(name)[:180]))
    is_old = change.snapshot.data is not None
    return Entry(
        target=target,
        temp=None if change.after is None else f"{stem}.{token}.new",
        saved=f"{stem}.{token}.old" if is_old else None,
        backup=f"{stem}.{stamp}.{token}~" if is_old and stamp else None,
        old=digest(change.snapshot.data),
        new=digest(change.after),
    )


def _stage(change: Change, entry: Entry) -> Optional[_Seen]:
    """Prepare everything that can fail beside the target, so that placing it is one rename."""
    _require_unchanged(change.snapshot, None, staged=False)
    old, new = change.snapshot.data, change.after
    if old is None or entry.saved is None:
        if new is not None and entry.temp is not None:
            _stage_new(entry.temp, new, change.mode)
        return None
    source = os.open(entry.target, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        if new is not None and entry.temp is not None:
            _write_copy(source, entry.temp, new, rights=change.mode if change.rights else None)
            _save(source, entry.target, entry.saved, old)
        return _seen(entry.target)
    finally:
        os.close(source)


def _stage_new(temp: str, data: bytes, mode: int) -> None:
    descriptor = create_private(temp)
    try:
        write_all(descriptor, data)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_copy(
    source: int, temp: str, data: bytes, keep_times: bool = False, rights: Optional[int] = None
) -> None:
    descriptor = create_private(temp)
    try:
        write_all(descriptor, data)
        copy_attributes(source, descriptor)
        if rights is not None:
            if os.geteuid() == 0:
                os.fchown(descriptor, 0, 0)
            os.fchmod(descriptor, rights)
        if keep_times:
            status = os.fstat(source)
            os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _save(source: int, target: str, saved: str, data: bytes) -> None:
    """Give the old file a second name, so that undo brings back the same inode, times and all."""
    try:
        os.link(target, saved)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _write_copy(source, saved, data, keep_times=True)


def _seen(path: str) -> Optional[_Seen]:
    status = look(path)
    return None if status is None else _Seen(identity_of(status), status.st_ctime_ns)


def _require_unchanged(snapshot: Snapshot, before: Optional[_Seen], staged: bool) -> None:
    """Refuse to go on from what is no longer there.

    Before our own link is made, what was read must be there; after it, what was seen since: the
    link changes the ctime, and on an overlay even the inode's number.
    """
    now = read(snapshot.path, missing_ok=True)
    same = _seen(now.real_path) == before if staged else now.identity == snapshot.identity
    if not same or (now.real_path, now.data) != (snapshot.real_path, snapshot.data):
        raise FilesError(
            f"{shown(snapshot.path)} has been changed by somebody else since it was read.",
            snapshot.real_path,
        )


def _place(entry: Entry) -> None:
    if entry.temp is not None and entry.saved is not None:
        os.rename(entry.temp, entry.target)
    elif entry.temp is not None:
        _place_new(entry.temp, entry.target)
    elif entry.saved is not None:
        os.rename(entry.target, entry.saved)


def _place_new(temp: str, target: str) -> None:
    """Put a new file where none was."""
    try:
        # A link, unlike a rename, never replaces what somebody else put there meanwhile.
        os.link(temp, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.rename(temp, target)
    else:
        os.unlink(temp)
