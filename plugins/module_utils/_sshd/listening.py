# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the running sshd listens, and whether it still would after a reload. Private.

A reload puts all that stands in the files in force: a port, too, that somebody has changed there
without a reload, perhaps with no rule in the firewall yet.
"""

import os
import re
import socket
import struct
from contextlib import suppress
from typing import Any, Dict, Iterable, List, Sequence, Set, Tuple

from . import asking, config, service

__all__ = ["Address", "addresses", "check", "has_socket_of_systemd", "sockets"]

Address = Tuple[str, int]

_TABLES = (("tcp", socket.AF_INET, "=I"), ("tcp6", socket.AF_INET6, "=4I"))
_STATE = "0A"  # of a socket that listens
SYSTEMD = 1
_KEYWORDS = ("port", "listenaddress", "addressfamily")


def addresses(lines: Iterable[str]) -> List[Address]:
    """What the ``listenaddress`` lines of ``sshd -T`` name."""
    found = []
    for line in lines:
        match = re.match(r"\[?(.*?)\]?:(\d+)(?: rdomain .*)?\Z", line)
        if match is not None:
            found.append((match.group(1), int(match.group(2))))
    return found


def sockets(pid: int) -> List[Address]:
    """Where a process listens; nothing where that cannot be seen."""
    return list(_listening(pid).values())


def _listening(pid: int) -> Dict[str, Address]:
    """The addresses at which a process listens, by the inode of the socket."""
    found: Dict[str, Address] = {}
    try:
        inodes = _inodes(pid)
    except OSError:
        return found
    for name, family, form in _TABLES:
        try:
            with open(f"/proc/{pid}/net/{name}") as table:
                rows = [line.split()[:10] for line in table][1:]
        except OSError:
            continue  # a kernel without IPv6
        for row in rows:
            if row[3] == _STATE and row[9] in inodes:
                host, _colon, port = row[1].partition(":")
                found[row[9]] = _text(host, family, form), int(port, 16)
    return found


def _inodes(pid: int) -> Set[str]:
    folder = f"/proc/{pid}/fd"
    found = set()
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):  # closed while we look
            link = os.readlink(os.path.join(folder, name))
            if link.startswith("socket:["):
                found.add(link[8:-1])
    return found


def _text(host: str, family: int, form: str) -> str:
    """The kernel shows an address as words of 32 bits in the machine's own order."""
    words = [int(host[start : start + 8], 16) for start in range(0, len(host), 8)]
    return socket.inet_ntop(family, struct.pack(form, *words))


def has_socket_of_systemd(pid: int) -> bool:
    """Whether systemd itself holds the socket open, and handed it to the daemon.

    Not by LISTEN_FDS: sshd's title overwrites its environment in /proc (measured, OpenSSH 10.0).
    """
    try:
        return pid != SYSTEMD and not _inodes(SYSTEMD).isdisjoint(_listening(pid))
    except OSError:
        return False


def check(run: Any) -> None:
    """Refuse, before anything is written, a reload that would lock out; foresee what else it does.

    ``run`` is the engine's; its ``listening`` becomes what the daemon would listen at.
    """
    newer = service.newer(run.listener, run.plan.before.texts)
    if newer and run.plan.texts:  # without a change of ours, they are what the reload is for
        run.warnings.append(
            "The running sshd has not read {} since the last change there: the reload puts all "
            "that it says in force.".format(", ".join(sorted(newer)))
        )
    if not run.binary:
        return
    run.listening = _foreseen(run)
    if has_socket_of_systemd(run.listener.pid):
        return  # that stays as it is, whatever sshd's files say
    gone = _lost(sockets(run.listener.pid), addresses(run.listening))
    if gone:
        raise service.ServiceError(
            "The running sshd listens at {}, and after a reload it would listen at {} only: {}. If "
            "that is meant, reload sshd yourself first; if not, change it back.".format(
                ", ".join("%s port %d" % address for address in gone),
                ", ".join(run.listening),
                _cause(run.plan.before),
            )
        )


def _foreseen(run: Any) -> List[str]:
    """The ``listenaddress`` lines for these files and the daemon's whole command line."""
    words = [word for option in run.words.options for word in ("-o", option)]
    words += [word for port in run.words.ports for word in ("-p", str(port))]
    question = asking.Question(run.plan.after, run.connections[0], bool(run.plan.texts))
    with asking.Prover(run.binary, run.release, words) as prover:
        answer = prover.ask([question])[0]
    if isinstance(answer, asking.Rejected):
        raise answer
    return answer.get("listenaddress", [])


def _lost(now: Sequence[Address], then: Sequence[Address]) -> List[Address]:
    """Where nobody would answer any more: neither the same address, nor all of its kind."""
    if not then:
        return []  # sshd does not tell
    kept = {(_plain(host), port) for host, port in then}
    return [
        (host, port)
        for host, port in now
        if not kept & {(host, port), ("::" if ":" in host else "0.0.0.0", port)}
    ]


def _plain(host: str) -> str:
    """As the kernel's table gives it: without the interface of a link-local address."""
    host = host.partition("%")[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, host))


def _cause(tree: config.Tree) -> str:
    lines = [
        "%s line %d says %r" % (directive.path, directive.line, directive.text.strip(" \t\r\f"))
        for directive in tree.directives
        if directive.keyword in _KEYWORDS
    ]
    return "; ".join(lines) or f"no line of {tree.main} sets Port or ListenAddress any more"
