# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a daemon whose title does not show them all as they are. Private to the collection.

sshd's title takes the place of its words and its environment. It is cut where these ended, and
what stands behind the cut is the rest of the old words: their length is known, not all of them.
"""

import os
import re
from contextlib import suppress
from typing import List, Optional, Sequence

from .daemon import CommandLine, parse_words
from .facts import COUNT_MAX, INTERVAL

__all__ = ["resolve"]

_TITLE = re.compile(r"sshd: (.*?)(?: \[listener\].*)?\Z", re.DOTALL)
_DECIDES = re.compile(r"-\w*f|-\w*o(?:clientalive|channeltimeout|unusedconn)", re.IGNORECASE)


def resolve(pid: int, text: str, unit: Optional[str]) -> CommandLine:
    """Return the words of a running sshd, which its title shows cut, or parted where they are not.

    systemd's own words count where they are what the title shows; else what can be read does, and
    the ``doubt`` says what may be missing.
    """
    title, _nul, behind = text.partition("\0")
    shown = _TITLE.match(title).group(1)  # type: ignore[union-attr]  # the caller has seen it
    is_cut = " [listener]" not in title
    length = _length(pid) if is_cut else len(shown)
    shown = shown[:length]
    candidates = [_of_unit(pid, unit)]
    if is_cut:
        candidates += [
            _of_program(pid),
            _completed(shown, behind[: length - len(title) - 1], length),
        ]
    for words in candidates:
        joined = " ".join(words)
        if words and len(joined) == length and joined.startswith(shown):
            return parse_words(words)
    words = shown.split(" ")
    if not is_cut or len(shown) == length:
        doubt = "where an option with blanks ends cannot be told" if _matters(words) else ""
    else:
        words = _without_cut(words)
        doubt = "its title is cut, so that it may have options that cannot be seen"
    command_line = parse_words(words)
    return command_line._replace(doubt=doubt or None)


def _of_unit(pid: int, unit: Optional[str]) -> List[str]:
    """Return the words with which systemd starts the unit whose main process this is."""
    if unit is None:
        return []
    from . import unit as sshd_unit

    properties = sshd_unit.show([unit])
    if properties is None or properties["MainPID"] != str(pid):
        return []
    return sshd_unit.exact_words(properties)


def _of_program(pid: int) -> List[str]:
    """Return the one word of an sshd that was started without any option."""
    try:
        return [os.readlink(f"/proc/{pid}/exe").replace(" (deleted)", "")]
    except OSError:
        return []


def _completed(shown: str, behind: str, length: int) -> List[str]:
    """Return the words where the cut is within one keyword that only one text can complete.

    What stands behind the title is the end of the old words, for the title is shorter than they.
    """
    found = re.search(r"[- ]o ?(clientalive(?:i|c)[a-z]*)\Z", shown, re.IGNORECASE)
    if found is None:
        return []
    begun = found.group(1).lower()
    for keyword in (INTERVAL, COUNT_MAX):
        if keyword.lower().startswith(begun):
            text = shown + keyword[len(begun) :] + "=" + behind.rstrip("\0")
            return text.split(" ") if len(text) == length else []
    return []


def _length(pid: int) -> int:
    """Return how long the words were, joined by blanks; 0: not known."""
    with suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            fields = stream.read().rpartition(")")[2].split()
        return max(int(fields[46]) - int(fields[45]) - 1, 0)
    return 0


def _without_cut(words: Sequence[str]) -> List[str]:
    """Return the words that are whole for certain, and no option that lacks its argument."""
    whole = list(words[:-1]) or [os.path.join("/", words[0])]
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
