# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a signal that would end a run end it as an error does: with the old bytes back.

Private to the collection.

Only a run that writes loads this.
"""

import signal
import threading
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator

from .reading import FilesError

__all__ = ["Ended", "undoable"]

# What a lost connection, a person at the keyboard, and a service manager or a time limit send.
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Ended(BaseException):
    """A signal came; no Exception, so that nothing on the way takes it for an answer."""


@contextmanager
def undoable(undo: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """End what is done inside at the first signal: with ``undo``, and then a FilesError.

    Later signals are ignored. Yields a function to be called where there is no way back any more:
    a signal then comes too late.
    """
    handlers: Dict[signal.Signals, Any] = {}

    def end(number: int, _frame: Any) -> None:
        too_late()
        raise Ended(f"The run was ended by {signal.Signals(number).name}.")

    def too_late() -> None:
        for number in handlers:
            # Not SIG_IGN, which the programs that are started would inherit.
            signal.signal(number, lambda _number, _frame: None)

    try:
        _install(handlers, end)
        yield too_late
    except Ended as error:
        undo()  # again, in case that it came where nobody was there to do it
        raise FilesError(f"{error} The files are as they were.") from error
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _install(handlers: Dict[signal.Signals, Any], end: Callable[[int, Any], None]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # Python allows it nowhere else
    for number in _SIGNALS:
        handler = signal.getsignal(number)
        if handler not in (signal.SIG_IGN, None):  # as nohup has it, or not of Python's making
            handlers[number] = handler
            signal.signal(number, end)
