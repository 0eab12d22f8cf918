# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a file that holds TMOUT alone leaves alone, in whatever spelling. Private to the collection.

Such a file can be replaced by ours unless it asks who, how or where somebody logs in: what it gives
one and not another would be lost without a word. What it may ask is what every such file asks: is
there a TMOUT, can it be changed, which shell is this, is it interactive.
"""

import re
import stat
from typing import Iterator, Optional, Tuple

from .._files.reading import Snapshot
from . import dropin, parser
from .definitions import clipped

__all__ = ["first_exemption", "reading_group"]

# What tells no person from another: TMOUT itself, the shell, and whether it is interactive.
_EVERYBODYS = frozenset("TMOUT PS1 BASH BASH_VERSION ZSH_VERSION ZSH_NAME KSH_VERSION".split())
_NAMED = re.compile(r"\$(?:\{[#!]?)?([A-Za-z_]\w*|[^\s\"'{(])")
_EVERYBODYS_SIGNS = ("-", "0")
# Tests of files, of terminals, and of variables.
_LOOKS = re.compile(
    r"(?<!\S)(?:-(?:[bcdefghkprstuwxGLNORS]|nt|ot|ef)|-v\s+(?!TMOUT\b)\S+|~\S*)(?=\s|$)"
    r"|^(?:\[+|test)\s+(?:!\s+)?-[ao]\s+(?!interactive\b)"
    r"|^\[\[.*(?:(?<!\S)[A-Za-z_]\w*\s+-(?:eq|[gln][et])\s|-(?:eq|[gln][et])\s+[A-Za-z_])"
)
_TESTS = ("[", "[[", "test")
# Where a plain word is the name of a variable.
_CALCULATED = re.compile(r"\(\((.*)\)\)|^let\s(.*)|\bTMOUT=[\"']?([A-Za-z_]\w*)", re.DOTALL)
_WORD = re.compile(r"(?<![\w$])[A-Za-z_]\w*")


def first_exemption(text: str) -> Optional[Tuple[int, str]]:
    """Return number and text of the first line that asks for more than everybody's.

    In a file of ours, the questions who somebody is and in which groups are our own.
    """
    ours = text.startswith(dropin.HEADER + "\n")
    lines = text.split("\n")
    try:
        offsets = list(_asking(text))
    except parser.TooMuch:  # of such a file it is not even told that it holds TMOUT alone
        return None
    for offset in offsets:
        number = text.count("\n", 0, offset)
        if not (ours and dropin.asks_for_exempt(lines[number])):
            return number + 1, clipped(lines[number], 0, len(lines[number]), 0)
    return None


def reading_group(snapshot: Snapshot) -> Optional[int]:
    """Return the group whose members alone read a file, beside root; None where others do, too.

    What root alone reads is taken for a mistake.
    """
    if snapshot.identity is None:
        return None
    mode, group = snapshot.identity[2], snapshot.identity[4]
    return group if group and mode & stat.S_IRGRP and not mode & stat.S_IROTH else None


def _asking(text: str) -> Iterator[int]:
    """Yield where each command begins that asks for more, in order."""
    for command in parser.parse(text).in_order():
        said = " ".join(word.text for word in command.words)
        if _asks(said, command.words[0].text):
            yield command.start


def _asks(said: str, first: str) -> bool:
    for named in _NAMED.finditer(_without_single_quotes(said)):
        if named.group(1) not in _EVERYBODYS and named.group(1) not in _EVERYBODYS_SIGNS:
            return True
    if "$(" in said.replace("$((", "") or "`" in said:
        return True
    if first in _TESTS and _LOOKS.search(said):
        return True
    return any(
        word != "TMOUT"
        for found in _CALCULATED.finditer(said)
        for word in _WORD.findall(next(group for group in found.groups() if group is not None))
    )


def _without_single_quotes(said: str) -> str:
    return re.sub(r"'[^']*'", "''", said)
