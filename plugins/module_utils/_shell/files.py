# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a host as login shells read them, each read once. Private to the collection."""

import errno
import os
import re
from typing import Dict, List, Optional, Sequence

from .._files.reading import Allowance, Change, FilesError, Snapshot, Unreadable, explained, read

__all__ = [
    "Files",
    "HostFiles",
    "SureFiles",
    "decoded",
    "encoded",
    "mentions_tmout",
    "without_comments",
]

# What the system says when reading failed, and not because nothing is there or nobody may read it.
_FAILURES = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE)


class Files:
    """A tree of files, whatever holds it; ``reading.follow`` asks it for texts and names."""

    def text(self, path: str) -> Optional[str]:
        """Return a file's text, None if it is not there."""
        raise NotImplementedError

    def names(self, folder: str) -> Optional[List[str]]:
        """Return the names in a folder, None if it is none."""
        raise NotImplementedError

    def real(self, path: str) -> str:
        """Return a path without symbolic links."""
        raise NotImplementedError

    def not_understood(self, path: str, why: str) -> None:
        """Take note of a file whose text is more than can be read in time."""
        raise NotImplementedError


class HostFiles(Files):
    """This host's files, each read once; what cannot be read is passed over, as shells do."""

    def __init__(self, planned: Sequence[Change] = ()) -> None:
        """Prepare to read; of the files that others have ``planned`` to change, the new text."""
        self._planned = {change.snapshot.real_path: change for change in planned}
        self.snapshots: Dict[str, Optional[Snapshot]] = {}
        # A sentence for each file that could not be read, or holds too much to be understood.
        self.left_out: List[str] = []
        self._allowance = Allowance()
        self._names: Dict[str, Optional[List[str]]] = {}
        self._real: Dict[str, str] = {}

    def snapshot(self, path: str) -> Optional[Snapshot]:
        """Return a file as it was when it was read first, None if it could not be."""
        if path not in self.snapshots:
            self.snapshots[path] = None
            try:
                self.snapshots[path] = self._allowance.spent_on(read(path))
            except FilesError as error:
                if _hides_something(path, error):
                    self.not_read(error)
        return self.snapshots[path]

    def text(self, path: str) -> Optional[str]:
        snapshot = self.snapshot(path)
        change = self._planned.get(path if snapshot is None else snapshot.real_path)
        if change is not None:
            snapshot = change.snapshot._replace(data=change.after)
        return None if snapshot is None else decoded(snapshot)

    def names(self, folder: str) -> Optional[List[str]]:
        if folder not in self._names:
            self._names[folder] = None
            try:
                with explained(folder, "listed"):
                    self._names[folder] = os.listdir(folder)
            except FilesError as error:
                if _hides_something(folder, error):
                    self.not_read(error)
        return self._names[folder]

    def real(self, path: str) -> str:
        if path not in self._real:
            try:
                self._real[path] = os.path.realpath(path)
            except ValueError:  # a name that the locale cannot encode is no file's
                self._real[path] = path
        return self._real[path]

    def not_read(self, error: FilesError) -> None:
        """Take note of what may hold something for a shell, and could not be read."""
        self.left_out.append(str(error))

    def not_understood(self, path: str, why: str) -> None:
        self.left_out.append(f"{path} could not be understood: {why}.")


class SureFiles(HostFiles):
    """The files of a host for a run that changes some of them: it must know what they hold.

    It must not take a disk that fails for a file that is not there, nor pass over a file that is
    there and that it cannot read.
    """

    def not_read(self, error: FilesError) -> None:
        raise error

    def not_understood(self, path: str, why: str) -> None:
        super().not_understood(path, why)
        raise FilesError(self.left_out[-1])


def _hides_something(path: str, error: FilesError) -> bool:
    """Tell whether a shell may read there what we cannot.

    Folders and /dev/null hold nothing for it.
    """
    if isinstance(error, Unreadable):
        return not os.path.isdir(path) and os.path.realpath(path) != os.devnull
    return getattr(error.__cause__, "errno", None) in _FAILURES


def without_comments(text: str) -> str:
    """Return a text without the lines that hold a comment alone."""
    return re.sub(r"(?m)^[ \t]*#.*$", "", text)


def mentions_tmout(text: str) -> bool:
    """Tell whether a text may define it; what tells more is a large room, and seldom needed."""
    return "TMOUT" in text or "autologout" in text


def decoded(snapshot: Snapshot) -> str:
    """Return a file's text, in a form that ``encoded`` makes the same bytes of."""
    return (snapshot.data or b"").decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return the bytes of a text that ``decoded`` has returned, changed or not."""
    return text.encode("utf-8", "surrogateescape")
