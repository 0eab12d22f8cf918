# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run ends that cannot do what it was asked for. Private to the collection."""

import re
from contextlib import contextmanager
from typing import Dict, Iterator, List, Mapping, Optional

from .._refusal import BadOption, Refusal, sentence
from .._results import printable
from .mechanism import Result, Step

__all__ = ["Stopped", "one_line", "stopping"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Stopped(Refusal):
    """What stands in the way, as one line of text; and of which mechanism, where that is known.

    ``option``: the option that makes no sense, and what is wrong with it. ``reached``: what each
    mechanism knows by then. ``undone``: files were changed, and the text says what became of them;
    ``changed``: not all of them could be brought back.
    """

    def __init__(
        self, error: BaseException, mechanism: Optional[str], reached: Mapping[str, Step]
    ) -> None:
        super().__init__(one_line(sentence(error)))
        self.mechanism = mechanism
        self.option: Optional[BadOption] = error if isinstance(error, BadOption) else None
        self.reached: Dict[str, Result] = {name: step.known for name, step in reached.items()}
        if mechanism and isinstance(error, Refusal):
            self.reached[mechanism] = dict(self.reached[mechanism], **error.known)
        # Sentences on what a killed run had left, which this one has seen to.
        self.notes: List[str] = []
        self.undone = False
        self.changed = False

    @property
    def nothing(self) -> str:
        """Return what was not changed, as the first word of a sentence."""
        return "Nothing else" if self.notes else "Nothing"

    def after_undo(self, message: str, changed: bool) -> "Stopped":
        """Return the same, with a text that says what became of the files."""
        self.args = (one_line(message),)
        self.undone, self.changed = True, changed
        return self


def one_line(message: str) -> str:
    text: str = printable(message)
    return _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)


@contextmanager
def stopping(mechanism: Optional[str], reached: Mapping[str, Step]) -> Iterator[None]:
    """Say of whatever ends the run inside whose it is, and what is known by then."""
    try:
        yield
    except Stopped:
        raise
    except (Refusal, OSError) as error:
        raise Stopped(error, mechanism, reached) from error
