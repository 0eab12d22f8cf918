# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the running sshd read its files again, and see that it answers. Private to the collection.

Only a run that reloads loads this.
"""

import errno
import os
import signal
import socket
import subprocess
import time
from typing import Iterable, List, Optional, Sequence, Tuple

from .._programs import end, run
from .listening import Address, addresses, has_socket_of_systemd, sockets
from .service import UNITS, CommandLine, Listener, Service, ServiceError

__all__ = ["answering", "check_listening", "check_start", "reload"]

WAIT_SECONDS = 20
TRIAL_SECONDS = 20
_Written = Tuple[int, int, int]


def _addresses(listen: Iterable[str]) -> List[Address]:
    """Where to knock, from the ``listenaddress`` lines of ``sshd -T``."""
    return [_knocking(address) for address in addresses(listen)]


def _knocking(address: Address) -> Address:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0]), address[1]


def check_start(binary: str, words: CommandLine) -> None:
    """Refuse files with which a new daemon would not start, or would start and let nobody in.

    The second is no theory: OpenSSH 10.0 takes a main file of 60 KB, says so with ``-t`` and in
    its log, and closes every connection before the key exchange (measured).
    """
    command = [binary] + (["-f", words.config] if words.config else []) + list(words.keys)
    for option in words.options:
        command += ["-o", option]
    status, output = run(command + ["-t"])
    if status != 0:
        raise ServiceError("sshd could not start anew: {}".format(" ".join(output.split())))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            command + ["-i"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            theirs.close()
            ours.settimeout(TRIAL_SECONDS)
            begun = _begins(ours)
        finally:
            end(process)
    if not begun:
        raise ServiceError(
            "sshd accepts these files, and with them it would let nobody in: "
            "it ends each connection before the key exchange."
        )


def check_listening(listening: Sequence[str]) -> None:
    """Refuse a reload after which the daemon would have no address to listen on, and end."""
    addresses = _addresses(listening)
    if addresses and not any(_can_listen(address) for address in addresses):
        raise ServiceError(
            "sshd would have nowhere to listen, so it was not reloaded: {}.".format(
                ", ".join(listening)
            )
        )


def _can_listen(address: Address) -> bool:
    """The address is this host's; its port is free, or sshd's already."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.errno == errno.EADDRINUSE and _answers(address)
    return True


def answering(listener: Listener, listening: Sequence[str]) -> List[Address]:
    """Where the daemon answers now, of all places at which it listens.

    ``listening`` holds the ``listenaddress`` lines of ``sshd -T``, for where that is not seen.
    """
    places = [_knocking(address) for address in sockets(listener.pid)] or _addresses(listening)
    return [address for address in places if _answers(address)]


def reload(service: Service, listener: Listener, answered: Sequence[Address]) -> None:
    """Have the daemon read its files again, and wait until it answers wherever it did before."""
    before = _pid_file_written(listener)
    # A reload can end the daemon, which starts itself anew: then nothing is there to reload. One
    # that holds systemd's socket cannot listen again by itself (measured, OpenSSH 9.2 and 10.0).
    alive = os.path.exists(f"/proc/{listener.pid}")
    action = "reload" if alive and not has_socket_of_systemd(listener.pid) else "restart"
    # A unit of another name need not know how to reload; the signal is what sshd's own sends.
    known = f"{service.name}.service" in UNITS or action == "restart"
    if service.manager == "systemd" and service.name and known:
        status, output = run(["systemctl", action, service.name])
    elif service.manager == "openrc":
        status, output = run(["rc-service", "sshd", action])
    else:
        try:
            os.kill(listener.pid, signal.SIGHUP)
        except ProcessLookupError as error:
            raise ServiceError(
                "sshd has ended, and there is no service manager to start it."
            ) from error
        status, output = 0, ""
    if status != 0:
        raise ServiceError("Reloading sshd failed: {}".format(" ".join(output.split())))
    _await_answers(listener, before, answered)


def _await_answers(
    listener: Listener, before: Optional[_Written], answered: Sequence[Address]
) -> None:
    limit = time.monotonic() + WAIT_SECONDS
    waiting = list(answered)
    has_read = False
    while time.monotonic() < limit:
        has_read = (
            has_read
            or listener.pid_file is None
            or (_pid_file_written(listener) not in (None, before))
        )
        if has_read:
            waiting = [address for address in waiting if not _answers(address)]
            if not waiting:
                return
        time.sleep(0.02)
    if not has_read:
        raise ServiceError(
            (
                f"sshd did not read its files again within {WAIT_SECONDS} seconds after the reload: "
                f"{listener.pid_file} is as it was."
            )
        )
    raise ServiceError(
        "sshd no longer answers at {} after the reload.".format(
            ", ".join("%s port %d" % address for address in waiting)
        )
    )


def _pid_file_written(listener: Listener) -> Optional[_Written]:
    """What is not the same once sshd has written its pid file anew, wherever the clock stands."""
    if listener.pid_file is None:
        return None
    try:
        about = os.stat(listener.pid_file)
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ino, about.st_ctime_ns


def _answers(address: Address) -> bool:
    try:
        with socket.create_connection(address, timeout=5) as connection:
            return _begins(connection)
    except OSError:
        return False


def _begins(connection: socket.socket) -> bool:
    """sshd names itself, and goes on when it knows who we are."""
    try:
        if connection.recv(1024)[:4] != b"SSH-":
            return False
        connection.sendall(b"SSH-2.0-curfew\r\n")
        return bool(connection.recv(1))
    except OSError:
        return False
