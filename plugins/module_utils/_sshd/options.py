# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module is asked to do with directives of sshd. Private to the collection.

What a directive means is in the Settings that a module hands over; the other options are the same
for all modules that edit sshd's configuration.
"""

from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from .match import KEYS

__all__ = ["Request", "Setting", "Values", "argument_spec", "request"]


# The canonical text of each directive's arguments by its lower-case keyword; None: not known.
Values = Dict[str, Optional[str]]


class Setting(NamedTuple):
    """A directive and what it shall be.

    ``value`` is the canonical text of its arguments, or None where the directive shall go;
    ``read`` gives the canonical text of any arguments, or None where sshd would refuse them.
    """

    keyword: str
    value: Optional[str]
    read: Callable[[Tuple[str, ...]], Optional[str]]

    def agrees(self, arguments: Tuple[str, ...]) -> bool:
        """Tell whether these arguments mean what the directive shall be."""
        return self.read(arguments) == self.value


class Request(NamedTuple):
    """The options that all modules of this kind share, with the directives wanted.

    ``reported`` holds all directives of the module: their values are returned, wanted or not.
    """

    settings: Tuple[Setting, ...]
    reported: Tuple[Setting, ...]
    state: str
    path: Optional[str]
    match: Optional[str]
    conflicts: str
    connections: Sequence[Mapping[str, Any]]
    verify: bool
    sshd: Optional[str]
    reload: bool
    backup: bool


def argument_spec(**directives: Any) -> Dict[str, Any]:
    """Return the options of a module of this kind; ``directives`` are those that are its own."""
    connection = {key: dict(type="int" if key == "lport" else "str") for key in KEYS}
    return dict(
        directives,
        state=dict(type="str", choices=["present", "absent"], default="present"),
        match=dict(type="str"),
        path=dict(type="path"),
        conflicts=dict(type="str", choices=["report", "disable"], default="report"),
        connections=dict(type="list", elements="dict", default=[], options=connection),
        verify=dict(type="bool", default=True),
        sshd=dict(type="path"),
        reload=dict(type="bool", default=False),
        backup=dict(type="bool", default=False),
    )


def request(
    params: Mapping[str, Any], settings: Sequence[Setting], reported: Sequence[Setting]
) -> Request:
    """Return the request that a module's parameters make."""
    shared = {name: params[name] for name in Request._fields if name in params}
    return Request(settings=tuple(settings), reported=tuple(reported), **shared)
