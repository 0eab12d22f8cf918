# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions of TMOUT in login files: find them, disable them, enable them again.

Private to this collection: it may change without notice.
"""

import re
from bisect import bisect_left, bisect_right
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.curfew.session.plugins.module_utils import _shell_text

__all__ = ("MARKER", "Definition", "EditRefused", "disable", "enable", "find", "is_only_tmout")

MARKER = "#curfew.session# "
# What ends a line that stands in for disabled ones.
_REPLACEMENT = " #curfew.session#"
_REPLACED = re.compile(r" #curfew\.session#\r?\Z")

_DECLARING = frozenset(("export", "readonly", "typeset", "declare", "local", "integer", "float"))
_ABOUT = _DECLARING | frozenset(("unset",))
_PREFIXES = frozenset(("command", "builtin", "noglob", "nocorrect", "-"))
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^]]*\])?(\+?=)")
_DEFAULT = re.compile(r"\$\{TMOUT:?=([^}]*)\}")
_CSH = re.compile(
    r"(?:^|[;&|)])\s*(?:(setenv)\s+TMOUT\s+|(set)((?:\s+-[rfl]+)?)\s+(?:autologout|TMOUT)\s*=\s*)"
    r"[\"'(]?\s*([^\s;\"')]*)"
)
_ENVIRONMENT = re.compile(r"\s*(?:export\s+)?TMOUT\s*=\s*(.*)")
_PAM_ENV = re.compile(r"\s*TMOUT(?=\s)(?:.*?\b(?:OVERRIDE|DEFAULT)=(\S*))?")


class EditRefused(ValueError):
    """A definition cannot be disabled without changing something else; the text says why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


class Definition(NamedTuple):
    """A command that gives TMOUT a value, attributes, or takes it away.

    Its kind is `assign`, `attribute` or `unset`; `opaque` is one that may give it a value that
    cannot be read from the text, such as an eval.
    """

    line: int
    text: str
    kind: str
    value: Optional[str]
    readonly: bool
    exported: bool
    conditional: bool
    shared: bool
    in_function: bool
    offset: int


def find(text: str, syntax: str = "sh") -> List[Definition]:
    """Return the definitions in a file of syntax sh, csh, environment or pam_env, in order."""
    if "TMOUT" not in text and "autologout" not in text:
        return []
    if syntax != "sh":
        return _find_by_line(text, syntax)
    found: List[Definition] = []
    line, counted = 1, 0
    for command in _shell_text.parse(text).commands:
        for part in [] if command.subshell else _parts(command):
            offset = _offset(command, part)
            line += text.count("\n", counted, offset)
            counted = offset
            found.append(_definition(text, command, part, line))
    return found


class _Part(NamedTuple):
    """One word of a command that is about TMOUT, or the whole command."""

    kind: str
    value: Optional[str]
    readonly: bool
    exported: bool
    word: Optional[_shell_text.Word]


def _definition(
    text: str, command: _shell_text.Command, part: _Part, line_number: int
) -> Definition:
    offset = _offset(command, part)
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : len(text) if end < 0 else end]
    alone = text[command.start : command.end].strip()
    return Definition(
        line=line_number,
        text=line.strip(),
        kind=part.kind,
        value=part.value,
        readonly=part.readonly,
        exported=part.exported,
        conditional=command.conditional,
        shared=re.sub(r"(^|\s)#.*", "", line).strip() != alone,
        in_function=command.in_function,
        offset=offset,
    )


def _parts(command: _shell_text.Command) -> List[_Part]:
    words = list(command.words)
    while len(words) > 1 and words[0].text.lstrip("\\") in _PREFIXES:
        words = words[1:]
    first = (_shell_text.literal(words[0].text) or "").lstrip("\\")
    if first in _DECLARING:
        return _declared(first, words[1:])
    if first == "unset":
        taken = [word for word in words[1:] if _shell_text.literal(word.text) == "TMOUT"]
        return [_Part("unset", None, False, False, word) for word in taken]
    if all(_ASSIGNMENT.match(word.text) for word in words):
        return [
            _Part("assign", _value(word.text), False, False, word)
            for word in words
            if _names_tmout(word.text)
        ]
    return _opaque(first, words)


def _names_tmout(word: str) -> bool:
    matched = _ASSIGNMENT.match(word)
    return bool(matched and matched.group(1) == "TMOUT")


def _opaque(first: str, words: List[_shell_text.Word]) -> List[_Part]:
    rest = " ".join(word.text for word in words[1:])
    default = _DEFAULT.search(rest)
    if default:
        return [_Part("assign", _computed(default.group(1)), False, False, None)]
    sets = {
        "eval": r"\bTMOUT\+?=",
        "let": r"\bTMOUT\s*[-+*/]?=",
        "read": r"(^|\s)TMOUT(\s|$)",
        "printf": r"-v\s*TMOUT(\s|$)",
    }
    if first in sets and re.search(sets[first], rest):
        return [_Part("opaque", None, "readonly" in rest, False, None)]
    return []


def _declared(builtin: str, words: List[_shell_text.Word]) -> List[_Part]:
    flags = builtin[0] if builtin in ("export", "readonly") else ""
    flags = {"e": "x", "r": "r"}.get(flags, "")
    removed = ""
    parts: List[_Part] = []
    for word in words:
        text = _shell_text.literal(word.text)
        if text and text[0] in "-+" and len(text) > 1 and not parts:
            if text[0] == "-":
                flags += text[1:]
            removed += text[1:] if text[0] == "+" or "n" in text and builtin == "export" else ""
            continue
        named = text == "TMOUT" or _names_tmout(word.text) or _names_tmout(text or "")
        if not named or set("fFp") & set(flags):
            continue
        value = _value(word.text) if "=" in word.text else None
        kind = "assign" if "=" in word.text else "attribute"
        readonly, exported = "r" in flags, "x" in flags and "x" not in removed
        parts.append(_Part(kind, value, readonly, exported and "n" not in removed, word))
    return parts


def _value(word: str) -> Optional[str]:
    name, _, raw = word.partition("=")
    if name.endswith("+"):
        return None
    if name[0] in "'\"":
        raw = name[0] + raw
    return _computed(raw)


def _computed(raw: str) -> Optional[str]:
    plain = raw.strip('"')
    if plain.startswith("$((") and plain.endswith("))"):
        result = _arithmetic(plain[3:-2])
        return None if result is None else str(result)
    return _shell_text.literal(raw)


def _arithmetic(expression: str) -> Optional[int]:
    """Work out products and sums of plain numbers; anything else is None."""
    if len(expression) > 100:
        return None
    total = 0
    for sign, term in re.findall(r"([-+]?)([^-+]+)", expression):
        factors = [factor.strip() for factor in term.split("*")]
        if not all(re.match(r"(0|[1-9][0-9]{0,9})\Z", factor) for factor in factors):
            return None
        product = 1
        for factor in factors:
            product *= int(factor)
        total += -product if sign == "-" else product
    return total


def is_only_tmout(command: _shell_text.Command) -> bool:
    """Tell whether a command does nothing but define TMOUT."""
    parts = [part for part in _parts(command) if part.kind in ("assign", "attribute")]
    return bool(parts) and not _others(command, parts)


def _others(command: _shell_text.Command, parts: Sequence[_Part]) -> List[_shell_text.Word]:
    """Return the words of a command that are about something else than TMOUT."""
    if any(part.word is None for part in parts):
        plain_default = command.words[0].text == ":" and len(command.words) == 2
        return [] if plain_default else list(command.words)
    ours = [part.word for part in parts]
    return [
        word
        for word in command.words
        if word not in ours
        and (_shell_text.literal(word.text) or "").lstrip("\\") not in _ABOUT | _PREFIXES
        and word.text[0] not in "-+"
    ]


def _find_by_line(text: str, syntax: str) -> List[Definition]:
    found = []
    offset = 0
    for number, line in enumerate(text.split("\n"), 1):
        plain = "" if line.lstrip().startswith("#") else line.rstrip("\r")
        found += [
            Definition(
                number, plain.strip(), "assign", value, readonly, True, False, False, False, offset
            )
            for value, readonly in _line_values(plain, syntax)
        ]
        offset += len(line) + 1
    return found


def _line_values(line: str, syntax: str) -> List[Tuple[Optional[str], bool]]:
    if syntax == "csh":
        code = re.sub(r"(^|\s)#.*", "", line)
        return [(found.group(4), "r" in (found.group(3) or "")) for found in _CSH.finditer(code)]
    pattern = _ENVIRONMENT if syntax == "environment" else _PAM_ENV
    matched = pattern.match(line)
    return [((matched.group(1) or "").strip().strip("\"'"), False)] if matched else []


def disable(text: str, definitions: Sequence[Definition]) -> str:
    """Return the text without these definitions, in a form that `enable` takes back."""
    wanted = {definition.offset for definition in definitions}
    if not wanted:
        return text
    script = _shell_text.parse(text)
    if script.error:
        line = min(definition.line for definition in definitions)
        raise EditRefused(line, "the file does not end: " + script.error)
    blocks: Dict[Tuple[int, int], List[Tuple[int, int, str]]] = {}
    needed = set()
    for command in script.commands:
        parts = [part for part in _parts(command) if _offset(command, part) in wanted]
        if parts and not command.subshell:
            block = _block(text, script, command)
            blocks.setdefault(block, []).extend(_cuts(text, command, parts))
            if command.needed:
                needed.add(block)
    for block in sorted(blocks, reverse=True):
        new = _without(text[block[0] : block[1]], block[0], blocks[block], block in needed, text)
        text = text[: block[0]] + new + text[block[1] :]
    return text


def _offset(command: _shell_text.Command, part: _Part) -> int:
    return part.word.start if part.word else command.start


def _block(text: str, script: _shell_text.Script, command: _shell_text.Command) -> Tuple[int, int]:
    """Return the whole lines around a command, from and to where a comment may stand."""
    start = script.line_starts[bisect_right(script.line_starts, command.start) - 1]
    at = bisect_left(script.line_ends, command.end)
    return start, script.line_ends[at] if at < len(script.line_ends) else len(text)


def _cuts(
    text: str, command: _shell_text.Command, parts: Sequence[_Part]
) -> List[Tuple[int, int, str]]:
    if not _others(command, parts):
        return [(command.start, command.end, ":")]
    cuts = []
    for part in parts:
        if part.word is None:
            line = text.count("\n", 0, command.start) + 1
            raise EditRefused(line, "it does more than set TMOUT, and cannot be taken apart")
        start = part.word.start
        blank = re.compile(r"(?:[ \t\r]|\\\r?\n)+\Z").search(text[command.start : start])
        if blank:
            cuts.append((command.start + blank.start(), part.word.end, ""))
        else:
            # The first word: what follows moves up to its place.
            after = re.compile(r"(?:[ \t\r]|\\\r?\n)*").match(text, part.word.end)
            cuts.append((start, after.end() if after else part.word.end, ""))
    return cuts


def _without(
    block: str, start: int, cuts: List[Tuple[int, int, str]], needed: bool, text: str
) -> str:
    rest = block
    for cut_start, cut_end, instead in sorted(cuts, reverse=True):
        rest = rest[: cut_start - start] + instead + rest[cut_end - start :]
    marked = "\n".join(MARKER + line for line in block.split("\n"))
    idle = re.match(r"[\s;:]*(#.*)?\Z", rest) and not needed
    if idle:
        return marked
    if "\n" in rest and "'" not in rest:
        rest = re.sub(r"\\\r?\n", "", rest)
    if "\n" in rest:
        line = text.count("\n", 0, start) + 1
        raise EditRefused(line, "it shares its command with a quote that goes over several lines")
    end = "\r" if rest.endswith("\r") else ""
    return marked + "\n" + rest.rstrip("\r") + _REPLACEMENT + end


def enable(text: str) -> str:
    """Return the text with every disabled line as it was."""
    if MARKER not in text:
        return text
    lines: List[str] = []
    after_marked = False
    for line in text.split("\n"):
        if line.startswith(MARKER):
            lines.append(line[len(MARKER) :])
            after_marked = True
            continue
        if not (after_marked and _REPLACED.search(line)):
            lines.append(line)
        after_marked = False
    return "\n".join(lines)
