# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sockets listen, and of which process they are, as the kernel shows it; what sshd says.

Private to the collection. Nobody connects to find out: hosts refuse, count and punish that.
"""

import os
import re
import socket
import struct
from contextlib import suppress
from typing import Dict, Iterable, List, Sequence, Set, Tuple, Union

__all__ = ["Address", "addresses", "has_socket_of_systemd", "held", "inodes", "lost", "table"]

Address = Tuple[str, int]

_TABLES = (("tcp", socket.AF_INET, "=I"), ("tcp6", socket.AF_INET6, "=4I"))
_LISTENS = "0A"
_ANSWERED = "03"  # half open: before Linux 4.4 these stand between those that listen
SYSTEMD = 1


def addresses(lines: Iterable[str]) -> List[Address]:
    """Return what the ``listenaddress`` lines of ``sshd -T`` name."""
    parsed = [re.match(r"\[?(.*?)\]?:(\d+)(?: rdomain .*)?\Z", line) for line in lines]
    return [(match.group(1), int(match.group(2))) for match in parsed if match is not None]


def table(pid: Union[int, str] = "self") -> Dict[str, Address]:
    """Return what listens in the network namespace of a process, by the inode of the socket.

    The kernel lists what listens before all connections, of which there may be many.
    """
    listening: Dict[str, Address] = {}
    for name, family, form in _TABLES:
        with suppress(OSError), open(f"/proc/{pid}/net/{name}") as rows:  # a kernel without IPv6
            next(rows)
            for line in rows:
                row = line.split(None, 10)
                if row[3] == _LISTENS:
                    host, _colon, port = row[1].partition(":")
                    listening[row[9]] = _text(host, family, form), int(port, 16)
                elif row[3] != _ANSWERED:
                    break
    return listening


def held(pid: int) -> Dict[str, Address]:
    """Return where a process listens, by the inode; nothing where that cannot be seen."""
    try:
        own = inodes(pid)
    except OSError:
        return {}
    return {inode: address for inode, address in table(pid).items() if inode in own}


def inodes(pid: int) -> Set[str]:
    """Return the inodes of all sockets that a process holds open.

    :raises OSError: there is no such process, or it may not be looked at.
    """
    folder = f"/proc/{pid}/fd"
    found = set()
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):  # closed while we look
            link = os.readlink(folder + "/" + name)
            if link.startswith("socket:["):
                found.add(link[8:-1])
    return found


def _text(host: str, family: int, form: str) -> str:
    """Return an address that the kernel shows as words of 32 bits in the machine's own order."""
    words = [int(host[start : start + 8], 16) for start in range(0, len(host), 8)]
    return socket.inet_ntop(family, struct.pack(form, *words))


def has_socket_of_systemd(pid: int) -> bool:
    """Tell whether systemd itself holds the socket open, and handed it to the daemon.

    Not by LISTEN_FDS: sshd's title overwrites its environment in /proc (measured, OpenSSH 10.0).
    """
    try:
        return pid != SYSTEMD and not inodes(SYSTEMD).isdisjoint(held(pid))
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
