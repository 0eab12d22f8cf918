# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd knows of sshd's unit. Private to the collection.

Asked, and loaded, only where the listener itself does not tell.
"""

import re
import shlex
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from .._programs import run

__all__ = ["show", "start_words"]


def show(names: Sequence[str]) -> Optional[Dict[str, str]]:
    """Return systemd's properties of the active one of these units, else of the first installed."""
    wanted = "Id,LoadState,ActiveState,MainPID,ExecStart,Environment,EnvironmentFiles"
    status, output = run(["systemctl", "show", "--no-pager", "-p", wanted] + list(names))
    if status != 0:
        return None
    units = []
    for block in output.strip().split("\n\n"):
        unit = dict.fromkeys(wanted.split(","), "")
        for line in block.split("\n"):
            key, _equals, value = line.partition("=")
            unit[key] = unit[key] + "\n" + value if unit.get(key) else value
        if unit["LoadState"] == "loaded" and unit["Id"].endswith(".service"):
            units.append(unit)
    units.sort(key=lambda unit: unit["ActiveState"] != "active")
    return units[0] if units else None


def start_words(properties: Dict[str, str]) -> List[str]:
    """Return the words with which systemd would start sshd, its variables put in."""
    start = re.search(r"argv\[\]=(.*?) ;", properties["ExecStart"])
    if start is None:
        return []
    variables = _variables(properties)
    words: List[str] = []
    for word in start.group(1).split(" "):
        name = re.match(r"\$\{?(\w+)\}?\Z", word)
        words.extend(_split(variables.get(name.group(1), "")) if name else [word])
    return words


def _variables(properties: Dict[str, str]) -> Dict[str, str]:
    """Return what the unit and the files that it names set; of two values the last one counts."""
    assignments = _split(properties["Environment"])
    for line in properties["EnvironmentFiles"].split("\n"):
        path = re.sub(r" \(ignore_errors=\w+\)$", "", line)
        try:
            with open(path, "rb") as environment:
                text = environment.read(65536).decode("utf-8", "surrogateescape")
        except OSError:
            continue
        assignments += [
            " ".join(_split(assignment))
            for assignment in text.split("\n")
            if not assignment.lstrip().startswith(("#", ";"))
        ]
    return dict(_assigned(assignments))


def _split(text: str) -> List[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _assigned(assignments: Iterable[str]) -> Iterator[Tuple[str, str]]:
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if equals:
            yield name.strip(), value
