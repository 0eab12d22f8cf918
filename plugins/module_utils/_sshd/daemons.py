# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that let people in at this host by sshd. Private to the collection.

Loaded only where more listens than the sshd that a pid file names.
"""

import os
import re
from contextlib import suppress
from typing import AbstractSet, Iterator, List, Mapping, Optional, Sequence, Tuple

from .. import _durations
from . import listening
from .listening import Address
from .service import (
    UNITS,
    Daemon,
    Listener,
    Service,
    built_in,
    listener_of,
    of_listener,
    parse_words,
)

__all__ = ["not_understood", "places", "several", "shared_place", "which_of_several", "with_doubt"]

_SOCKETS = ("ssh@", "sshd@")
_PORT = 22


def several(known: Optional[Listener], rest: Mapping[str, Address]) -> List[Daemon]:
    """Return every sshd that lets people in, first the one by which a host is meant to be entered.

    :param known: an sshd that listens.
    :param rest: where others do, by the inodes of the sockets.
    """
    listeners = ([known] if known else []) + list(_scan(rest.keys()))
    found = [of_listener(item) for item in listeners]
    units = {item.unit for item in listeners}
    found += [
        item
        for item in _started_by_sockets(rest.keys())
        if f"{item.service.name}.service" not in units
    ]
    return sorted(found, key=_rank)


def _rank(daemon: Daemon) -> Tuple[bool, bool, bool, bool, int]:
    """Return what is smallest for the daemon that people mean when they name none."""
    listener, name = daemon.listener, f"{daemon.service.name}.service"
    usual = name in UNITS or str(daemon.service.name).startswith(_SOCKETS)
    ports = [port for _host, port in listening.held(listener.pid).values()] if listener else []
    return (
        daemon.is_foreign,
        not usual,
        _PORT not in ports,
        listener is None or listener.pid_file is None,
        listener.pid if listener else 0,
    )


def _scan(rest: AbstractSet[str]) -> Iterator[Listener]:
    """Yield each sshd that holds one of these sockets, but no child that has yet to let go."""
    found = []
    for pid in _processes():
        with suppress(OSError):  # it has ended
            listener = None if rest.isdisjoint(listening.inodes(pid)) else listener_of(pid)
            if listener is not None:
                found.append(listener)
    pids = {listener.pid for listener in found}
    for listener in found:
        if _parent(listener.pid) not in pids:
            yield listener


def _processes() -> Iterator[int]:
    """Yield the processes of root, but for the kernel's own."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                if os.stat("/proc/" + name).st_uid == 0 and os.readlink(f"/proc/{name}/exe"):
                    yield int(name)


def _parent(pid: int) -> Optional[int]:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return int(stream.read().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
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
        if properties["LoadState"] != "loaded":
            words = words._replace(doubt=f"there is no unit {properties['Id']}, only drop-ins")
        program = words.binary or ""
        if os.path.basename(program).startswith("sshd") or built_in(program):
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


def with_doubt(daemon: Daemon, rest: Mapping[str, Address]) -> Daemon:
    """Return a daemon that does not listen, with a doubt where something else has its port."""
    if daemon.service.running or os.geteuid() != 0 or daemon.others:
        return daemon  # only root sees whose a socket is
    if not os.path.exists("/proc/self"):
        return daemon  # an image that is being built: what listens is the builder's
    inodes = {inode for inode, (_host, port) in rest.items() if port == _PORT}
    if not inodes:
        return daemon
    doubt = f"what listens at port {_PORT} is no sshd of this host: {_holder(inodes)}"
    return daemon._replace(
        service=daemon.service._replace(running=None), words=daemon.words._replace(doubt=doubt)
    )


def _holder(inodes: AbstractSet[str]) -> str:
    """Return who holds one of these sockets, in words."""
    for name in os.listdir("/proc"):
        with suppress(OSError):
            if name.isdigit() and not inodes.isdisjoint(listening.inodes(int(name))):
                return "{} (process {})".format(os.readlink(f"/proc/{name}/exe"), name)
    return "it cannot be seen from here"


def not_understood(daemon: Daemon) -> str:
    """Return the sentence on a daemon of which not all is known."""
    where = _durations.listed(places(daemon))
    which = f"The sshd that listens at {where}" if where else "How sshd is started here"
    return f"{which} was not understood: {daemon.words.doubt}."


def which_of_several(daemon: Daemon, path: str, twins: Sequence[Daemon]) -> str:
    """Return the sentence that says which daemon reads a file, and that others do not.

    :param twins: those of the others that read it, too.
    """
    where = [_durations.listed(places(item)) for item in [daemon] + list(twins)]
    named = _durations.listed([item for item in where if item])
    own = named or daemon.service.name or "the one that is installed"
    others = [_other(item) for item in daemon.others if item not in twins]
    rest = f", and not touched is {_durations.listed(others)}" if others else ""
    return f"More than one sshd lets people in: {path} is for {own}{rest}."


def shared_place(daemon: Daemon, shared: Sequence[str]) -> str:
    """Return the sentence on a daemon that gets some of the connections to another one's places."""
    words = [daemon.words.binary or "sshd"]
    words += [word for option in daemon.words.options for word in ("-o", option)]
    return "Another sshd listens at {} too, and gets some of the connections: {} ({}).".format(
        _durations.listed(shared), " ".join(words), _file_of(daemon)
    )


def _other(daemon: Daemon) -> str:
    where = _durations.listed(places(daemon)) or str(daemon.service.name)
    return f"{where} ({_file_of(daemon)})"


def _file_of(daemon: Daemon) -> str:
    if daemon.is_foreign:
        return "of a container or a jail, with files of its own"
    return daemon.config or "its file is not known"
