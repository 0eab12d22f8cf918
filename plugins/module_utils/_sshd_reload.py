# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the running sshd read its files again, and see that it answers. Private to the collection.

Only a run that reloads loads this.
"""

import os
import re
import signal
import socket
import time
from typing import Iterable, List, Optional, Sequence, Tuple

from ansible_collections.curfew.session.plugins.module_utils._sshd_service import (
    Listener,
    Service,
    ServiceError,
    run,
)

__all__ = ["reload"]

WAIT_SECONDS = 20


def _addresses(listen: Iterable[str]) -> List[Tuple[str, int]]:
    """Where to knock, from the ``listenaddress`` lines of ``sshd -T``."""
    found = []
    for item in listen:
        match = re.match(r"\[?(.*?)\]?:(\d+)(?: rdomain .*)?\Z", item)
        if match is not None:
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(match.group(1), match.group(1))
            found.append((host, int(match.group(2))))
    return found


def reload(service: Service, listener: Listener, listening: Sequence[str]) -> None:
    """Have the daemon read its files again, and wait until it answers wherever it did before.

    ``listening`` holds the ``listenaddress`` lines of ``sshd -T``.
    """
    answered = [address for address in _addresses(listening) if _answers(address)]
    read_at = _pid_file_time(listener)
    # A reload can end the daemon, which starts itself anew: then nothing is there to reload.
    action = "reload" if os.path.exists("/proc/%d" % listener.pid) else "restart"
    if service.manager == "systemd" and service.name:
        status, output = run(["systemctl", action, service.name])
    elif service.manager == "openrc":
        status, output = run(["rc-service", "sshd", action])
    else:
        try:
            os.kill(listener.pid, signal.SIGHUP)
        except ProcessLookupError as error:
            raise ServiceError(
                "sshd has ended, and there is no service manager to start it.") from error
        status, output = 0, ""
    if status != 0:
        raise ServiceError("Reloading sshd failed: %s" % " ".join(output.split()))
    _await_answers(listener, read_at, answered)


def _await_answers(listener: Listener, read_at: Optional[int],
                   answered: Sequence[Tuple[str, int]]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    waiting = list(answered)
    while time.monotonic() < end:
        if read_at is None or (_pid_file_time(listener) or 0) > read_at:
            waiting = [address for address in waiting if not _answers(address)]
            if not waiting:
                return
        time.sleep(0.02)
    if waiting:
        raise ServiceError("sshd no longer answers at %s after the reload." % ", ".join(
            "%s port %d" % address for address in waiting))
    raise ServiceError("sshd did not read its files again after the reload.")


def _pid_file_time(listener: Listener) -> Optional[int]:
    if listener.pid_file is None:
        return None
    try:
        return os.stat(listener.pid_file).st_mtime_ns
    except OSError:
        return 0


def _answers(address: Tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
