# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions of TMOUT in login files: find them, disable them, enable them again.

Private to this collection: it may change without notice.
"""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.curfew.session.plugins.module_utils import _shell_text

__all__ = ("Definition", "Part", "find", "is_only_tmout", "offset_of", "others", "parts_of")


_DECLARING = frozenset(("export", "readonly", "typeset", "declare", "local", "integer", "float"))
_ABOUT = _DECLARING | frozenset(("unset",))
_PREFIXES = frozenset(("command", "builtin", "noglob", "nocorrect", "-"))
# What is assigned before one of these stays: in every shell but bash, or in some.
_SPECIAL = _ABOUT | frozenset(
    ": . source break continue eval exec exit return set shift times trap".split()
)
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^]]*\])?(\+?=)")
_DEFAULT = re.compile(r"\$\{TMOUT:?=(.*)\}\Z", re.DOTALL)
_CALCULATED = re.compile(
    r"(?<![\w$])TMOUT\s*(?:(?:[-+*/%&^|]|<<|>>)?=(?!=)|\+\+|--)|(?:\+\+|--)\s*TMOUT\b"
    r"|\$\{TMOUT:*="
)
_NAMED = re.compile(r"(?:^|\s)TMOUT(?=[\s?]|$)")
_MENTIONED = re.compile(r"(?<![\w${])TMOUT\b")
_AT_PROMPTS = re.compile(r"PROMPT_COMMAND\+?=.*(?<![\w${])TMOUT\b", re.DOTALL)
_LOOP = re.compile(r"\ATMOUT(?=\s|\Z)|\A\(\(.*(?:" + _CALCULATED.pattern + ")", re.DOTALL)
# What may give it a value that the text does not tell, by the rest of the command.
_SETTING = {
    "eval": _MENTIONED, "trap": _MENTIONED, "((": _CALCULATED, "let": _CALCULATED,
    "for": _LOOP, "foreach": _LOOP, "select": _LOOP,
    "getopts": _NAMED, "mapfile": _NAMED, "read": _NAMED, "readarray": _NAMED, "vared": _NAMED,
    "nameref": re.compile(r"\w=TMOUT$"), "printf": re.compile(r"(?:^|\s)-v\s*TMOUT(?=\s|$)"),
    "set": re.compile(r"(?:^|\s)[-+]A\s+TMOUT(?=\s|$)"),
    "wait": re.compile(r"(?:^|\s)-\w*p\s*TMOUT(?=\s|$)"),
}  # fmt: skip
# Commands that do nothing besides, and leave nothing behind.
_SOLE = re.compile(
    r"(?:: (\"?)\$\{TMOUT:?=[^{}]*\}\1|let (\"?)TMOUT=\w+\2|\(\( *TMOUT *= *\w+ *\)\))\Z"
)
_CSH = re.compile(
    r"(?:^|[;&|)])\s*(?:(setenv)\s+TMOUT\s+|(set)((?:\s+-[rfl]+)?)\s+(?:autologout|TMOUT)\s*=\s*)"
    r"[\"'(]?\s*([^\s;\"')]*)"
)
_ENVIRONMENT = re.compile(r"\s*(?:export\s+)?TMOUT\s*=\s*(.*)")
_PAM_ENV = re.compile(r"\s*TMOUT(?=\s)(?:.*?\b(?:OVERRIDE|DEFAULT)=(\S*))?")


class Definition(NamedTuple):
    """A command that gives TMOUT a value, attributes, or takes it away.

    Its kind is `assign`, `default` (it gives a value where there is none), `attribute` or `unset`;
    `opaque` is one that may give it a value that cannot be read from the text, such as an eval.
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

    @property
    def gives_value(self) -> bool:
        return self.kind in ("assign", "default")


def find(text: str, syntax: str = "sh") -> List[Definition]:
    """Return the definitions in a file of syntax sh, csh, environment or pam_env, in order."""
    if "TMOUT" not in text and "autologout" not in text:
        return []
    if syntax != "sh":
        return _find_by_line(text, syntax)
    found: List[Definition] = []
    line, counted = 1, 0
    script = _shell_text.parse(text)
    for command in sorted(script.commands + script.heads, key=lambda one: one.start):
        for part in [] if command.subshell else parts_of(command):
            offset = offset_of(command, part)
            line += text.count("\n", counted, offset)
            counted = offset
            found.append(_definition(text, command, part, line))
    return found


class Part(NamedTuple):
    """One word of a command that is about TMOUT, or the whole command."""

    kind: str
    value: Optional[str]
    readonly: bool
    exported: bool
    word: Optional[_shell_text.Word]
    # It depends on the shell, or on what came before, whether it does that.
    sometimes: bool = False


def _definition(
    text: str, command: _shell_text.Command, part: Part, line_number: int
) -> Definition:
    offset = offset_of(command, part)
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
        conditional=command.conditional or part.sometimes,
        shared=re.sub(r"(^|\s)#.*", "", line).strip() != alone,
        in_function=command.in_function,
        offset=offset,
    )


def parts_of(command: _shell_text.Command) -> List[Part]:
    """Return what a command does about TMOUT, word by word."""
    words = list(command.words)
    count = next((at for at, word in enumerate(words) if not _ASSIGNMENT.match(word.text)), None)
    assigned, words = words[:count], words[len(words) if count is None else count :]
    while len(words) > 1 and words[0].text.lstrip("\\") in _PREFIXES:
        words = words[1:]
    first = (_shell_text.literal(words[0].text) or "").lstrip("\\") if words else ""
    parts = []
    if first in _SPECIAL or not first:
        parts = [
            Part("assign", _value(word.text), False, False, word, bool(words))
            for word in assigned
            if _names_tmout(word.text)
        ]
    if first in _DECLARING:
        parts += _declared(first, words[1:])
    elif first == "unset":
        taken = [word for word in words[1:] if _shell_text.literal(word.text) == "TMOUT"]
        parts += [Part("unset", None, False, False, word) for word in taken]
    else:
        parts += _opaque(first, words[1:])
    ours = [part.word for part in parts]
    return parts + _within([word for word in command.words if word not in ours])


def _names_tmout(word: str) -> bool:
    matched = _ASSIGNMENT.match(word)
    return bool(matched and matched.group(1) == "TMOUT")


def _opaque(first: str, words: Sequence[_shell_text.Word]) -> List[Part]:
    rest = " ".join(_shell_text.literal(word.text) or word.text for word in words)
    if first in _SETTING and _SETTING[first].search(rest):
        return [Part("opaque", None, "readonly" in rest, False, None)]
    return []


def _within(words: Sequence[_shell_text.Word]) -> List[Part]:
    """Return what the words of any command do when they are expanded, or when a prompt comes."""
    parts = []
    for word in words:
        for expansion in _shell_text.expansions(word.text):
            default = _DEFAULT.match(expansion)
            if default:
                value = _computed(default.group(1))
                parts.append(Part("default", value, False, False, None, True))
            elif re.match(r"\$\(|\$\{TMOUT::=", expansion) and _CALCULATED.search(expansion):
                parts.append(Part("opaque", None, False, False, None))
        if _AT_PROMPTS.match(word.text):
            parts.append(Part("opaque", None, False, False, None))
    return parts


def _declared(builtin: str, words: List[_shell_text.Word]) -> List[Part]:
    flags = builtin[0] if builtin in ("export", "readonly") else ""
    flags = {"e": "x", "r": "r"}.get(flags, "")
    removed = ""
    parts: List[Part] = []
    for word in words:
        text = _shell_text.literal(word.text)
        if text and text[0] in "-+" and len(text) > 1 and not parts:
            if text[0] == "-":
                flags += text[1:]
            removed += text[1:] if text[0] == "+" or "n" in text and builtin == "export" else ""
            continue
        named = text == "TMOUT" or _names_tmout(word.text) or _names_tmout(text or "")
        if "n" in flags and builtin != "export" and (text or "").endswith("=TMOUT"):
            parts.append(Part("opaque", None, False, False, None))
        if not named or set("fFp") & set(flags):
            continue
        value = _value(word.text) if "=" in word.text else None
        kind = "assign" if "=" in word.text else "attribute"
        readonly, exported = "r" in flags, "x" in flags and "x" not in removed
        parts.append(Part(kind, value, readonly, exported and "n" not in removed, word))
    return parts


def _value(word: str) -> Optional[str]:
    name, _equals, raw = word.partition("=")
    if name.endswith(("+", "]")) or raw.startswith("("):
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
    parts = [part for part in parts_of(command) if part.kind in ("assign", "attribute")]
    return bool(parts) and not others(command, parts)


def others(command: _shell_text.Command, parts: Sequence[Part]) -> List[_shell_text.Word]:
    """Return the words of a command that are about something else than TMOUT."""
    if any(part.word is None for part in parts):
        alone = _SOLE.match(" ".join(word.text for word in command.words))
        return [] if alone else list(command.words)
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


def offset_of(command: _shell_text.Command, part: Part) -> int:
    """Return where in its text a definition begins."""
    return part.word.start if part.word else command.start
