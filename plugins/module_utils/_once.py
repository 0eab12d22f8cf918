# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a host each thing once in a run. Private to the collection."""

from typing import Callable, Dict, Tuple, TypeVar, cast

__all__ = ["Once"]

_Answer = TypeVar("_Answer")


class Once:
    """What several mechanisms ask of a host: who asks second gets the first one's answer."""

    def __init__(self) -> None:
        self._answers: Dict[Tuple[object, ...], object] = {}

    def __call__(self, ask: Callable[..., _Answer], *arguments: str) -> _Answer:
        """Return what a function says to these arguments; an error is no answer."""
        question = (ask,) + arguments
        if question not in self._answers:
            self._answers[question] = ask(*arguments)
        return cast(_Answer, self._answers[question])
