# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why what one shell says of TMOUT may not hold for everybody. Private to the collection.

A shell is asked in a view, as one of each class of accounts. Login files that look at what only a
real login has, or that do more to the timer than setting it, make its answer one of several.
"""

import re
from typing import TYPE_CHECKING, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._shell import definitions, dropin, parser

if TYPE_CHECKING:
    from .conditions import Because

__all__ = [
    "Doubts",
    "Effects",
    "doubts_of",
    "effects_of",
    "spoils_timer",
    "unsets",
]

# What nobody can know before the login, chance and the time of day included, and what only needs a
# terminal of sshd's.
_UNKNOWABLE = re.compile(
    r"\$\{?(?:SSH_(?:CLIENT|CONNECTION)|DISPLAY|PPID|XDG_\w+|LC_\w+|HOME|PWD)\b|(?<![\w/])~/"
    r"|\b(?:S?RANDOM|EPOCHSECONDS|EPOCHREALTIME)\b|(?:\$\(|`)[ \t]*(?:date|pwd)\b|/proc/loadavg\b"
    r"|\bwho(?:[ \t]+am[ \t]+i|[ \t]+-m)\b"
)
_TERMINAL = re.compile(
    _UNKNOWABLE.pattern + r"|\$\{?(?:SSH_\w+|TERM)\b|\btty\b|(?<!\S)-t[ \t]+[0-9]\b"
)
# That there is a connection at all is no question for who asks as after a login over SSH.
_CONNECTED = re.compile(
    r"(?m)(?:-[nz]|\[+)[ \t]+\"?\$\{?SSH_\w+(?::?-)?\}?\"?"
    r"(?=[ \t]*(?:\]|;|&&|\|\||-[ao]\b|$))"
)
_CHANGING = ("unset", "export", "readonly", "typeset")


class Effects(NamedTuple):
    """What login files do to the timer besides setting it, and the file that nobody can read."""

    unset: bool = False
    spoiling: str = ""
    puzzling: str = ""


class Doubts(NamedTuple):
    """Why an answer may not hold for everybody; texts are empty where nothing speaks for that.

    ``ours`` are our own drop-ins that exempt somebody. ``how`` is what looks at things of a real
    login, ``prompts`` what sets TMOUT after the login.
    """

    ours: List[str]
    how: Optional["Because"]
    prompts: str


def doubts_of(
    texts: Mapping[str, str],
    places: Sequence[Tuple[str, definitions.Definition]],
    family: str,
    detached: bool,
) -> Doubts:
    """Return the doubts about one shell.

    :param texts: the files that it reads, by path.
    :param places: the definitions of TMOUT in them, with their paths.
    :param detached: it came to its prompt without a terminal alone.
    """
    drop_ins = [path for path in texts if texts[path].startswith(dropin.HEADER + "\n")]
    paths = list(dict.fromkeys(path for path, _definition in places))
    offsets = {
        path: [
            definition.offset
            for where, definition in places
            if where == path and _moves_timer(definition)
        ]
        for path in paths
        if path not in drop_ins
    }
    others = {
        path: text if detached else _CONNECTED.sub(_without_variable, text)
        for path, text in texts.items()
        if path not in drop_ins
    }
    how = None
    if any(offsets.values()):
        from . import conditions

        pattern = _TERMINAL if detached else _UNKNOWABLE
        how = conditions.Texts(others).because(offsets, pattern)
    exempting = [path for path in drop_ins if any(dropin.exempt(texts[path]))]
    return Doubts(exempting, how, _set_after_login(places, family))


def _moves_timer(definition: definitions.Definition) -> bool:
    """Tell whether it matters after how long a shell ends, and who can change that."""
    return definition.kind != "attribute" or definition.readonly


def _set_after_login(places: Sequence[Tuple[str, definitions.Definition]], family: str) -> str:
    """Return what first sets TMOUT after the login, as a trap or before each prompt."""
    for path, definition in places:
        if definition.later and (family == "bash" or "PROMPT_COMMAND" not in definition.text):
            return f"{path} line {definition.line}"
    return ""


def _without_variable(test: "re.Match[str]") -> str:
    return test.group().replace("$", "_")


def effects_of(texts: Mapping[str, str], family: str) -> Effects:
    """Return what login files do to the timer of a shell besides setting it."""
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
