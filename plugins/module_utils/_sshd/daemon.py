# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of an sshd, as values: its words, the process that listens, its service.

Private to the collection.
"""

import mmap
import os
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

__all__ = [
    "DEFAULT_PATH",
    "OPTION",
    "UNITS",
    "CommandLine",
    "Daemon",
    "Listener",
    "Service",
    "built_in",
    "parse_words",
]

UNITS = ("ssh.service", "sshd.service")
DEFAULT_PATH = "/etc/ssh/sshd_config"  # where no program is there to tell
_BUILT_IN = b"/sshd_config\0"
_WITH_ARGUMENT = "CEbcfghkopu"  # the letters of sshd(8) that take one
# What sshd(8) knows. Any other word is a part of the one before it, which had blanks.
OPTION = re.compile(r"-(?:[46DdeGiqrTtV]+|[46DdeGiqrTtV]*[CEbcfghkopu].*)\Z", re.DOTALL)


class CommandLine(NamedTuple):
    """What matters of the words that sshd runs with.

    ``options`` are the arguments of ``-o``, ``keys`` the words for host keys and certificates;
    ``doubt`` says, in a sentence, why there may be more than these.
    """

    binary: Optional[str] = None
    config: Optional[str] = None
    options: Tuple[str, ...] = ()
    ports: Tuple[int, ...] = ()
    keys: Tuple[str, ...] = ()
    doubt: Optional[str] = None


class Listener(NamedTuple):
    """The process that accepts connections; ``pid_file`` is None where it keeps none."""

    pid: int
    pid_file: Optional[str]
    command_line: CommandLine
    unit: Optional[str] = None


class Service(NamedTuple):
    """As modules return it; ``manager``: ``systemd``, ``openrc``, ``sysvinit``, ``runit``, None."""

    name: Optional[str]
    manager: Optional[str]
    running: Optional[bool]


class Daemon(NamedTuple):
    """A service, its listener if one runs, and the command line that it has or would have.

    ``others`` are those that let people in at this host beside it; ``sockets``: where systemd
    listens for it.
    """

    service: Service
    listener: Optional[Listener]
    words: CommandLine
    others: Tuple["Daemon", ...] = ()
    sockets: Tuple[str, ...] = ()

    @property
    def config(self) -> Optional[str]:
        """Return the file that it reads; None where that cannot be known."""
        return self.words.config or _default_config(self)


def parse_words(words: Sequence[str]) -> CommandLine:
    """Return what matters of these words."""
    arguments: Dict[str, List[str]] = {"f": [], "o": [], "p": []}
    rest = list(words[1:])
    last = ""
    while rest:
        word = rest.pop(0)
        if not OPTION.match(word):
            if last == "o":  # the kernel shows the words joined by blanks: this was one word
                arguments["o"][-1] += " " + word
            continue
        last = ""
        for position, letter in enumerate(word[1:], 2):
            if letter in _WITH_ARGUMENT:
                last = letter
                argument = word[position:] or (rest.pop(0) if rest else "")
                arguments.setdefault(letter, []).append(argument)
                break
    return CommandLine(
        words[0] if words else None,
        arguments["f"][-1] if arguments["f"] else None,
        tuple(arguments["o"]),
        tuple(int(port) for port in arguments["p"] if re.match(r"[0-9]{1,5}\Z", port)),
        tuple(
            word
            for letter in "hc"
            for path in arguments.get(letter, ())
            for word in ("-" + letter, path)
        ),
    )


def _default_config(daemon: Daemon) -> Optional[str]:
    """Return the file that a daemon's program reads if it is told of none; None: not known.

    It is built in, and whoever builds sshd may choose it.
    """
    listener = daemon.listener
    program = f"/proc/{listener.pid}/exe" if listener else daemon.words.binary
    if program is None:
        from . import asking

        try:
            program = asking.find_binary(None, None)
        except asking.SshdError:
            return DEFAULT_PATH
    return built_in(program)


def built_in(program: str) -> Optional[str]:
    """Return the one configuration file whose path stands in a program; None: not known.

    Of several the only one that exists, as where a vendor has a file of its own below /usr.
    """
    paths = set()
    try:
        with open(program, "rb") as stream, mmap.mmap(
            stream.fileno(), 0, access=mmap.ACCESS_READ
        ) as content:
            end = content.find(_BUILT_IN)
            while end >= 0:
                start = content.rfind(b"\0", 0, end) + 1
                paths.add(os.fsdecode(content[start : end + len(_BUILT_IN) - 1]))
                end = content.find(_BUILT_IN, end + 1)
    except (OSError, ValueError):
        return None
    paths = {path for path in paths if path.startswith("/")}
    there = {path for path in paths if os.path.exists(path)} if len(paths) > 1 else paths
    return there.pop() if len(there) == 1 else None
