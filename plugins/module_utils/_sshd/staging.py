# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private copies of sshd's configuration, for sshd to be asked about. Private to the collection.

Only a run that changes something, or a host that lacks what sshd wants, needs one.
"""

import os
from typing import Dict, List, NamedTuple, Optional, Tuple

from .._files import scratch
from .config import Tree

__all__ = ["Stages"]


class _Stage(NamedTuple):
    """A copy of a tree: the names of its files by those of the real ones."""

    tree: Tree
    names: Dict[str, str]


class Stages:
    """Copies of trees, each made once for each owner, until they are closed."""

    def __init__(self) -> None:
        self._folders: List[str] = []
        self._stages: Dict[Tuple[int, Optional[int]], _Stage] = {}

    def main_of(self, tree: Tree, owner: Optional[int]) -> str:
        """Return the path of a copy's main file; ``owner``: whose the files are, where not ours.

        :raises OSError: it cannot be written.
        """
        key = (id(tree), owner)
        if key not in self._stages:
            folder = scratch.make()
            self._folders.append(folder)
            numbered = enumerate(tree.texts)
            names = {path: os.path.join(folder, f"{number:06d}.conf") for number, path in numbered}
            _write(tree, names, owner)
            _own(folder, owner)
            self._stages[key] = _Stage(tree, names)
        return self._stages[key].names[tree.main]

    def with_real_names(self, tree: Tree, text: str) -> str:
        """Return a text about copies of the tree as it would be about the real files."""
        for (number, _owner), stage in self._stages.items():
            if number == id(tree):
                for path, name in stage.names.items():
                    text = text.replace(name, path)
        return text

    def close(self) -> None:
        """Remove all copies."""
        for folder in self._folders:
            scratch.remove(folder)


def _write(tree: Tree, names: Dict[str, str], owner: Optional[int]) -> None:
    for path, text in tree.texts.items():
        content = _with_staged_includes(tree, path, text, names)
        descriptor = os.open(names[path], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as staged:
            staged.write(content.encode("utf-8", "surrogateescape"))
        _own(names[path], owner)


def _own(path: str, owner: Optional[int]) -> None:
    if owner is not None and os.geteuid() == 0:
        os.chown(path, owner, owner)


def _with_staged_includes(tree: Tree, path: str, text: str, names: Dict[str, str]) -> str:
    """Return the text with each Include naming the staged files, line for line."""
    lines = text.split("\n")
    for (including, number), included in tree.includes.items():
        if including == path:
            words = " ".join(f'"{names[name]}"' for name in included if name in names)
            lines[number - 1] = f"Include {words}" if words else "#"
    return "\n".join(lines)
