# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd knows of sshd's unit. Private to the collection.

Asked, and loaded, only where the listener itself does not tell.
"""

import re
import shlex
from typing import Dict, Iterable, List, Optional

from .._programs import run
from .service import UNITS

__all__ = ["show", "start_words"]


def show() -> Optional[Dict[str, str]]:
    """systemd's properties of sshd's unit: the active one, else the first that is installed."""
    wanted = "Id,LoadState,ActiveState,MainPID,ExecStart,Environment,EnvironmentFiles"
    status, output = run(["systemctl", "show", "--no-pager", "-p", wanted] + list(UNITS))
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


def start_words(shown: Dict[str, str]) -> List[str]:
    """The words with which systemd would start sshd, its variables put in."""
    start = re.search(r"argv\[\]=(.*?) ;", shown["ExecStart"])
    if start is None:
        return []
    variables: Dict[str, str] = {}
    _assign(variables, _split(shown["Environment"]))
    for line in shown["EnvironmentFiles"].split("\n"):
        path = re.sub(r" \(ignore_errors=\w+\)$", "", line)
        try:
            with open(path, "rb") as environment:
                text = environment.read(65536).decode("utf-8", "surrogateescape")
        except OSError:
            continue
        for assignment in text.split("\n"):
            if not assignment.lstrip().startswith(("#", ";")):
                _assign(variables, [" ".join(_split(assignment))])
    words: List[str] = []
    for word in start.group(1).split(" "):
        name = re.match(r"\$\{?(\w+)\}?\Z", word)
        words.extend(_split(variables.get(name.group(1), "")) if name else [word])
    return words


def _split(text: str) -> List[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _assign(variables: Dict[str, str], assignments: Iterable[str]) -> None:
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if equals:
            variables[name.strip()] = value
