# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of shell_tmout is asked for, and what its steps hand on. Private to the collection."""

import os
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .. import _durations
from .._accounts import Account, Shell
from .._classes import Classes
from .._files.reading import Change
from .._identities import Person
from .._refusal import BadOption
from . import dropin
from .asking import Asker
from .conflicts import Conflict, Wanted
from .files import HostFiles
from .reading import LOOP_NAME, Reading

__all__ = [
    "EXECUTABLE",
    "MODE",
    "Host",
    "Options",
    "Plan",
    "spec",
    "from_params",
]

# The drop-in must be readable by every user whose shell reads it.
MODE = 0o644
# Where a loop reads executable files alone.
EXECUTABLE = 0o755
_PATH = re.compile(r"(?:/[A-Za-z0-9_.+@-]+)+\Z")
# The options that leave some users or shells alone.
_SPARING = ("interactive_only", "exempt_users", "exempt_groups")


class Options(NamedTuple):
    """The module's options, checked; ``wanted`` and ``text`` are None with ``state=absent``."""

    wanted: Optional[Wanted]
    # What the drop-in is to hold.
    text: Optional[str]
    path: str
    disable: bool
    verify: bool
    backup: bool
    # Who is left alone, by name.
    exempt_users: Tuple[str, ...]
    exempt_groups: Tuple[str, ...]
    # Of the drop-in.
    mode: int = MODE
    # Accounts of a directory that it must be true for.
    users: Tuple[str, ...] = ()


class Host(NamedTuple):
    """What there is on this host: its login files, its accounts, and the shells that they use."""

    files: HostFiles
    users: List[Account]
    shells: List[Shell]
    # By path: why a login shell of some accounts is never started.
    unknown: Dict[str, str]
    # By family of shells.
    readings: Dict[str, Reading]
    conflicts: List[Conflict]
    # As whom which shells are asked.
    askers: List[Asker]
    classes: Classes
    stranger: Person
    # What is to be told of directories.
    notes: Sequence[str] = ()

    def asker_for(self, user: str, shell: Shell) -> Asker:
        """Return who asks for an account: one of its class, or a stranger."""
        found = self.classes.of(user)
        return Asker(shell, found.person if found else self.stranger)


class Plan(NamedTuple):
    """What the run changes: the files in the order in which they are written."""

    changes: List[Change]
    # Path and offset of each definition that is disabled.
    disabled: Set[Tuple[str, int]]

    def left_in_place(self, conflicts: Sequence[Conflict]) -> List[Conflict]:
        """Return those of these definitions that it does not disable."""
        return [conflict for conflict in conflicts if conflict.position not in self.disabled]


def spec() -> Dict[str, Dict[str, object]]:
    """Return the options of the module, as Ansible wants them."""
    return dict(
        timeout=dict(type="raw"),
        state=dict(type="str", choices=["present", "absent"], default="present"),
        path=dict(type="path", default="/etc/profile.d/tmout.sh"),
        readonly=dict(type="bool", default=True),
        export=dict(type="bool", default=True),
        interactive_only=dict(type="bool", default=False),
        exempt_users=dict(type="list", elements="str", default=[]),
        exempt_groups=dict(type="list", elements="str", default=[]),
        users=dict(type="list", elements="str", default=[]),
        conflicts=dict(type="str", choices=["report", "disable"], default="report"),
        verify=dict(type="bool", default=True),
        backup=dict(type="bool", default=False),
    )


def from_params(params: Mapping[str, Any]) -> Options:
    """Return the module's parameters as options; refuse those that make no sense."""
    path = params["path"]
    if not _PATH.match(path) or not LOOP_NAME.match(os.path.basename(path)):
        raise BadOption(
            "path",
            f"{path!r} is not the absolute path of a file that profile loops read: a name of"
            " letters, digits, and any of . _ - that ends in .sh.",
        )
    wanted, text = None, None
    if params["state"] == "present":
        wanted, text = _wanted(params)
    elif params["timeout"] is not None:
        raise BadOption("timeout", "has no meaning with state=absent, which removes it.")
    return Options(
        wanted=wanted,
        text=text,
        path=path,
        disable=params["conflicts"] == "disable",
        verify=params["verify"],
        backup=params["backup"],
        exempt_users=tuple(params["exempt_users"]),
        exempt_groups=tuple(params["exempt_groups"]),
        users=tuple(params["users"]),
    )


def _wanted(params: Mapping[str, Any]) -> Tuple[Wanted, str]:
    if params["timeout"] is None:
        raise BadOption("timeout", "is needed with state=present.")
    seconds = _durations.parse(params["timeout"], "timeout", minimum=1)
    spares = any(params[key] for key in _SPARING)
    wanted = Wanted(seconds, params["readonly"], params["export"], spares)
    keys = ("readonly", "export") + _SPARING
    return wanted, dropin.render(seconds, **{key: params[key] for key in keys})
