# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What login files do to the timer of a shell besides setting it. Private to the collection."""

from typing import Mapping, NamedTuple

from .._shell import parser

__all__ = ["Effects", "effects_of", "spoils_timer", "unsets"]

_CHANGING = ("unset", "export", "readonly", "typeset")


class Effects(NamedTuple):
    """What login files do to the timer besides setting it, and the one that nobody can read."""

    unset: bool = False
    spoiling: str = ""
    puzzling: str = ""


def effects_of(texts: Mapping[str, str], family: str) -> Effects:
    """Return what login files do to the timer of a family of shells."""
    effects = Effects()
    for path, text in texts.items():
        try:
            effects = effects._replace(unset=effects.unset or unsets(text))
            if family == "ksh93" and not effects.spoiling and spoils_timer(text):
                effects = effects._replace(spoiling=path)
        except parser.TooMuch:
            effects = effects._replace(puzzling=path)
    return effects


def spoils_timer(text: str) -> bool:
    """Tell whether a text changes TMOUT in a subshell that ksh93 does not fork; a limit makes it.

    After that ksh93u+m never logs out, whatever TMOUT is (measured).
    """
    if "TMOUT" not in text:
        return False
    forked = False
    for command in parser.parse(text).commands:
        words = [word.text for word in command.words]
        touches = words[0] in _CHANGING and "TMOUT" in words or words[0].startswith("TMOUT=")
        if command.subshell and touches and not forked:
            return True
        forked = command.subshell and words[0] == "ulimit"
    return False


def unsets(text: str) -> bool:
    """Tell whether a text takes TMOUT away from the shell that reads it."""
    if "TMOUT" not in text:
        return False
    for command in parser.parse(text).commands:
        words = [word.text for word in command.words]
        if words[0] == "unset" and "TMOUT" in words and not command.subshell:
            return True
    return False
