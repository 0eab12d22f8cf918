# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TMOUT drop-in: one text that every shell can read twice and every scanner accepts.

Private to the collection.
"""

import re
from typing import FrozenSet, List, Optional, Pattern, Sequence, Tuple

from .._refusal import BadOption
from . import parser

__all__ = [
    "HEADER",
    "NameRefused",
    "asks_for_exempt",
    "check_names",
    "exempt",
    "first_foreign_line",
    "render",
]

HEADER = "# Written by the Ansible module curfew.session.shell_tmout: changes made here are lost."

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+\\-]*\$?\Z")
# `command` passes over functions and aliases called id; the path keeps the user's own programs out.
_WHO = 'case "$(PATH=/usr/bin:/bin command id -un 2>/dev/null)" in'
_GROUPS = 'case " $(PATH=/usr/bin:/bin command id -Gn 2>/dev/null) " in'
# The patterns that stand behind each of them.
_EXEMPT_USERS = re.compile(r"id -un [^\n]*\n\s*\(([^\n]*)\) ;;")
_EXEMPT_GROUPS = re.compile(r"id -Gn [^\n]*\n\s*\(([^\n]*)\) ;;")

# ksh93u+m switches its timer off for good when TMOUT is touched in a subshell that it did not fork
# (measured, Debian 12 and 13: an idle session never ended); a limit set there makes it fork.
_GUARD = "if ( ulimit -c 0; unset TMOUT ) 2>/dev/null; then"
# Within a function of bash, where `local` works, declare would make a local variable.
_BASH_OUTSIDE_FUNCTIONS = 'elif [ -n "${BASH_VERSION-}" ] && ! ( local _ ) 2>/dev/null; then'
_ZSH = 'if [ -n "${ZSH_VERSION-}" ]; then'


class NameRefused(BadOption):
    """A user or group name that must not stand in a shell script; the text is a sentence."""


def check_names(names: Sequence[str], option: str) -> None:
    """Refuse what is not plainly the name of a user or group."""
    for name in names:
        if not isinstance(name, str) or not _NAME.match(name):
            raise NameRefused(
                option,
                f"{name!r} is not a name; letters, digits and any of _ . @ + \\ - are possible, and"
                " a final $.",
            )


def render(
    seconds: int,
    readonly: bool = True,
    export: bool = True,
    interactive_only: bool = False,
    exempt_users: Sequence[str] = (),
    exempt_groups: Sequence[str] = (),
) -> str:
    """Return the text of the drop-in."""
    check_names(exempt_users, "exempt_users")
    check_names(exempt_groups, "exempt_groups")
    lines = _assignment(seconds, readonly, export)
    if exempt_groups:
        patterns = "|".join(f"*' {name} '*" for name in exempt_groups)
        lines = _unless(_GROUPS, patterns, lines)
    if exempt_users:
        lines = _unless(_WHO, "|".join(f"'{name}'" for name in exempt_users), lines)
    if interactive_only:
        lines = ["case $- in", "  *i*)"] + _indent(lines, 4) + ["    ;;", "esac"]
    return "\n".join([HEADER] + lines) + "\n"


def exempt(text: str) -> Tuple[FrozenSet[str], FrozenSet[str]]:
    """Return the users and the groups whom the text of a drop-in of ours leaves alone."""
    return _names(_EXEMPT_USERS, text), _names(_EXEMPT_GROUPS, text)


def _names(pattern: Pattern[str], text: str) -> FrozenSet[str]:
    matched = pattern.search(text)
    return frozenset(re.findall(r"' ?(.*?) ?'", matched.group(1)) if matched else ())


def _assignment(seconds: int, readonly: bool, export: bool) -> List[str]:
    # The literal `TMOUT=` stands on bare assignments only: a scanner's remediation rewrites every
    # line that holds it, and a guard on the same line would become a syntax error at login.
    value = f"TMOUT={seconds}"
    attributes = ["readonly TMOUT"] * readonly + ["export TMOUT"] * export
    if not readonly:
        return [_GUARD] + _indent([value] + attributes, 2) + ["fi"]
    flags = "-gxr" if export else "-gr"
    body = [_ZSH, "  " + value, f"  typeset {flags} TMOUT"]
    if export:
        body += [_BASH_OUTSIDE_FUNCTIONS, "  declare -xr " + value]
    body += ["else"] + _indent([value] + attributes, 2) + ["fi"]
    return [_GUARD] + _indent(body, 2) + ["fi"]


def _unless(head: str, patterns: str, lines: List[str]) -> List[str]:
    # The patterns follow an opening parenthesis, so that no parser takes `)` for a subshell's end.
    return [head, f"  ({patterns}) ;;", "  (*)"] + _indent(lines, 4) + ["    ;;", "esac"]


def _indent(lines: List[str], width: int) -> List[str]:
    return [" " * width + line for line in lines]


def first_foreign_line(text: str) -> Optional[Tuple[int, str]]:
    """Return number and text of the first line that is neither about TMOUT nor a comment."""
    from .definitions import clipped

    try:
        script = parser.parse(text)
        offsets = [command.start for command in script.commands if not _only_tmout(command)]
    except parser.TooMuch as error:
        return 1, str(error)
    lines = text.split("\n")
    if script.error:
        offsets.append(script.line_starts[-1])
    numbers = [text.count("\n", 0, min(offsets))] if offsets else []
    numbers += [number for number, line in enumerate(lines) if _does_more(line)][:1]
    if not numbers:
        return None
    line = lines[min(numbers)]
    return min(numbers) + 1, clipped(line, 0, len(line), 0)


_TESTS = frozenset(("[", "[[", "test", ":", "true"))


def _only_tmout(command: parser.Command) -> bool:
    first = command.words[0].text
    if first in _TESTS or (first in ("local", "ulimit") and command.subshell):
        return True
    if first == "return" or _only_looks(command):
        return True
    if first == "unset":
        return all(word.text in ("-v", "TMOUT") for word in command.words[1:])
    from .definitions import is_only_tmout

    return is_only_tmout(command)


def _only_looks(command: parser.Command) -> bool:
    """Tell whether it is a part of ``readonly -p | grep -q TMOUT``."""
    first, rest = command.words[0].text, [word.text for word in command.words[1:]]
    if first in ("readonly", "declare", "typeset"):
        return command.subshell and all(re.match(r"-[rpx]+\Z", word) for word in rest)
    looked_for = [word for word in rest if not re.match(r"-[A-Za-z]+\Z", word)]
    return first == "grep" and len(looked_for) == 1 and "TMOUT" in looked_for[0]


def asks_for_exempt(line: str) -> bool:
    """Tell whether a line is one of ours that asks who is exempt."""
    return line.strip() in (_WHO, _GROUPS)


def _does_more(line: str) -> bool:
    stripped = line.strip()
    if asks_for_exempt(line) or stripped.startswith("#"):
        return False
    return bool(re.search(r"\$\((?!\()|`|<\(|>(?!\s*(/dev/null|&[12-])(\s|;|$))", stripped))
