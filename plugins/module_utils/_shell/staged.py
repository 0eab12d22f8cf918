# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the login shells in a private view of the host, where the planned files are in place.

Private to the collection.

Only a run that changes something, or that has to look closer, loads this.
"""

import os
from typing import Dict, List, NamedTuple, Optional, Sequence

from .. import _view
from .._accounts import Shell
from . import asking
from .asking import Answer
from .options import MODE, Options, Plan

__all__ = ["ask_staged", "readers_of_drop_in"]

_LIMIT_SECONDS = 3 * asking.LIMIT_SECONDS
_MARK = "CURFEW_SESSION_READ"


class _Content(NamedTuple):
    """What a file is to hold: ``data`` None for no file, ``mode`` None for the one it has."""

    data: Optional[bytes]
    mode: Optional[int]


def ask_staged(
    options: Options, plan: Plan, shells: Sequence[Shell], terminal: bool = False
) -> Optional[List[Answer]]:
    """Ask what the shells would say with the planned files; None where the host forbids a view."""
    path = plan.drop_in.real_path
    contents = {change.snapshot.real_path: _Content(change.after, None) for change in plan.changes}
    if plan.repair or path in contents:
        kept = _Content(plan.drop_in.data, None)
        contents[path] = _Content(contents.get(path, kept).data, MODE)
    return _ask_with(contents, options, shells, terminal)


def _ask_with(
    contents: Dict[str, _Content], options: Options, shells: Sequence[Shell], terminal: bool
) -> Optional[List[Answer]]:
    files = [_view.Staged(path, content.data, content.mode) for path, content in contents.items()]
    return _view.within(
        files, lambda: asking.ask(shells, options.ids, terminal=terminal), _LIMIT_SECONDS
    )


def readers_of_drop_in(options: Options, shells: Sequence[Shell]) -> Optional[List[str]]:
    """Find out which shells read the drop-in; None where the host forbids a view.

    A mark is put in its place, for our own child alone, and each shell is asked whether it has it.
    """
    text = f"{_MARK}=yes\nexport {_MARK}\n".encode("ascii")
    contents = {os.path.realpath(options.path): _Content(text, MODE)}
    answers = _ask_with(contents, options, shells, terminal=False)
    if answers is None:
        return None
    # Of one that cannot say, its text tells that it may read it.
    return [
        answer.shell.path
        for answer in answers
        if _MARK in answer.environment or answer.status != "answered"
    ]
