# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where else on this host TMOUT is defined, and what of that contradicts us.

Private to the collection.
"""

import errno
import os
import re
from functools import partial
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .._files.reading import Allowance, FilesError, Snapshot, Unreadable, explained, read
from . import definitions, parser
from .definitions import Definition
from .reading import Files, Place, Reading, follow

__all__ = ["Conflict", "HostFiles", "Wanted", "decoded", "survey"]

_FAILING = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE)

# Files that are reported and never edited: who reads them, their syntax, and where they are.
_REPORTED = (
    ("csh login shells", "csh", ("/etc/csh.cshrc", "/etc/csh.login", "/etc/csh.logout")),
    (
        "csh login shells",
        "csh",
        ("/etc/profile.d/*.csh", "/etc/csh/cshrc.d/*", "/etc/csh/login.d/*"),
    ),
    ("PAM", "environment", ("/etc/environment",)),
    ("PAM", "pam_env", ("/etc/security/pam_env.conf",)),
)
_BY_LINE = (
    (
        "sshd SetEnv",
        re.compile(r"\s*SetEnv\b.*\bTMOUT=", re.IGNORECASE),
        ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf"),
    ),
    (
        "sudoers",
        re.compile(r"\s*Defaults.*\bTMOUT\b"),
        ("/etc/sudoers", "/etc/sudoers.d/*"),
    ),
)


class Wanted(NamedTuple):
    """What is to be in force; `seconds` None where nothing is.

    `spares`: not for everyone, since users or shells without a prompt are left alone.
    """

    seconds: Optional[int]
    readonly: bool
    export: bool
    spares: bool = False


class Conflict(NamedTuple):
    """A definition that is not ours; `against` if it contradicts what is wanted."""

    path: str
    definition: Definition
    scope: str
    families: Tuple[str, ...]
    wins: bool
    against: bool
    editable: bool
    # The families that never obey ours because of it, though they show it.
    stops: Tuple[str, ...] = ()

    def where(self) -> str:
        return f"{self.path}, line {self.definition.line}: {self.definition.text}"

    def result(self, disabled: bool) -> Dict[str, Any]:
        return {
            "path": self.path,
            "line": self.definition.line,
            "text": self.definition.text,
            "scope": self.scope,
            "wins": self.wins,
            "disabled": disabled,
        }


class HostFiles(Files):
    """This host's files, each read once, unreadable ones passed over as a shell would."""

    def __init__(self) -> None:
        self.snapshots: Dict[str, Optional[Snapshot]] = {}
        self._allowance = Allowance()
        self._names: Dict[str, Optional[List[str]]] = {}
        self._real: Dict[str, str] = {}
        # A sentence for each file that could not be read, or holds too much to be understood.
        self.left_out: List[str] = []

    def snapshot(self, path: str) -> Optional[Snapshot]:
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


def _hides_something(path: str, error: FilesError) -> bool:
    """Whether a shell may read there what we cannot; folders and /dev/null hold nothing for it."""
    if isinstance(error, Unreadable):
        return not os.path.isdir(path) and os.path.realpath(path) != os.devnull
    return getattr(error.__cause__, "errno", None) in _FAILING


def decoded(snapshot: Snapshot) -> str:
    """Return a file's text, in a form that gives the same bytes back."""
    return (snapshot.data or b"").decode("utf-8", "surrogateescape")


def survey(
    files: HostFiles, families: Sequence[str], drop_in: str, wanted: Wanted
) -> Tuple[Dict[str, Reading], List[Conflict]]:
    """Return what each family of shells reads, and every definition that is not ours."""
    events: Dict[str, Any] = {}
    readings = {family: follow(files, family, drop_in, events) for family in families}
    found: Dict[Tuple[str, int], Conflict] = {}
    for family, reading in readings.items():
        fixing = _last_fixing(reading.places)
        for at, place in enumerate(reading.places):
            key = (files.real(place.path), place.definition.offset)
            conflict = _conflict(place, family, reading.reads_drop_in, wanted, at < fixing)
            found[key] = _merged(found[key], conflict) if key in found else conflict
    conflicts = [one for one in found.values() if _counts(one)]
    return readings, conflicts + _reported(files)


def _last_fixing(places: Sequence[Place]) -> int:
    """Return which of them is the last, before ours, that makes readonly what others have set."""
    fixing = [
        at
        for at, place in enumerate(places)
        if place.before and place.definition.readonly and place.definition.kind == "attribute"
    ]
    return max(fixing, default=-1)


def _counts(conflict: Conflict) -> bool:
    """Taking TMOUT away, or giving it away, is no definition, unless it breaks ours."""
    definition = conflict.definition
    gives = definition.gives_value or definition.kind == "opaque"
    return conflict.against or gives or definition.readonly


def _conflict(
    place: Place, family: str, reads_drop_in: bool, wanted: Wanted, fixed_later: bool
) -> Conflict:
    definition = place.definition
    fixed_before = place.before and definition.readonly
    # Ours cannot take back that it is exported either.
    unwanted = definition.exported and not wanted.export and wanted.seconds is not None
    stopped = False
    if not reads_drop_in:
        wins, against = definition.gives_value, False
    else:
        changes_after = place.after and _changes(definition, wanted)
        stopped = wanted.seconds is not None and place.before and _stops(definition, family)
        fixed = place.before and (definition.readonly or (fixed_later and definition.gives_value))
        wins = fixed or stopped or (changes_after and not wanted.readonly)
        against = fixed_before or stopped or (place.before and unwanted) or changes_after
    stops = (family,) if stopped else ()
    return Conflict(
        place.path, definition, "login shells", (family,), wins, against, reads_drop_in, stops
    )


def _stops(definition: Definition, family: str) -> bool:
    """Tell whether the shell obeys no later TMOUT.

    Once TMOUT was taken away, it is a variable like any other to ksh93 and mksh: they show what it
    is given, and their timer stays as it was (measured: ksh93u+m, mksh R59).
    """
    return definition.kind == "unset" and family in ("ksh93", "mksh")


def _changes(definition: Definition, wanted: Wanted) -> bool:
    """Tell whether a definition that is read after ours would change it, or fail because of it."""
    gives_more = (definition.readonly and not wanted.readonly) or (
        definition.exported and not wanted.export
    )
    if definition.kind == "attribute":
        hides = definition.hides and wanted.export
        # Where ours is not, it would fix an empty one, and a later default would end the shell.
        return gives_more or hides or (definition.readonly and wanted.spares)
    if definition.kind == "default" and wanted.seconds is not None:
        return False  # there is ours by then
    same = definition.kind == "assign" and definition.value == str(wanted.seconds)
    same = same and not (definition.hides and wanted.export)
    return wanted.readonly or gives_more or not same


def _merged(one: Conflict, other: Conflict) -> Conflict:
    return one._replace(
        families=one.families + other.families,
        wins=one.wins or other.wins,
        against=one.against or other.against,
        editable=one.editable or other.editable,
        stops=one.stops + other.stops,
    )


def _reported(files: HostFiles) -> List[Conflict]:
    found = []
    for scope, syntax, patterns in _REPORTED:
        for path in _matching(files, patterns):
            for definition in _defined(files, path, partial(definitions.find, syntax=syntax)):
                # Their own autologout contradicts nothing: it is what ends csh sessions.
                if "TMOUT" in definition.text:
                    found.append(Conflict(path, definition, scope, (), False, False, False))
    for scope, expression, places in _BY_LINE:
        for path in _matching(files, places):
            for definition in _defined(files, path, partial(_lines, pattern=expression)):
                found.append(Conflict(path, definition, scope, (), False, False, False))
    return found


def _defined(
    files: HostFiles, path: str, find: Callable[[str], List[Definition]]
) -> List[Definition]:
    try:
        return find(files.text(path) or "")
    except parser.TooMuch as error:
        files.not_understood(path, str(error))
        return []


def _matching(files: HostFiles, patterns: Sequence[str]) -> List[str]:
    found = []
    for pattern in patterns:
        folder, name = os.path.split(pattern)
        if "*" not in name:
            found += [pattern] if os.path.exists(pattern) else []
            continue
        suffix = name.lstrip("*")
        names = sorted(files.names(folder) or [])
        found += [
            os.path.join(folder, one) for one in names if one.endswith(suffix) and one[0] != "."
        ]
    return found


def _lines(text: str, pattern: Any) -> List[Definition]:
    found: List[Definition] = []
    for number, line in enumerate(text.split("\n") if "TMOUT" in text else (), 1):
        if "TMOUT" in line and pattern.match(line):
            definitions.check_count(found)
            said = definitions.shown(line, 0, len(line), 0)
            found.append(Definition(number, said, "opaque", None, False, True, False, False, 0))
    return found
