# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the running sshd read its files again, and see that it has. Private to the collection.

That it listens is looked up in the kernel's tables: a connection that comes to nothing may be
refused, counted, and punished with all that comes from the same address.

A reload puts all that stands in the files in force: a port, too, that somebody has changed there
without a reload, perhaps with no rule in the firewall yet. Only a run that reloads loads this.
"""

import errno
import os
import signal
import socket
import subprocess
import time
from typing import AbstractSet, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .._programs import end, run
from . import asking, config
from .host import Host, Reload, Work
from .listening import Address, addresses, has_socket_of_systemd, held, lost, table
from .service import (
    UNITS,
    CommandLine,
    Listener,
    Service,
    ServiceError,
    marked_read,
    newer,
    pid_file_status,
)

__all__ = ["Activation", "check_listening", "check_reload", "check_start", "listening_at", "reload"]

WAIT_SECONDS = 20
TRIAL_SECONDS = 20
_ORDER_SECONDS = 3  # for so long a manager's order is waited for that may have gone elsewhere
_ORDER_LIMIT_SECONDS = 30  # for so long a manager itself is waited for, whose unit may never start
# What systemctl says of a unit that has no way to reload, is off, masked, or has lost its file, and
# where it does not reach systemd; and what is said of one that waits for its unit to start.
_NOT_FOR_IT = (
    "not applicable", "not active", "is masked", "not found", "Failed to connect to",
    "did not end within",
)  # fmt: skip
_KEYWORDS = ("port", "listenaddress", "addressfamily")
_Written = Tuple[int, int, int]
_Trace = Tuple[Optional[_Written], FrozenSet[str]]


class Activation(NamedTuple):
    """Have the daemon read its files, if that is ``due``; where it ``listened`` before it.

    ``binary``: what a new daemon would be started from, where one is seen to run. ``also``: others
    that read the same files.
    """

    binary: Optional[str]
    words: CommandLine
    due: Optional[Reload]
    listened: List[Address]
    also: Tuple[Reload, ...] = ()

    @property
    def is_due(self) -> bool:
        """Tell whether it is reloaded; else it is only seen whether a new one could start."""
        return self.due is not None

    def check(self) -> None:
        """Refuse files with which a new daemon would not start, or not listen."""
        if self.binary:
            check_start(self.binary, self.words)
        if self.due:
            check_listening(self.due.listening, self.listened)

    def run(self) -> None:
        """Reload the daemon, and wait until it has read its files and listens as before."""
        if self.due:
            reload(self.due.service, self.due.listener, self.listened)
        for other in self.also:
            reload(other.service, other.listener, listening_at(other.listener))


def check_reload(host: Host, listener: Listener, work: Work) -> Tuple[List[str], List[str]]:
    """Refuse, before anything is written, a reload that would lock out.

    Return where the daemon would listen, as the ``listenaddress`` lines of ``sshd -T``, and
    warnings of what else the reload does.
    """
    program = listener.command_line.binary
    if program and not os.access(program, os.X_OK):
        raise ServiceError(
            f"The running sshd was started from {program}, which is gone: told to read its files "
            "again, it would end. Start it anew yourself."
        )
    changed = newer(listener, work.plan.before.texts)
    warnings = []
    if _is_replaced(listener.pid):
        warnings.append(f"{program} was replaced since sshd was started: the reload starts it.")
    if changed and work.plan.texts:  # without a change of ours, they are what the reload is for
        paths = ", ".join(sorted(changed))
        warnings.append(
            f"The running sshd has not read {paths} since the last change there: the reload puts "
            "all that it says in force."
        )
    if not host.binary:
        return [], warnings
    listening = _foreseen(host.binary, host, work)
    if has_socket_of_systemd(listener.pid):
        return listening, warnings  # that stays as it is, whatever sshd's files say
    closed = lost(listening_at(listener), addresses(listening))
    if closed:
        raise ServiceError(
            "The running sshd listens at {}, and after a reload it would listen at {} only: {}. If "
            "that is meant, reload sshd yourself first; if not, change it back.".format(
                _named(closed), ", ".join(listening), _cause(work.plan.before)
            )
        )
    return listening, warnings


def _is_replaced(pid: int) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/exe").endswith(" (deleted)")
    except OSError:
        return False


def _foreseen(binary: str, host: Host, work: Work) -> List[str]:
    """Return the ``listenaddress`` lines for these files and the daemon's whole command line."""
    words = [word for option in host.words.options for word in ("-o", option)]
    words += [word for port in host.words.ports for word in ("-p", str(port))]
    question = asking.Question(work.plan.after, work.connections[0], work.plan.is_staged)
    with asking.Prover(binary, host.release, words) as prover:
        answer = prover.ask([question])[0]
    if isinstance(answer, asking.Rejected):
        raise answer
    return answer.get("listenaddress", [])


def _cause(tree: config.Tree) -> str:
    lines = [
        "{} line {} says {!r}".format(
            directive.path, directive.line, directive.text.strip(" \t\r\f")
        )
        for directive in tree.directives
        if directive.keyword in _KEYWORDS
    ]
    return "; ".join(lines) or f"no line of {tree.main} sets Port or ListenAddress any more"


def _named(places: Iterable[Address]) -> str:
    return ", ".join(f"{host} port {port}" for host, port in places)


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
        problem = " ".join(output.split())
        raise ServiceError(f"sshd could not start anew: {problem}")
    our_end, its_end = socket.socketpair()
    with our_end, its_end:
        process = subprocess.Popen(
            command + ["-i"],
            stdin=its_end.fileno(),
            stdout=its_end.fileno(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            its_end.close()
            our_end.settimeout(TRIAL_SECONDS)
            welcomed = _begins(our_end)
        finally:
            end(process)
    if not welcomed:
        raise ServiceError(
            "sshd accepts these files, and with them it would let nobody in: "
            "it ends each connection before the key exchange."
        )


def check_listening(listening: Sequence[str], listened: Sequence[Address]) -> None:
    """Refuse a reload after which the daemon would have no address to listen on, and end."""
    places = addresses(listening)
    own = {port for _host, port in listened}
    if places and not any(_can_listen(address, own) for address in places):
        named = ", ".join(listening)
        raise ServiceError(f"sshd would have nowhere to listen, so it was not reloaded: {named}.")


def _can_listen(address: Address, own: AbstractSet[int]) -> bool:
    """Tell whether the address is this host's, and its port free, or sshd's already."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.errno == errno.EADDRINUSE and address[1] in own
    return True


def listening_at(listener: Listener) -> List[Address]:
    """Return where the daemon listens now; once it has ended, where anything does."""
    alive = os.path.exists(f"/proc/{listener.pid}")
    return list((held(listener.pid) if alive else table()).values())


def reload(service: Service, listener: Listener, listened: Sequence[Address]) -> None:
    """Have the daemon read its files again, and wait until it has, and listens as before."""
    before, now = _trace(listener), int(time.time() * 1e9)
    # A reload can end the daemon, which starts itself anew: then nothing is there to reload. One
    # that holds systemd's socket cannot listen again by itself (measured, OpenSSH 9.2 and 10.0).
    alive = os.path.exists(f"/proc/{listener.pid}")
    anew = not alive or has_socket_of_systemd(listener.pid)
    command = _command(service, "restart" if anew else "reload")
    if not command or not _ordered(command):
        _signal(service, listener)
    _await(listener, before, listened, None if anew else service)
    marked_read(listener, now)


def _ordered(command: Sequence[str]) -> bool:
    """Have the manager do it; tell whether it knows how to.

    :raises ServiceError: it did not go well.
    """
    status, output = run(command, _ORDER_LIMIT_SECONDS)
    telling = _NOT_FOR_IT if "reload" in command else ()
    if status != 0 and not any(words in output for words in telling):
        problem = " ".join(output.split())
        raise ServiceError(f"Reloading sshd failed: {problem}")
    return status == 0


def _signal(service: Service, listener: Listener) -> None:
    try:
        os.kill(listener.pid, signal.SIGHUP)
    except ProcessLookupError as error:
        if service.manager != "runit":  # which starts by itself what has ended
            raise ServiceError(
                "sshd has ended, and there is no service manager to start it."
            ) from error


def _command(service: Service, action: str) -> List[str]:
    """Return the manager's command; nothing where the signal that it would send is sent to sshd.

    Scripts send that to what a pid file of one name holds, and are content where there is none. A
    unit of another name need not know how to reload.
    """
    name = service.name
    if name is None:
        return []
    if service.manager == "systemd" and (f"{name}.service" in UNITS or action == "restart"):
        return ["systemctl", action, name]
    if action == "restart" and service.manager == "openrc":
        return ["rc-service", name, action]
    if action == "restart" and service.manager == "sysvinit":
        return [f"/etc/init.d/{name}", action]
    return []


def _await(
    listener: Listener, before: _Trace, listened: Sequence[Address], service: Optional[Service]
) -> None:
    """Wait until the daemon has read its files.

    Its unit may do something else than to tell it to, or have another main process: where a
    ``service`` is given, and the daemon has not even begun, it is told directly.
    """
    limit = time.monotonic() + WAIT_SECONDS
    patience = time.monotonic() + _ORDER_SECONDS
    has_read = False
    waiting = list(listened)
    while time.monotonic() < limit:
        has_read = has_read or _has_read(listener, before)
        if has_read:
            now = listening_at(listener)
            waiting = lost(listened, now) if now else list(listened)
            if now and not waiting:
                return
        elif service and time.monotonic() > patience and _trace(listener) == before:
            _signal(service, listener)
            service = None
        time.sleep(0.02)
    if not has_read:
        raise ServiceError(
            f"sshd did not read its files again within {WAIT_SECONDS} seconds after the reload: "
            f"{listener.pid_file or 'the socket at which it listens'} is as it was."
        )
    places = _named(waiting) or "any address"
    raise ServiceError(f"sshd no longer listens at {places} after the reload.")


def _has_read(listener: Listener, before: _Trace) -> bool:
    """Tell whether the daemon has begun anew: it has written its pid file, or opened new sockets.

    It closes those that it had (measured, OpenSSH 8.4, 9.2, 10.0).
    """
    if not os.path.exists(f"/proc/{listener.pid}"):
        return True  # and whoever started it has to start it again
    written, sockets = _trace(listener)
    if written not in (None, before[0]):
        return True
    return bool(sockets) and sockets.isdisjoint(before[1])


def _trace(listener: Listener) -> _Trace:
    """Return what differs once sshd has read its files."""
    return _pid_file_written(listener), frozenset(held(listener.pid))


def _pid_file_written(listener: Listener) -> Optional[_Written]:
    """Return what differs once sshd has written its pid file anew, wherever the clock stands."""
    status = pid_file_status(listener)
    return None if status is None else (status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


def _begins(connection: socket.socket) -> bool:
    """Tell whether sshd names itself, and goes on when it knows who we are."""
    try:
        if connection.recv(1024)[:4] != b"SSH-":
            return False
        connection.sendall(b"SSH-2.0-curfew\r\n")
        return bool(connection.recv(1))
    except OSError:
        return False
