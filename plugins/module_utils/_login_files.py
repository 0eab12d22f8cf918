# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files a login shell reads, in which order, and where TMOUT is defined in them.

The files are handed in, so that any tree can be followed. What cannot be known without running the
files, such as a condition, is taken to be read.

Private to this collection: it may change without notice.
"""

import fnmatch
import os
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ansible_collections.curfew.session.plugins.module_utils import _shell_text
from ansible_collections.curfew.session.plugins.module_utils._tmout_script import (
    Definition,
    find,
)

__all__ = ("Files", "Place", "Reading", "follow")

_ROOTS = {
    "bash": ("/etc/profile",),
    "dash": ("/etc/profile",),
    "ksh93": ("/etc/profile", "/etc/ksh.kshrc"),
    "mksh": ("/etc/profile", "/etc/mkshrc"),
    "zsh": tuple(
        folder + name
        for name in ("zshenv", "zprofile", "zshrc", "zlogin")
        for folder in ("/etc/", "/etc/zsh/")
    ),
}
# Interactive shells that are no login shells read these, and so do the ~/.bashrc of many users.
_LATER = {"bash": ("/etc/bash.bashrc", "/etc/bashrc")}
_MAX_NESTING = 12
_MAX_READS = 2000
_PATH = re.compile(r"/[A-Za-z0-9_./*?\[\]^+-]+")
# The names that every profile loop reads.
_LOOP_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.sh\Z")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?\Z")


class Files:
    """What `follow` asks of a tree of files."""

    def text(self, path: str) -> Optional[str]:
        """Return a file's text, None if it is not there."""
        raise NotImplementedError

    def names(self, folder: str) -> Optional[List[str]]:
        """Return the names in a folder, None if it is none."""
        raise NotImplementedError

    def real(self, path: str) -> str:
        """Return a path without symbolic links."""
        raise NotImplementedError


class Place(NamedTuple):
    """A definition in a file; it can be read both before and after the drop-in."""

    path: str
    definition: Definition
    before: bool
    after: bool


class Reading(NamedTuple):
    """What the shells of one family read."""

    files: List[str]
    reads_drop_in: bool
    places: List[Place]


class _Sourced(NamedTuple):
    offset: int
    words: Tuple[str, ...]


_Event = Union[Definition, _Sourced]


def follow(files: Files, family: str, drop_in: str) -> Reading:
    """Return what the login shells of a family read, relative to the drop-in."""
    walk = _Walk(files, drop_in)
    for root in _ROOTS.get(family, ()):
        walk.read(root)
    # Without the drop-in read, nothing comes after it.
    for root in _LATER.get(family, ()):
        if walk.real(root) not in walk.order:
            walk.read(root)
    return walk.result()


class _Walk:
    def __init__(self, files: Files, drop_in: str) -> None:
        self._files = files
        self._drop_in = files.real(drop_in)
        self._reached = False
        self._unsure = False
        self._nesting: List[str] = []
        self._reads = 0
        self._events: Dict[str, List[_Event]] = {}
        self.order: Dict[str, str] = {}
        self._seen: Dict[Tuple[str, int], Place] = {}

    def real(self, path: str) -> str:
        return self._files.real(path)

    def result(self) -> Reading:
        return Reading(list(self.order.values()), self._reached, list(self._seen.values()))

    def read(self, path: str) -> None:
        real_path = self._files.real(path)
        self._reads += 1
        too_much = len(self._nesting) >= _MAX_NESTING or self._reads > _MAX_READS
        if real_path in self._nesting or too_much:
            return
        if real_path == self._drop_in:
            self._reached = True
            return
        text = self._files.text(path)
        if text is None:
            return
        self.order.setdefault(real_path, path)
        self._nesting.append(real_path)
        if real_path not in self._events:
            self._events[real_path] = _events(text)
        for event in self._events[real_path]:
            self._take(path, event)
        self._nesting.pop()

    def _take(self, path: str, event: _Event) -> None:
        if isinstance(event, Definition):
            key = (self._files.real(path), event.offset)
            old = self._seen.get(key, Place(path, event, False, False))
            before = old.before or not self._reached
            self._seen[key] = old._replace(
                before=before, after=old.after or self._reached or self._unsure
            )
        elif isinstance(event, _Sourced):
            for word in event.words:
                self._read_word(word)

    def _read_word(self, word: str) -> None:
        plain = _shell_text.literal(word)
        if plain is not None and plain.startswith("/"):
            paths = self._expanded(plain)
        elif "$(" in word or "`" in word:
            # Such as $(run-parts --list ... /etc/profile.d).
            paths = [path for found in _PATH.findall(word) for path in self._expanded(found)]
        else:
            return
        for path in paths:
            outer = self._unsure
            self._unsure = outer or self._may_follow(path)
            self.read(path)
            self._unsure = outer

    def _expanded(self, path: str) -> List[str]:
        folder, name = os.path.split(path)
        if not re.search(r"[*?\[]", path):
            names = self._names(path)
            if names is None:
                return [path]
            return [os.path.join(path, one) for one in _sorted(names) if _LOOP_NAME.match(one)]
        names = None if re.search(r"[*?\[]", folder) else self._names(folder)
        fitting = fnmatch.filter(names or [], name.replace("[^", "[!"))
        return [os.path.join(folder, one) for one in _sorted(fitting) if one[0] != "."]

    def _names(self, folder: str) -> Optional[List[str]]:
        """Return the names in a folder, the drop-in among them even before it exists."""
        names = self._files.names(folder)
        parent, own = os.path.split(self._drop_in)
        if names is None or own in names or self._files.real(folder) != parent:
            return names
        return names + [own]

    def _may_follow(self, path: str) -> bool:
        """A loop's order is that of the user's language: `Z.sh` comes before or after `t.sh`."""
        if os.path.dirname(self._files.real(path)) != os.path.dirname(self._drop_in):
            return False
        return _collated(path) > _collated(self._drop_in)


def _sorted(names: Sequence[str]) -> List[str]:
    return sorted(names, key=os.fsencode)


def _collated(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", os.path.basename(path).lower())


def _events(text: str) -> List[_Event]:
    events: List[_Event] = list(find(text))
    if _may_source(text):
        events += _sourced(text)
    return sorted(events, key=lambda event: event.offset)


_SOURCE = re.compile(r"(?<![^\s;&|(){}'\"`])(?:\.|source)[\s<>]")
_COMMAND_BEGINS = re.compile(
    r"(?:[\n;&|(){}'\"`!]|\\\n.*|[<>].*|\b(?:if|then|elif|else|while|until|do|fi|done|esac|end"
    r"|time|coproc|builtin|command|function[ \t]+\S+))[ \t\r]*\Z"
)
# A comment that no quote, bracket or continued line makes anything else.
_COMMENT = re.compile(r"[^\\]\n[ \t]*#(?:[^'\"`)}]|\)(?!\)))*\Z")


def _may_source(text: str) -> bool:
    """Tell at a glance that a file sources no other, as most do not: reading it whole is slow."""
    text = "\n\n" + text
    for found in _SOURCE.finditer(text):
        line = text[text.rfind("\n", 0, found.start()) - 1 : found.start()]
        if _COMMAND_BEGINS.search(line) and not _COMMENT.match(line):
            return True
    return False


def _sourced(text: str) -> List[_Sourced]:
    found: List[_Sourced] = []
    for command in _shell_text.parse(text).commands:
        words = [word.text for word in command.words]
        if words[0] == "emulate" and "-c" in words[:-1]:
            # The way of zsh: emulate sh -c '. /etc/profile'
            inner = _shell_text.literal(words[words.index("-c") + 1])
            found += [one._replace(offset=command.start) for one in _sourced(inner or "")]
        while len(words) > 1 and words[0] in ("builtin", "command"):
            words = words[1:]
        if len(words) < 2 or words[0] not in (".", "source") or command.subshell:
            continue
        variable = _VARIABLE.match(words[1].strip('"'))
        loop = command.loops.get(variable.group(1), ()) if variable else (words[1],)
        found.append(_Sourced(command.start, loop))
    return found
