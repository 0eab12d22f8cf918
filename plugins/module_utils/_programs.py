# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the system's programs, and children of our own, and never wait for them without an end.

Private to the collection. A child may give up its rights: whoever it then is can stop it,
or kill it.
"""

import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Tuple

__all__ = ["Process", "answer", "end", "run"]

END_SECONDS = 1

if TYPE_CHECKING:
    Process = subprocess.Popen[bytes]
else:
    Process = subprocess.Popen  # not generic before Python 3.9

# Nothing that is asked has an answer as long as this.
_MAX_BYTES = 64 * 1024 * 1024


def answer(work: Callable[[], bytes], limit: float) -> Optional[bytes]:
    """Return what ``work`` returns in a child; None unless it ends well, and in time."""
    try:
        reader, writer = os.pipe()
    except OSError:
        return None
    with os.fdopen(reader, "rb", 0) as reading, os.fdopen(writer, "wb", 0) as writing:
        try:
            pid = os.fork()
        except OSError:
            return None
        if pid == 0:
            _work_in_child(reading, writing, work)
        content = None
        try:
            writing.close()
            content = _read(reading, time.monotonic() + limit)
        finally:
            is_well = _ended(pid)
        return content if is_well else None


def _ended(pid: int) -> bool:
    """End a child; tell whether it had ended well. What the kernel keeps is not waited for."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.0005)
    return False


def _work_in_child(reading: Any, writing: Any, work: Callable[[], bytes]) -> None:
    status = 1
    try:
        reading.close()
        unsent = memoryview(work())
        while unsent:
            unsent = unsent[writing.write(unsent) :]
        status = 0
    except Exception:  # whatever it is: no answer is what the parent knows how to handle
        status = 1
    finally:
        os._exit(status)  # which alone closes the pipe, so that its end comes after all


def _read(reading: Any, deadline: float) -> Optional[bytes]:
    content = bytearray()
    while len(content) <= _MAX_BYTES:
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not select.select([reading], [], [], remaining)[0]:
            return None
        data = reading.read(65536)
        if not data:
            return bytes(content)
        content += data
    return None


def run(
    command: Sequence[str], seconds: int = 60, errors: int = subprocess.STDOUT
) -> Tuple[int, str]:
    """Run a program of the system; return its exit status and what it said.

    :param seconds: how long it may take; it is killed then.
    :param errors: ``subprocess.DEVNULL`` for its standard output alone.
    """
    program = shutil.which(command[0], path="/usr/bin:/bin:/usr/sbin:/sbin")
    if program is None:
        return 127, f"{command[0]} is not installed."
    environment = dict(os.environ, LC_ALL="C")
    try:
        process = subprocess.Popen(
            [program] + list(command[1:]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        return 126, f"{program}: {error.strerror}."
    try:
        output = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        end(process)
        return 124, f"{program} did not end within {seconds} seconds."
    return process.returncode, output.decode("utf-8", "replace")


def end(process: Process) -> None:
    """Kill a program that has a session of its own, with all that it started.

    What has left that session may keep the pipes open: nobody waits for that.
    """
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=END_SECONDS)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.poll()
