# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a process listens, as the kernel shows it and as sshd says. Private to the collection.

Only a run that reloads loads this.
"""

import os
import re
import socket
import struct
from contextlib import suppress
from typing import Dict, Iterable, List, Sequence, Set, Tuple

__all__ = ["Address", "addresses", "has_socket_of_systemd", "lost", "sockets"]

Address = Tuple[str, int]

_TABLES = (("tcp", socket.AF_INET, "=I"), ("tcp6", socket.AF_INET6, "=4I"))
_STATE = "0A"  # of a socket that listens
SYSTEMD = 1


def addresses(lines: Iterable[str]) -> List[Address]:
    """Return what the ``listenaddress`` lines of ``sshd -T`` name."""
    parsed = [re.match(r"\[?(.*?)\]?:(\d+)(?: rdomain .*)?\Z", line) for line in lines]
    return [(match.group(1), int(match.group(2))) for match in parsed if match is not None]


def sockets(pid: int) -> List[Address]:
    """Return where a process listens; nothing where that cannot be seen."""
    return list(_listening(pid).values())


def _listening(pid: int) -> Dict[str, Address]:
    """Return the addresses at which a process listens, by the inode of the socket."""
    listening: Dict[str, Address] = {}
    try:
        inodes = _inodes(pid)
    except OSError:
        return listening
    for name, family, form in _TABLES:
        try:
            with open(f"/proc/{pid}/net/{name}") as table:
                rows = [line.split()[:10] for line in table][1:]
        except OSError:
            continue  # a kernel without IPv6
        for row in rows:
            if row[3] == _STATE and row[9] in inodes:
                host, _colon, port = row[1].partition(":")
                listening[row[9]] = _text(host, family, form), int(port, 16)
    return listening


def _inodes(pid: int) -> Set[str]:
    folder = f"/proc/{pid}/fd"
    inodes = set()
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):  # closed while we look
            link = os.readlink(os.path.join(folder, name))
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
    return inodes


def _text(host: str, family: int, form: str) -> str:
    """Return an address that the kernel shows as words of 32 bits in the machine's own order."""
    words = [int(host[start : start + 8], 16) for start in range(0, len(host), 8)]
    return socket.inet_ntop(family, struct.pack(form, *words))


def has_socket_of_systemd(pid: int) -> bool:
    """Tell whether systemd itself holds the socket open, and handed it to the daemon.

    Not by LISTEN_FDS: sshd's title overwrites its environment in /proc (measured, OpenSSH 10.0).
    """
    try:
        return pid != SYSTEMD and not _inodes(SYSTEMD).isdisjoint(_listening(pid))
    except OSError:
        return False


def lost(now: Sequence[Address], then: Sequence[Address]) -> List[Address]:
    """Return where nobody would answer any more: at neither the address nor all of its kind."""
    if not then:
        return []  # sshd does not tell
    kept = {(_plain(host), port) for host, port in then}
    return [
        (host, port)
        for host, port in now
        if not kept & {(host, port), ("::" if ":" in host else "0.0.0.0", port)}
    ]


def _plain(host: str) -> str:
    """Return it as the kernel's table has it: without the interface of a link-local address."""
    host = host.partition("%")[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, host))
