# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the login shells in a private view of the host, where the planned files are in place.

Private to the collection.

Only a run that changes something, or that has to look closer, loads this.
"""

from typing import List, Optional, Sequence

from .. import _view
from .._accounts import Shell
from .._files.reading import Change, read
from . import asking
from .asking import Answer
from .options import MODE, Options

__all__ = ["ask_staged", "readers_of_drop_in"]

_LIMIT_SECONDS = 3 * asking.LIMIT_SECONDS
_MARK = "CURFEW_SESSION_READ"


def ask_staged(
    options: Options, planned: Sequence[Change], shells: Sequence[Shell], terminal: bool = False
) -> Optional[List[Answer]]:
    """Ask what the shells would say with the planned files; None where the host forbids a view."""
    files = [
        _view.Staged(
            change.snapshot.real_path,
            change.after,
            change.mode if change.rights or change.snapshot.data is None else None,
        )
        for change in planned
    ]
    return _view.within(
        files, lambda: asking.ask(shells, options.ids, terminal=terminal), _LIMIT_SECONDS
    )


def readers_of_drop_in(options: Options, shells: Sequence[Shell]) -> Optional[List[str]]:
    """Find out which shells read the drop-in; None where the host forbids a view.

    A mark is put in its place, for our own child alone, and each shell is asked whether it has it.
    """
    text = f"{_MARK}=yes\nexport {_MARK}\n".encode("ascii")
    marked = Change(read(options.path, missing_ok=True), text, MODE, rights=True)
    answers = ask_staged(options, [marked], shells)
    if answers is None:
        return None
    # Of one that cannot say, its text tells that it may read it.
    return [
        answer.shell.path
        for answer in answers
        if _MARK in answer.environment or answer.status != "answered"
    ]
