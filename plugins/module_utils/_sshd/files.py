# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sshd's configuration as it lies on this host. Private to the collection.

Gives the pure reader its files. What an Include names is found as glob(3) does, and not by Python's
own glob: to that a folder which the system fails to list is an empty one, and on that word a run
would call a job done that it has not even seen.
"""

import os
import re
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from .._files import reading
from . import config

__all__ = ["Files", "expand"]

MAX_NAMES = 100000
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_MAGIC = re.compile(r"[*?[]")
# What glob(3) passes over: a name that is not there, or that it has no right to see.
_NOTHING = (FileNotFoundError, NotADirectoryError, PermissionError)


class Files:
    """The files of one tree, each read once, so that what is planned fits what was read."""

    def __init__(
        self,
        main: str,
        keywords: Iterable[str],
        release: config.Release,
        planned: Iterable[reading.Change] = (),
    ) -> None:
        """Prepare to read; of the files that others have ``planned`` to change, the new text."""
        self.main = main
        self._planned = {change.snapshot.real_path: change.after for change in planned}
        self.keywords = list(keywords)
        self._release = release
        self.snapshots: Dict[str, reading.Snapshot] = {}
        self._allowance = reading.Allowance()
        self._expanded: Dict[str, List[str]] = {}
        # One name for each real file, so that what is changed through one is seen through all.
        self._names = {os.path.realpath(main): main}

    def read(self, texts: Mapping[str, str]) -> config.Tree:
        """Return the tree, with the texts given in place of the files of those names."""

        def load(path: str, by: Optional[Tuple[str, int]]) -> str:
            return texts[path] if path in texts else self._load(path, by)

        return config.read_tree(self.main, load, self._expand, self.keywords, self._release)

    def as_planned(self, planned: Iterable[reading.Change]) -> config.Tree:
        """Return the tree as it will be, whoever changes what in it; or would be, read anew."""
        return Files(self.main, self.keywords, self._release, planned).read({})

    def change(self, path: str, text: str) -> reading.Change:
        """Return the change after which a file that was read holds the text."""
        return reading.Change(self.snapshots[path], text.encode("utf-8", "surrogateescape"))

    def _load(self, path: str, by: Optional[Tuple[str, int]]) -> str:
        if by is not None and os.path.isdir(path):
            return ""  # sshd opens a folder that a glob names, and reads nothing
        if path not in self.snapshots:
            try:
                self.snapshots[path] = self._allowance.spent_on(reading.read(path))
            except reading.FilesError as error:
                if by is None:
                    raise
                raise reading.FilesError(f"{by[0]} line {by[1]}: Include: {error}") from error
        snapshot = self.snapshots[path]
        data = self._planned.get(snapshot.real_path, snapshot.data)
        return (data or b"").decode("utf-8", "surrogateescape")

    def _expand(self, pattern: str) -> List[str]:
        if pattern not in self._expanded:
            names: List[str] = sorted(expand(pattern), key=os.fsencode)
            self._expanded[pattern] = [
                self._names.setdefault(os.path.realpath(name), name) for name in names
            ]
        return self._expanded[pattern]


def expand(pattern: str) -> List[str]:
    """Return the paths that an absolute pattern names, in no order.

    :raises FilesError: a folder cannot be listed, or there is no end to the names.
    """
    paths = ["/"]
    for part in pattern.split("/"):
        if part:
            paths = _below(paths, part, pattern)
    return [path for path in paths if _is_there(path)]


def _below(folders: Iterable[str], part: str, pattern: str) -> List[str]:
    """Return what one part of a pattern names in each of the folders."""
    translated = _translated(part)
    if not _MAGIC.search(translated):
        return [os.path.join(folder, translated) for folder in folders]
    paths: List[str] = []
    listed = 0
    for folder in folders:
        names = _listed(folder)
        listed += len(names)
        if listed > MAX_NAMES:
            raise reading.FilesError(
                f"Include {reading.shown(pattern)}: more than {MAX_NAMES} names to look at."
            )
        if part.lstrip("\\")[:1] != ".":
            names = [name for name in names if name[0] != "."]
        paths += [os.path.join(folder, name) for name in reading.fitting(names, translated)]
    return paths


def _translated(part: str) -> str:
    """Return a part of a pattern in Python's dialect; to both, ``[^`` negates nothing."""
    part = re.sub(r"\\(.)", r"[\1]", part)
    for name, characters in _CLASSES.items():
        part = part.replace(f"[:{name}:]", characters)
    return part


def _listed(folder: str) -> List[str]:
    with reading.explained(folder, "listed"):
        try:
            return os.listdir(folder)
        except _NOTHING:
            return []


def _is_there(path: str) -> bool:
    with reading.explained(path, "examined"):
        try:
            return reading.look(path) is not None
        except _NOTHING:
            return False
