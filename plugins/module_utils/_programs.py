# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a child process of ours work something out, and never wait for it without an end.

Private to this collection. The child may give up its rights: whoever it then is can stop it, or
kill it.
"""

import os
import select
import signal
import time
from typing import Any, Callable, Optional

__all__ = ("answer",)

# Nothing that is asked has an answer as long as this.
_MAX_BYTES = 64 * 1024 * 1024


def answer(work: Callable[[], bytes], limit: float) -> Optional[bytes]:
    """Return what `work` returns in a child; None unless it ends well, and in time."""
    try:
        reader, writer = os.pipe()
    except OSError:
        return None
    with os.fdopen(reader, "rb", 0) as told, os.fdopen(writer, "wb", 0) as telling:
        try:
            pid = os.fork()
        except OSError:
            return None
        if pid == 0:
            _tell(told, telling, work)
        said = None
        try:
            telling.close()
            said = _read(told, time.monotonic() + limit)
        finally:
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
        return said if status == 0 else None


def _tell(told: Any, telling: Any, work: Callable[[], bytes]) -> None:
    status = 1
    try:
        told.close()
        said = memoryview(work())
        while said:
            said = said[telling.write(said) :]
        status = 0
    except Exception:  # whatever it is: no answer is what the parent knows how to handle
        status = 1
    finally:
        os._exit(status)  # which alone closes the pipe, so that its end comes after all


def _read(told: Any, deadline: float) -> Optional[bytes]:
    content = bytearray()
    while len(content) <= _MAX_BYTES:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([told], [], [], left)[0]:
            return None
        data = told.read(65536)
        if not data:
            return bytes(content)
        content += data
    return None
