# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the sshd by which people come in, and the file that it reads. Private to the collection.

It is the process that holds a socket at which this host listens. A pid file is where it is looked
for first, and no more.
"""

import os
import time
from typing import Dict, Iterator, List, Optional, Tuple

from . import listening
from .service import (
    UNITS,
    CommandLine,
    Daemon,
    Listener,
    Service,
    listener_of,
    of_listener,
    parse_words,
)

__all__ = ["doubts", "find", "is_same", "of_path"]

PID_FILES = ("/run/sshd.pid", "/var/run/sshd.pid")
_RELOADS_SECONDS = 0.5  # for so long a daemon that starts itself anew may have no socket


def find() -> Daemon:
    """Return the sshd of this host: of several that of the usual unit, of port 22, the first."""
    listener, rest = _hinted()
    if not rest:
        return of_listener(listener) if listener else _without_listener()
    # Loaded only here: on many hosts that people log in to, nothing but sshd listens.
    from . import daemons

    found = daemons.several(listener, rest)
    if found and not found[0].is_foreign:
        return found[0]._replace(others=tuple(found[1:]))
    installed = _without_listener()._replace(others=tuple(found))
    return daemons.with_doubt(installed, rest)


def _without_listener() -> Daemon:
    """Return the daemon that is installed; only systemd can say how it would be started."""
    if not os.path.isdir("/run/systemd/system"):
        from . import inits

        return Daemon(Service(*inits.service(None), False), None, CommandLine())
    from . import unit as sshd_unit

    properties = sshd_unit.show(UNITS)
    if properties is None:
        return Daemon(Service(None, "systemd", False), None, CommandLine())
    running = properties["ActiveState"] in ("active", "reloading")
    words = parse_words(sshd_unit.exact_words(properties))
    return Daemon(Service(properties["Id"][:-8], "systemd", running), None, words)


def _hinted() -> Tuple[Optional[Listener], Dict[str, listening.Address]]:
    """Return the sshd that a pid file names, if it listens here, and what else does."""
    table = listening.table()
    for listener in _named():
        limit = time.monotonic() + _RELOADS_SECONDS
        while True:
            own = listening.held(listener.pid)
            rest = {inode: place for inode, place in table.items() if inode not in own}
            if len(rest) < len(table):
                return listener, rest
            if time.monotonic() > limit:
                break
            time.sleep(0.02)
            table = listening.table()
    return None, table


def _named() -> Iterator[Listener]:
    for path in PID_FILES:
        try:
            with open(path, "rb") as pid_file:
                pid = int(pid_file.read(32))
        except (OSError, ValueError):
            continue
        found = listener_of(pid, path)
        if found is not None and not found.foreign:
            yield found
            return


def of_path(path: Optional[str], daemon: Daemon) -> Tuple[Daemon, Optional[str]]:
    """Return the daemon that reads a file, else the first one; with it what that one reads."""
    reads = daemon.config
    if path is None or not daemon.others or is_same(reads, path):
        return daemon, reads
    for position, other in enumerate(daemon.others):
        if not other.is_foreign and is_same(other.config, path):
            rest = daemon.others[:position] + daemon.others[position + 1 :]
            return other._replace(others=(daemon._replace(others=()),) + rest), other.config
    return daemon, reads


def is_same(one: Optional[str], other: str) -> bool:
    """Tell whether two paths lead to one file."""
    return one is not None and os.path.realpath(one) == os.path.realpath(other)


def doubts(daemon: Daemon, reads: Optional[str]) -> List[str]:
    """Return why a daemon may not do what its program says of a file: sentences."""
    sentences = []
    if reads is None:
        program = daemon.words.binary or "its program"
        sentences.append(f"Which file the sshd of this host ({program}) reads cannot be known.")
    if daemon.words.doubt:
        from . import daemons

        sentences.append(daemons.not_understood(daemon))
    return sentences
