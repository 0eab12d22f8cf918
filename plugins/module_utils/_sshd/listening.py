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
from typing import Dict, Iterable, Iterator, List, Sequence, Set, Tuple

__all__ = [
    "Address",
    "addresses",
    "has_socket_of_systemd",
    "held",
    "inodes",
    "links",
    "lost",
    "table",
]

Address = Tuple[str, int]

_TABLES = (("tcp", socket.AF_INET, "=I"), ("tcp6", socket.AF_INET6, "=4I"))
_LISTENS = "0A"
_ANSWERED = "03"  # half open: before Linux 4.4 these stand between those that listen
SYSTEMD = 1
_SOCK_DIAG, _BY_FAMILY, _DUMP, _DONE = 4, 20, 0x301, 3  # of netlink(7) and sock_diag(7)
_SECONDS = 5  # for what the kernel answers at once


def addresses(lines: Iterable[str]) -> List[Address]:
    """Return what the ``listenaddress`` lines of ``sshd -T`` name."""
    parsed = [re.match(r"\[?(.*?)\]?:(\d+)(?: rdomain .*)?\Z", line) for line in lines]
    return [(match.group(1), int(match.group(2))) for match in parsed if match is not None]


def table() -> Dict[str, Address]:
    """Return what listens in our network namespace, by the inode of the socket.

    Asked over netlink: to read /proc/net/tcp, the kernel goes through all that may be connected
    (9 ms on a small host without connections, where this takes 0.1), so that is for old kernels.
    """
    listening: Dict[str, Address] = {}
    for name, family, form in _TABLES:
        try:
            listening.update(_dumped(family))
        except OSError:
            with suppress(OSError):  # a kernel without IPv6
                listening.update(_read(name, family, form))
    return listening


def _dumped(family: int) -> Iterator[Tuple[str, Address]]:
    """Yield the sockets of a family that listen (sock_diag(7)).

    :raises OSError: the kernel does not tell.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as netlink:
        netlink.settimeout(_SECONDS)
        asked = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, 1 << int(_LISTENS, 16))
        netlink.send(struct.pack("=IHHII", 16 + len(asked), _BY_FAMILY, _DUMP, 1, 0) + asked)
        while True:
            answer = netlink.recv(1 << 17)
            while len(answer) >= 16:
                length, kind = struct.unpack_from("=IH", answer)
                if kind == _DONE:
                    return
                if kind != _BY_FAMILY or length < 88:
                    raise OSError("no such table")
                packed = answer[24 : 28 if family == socket.AF_INET else 40]
                (port,) = struct.unpack_from("!H", answer, 20)
                (inode,) = struct.unpack_from("=I", answer, 84)
                yield str(inode), (socket.inet_ntop(family, packed), port)
                answer = answer[(length + 3) & ~3 :]


def _read(name: str, family: int, form: str) -> Iterator[Tuple[str, Address]]:
    """Yield the sockets of a family that listen, which the kernel lists before all connections."""
    with open("/proc/self/net/" + name) as rows:
        rows.readline()  # what the columns are called
        for line in rows:
            row = line.split(None, 10)
            if row[3] == _LISTENS:
                host, _colon, port = row[1].partition(":")
                yield row[9], (_text(host, family, form), int(port, 16))
            elif row[3] != _ANSWERED:
                return


def held(pid: int) -> Dict[str, Address]:
    """Return where a process listens, by the inode; nothing where that cannot be seen."""
    try:
        own = inodes(pid)
    except OSError:
        return {}
    return {inode: address for inode, address in table().items() if inode in own}


def inodes(pid: int) -> Set[str]:
    """Return the inodes of all sockets that a process holds open.

    :raises OSError: there is no such process, or it may not be looked at.
    """
    return {inode for _path, inode in _sockets(pid)}


def links(pid: int) -> Iterator[str]:
    """Yield the paths in /proc of the sockets at which a process listens."""
    listening = table()
    for path, inode in _sockets(pid):
        if inode in listening:
            yield path


def _sockets(pid: int) -> Iterator[Tuple[str, str]]:
    folder = f"/proc/{pid}/fd/"
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):  # closed while we look
            link = os.readlink(folder + name)
            if link.startswith("socket:["):
                yield folder + name, link[8:-1]


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
