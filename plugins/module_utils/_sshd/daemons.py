# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that let people in at this host by sshd. Private to the collection.

Loaded only where more listens than the sshd that a pid file names.
"""

import glob
import os
import re
from contextlib import suppress
from typing import AbstractSet, Callable, Iterator, List, Optional, Tuple

from .. import _durations
from . import listening
from .daemon import UNITS, Daemon, Listener, Service, parse_words

__all__ = ["choose", "not_understood", "places", "which_of_several"]

_PID_FILES = ("/run/sshd*.pid", "/run/*/sshd*.pid", "/var/run/sshd*.pid")
_SOCKETS = ("ssh@", "sshd@")
_PORT = 22


# What tells of a process, with its pid file, whether it is an sshd that listens.
LookAt = Callable[[int, Optional[str]], Optional[Listener]]


def choose(
    known: Optional[Listener],
    rest: AbstractSet[str],
    look_at: LookAt,
    daemon_of: Callable[[Listener], Daemon],
) -> Optional[Daemon]:
    """Return the sshd that a host is meant to be entered by, with all others; None: there is none.

    :param known: an sshd that listens.
    :param rest: the inodes of the sockets that are not its own.
    """
    listeners = [known] if known is not None else []
    listeners += [item for item in _scan(rest, look_at) if known is None or item.pid != known.pid]
    found = [daemon_of(item) for item in listeners]
    units = {item.unit for item in listeners}
    found += [
        item for item in _started_by_sockets(rest) if f"{item.service.name}.service" not in units
    ]
    found.sort(key=_rank)
    if not found:
        return None
    return found[0]._replace(others=tuple(found[1:]))


def _rank(daemon: Daemon) -> Tuple[bool, bool, bool, int]:
    """Return what is smallest for the daemon that people mean when they name none."""
    listener, name = daemon.listener, f"{daemon.service.name}.service"
    usual = name in UNITS or str(daemon.service.name).startswith(_SOCKETS)
    ports = [port for _host, port in listening.held(listener.pid).values()] if listener else []
    return (
        not usual,
        _PORT not in ports,
        listener is None or listener.pid_file is None,
        listener.pid if listener else 0,
    )


def _scan(rest: AbstractSet[str], look_at: LookAt) -> Iterator[Listener]:
    """Yield each sshd that holds one of these sockets."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with suppress(OSError):  # a process that has ended, or one of the kernel's
            if os.path.basename(os.readlink(f"/proc/{name}/exe")).startswith("sshd"):
                pid = int(name)
                if not rest.isdisjoint(listening.inodes(pid)):
                    listener = look_at(pid, _pid_file_of(pid))
                    if listener is not None:
                        yield listener


def _pid_file_of(pid: int) -> Optional[str]:
    """Return the pid file that holds this number, whatever it is called."""
    for pattern in _PID_FILES:
        for path in sorted(glob.glob(pattern)):
            with suppress(OSError, ValueError), open(path, "rb") as pid_file:
                if int(pid_file.read(32)) == pid:
                    return path
    return None


def _started_by_sockets(rest: AbstractSet[str]) -> List[Daemon]:
    """Return each sshd that systemd starts once somebody connects to a socket that it holds."""
    try:
        if rest.isdisjoint(listening.inodes(listening.SYSTEMD)):
            return []
    except OSError:
        return []
    if not os.path.isdir("/run/systemd/system"):
        return []
    from . import unit as sshd_unit

    found = []
    for properties in sshd_unit.sockets():
        words = parse_words(sshd_unit.exact_words(properties))
        if os.path.basename(words.binary or "").startswith("sshd"):
            name = re.sub(r"(@)?(?(1).*)\.service\Z", r"\1", properties["Id"])
            sockets = tuple(properties["Listen"].split())
            found.append(Daemon(Service(name, "systemd", False), None, words, (), sockets))
    return found


def places(daemon: Daemon) -> List[str]:
    """Return where a daemon lets people in, as text; nothing where systemd holds its socket."""
    if daemon.listener is None:
        return list(daemon.sockets)
    found = sorted(listening.held(daemon.listener.pid).values())
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in found]


def not_understood(daemon: Daemon) -> str:
    """Return the sentence on a daemon of which not all is known."""
    where = _durations.listed(places(daemon)) or "this host"
    return f"The sshd that listens at {where} was not understood: {daemon.words.doubt}."


def which_of_several(daemon: Daemon, path: str) -> str:
    """Return the sentence that says which daemon reads a file, and that others do not."""
    others = [
        "{} ({})".format(
            _durations.listed(places(other)) or other.service.name,
            other.config or "its file is not known",
        )
        for other in daemon.others
    ]
    where = _durations.listed(places(daemon)) or daemon.service.name
    return (
        f"More than one sshd lets people in: {path} is for {where}, and not touched is "
        f"{_durations.listed(others)}."
    )
