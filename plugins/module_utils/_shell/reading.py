# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a login shell reads, in which order, and where TMOUT is defined in them.

Private to the collection.

The files are handed in, so that any tree can be followed. What cannot be known without running the
files, such as a condition, is taken to be read.
"""

import os
import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from .._files.reading import fitting
from . import parser
from .files import Files, mentions_tmout

if TYPE_CHECKING:
    from .definitions import Definition

__all__ = ["LOOP_NAME", "Place", "Reading", "follow", "follow_all"]

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
_MAX_NAMES = 5000
_MAX_PATH = 4095
_MAX_STARS = 4
_PATH = re.compile(r"/[A-Za-z0-9_./*?\[\]^+-]+")
# The names that every profile loop reads.
LOOP_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.sh\Z")
_NAMED = re.compile(r"\$(?=\{\w+\}|\w)\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_VARIABLE = re.compile(_NAMED.pattern + r"\Z")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=(.*)\Z", re.DOTALL)
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./+-]{0,1000}\Z")


class Place(NamedTuple):
    """A definition in a file; it can be read both before and after the drop-in."""

    path: str
    definition: "Definition"
    before: bool
    after: bool


class Reading(NamedTuple):
    """What the shells of one family read."""

    files: List[str]
    reads_drop_in: bool
    places: List[Place]


class _Sourced(NamedTuple):
    """A command that sources files; the words may be patterns, or need expansion."""

    offset: int
    words: Tuple[str, ...]


_Event = Union["Definition", _Sourced]


# What each file that has been read does, by its real path.
_Events = Dict[str, List[_Event]]


def follow(files: Files, family: str, drop_in: str) -> Reading:
    """Return what the login shells of a family read, relative to the drop-in."""
    return _walk(files, family, drop_in, {}).result()


def follow_all(files: Files, families: Sequence[str], drop_in: str) -> Dict[str, Reading]:
    """Return what the login shells of each family read; files of several families parse once."""
    events: _Events = {}
    return {family: _walk(files, family, drop_in, events).result() for family in families}


def _walk(files: Files, family: str, drop_in: str, events: _Events) -> "_Walk":
    walk = _Walk(files, drop_in, events)
    for root in _ROOTS.get(family, ()):
        walk.read(root)
    for root in _LATER.get(family, ()):
        later = _Walk(files, drop_in, events)
        later.read(root)
        walk.add(later)
    return walk


class _Walk:
    """A way through the files that a shell reads, and what was met on it before and after ours."""

    def __init__(self, files: Files, drop_in: str, events: Dict[str, List[_Event]]) -> None:
        self._files = files
        self._drop_in = files.real(drop_in)
        self._reached = False
        self._unsure = False
        self._nesting: List[str] = []
        self._reads = 0
        self._names_met = 0
        self.events = events
        self.order: Dict[str, str] = {}
        self._seen: Dict[Tuple[str, int], Place] = {}

    def add(self, later: "_Walk") -> None:
        """Take in what a shell reads that inherits from one that has read all this.

        Unless it reads the drop-in itself, what it reads comes after it: TMOUT is in force by then.
        """
        for real_path, path in later.order.items():
            self.order.setdefault(real_path, path)
        follows = self._reached and not later._reached
        for key, place in later._seen.items():
            old = self._seen.get(key, place._replace(before=False, after=False))
            self._seen[key] = old._replace(
                before=old.before or (place.before and not follows),
                after=old.after or place.after or follows,
            )
        self._reached = self._reached or later._reached

    def result(self) -> Reading:
        return Reading(list(self.order.values()), self._reached, list(self._seen.values()))

    def read(self, path: str) -> None:
        """Read a file, and all that it sources."""
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
        if real_path not in self.events:
            self.events[real_path] = self._read_events(path, text)
        for event in self.events[real_path]:
            self._take(path, event)
        self._nesting.pop()

    def _read_events(self, path: str, text: str) -> List[_Event]:
        try:
            return _events(text)
        except parser.TooMuch as error:
            self._files.not_understood(path, str(error))
            return []

    def _take(self, path: str, event: _Event) -> None:
        """Take note of a definition, or read what is sourced."""
        if isinstance(event, _Sourced):
            for word in event.words:
                if not self._goes_on(path):
                    break
                self._read_word(path, word)
            return
        key = (self._files.real(path), event.offset)
        old = self._seen.get(key, Place(path, event, False, False))
        before = old.before or not self._reached
        after = self._reached or self._unsure or event.later
        self._seen[key] = old._replace(before=before, after=old.after or after)

    def _goes_on(self, path: str) -> bool:
        """Count a name that may be sourced; a loop within a loop has no end that we see."""
        self._names_met += 1
        if self._names_met == _MAX_NAMES:
            why = f"what it sources leads to more than {_MAX_NAMES} names"
            self._files.not_understood(path, why)
        return self._names_met < _MAX_NAMES

    def _read_word(self, within: str, word: str) -> None:
        """Read the files that a word behind a ``.`` may stand for."""
        plain = parser.literal(word)
        if plain is not None and plain.startswith("/"):
            paths = self._expanded(plain)
        elif "$(" in word or "`" in word:
            # Such as $(run-parts --list ... /etc/profile.d).
            named = _PATH.findall(word)[:_MAX_NAMES]
            paths = [path for pattern in named for path in self._expanded(pattern)]
        else:
            return
        for path in paths:
            if not self._goes_on(within):
                break
            outer = self._unsure
            self._unsure = outer or self._may_follow(path)
            self.read(path)
            self._unsure = outer

    def _expanded(self, path: str) -> List[str]:
        if len(path) > _MAX_PATH or "\0" in path:
            return []  # no file has such a name
        folder, name = os.path.split(path)
        # Matching takes longer with each star; what cannot be known is taken to be read.
        name = "*" if name.count("*") > _MAX_STARS else name
        if not re.search(r"[*?\[]", path):
            names = self._names(path)
            if names is None:
                return [path]
            return [os.path.join(path, entry) for entry in _sorted(names) if LOOP_NAME.match(entry)]
        names = None if re.search(r"[*?\[]", folder) else self._names(folder)
        matching = fitting(names or [], name.replace("[^", "[!"))
        return [os.path.join(folder, entry) for entry in _sorted(matching) if entry[0] != "."]

    def _names(self, folder: str) -> Optional[List[str]]:
        """Return the names in a folder, the drop-in among them even before it exists."""
        names = self._files.names(folder)
        parent, our_name = os.path.split(self._drop_in)
        if names is None or our_name in names or self._files.real(folder) != parent:
            return names
        return names + [our_name]

    def _may_follow(self, path: str) -> bool:
        """Tell whether a loop may read a file after the drop-in.

        Its order is that of the user's language: ``Z.sh`` comes before or after ``t.sh``.
        """
        if os.path.dirname(self._files.real(path)) != os.path.dirname(self._drop_in):
            return False
        return _collated(path) > _collated(self._drop_in)


def _sorted(names: Sequence[str]) -> List[str]:
    return sorted(names, key=os.fsencode)


def _collated(path: str) -> str:
    return re.sub(r"[^a-z0-9]", "", os.path.basename(path).lower())


def _events(text: str) -> List[_Event]:
    """Return the definitions in a text and what it sources, in order."""
    sources = _may_source(text)
    defines = mentions_tmout(text)
    if not sources and not defines:
        return []
    script = parser.parse(text)
    events: List[_Event] = []
    if defines:
        from .definitions import find_in

        events += find_in(text, script)
    if sources:
        events += _sourced(script)
    return sorted(events, key=lambda event: event.offset)


_SOURCE = re.compile(r"(?<![^\s;&|(){}'\"`])(?:\.|source)[\s<>]")
_COMMAND_BEGINS = re.compile(
    r"(?:[\n;&|(){}'\"`!]|\\\n.*|[<>].*|\b(?:if|then|elif|else|while|until|do|fi|done|esac|end"
    r"|time|coproc|builtin|command|function[ \t]+\S+))[ \t\r]*\Z"
)
# A comment that no quote, bracket or continued line makes anything else.
_COMMENT = re.compile(r"[^\\]\n[ \t]*#(?:[^'\"`)}]|\)(?!\)))*\Z")


# How much is looked at before it is read whole all the same: the glance must not be what is slow.
_GLANCES = 200
_GLANCE = 1000


def _may_source(text: str) -> bool:
    """Tell at a glance that a file sources no other, as most do not: reading it whole is slow."""
    text = "\n\n" + text
    for count, matched in enumerate(_SOURCE.finditer(text)):
        start = text.rfind("\n", max(0, matched.start() - _GLANCE), matched.start())
        if start < 1 or count >= _GLANCES:
            return True
        line = text[start - 1 : matched.start()]
        if _COMMAND_BEGINS.search(line) and not _COMMENT.match(line):
            return True
    return False


def _sourced(script: parser.Script) -> List[_Sourced]:
    sourced: List[_Sourced] = []
    loops: Dict[str, Tuple[str, ...]] = {}
    constants = _constants(script)
    for command in script.in_order():
        words = [_filled_in(word.text, constants) for word in command.words]
        if words[0] in ("for", "select", "foreach"):
            # The variable of a loop keeps its words until the next one of that name.
            loops.update({words[1]: tuple(words[3:])} if len(words) > 1 else {})
        elif words[0] != "case":
            sourced += _sourced_by(command, words, loops)
    return sourced


def _constants(script: parser.Script) -> Dict[str, str]:
    """Return the paths that the file gives to variables, each of them once and no other value."""
    # A loop gives its variable more than one.
    values: Dict[str, Optional[str]] = dict.fromkeys(
        word.text for command in script.heads for word in command.words[1:2]
    )
    for command in script.commands:
        for word in command.words:
            matched = _ASSIGNED.match(word.text)
            if matched:
                name, value = matched.groups()
                plain = None if name in values else parser.literal(value)
                values[name] = plain if plain and _PLAIN_PATH.match(plain) else None
    return {name: value for name, value in values.items() if value is not None}


def _filled_in(word: str, constants: Dict[str, str]) -> str:
    """Return a word with the value of each variable that has one.

    Where quotes may hide the name it stays as it is.
    """
    if "$" not in word or "'" in word or "\\" in word:
        return word
    return _NAMED.sub(lambda name: constants.get(name.group(1), name.group()), word)


def _sourced_by(
    command: parser.Command, words: List[str], loops: Dict[str, Tuple[str, ...]]
) -> List[_Sourced]:
    sourced: List[_Sourced] = []
    if words[0] == "emulate" and "-c" in words[:-1]:
        # The way of zsh: emulate sh -c '. /etc/profile'
        inner = parser.literal(words[words.index("-c") + 1])
        script = parser.parse(inner or "")
        sourced += [inner._replace(offset=command.start) for inner in _sourced(script)]
    prefixes = 0
    while prefixes < len(words) - 1 and words[prefixes] in ("builtin", "command"):
        prefixes += 1
    if len(words) < prefixes + 2 or words[prefixes] not in (".", "source") or command.subshell:
        return sourced
    variable = _VARIABLE.match(words[prefixes + 1].strip('"'))
    paths = loops.get(variable.group(1), ()) if variable else (words[prefixes + 1],)
    return sourced + [_Sourced(command.start, paths)]
