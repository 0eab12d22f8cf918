# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where else on this host TMOUT is defined, and which definitions contradict ours.

Private to the collection.
"""

import os
import re
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    List,
    NamedTuple,
    Optional,
    Pattern,
    Sequence,
    Tuple,
)

from . import parser
from .files import HostFiles, mentions_tmout
from .reading import Place, Reading, follow_all

if TYPE_CHECKING:
    from .definitions import Definition

__all__ = ["Conflict", "Wanted", "survey"]

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
    """What is to be in force; ``seconds`` is None where nothing is.

    ``spares``: not for everyone, since users or shells without a prompt are left alone.
    """

    seconds: Optional[int]
    readonly: bool
    export: bool
    spares: bool = False


class Conflict(NamedTuple):
    """A definition that is not ours; ``against`` if it contradicts what is wanted."""

    path: str
    definition: "Definition"
    scope: str
    families: Tuple[str, ...]
    wins: bool
    against: bool
    editable: bool
    # The families that never obey ours because of it, though they show it.
    stops: Tuple[str, ...] = ()

    @property
    def position(self) -> Tuple[str, int]:
        """Return path and offset in the file: no other definition has both."""
        return self.path, self.definition.offset

    def where(self) -> str:
        """Return path, line and text, as sentences name it."""
        return f"{self.path}, line {self.definition.line}: {self.definition.text}"

    def result(self, disabled: bool) -> Dict[str, Any]:
        """Return the definition in the shape of the module's result."""
        return {
            "path": self.path,
            "line": self.definition.line,
            "text": self.definition.text,
            "scope": self.scope,
            "wins": self.wins,
            "disabled": disabled,
        }


def survey(
    files: HostFiles, families: Sequence[str], drop_in: str, wanted: Wanted
) -> Tuple[Dict[str, Reading], List[Conflict]]:
    """Return what each family of shells reads, and every definition that is not ours."""
    readings = follow_all(files, families, drop_in)
    by_position: Dict[Tuple[str, int], Conflict] = {}
    for family, reading in readings.items():
        last_fixing = _last_fixing(reading.places)
        for index, place in enumerate(reading.places):
            key = (files.real(place.path), place.definition.offset)
            conflict = _conflict(place, family, reading.reads_drop_in, wanted, index < last_fixing)
            known = by_position.get(key)
            by_position[key] = _merged(known, conflict) if known else conflict
    conflicts = [conflict for conflict in by_position.values() if _matters(conflict)]
    return readings, conflicts + _reported(files)


def _last_fixing(places: Sequence[Place]) -> int:
    """Return the index of the last one, before ours, that makes readonly what others have set."""
    fixing = [
        index
        for index, place in enumerate(places)
        if place.before and place.definition.readonly and place.definition.kind == "attribute"
    ]
    return max(fixing, default=-1)


def _matters(conflict: Conflict) -> bool:
    """Tell whether people should know of it.

    Taking TMOUT away, or exporting it, is no definition, unless it breaks ours.
    """
    definition = conflict.definition
    gives = definition.gives_value or definition.kind == "opaque"
    return conflict.against or gives or definition.readonly


def _conflict(
    place: Place, family: str, reads_drop_in: bool, wanted: Wanted, fixed_later: bool
) -> Conflict:
    """Judge a definition for the shells of one family.

    ``fixed_later``: what comes after it, and still before ours, makes its value readonly.
    """
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


def _stops(definition: "Definition", family: str) -> bool:
    """Tell whether the shell obeys no TMOUT that comes after it.

    Once TMOUT was taken away, it is a variable like any other to ksh93 and mksh: they show what it
    is given, and their timer stays as it was (measured: ksh93u+m, mksh R59).
    """
    return definition.kind == "unset" and family in ("ksh93", "mksh")


def _changes(definition: "Definition", wanted: Wanted) -> bool:
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


def _merged(conflict: Conflict, other: Conflict) -> Conflict:
    """Return one conflict for two that are the same definition, met by different families."""
    return conflict._replace(
        families=conflict.families + other.families,
        wins=conflict.wins or other.wins,
        against=conflict.against or other.against,
        editable=conflict.editable or other.editable,
        stops=conflict.stops + other.stops,
    )


def _reported(files: HostFiles) -> List[Conflict]:
    """Return the definitions in files that we never edit."""
    conflicts = []
    for scope, syntax, patterns in _REPORTED:
        for path in _matching(files, patterns):
            for definition in _definitions(files, path, partial(_by_syntax, syntax=syntax)):
                # Their own autologout contradicts nothing: it is what ends csh sessions.
                if "TMOUT" in definition.text:
                    conflicts.append(Conflict(path, definition, scope, (), False, False, False))
    for scope, expression, places in _BY_LINE:
        for path in _matching(files, places):
            for definition in _definitions(files, path, partial(_by_line, pattern=expression)):
                conflicts.append(Conflict(path, definition, scope, (), False, False, False))
    return conflicts


def _definitions(
    files: HostFiles, path: str, find: Callable[[str], List["Definition"]]
) -> List["Definition"]:
    text = files.text(path) or ""
    try:
        return find(text) if mentions_tmout(text) else []
    except parser.TooMuch as error:
        files.not_understood(path, str(error))
        return []


def _matching(files: HostFiles, patterns: Sequence[str]) -> List[str]:
    """Return the files that are there; a pattern may have a star where its name begins."""
    paths = []
    for pattern in patterns:
        folder, name = os.path.split(pattern)
        if "*" not in name:
            paths += [pattern] if os.path.exists(pattern) else []
            continue
        suffix = name.lstrip("*")
        names = sorted(files.names(folder) or [])
        paths += [
            os.path.join(folder, entry)
            for entry in names
            if entry.endswith(suffix) and not entry.startswith(".")
        ]
    return paths


def _by_syntax(text: str, syntax: str) -> List["Definition"]:
    from .definitions import find

    return find(text, syntax)


def _by_line(text: str, pattern: Pattern[str]) -> List["Definition"]:
    """Return a definition for each line that mentions TMOUT and matches a pattern."""
    from . import definitions

    matches: List[Definition] = []
    for number, line in enumerate(text.split("\n"), 1):
        if "TMOUT" in line and pattern.match(line):
            definitions.check_count(matches)
            shown = definitions.clipped(line, 0, len(line), 0)
            matches.append(
                definitions.Definition(number, shown, "opaque", None, False, True, False, False, 0)
            )
    return matches
