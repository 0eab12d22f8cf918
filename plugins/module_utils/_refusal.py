# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error for people, and the system's errors in its form. Private to the collection."""

from contextlib import contextmanager
from typing import Dict, Iterator, Mapping, Optional

__all__ = ["BadOption", "Refusal", "knowing", "sentence"]


class Refusal(Exception):
    """Why a run ends; the text is one or a few whole sentences for people.

    Whoever lets it pass has put back all that was changed. ``known`` holds what was found out by
    then, as a part of the module's result.
    """

    def __init__(self, message: str, known: Optional[Mapping[str, object]] = None) -> None:
        super().__init__(message)
        self.known: Dict[str, object] = dict(known or {})


class BadOption(Refusal):
    """An option makes no sense: its name, and what is wrong with it.

    ``anywhere``: whatever there is on the host.
    """

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"Option {option}: {problem}")
        self.option = option
        self.problem = problem
        self.anywhere = False


@contextmanager
def knowing(known: Mapping[str, object]) -> Iterator[None]:
    """Let whatever ends the run inside say what is known by now."""
    try:
        yield
    except Refusal as error:
        error.known = dict(known, **error.known)
        raise
    except OSError as error:
        raise Refusal(sentence(error), known) from error


def sentence(error: BaseException) -> str:
    """Return what an error says; for one of the system's own, in the form of ours."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The system says'}: {error.strerror}."
    return str(error)
