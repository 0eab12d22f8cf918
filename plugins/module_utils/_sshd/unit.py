# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd knows of sshd's unit. Private to the collection.

Asked, and loaded, only where the listener itself does not tell.
"""

import glob
import re
import shlex
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from .._programs import run

__all__ = ["exact_words", "reloaded_at", "show", "sockets", "start_words"]

_WANTED = "Id,LoadState,ActiveState,MainPID,ExecStart,Environment,EnvironmentFiles"
_TAIL = 8  # what busctl tells of a command behind its words


def show(names: Sequence[str]) -> Optional[Dict[str, str]]:
    """Return systemd's properties of the active one of these units, else of the first installed."""
    units = [
        unit
        for unit in _shown(names, _WANTED)
        if unit["LoadState"] == "loaded" and unit["Id"].endswith(".service")
    ]
    units.sort(key=lambda unit: unit["ActiveState"] != "active")
    return units[0] if units else None


def sockets() -> List[Dict[str, str]]:
    """Return the properties of each service that a socket of the network may start, now or never.

    To each is added what the socket unit says: ``Accept``, and where it listens as ``Listen``.
    """
    found = []
    for unit in _shown(["*.socket"], "Id,ActiveState,Accept,Triggers,Listen"):
        ports = re.findall(r"(?m)^((?:\[.*\]|[0-9.]+):\d+) \(Stream\)$", unit["Listen"])
        if unit["ActiveState"] != "active" or not ports:
            continue
        # Of a template systemd shows only instances; any name of one will do.
        template = unit["Id"][: -len(".socket")] + "@0.service"
        names = [template] if unit["Accept"] == "yes" else unit["Triggers"].split()
        service = show(names) or _of_drop_ins(names[0]) if names else None
        if service is not None:
            found.append(dict(service, Accept=unit["Accept"], Listen=" ".join(ports)))
    return found


def _of_drop_ins(name: str) -> Optional[Dict[str, str]]:
    """Return the properties of a service of which only drop-ins exist, so that it cannot start."""
    folder = re.sub("@.*", "@.service", name) + ".d"
    commands = []
    for path in sorted(glob.glob(f"/etc/systemd/system/{folder}/*.conf")):
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as stream:
                commands += re.findall(r"(?m)^ExecStart=[-@:+!|]*(/.*)$", stream.read(65536))
        except OSError:
            continue
    if not commands:
        return None
    missing = dict.fromkeys(_WANTED.split(","), "")
    return dict(missing, Id=name, LoadState="not-found", ExecStart=f"argv[]={commands[-1]} ;")


def _shown(names: Sequence[str], wanted: str) -> List[Dict[str, str]]:
    status, output = run(["systemctl", "show", "--no-pager", "-p", wanted] + list(names))
    if status != 0:
        return []
    units = []
    for block in output.strip().split("\n\n"):
        unit = dict.fromkeys(wanted.split(","), "")
        for line in block.split("\n"):
            key, _equals, value = line.partition("=")
            unit[key] = unit[key] + "\n" + value if unit.get(key) else value
        units.append(unit)
    return units


def exact_words(properties: Dict[str, str]) -> List[str]:
    """Return the words with which systemd would start sshd, each as it stands.

    ``systemctl show`` joins them by blanks; where one holds blanks, only the bus tells.
    """
    commands = _commands(properties["Id"], "ExecStart")
    return _filled(commands[0][1], properties) if commands else start_words(properties)


def reloaded_at(name: str) -> Optional[int]:
    """Return when systemd last sent sshd the signal to read its files, in ns; None: not known."""
    commands = _commands(name, "ExecReload")
    signals = [numbers for _path, words, numbers in commands if "-HUP" in words]
    if not signals or any(numbers[-2:] != [1, 0] for _path, _words, numbers in commands):
        return None  # not reloaded since it was started, or with an error (1: has exited)
    return signals[-1][0] * 1000


def _commands(name: str, wanted: str) -> List[Tuple[str, List[str], List[int]]]:
    """Return a unit's commands: path, words, and numbers: start, end, ..., how it ended, status."""
    escaped = "".join(char if char.isalnum() else f"_{ord(char):02x}" for char in name)
    place = "/org/freedesktop/systemd1/unit/" + escaped
    service = "org.freedesktop.systemd1"
    status, output = run(["busctl", "get-property", service, place, service + ".Service", wanted])
    rest = _split(output)[2:] if status == 0 else []
    commands = []
    while len(rest) > 2:
        count = int(rest[1])
        tail = rest[2 + count : 2 + count + _TAIL]
        commands.append((rest[0], rest[2 : 2 + count], [int(number) for number in tail[1:]]))
        rest = rest[2 + count + _TAIL :]
    return commands


def start_words(properties: Dict[str, str]) -> List[str]:
    """Return the words with which systemd would start sshd, its variables put in."""
    start = re.search(r"argv\[\]=(.*?) ;", properties["ExecStart"])
    if start is None:
        return []
    return _filled(start.group(1).split(" "), properties)


def _filled(words: Sequence[str], properties: Dict[str, str]) -> List[str]:
    """Return the words with the unit's variables put in."""
    variables = _variables(properties)
    filled: List[str] = []
    for word in words:
        name = re.match(r"\$\{?(\w+)\}?\Z", word)
        filled.extend(_split(variables.get(name.group(1), "")) if name else [word])
    return filled


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
