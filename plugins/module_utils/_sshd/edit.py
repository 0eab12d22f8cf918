# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change a directive in the text of one sshd_config file. Private to the collection.

Pure: text in, text out; every line that is not the directive's own keeps its bytes.
Line numbers count from 1, as sshd's messages do.
"""

import re
from typing import FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from .._files.reading import MARKER
from . import config
from .match import Criteria, canonical, describe
from .options import Setting

__all__ = ["MARKER", "disable", "enable", "set_global", "set_in_match"]


class _Section(NamedTuple):
    """A run of lines, ``end`` not included; the places of the directive and of Includes in it."""

    start: int
    end: int
    places: List[int]
    includes: List[int]


def set_global(
    text: str, setting: Setting, release: config.Release, above: Optional[int] = None
) -> str:
    """Set or remove the directive in the global section, before the first Match line.

    :param above: the line of an Include that brings another value: ours must stand higher.
    """
    lines = text.split("\n")
    section = _global_section(lines, setting, release)
    if setting.value is None:
        return "\n".join(_without(lines, section.places))
    limit = section.end if above is None else above - 1
    first = section.places[0] if section.places else None
    if first is not None and first < limit:
        lines[first] = _written(lines[first], setting)
        return "\n".join(_without(lines, section.places[1:]))
    place = _global_place(lines, section, setting, limit)
    kept = "" if first is None else lines[first]
    lines = _without(lines, section.places)  # all of them stand below the limit
    lines.insert(place, _ended_like(lines, _written(kept, setting)))
    return "\n".join(_with_final_newline(lines, place))


def set_in_match(
    text: str,
    setting: Setting,
    criteria: Criteria,
    release: config.Release,
    above: Optional[int] = None,
) -> str:
    """Set or remove the directive in the first Match block with these criteria.

    A missing block is made at the end of the file; one that is left with nothing is removed.
    """
    lines = text.split("\n")
    section = _match_section(lines, setting, criteria, release)
    if setting.value is None:
        return text if section is None else "\n".join(_emptied(lines, section))
    if section is None:
        return _with_new_block(text, setting, criteria)
    limit = section.end if above is None else above - 1
    if section.places and section.places[0] < limit:
        first = section.places[0]
        lines[first] = _indent(lines[first]) + _written(lines[first], setting)
        return "\n".join(_without(lines, section.places[1:]))
    kept = lines[section.places[0]] if section.places else ""
    indent = _block_indent(lines, section)
    lines = _without(lines, section.places)
    place = section.start + 1
    lines.insert(place, _ended_like(lines, indent + _written(kept, setting)))
    return "\n".join(_with_final_newline(lines, place))


def disable(text: str, numbers: Iterable[int]) -> str:
    """Comment the lines out with the marker."""
    lines = text.split("\n")
    for number in numbers:
        lines[number - 1] = MARKER + lines[number - 1]
    return "\n".join(lines)


def enable(text: str, keywords: FrozenSet[str], release: config.Release) -> str:
    """Take the marker off the lines that set one of the (lower-case) keywords."""
    if MARKER not in text:
        return text
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if line.startswith(MARKER):
            statement = config.parse_line(line[len(MARKER) :], release)
            if statement is not None and statement.keyword in keywords:
                lines[index] = line[len(MARKER) :]
    return "\n".join(lines)


def _scan(
    lines: List[str],
    setting: Setting,
    release: config.Release,
) -> Iterator[Tuple[int, config.Statement]]:
    wanted = frozenset((setting.keyword.lower(), "include", "match"))
    for number, _line, statement in config.statements("\n".join(lines), wanted, release):
        yield number - 1, statement


def _last(lines: List[str]) -> int:
    """Return the index behind the last line; a final newline is not a line."""
    return len(lines) - 1 if lines[-1] == "" else len(lines)


def _global_section(lines: List[str], setting: Setting, release: config.Release) -> _Section:
    section = _Section(0, _last(lines), [], [])
    for index, statement in _scan(lines, setting, release):
        if statement.keyword == "match":
            return section._replace(end=index)
        (section.includes if statement.keyword == "include" else section.places).append(index)
    return section


def _match_section(
    lines: List[str], setting: Setting, criteria: Criteria, release: config.Release
) -> Optional[_Section]:
    section: Optional[_Section] = None
    for index, statement in _scan(lines, setting, release):
        if statement.keyword == "match":
            if section is not None:
                return section._replace(end=index)
            others = config.parse_criteria(statement.arguments)
            if others and canonical(others) == canonical(criteria):
                section = _Section(index, _last(lines), [], [])
        elif section is not None:
            (section.includes if statement.keyword == "include" else section.places).append(index)
    return section


def _global_place(lines: List[str], section: _Section, setting: Setting, limit: int) -> int:
    """Return the place: below the commented default, above the first Include, or at the end."""
    default = re.compile(
        rf"[ \t]*#[ \t]*{setting.keyword}[ \t=]+([^\s=]\S*)[ \t\r]*\Z", re.IGNORECASE
    )
    for index in range(min(limit, section.end)):
        match = default.match(lines[index])
        if match is not None and setting.read((match.group(1),)) is not None:
            return index + 1
    if section.includes:
        return section.includes[0]
    for index in range(section.end, 0, -1):
        if lines[index - 1].strip(" \t\r\f") and not lines[index - 1].lstrip(" \t").startswith("#"):
            return index
    return section.end


def _written(line: str, setting: Setting) -> str:
    """Return the line as it shall stand: ``Keyword N``, then its old comment and CR."""
    ending = "\r" if line.endswith("\r") else ""
    before, mark, comment = line.rstrip("\r").partition("#")
    blanks = before[len(before.rstrip(" \t")) :] or " "
    kept = blanks + mark + comment if mark else ""
    return f"{setting.keyword} {setting.value}{kept}{ending}"


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _block_indent(lines: List[str], section: _Section) -> str:
    for line in lines[section.start + 1 : section.end]:
        if line.strip() and not line.lstrip().startswith("#"):
            return _indent(line)
    return _indent(lines[section.start]) + "    "


def _ended_like(lines: List[str], line: str) -> str:
    """Return the line with CR before LF where the file's first line has it."""
    return line + "\r" if lines[0].endswith("\r") and not line.endswith("\r") else line


def _with_final_newline(lines: List[str], place: int) -> List[str]:
    return lines + [""] if place == len(lines) - 1 else lines


def _without(lines: List[str], indexes: List[int]) -> List[str]:
    gone = frozenset(indexes)
    rest = [line for index, line in enumerate(lines) if index not in gone]
    if rest and len(lines) - 1 in gone:
        rest.append("")  # the line before it ended with a newline, and still does
    return rest


def _emptied(lines: List[str], section: _Section) -> List[str]:
    inside = range(section.start + 1, section.end)
    rest = [index for index in inside if index not in section.places and lines[index].strip()]
    if section.places and not rest:
        return _without(lines, list(range(section.start, section.end)))
    return _without(lines, section.places)


def _with_new_block(text: str, setting: Setting, criteria: Criteria) -> str:
    ending = "\r\n" if text.split("\n")[0].endswith("\r") else "\n"
    if text and not text.endswith("\n"):
        text += "\n" if text.endswith("\r") else ending
    return f"{text}{describe(criteria)}{ending}    {_written('', setting)}{ending}"
