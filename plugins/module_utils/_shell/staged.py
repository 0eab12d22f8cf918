# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the login shells in a private view of the host, as it is or with planned files in place.

Private to the collection.

Where the host forbids a view, nothing but strangers is asked, and only about the files as they are.
"""

from typing import List, NamedTuple, Sequence

from .. import _view
from .._files.reading import Change
from . import asking
from .asking import Answer, Asker, Way

__all__ = ["Seen", "ask_as_is", "ask_planned", "readers_of", "staged_files"]

_GRACE_SECONDS = 5.0
_MARK = "CURFEW_SESSION_READ"


class Seen(NamedTuple):
    """What shells said; ``refused`` says why nobody was asked in a view, and only strangers."""

    answers: List[Answer]
    refused: str = ""


def ask_as_is(askers: Sequence[Asker], terminal: bool = False) -> Seen:
    """Ask the shells about the files as they are."""
    try:
        return Seen(ask_planned(askers, (), terminal))
    except _view.NoView as why:
        strangers = [asker for asker in askers if asker.person.user is None]
        return Seen(asking.ask(strangers, Way(terminal)), str(why))


def ask_planned(
    askers: Sequence[Asker], planned: Sequence[Change], terminal: bool = False
) -> List[Answer]:
    """Ask what the shells would say with the planned files.

    :raises NoView: the host forbids a view.
    """
    files = staged_files(planned)
    return _view.within(
        files,
        lambda: asking.ask(askers, Way(terminal, in_view=True)),
        asking.LIMIT_SECONDS + _GRACE_SECONDS,
    )


def staged_files(planned: Sequence[Change]) -> List[_view.Staged]:
    """Return planned files as a view wants them."""
    return [
        _view.Staged(
            change.snapshot.real_path,
            change.after,
            change.mode if change.rights or change.snapshot.data is None else None,
        )
        for change in planned
    ]


def readers_of(path: str, mode: int, askers: Sequence[Asker]) -> List[Asker]:
    """Find out which shells read the drop-in at a path.

    A mark is put in its place, for our own child alone, and each shell is asked whether it has it.

    :raises NoView: the host forbids a view.
    """
    from .._files.reading import read

    text = f"{_MARK}=yes\nexport {_MARK}\n".encode("ascii")
    marked = Change(read(path, missing_ok=True), text, mode, rights=True)
    # Of one that cannot say, its text tells that it may read it.
    return [
        answer.asker
        for answer in ask_planned(askers, [marked])
        if _MARK in answer.environment or answer.status != "answered"
    ]
