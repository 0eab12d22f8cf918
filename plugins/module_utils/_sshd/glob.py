# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that an Include names, as glob(3) finds them for sshd. Private to the collection.

Not Python's own glob: to that a folder which the system fails to list is an empty one, and on that
word a run would call a job done that it has not even seen.
"""

import os
import re
from typing import Iterable, List

from .._files import reading

__all__ = ["expand"]

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


def expand(pattern: str) -> List[str]:
    """The paths that an absolute pattern names, in no order.

    :raises FilesError: a folder cannot be listed, or there is no end to the names.
    """
    found = ["/"]
    for part in pattern.split("/"):
        if part:
            found = _below(found, part, pattern)
    return [path for path in found if _is_there(path)]


def _below(folders: Iterable[str], part: str, pattern: str) -> List[str]:
    """What one part of a pattern names in each of the folders."""
    translated = _translated(part)
    if not _MAGIC.search(translated):
        return [os.path.join(folder, translated) for folder in folders]
    found: List[str] = []
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
        found += [os.path.join(folder, name) for name in reading.fitting(names, translated)]
    return found


def _translated(part: str) -> str:
    """A part of a pattern in Python's dialect; to both, ``[^`` negates nothing."""
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
