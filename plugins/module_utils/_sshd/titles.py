# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a daemon whose title does not show them all as they are. Private to the collection.

sshd's title takes the place of its words and its environment, shows words joined by blanks, and is
cut where both ended. How long the words were is known to the kernel.
"""

import os
import re
from contextlib import suppress
from typing import List, Optional, Sequence, Tuple

__all__ = ["resolve"]

_TITLE = re.compile(r"[^\0/]*: (.*?)(?: \[listener\].*)?\Z", re.DOTALL)
_DECIDES = re.compile(r"-\w*f|-\w*o(?:clientalive|channeltimeout|unusedconn)", re.IGNORECASE)
_CUT = "its title is cut, so that it may have options that cannot be seen"
_PARTED = "where an option with blanks ends cannot be told"


def resolve(pid: int, text: str, unit: Optional[str]) -> Tuple[List[str], Optional[str]]:
    """Return the words of a running sshd, and as a doubt what may be missing from them.

    systemd's own words count where they are what the title shows, else what can be read of it.
    """
    title = text.partition("\0")[0]
    found = _TITLE.match(title)
    shown = found.group(1) if found else title
    is_cut = " [listener]" not in title
    length = _length(pid) if is_cut else len(shown)
    shown = shown[:length]
    program = _program(pid)
    for words in (_of_unit(pid, unit), [program]):
        joined = " ".join(words)
        if words and len(joined) == length and joined.startswith(shown):
            return words, None
    words = shown.split(" ")
    if len(shown) == length:
        return words, _PARTED if _matters(words) else None
    return _without_cut(words, program), _CUT


def _of_unit(pid: int, unit: Optional[str]) -> List[str]:
    """Return the words with which systemd starts the unit whose main process this is."""
    if unit is None:
        return []
    from . import unit as sshd_unit

    properties = sshd_unit.show([unit])
    if properties is None or properties["MainPID"] != str(pid):
        return []
    return sshd_unit.exact_words(properties)


def _program(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe").replace(" (deleted)", "")
    except OSError:
        return ""


def _length(pid: int) -> Optional[int]:
    """Return how long the words were, joined by blanks; None: not known."""
    with suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            fields = stream.read().rpartition(")")[2].split()
        return int(fields[46]) - int(fields[45]) - 1 or None  # arg_end and arg_start in proc(5)
    return None


def _without_cut(words: Sequence[str], program: str) -> List[str]:
    """Return the words that are whole for certain, and no option that lacks its argument."""
    whole = [program] + list(words[1:-1])
    if len(whole) > 1 and re.match(r"-\w*[CEbcfghkopu]\Z", whole[-1]):
        whole.pop()
    return whole


def _matters(words: Sequence[str]) -> bool:
    """Tell whether it matters where an option with blanks ends, and what follows begins."""
    joined = " ".join(words)
    command = re.search(r"command|subsystem| --", joined, re.IGNORECASE)
    if command is None:
        return False
    rest = joined[command.end() :].replace("-o ", "-o").split(" ")
    return any(_DECIDES.match(word) for word in rest)
