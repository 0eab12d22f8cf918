# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of TMOUT in login files: which commands give it what. Private to the collection."""

import re
from typing import List, NamedTuple, Optional, Sequence, Set, Tuple

from . import parser

__all__ = [
    "Definition",
    "Part",
    "check_count",
    "clipped",
    "find",
    "find_in",
    "is_only_tmout",
    "offset_of",
    "others",
    "parts_of",
]

# More than any host has: what comes after is not looked at.
MAX_DEFINITIONS = 10000
# A longer word that mentions TMOUT is taken to be beyond us, as its parts may be of any depth.
MAX_WORD = 65536
# What is shown of a line.
MAX_SHOWN = 200

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
_OUR_LINE = re.compile(r"^.*(?:TMOUT|autologout).*$", re.MULTILINE)
_QUOTES = re.compile(r"['\"\\]")
_PAM_ENV = re.compile(r"\s*TMOUT(?=\s)(?:.*?\b(?:OVERRIDE|DEFAULT)=(\S*))?")


class Definition(NamedTuple):
    """A command that gives TMOUT a value, attributes, or takes it away.

    Its kind is ``assign``, ``default`` (it gives a value where there is none), ``attribute`` or
    ``unset``; ``opaque`` is one that may give it a value which the text does not tell, such as an
    eval.
    """

    line: int
    text: str
    kind: str
    value: Optional[str]
    readonly: bool
    exported: bool
    conditional: bool
    in_function: bool
    offset: int
    # It takes away that it is exported.
    hides: bool = False
    # It is run later than where it stands: as a trap, or before each prompt.
    later: bool = False
    # The later is at each prompt, without a doubt: no shell that is only asked shows it.
    at_prompts: bool = False

    @property
    def gives_value(self) -> bool:
        """Tell whether TMOUT has a value afterwards."""
        return self.kind in ("assign", "default")


def find(text: str, syntax: str = "sh") -> List[Definition]:
    """Return the definitions in a file of syntax sh, csh, environment or pam_env, in order."""
    if "TMOUT" not in text and "autologout" not in text:
        return []
    if syntax != "sh":
        return _find_by_line(text, syntax)
    return find_in(text, parser.parse(text))


def find_in(text: str, script: parser.Script) -> List[Definition]:
    """Return the definitions in a shell's text that has been parsed already."""
    definitions: List[Definition] = []
    if "TMOUT" not in text:
        return definitions
    lines = _Lines(text)
    for command in script.in_order():
        for part in [] if command.subshell else parts_of(command):
            check_count(definitions)
            definitions.append(_definition(lines, command, part))
    return definitions


def check_count(definitions: Sequence[Definition]) -> None:
    """Refuse a file that holds more definitions than a host could have meant."""
    if len(definitions) >= MAX_DEFINITIONS:
        raise parser.TooMuch(f"it defines TMOUT more than {MAX_DEFINITIONS} times")


class _Lines:
    """The lines of a text, asked for one after the other: each is looked at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._start = 0
        self._end = -1
        self._number = 1

    def at(self, offset: int) -> Tuple[int, str]:
        """Return number and text, as it is shown, of the line around an offset."""
        if not self._start <= offset <= self._end:
            back = offset < self._start
            passed = self._text.count("\n", *sorted((self._start, offset)))
            self._number += -passed if back else passed
            self._start = self._text.rfind("\n", 0, offset) + 1
            end = self._text.find("\n", offset)
            self._end = len(self._text) if end < 0 else end
        return self._number, clipped(self._text, self._start, self._end, offset)


def clipped(text: str, start: int, end: int, offset: int) -> str:
    """Return the line from start to end; of a long one, a part of it from the offset on."""
    if end - start <= MAX_SHOWN:
        return text[start:end].strip()
    before = "... " if text[max(start, offset - MAX_SHOWN) : offset].strip() else ""
    after = " ..." if end - offset > MAX_SHOWN else ""
    return before + text[offset : min(end, offset + MAX_SHOWN)].strip() + after


class Part(NamedTuple):
    """One word of a command that is about TMOUT, or the whole command."""

    kind: str
    value: Optional[str]
    readonly: bool
    exported: bool
    word: Optional[parser.Word]
    # It depends on the shell, or on what came before, whether it does that.
    sometimes: bool = False
    hides: bool = False
    later: bool = False
    at_prompts: bool = False


def _definition(lines: _Lines, command: parser.Command, part: Part) -> Definition:
    offset = offset_of(command, part)
    line, text = lines.at(offset)
    return Definition(
        line=line,
        text=text,
        kind=part.kind,
        value=part.value,
        readonly=part.readonly,
        exported=part.exported,
        conditional=command.conditional or part.sometimes,
        in_function=bool(command.function),
        offset=offset,
        hides=part.hides,
        later=part.later,
        at_prompts=part.at_prompts and not command.conditional,
    )


def parts_of(command: parser.Command) -> List[Part]:
    """Return what a command does about TMOUT, word by word."""
    words = list(command.words)
    if not any("TMOUT" in word.text or _QUOTES.search(word.text) for word in words):
        return []
    count = next((at for at, word in enumerate(words) if not _ASSIGNMENT.match(word.text)), None)
    assigned, words = words[:count], words[len(words) if count is None else count :]
    prefixes = 0
    while prefixes < len(words) - 1 and words[prefixes].text.lstrip("\\") in _PREFIXES:
        prefixes += 1
    words = words[prefixes:]
    first = (parser.literal(words[0].text) or "").lstrip("\\") if words else ""
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
        named = [word for word in words[1:] if parser.literal(word.text) == "TMOUT"]
        parts += [Part("unset", None, False, False, word) for word in named]
    else:
        parts += _opaque(first, words[1:])
    ours = {part.word for part in parts}
    return parts + _expanded([word for word in command.words if word not in ours])


def _names_tmout(word: str) -> bool:
    matched = _ASSIGNMENT.match(word)
    return bool(matched and matched.group(1) == "TMOUT")


def _opaque(first: str, words: Sequence[parser.Word]) -> List[Part]:
    """Return what a command may do to TMOUT by other means than an assignment."""
    if first not in _SETTING:
        return []
    rest = " ".join(parser.literal(word.text) or word.text for word in words)
    if _SETTING[first].search(rest):
        return [Part("opaque", None, "readonly" in rest, False, None, later=first == "trap")]
    return []


def _expanded(words: Sequence[parser.Word]) -> List[Part]:
    """Return what the words of any command do when they are expanded, or when a prompt comes."""
    parts = []
    for word in words:
        if "TMOUT" not in word.text:
            continue
        if len(word.text) > MAX_WORD:
            raise parser.TooMuch(f"a word that mentions TMOUT has more than {MAX_WORD} characters")
        for expansion in parser.expansions(word.text):
            default = _DEFAULT.match(expansion)
            if default:
                value = _computed(default.group(1))
                parts.append(Part("default", value, False, False, None, True))
            elif re.match(r"\$\(|\$\{TMOUT::=", expansion) and _CALCULATED.search(expansion):
                parts.append(Part("opaque", None, False, False, None))
        if _AT_PROMPTS.match(word.text):
            parts.append(_at_prompts(word))
    return parts


def _at_prompts(word: parser.Word) -> Part:
    command = (parser.literal(word.text) or word.text).partition("=")[2].strip('"')
    sure = any(not (inner.conditional or inner.in_function) for inner in find(command))
    return Part("opaque", None, False, False, None, later=True, at_prompts=sure)


def _declared(builtin: str, words: List[parser.Word]) -> List[Part]:
    """Return what a builtin such as export or typeset does, with the flags before each name."""
    flags = set({"export": "x", "readonly": "r"}.get(builtin, ""))
    removed: Set[str] = set()
    parts: List[Part] = []
    for word in words:
        text = parser.literal(word.text)
        if text and text[0] in "-+" and len(text) > 1 and not parts:
            if text[0] == "-":
                flags.update(text[1:])
            if text[0] == "+" or "n" in text and builtin == "export":
                removed.update(text[1:])
            continue
        named = text == "TMOUT" or _names_tmout(word.text) or _names_tmout(text or "")
        if "n" in flags and builtin != "export" and (text or "").endswith("=TMOUT"):
            parts.append(Part("opaque", None, False, False, None))
        if not named or set("fFp") & flags:
            continue
        value = _value(word.text) if "=" in word.text else None
        kind = "assign" if "=" in word.text else "attribute"
        hides = "x" in removed or (builtin == "export" and "n" in removed)
        exported = "x" in flags and not set("xn") & removed
        parts.append(Part(kind, value, "r" in flags, exported, word, hides=hides))
    return parts


def _value(word: str) -> Optional[str]:
    """Return the value of an assignment, None where the text does not tell it."""
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
    return parser.literal(raw)


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


def is_only_tmout(command: parser.Command) -> bool:
    """Tell whether a command does nothing but define TMOUT."""
    parts = [part for part in parts_of(command) if part.kind in ("assign", "attribute")]
    return bool(parts) and not others(command, parts)


def others(command: parser.Command, parts: Sequence[Part]) -> List[parser.Word]:
    """Return the words of a command that are about something else than TMOUT."""
    if any(part.word is None for part in parts):
        alone = _SOLE.match(" ".join(word.text for word in command.words))
        return [] if alone else list(command.words)
    ours = {part.word for part in parts}
    return [
        word
        for word in command.words
        if word not in ours
        and (parser.literal(word.text) or "").lstrip("\\") not in _ABOUT | _PREFIXES
        and word.text[0] not in "-+"
    ]


def _find_by_line(text: str, syntax: str) -> List[Definition]:
    definitions: List[Definition] = []
    lines = _Lines(text)
    for matched in _OUR_LINE.finditer(text):
        line = matched.group().rstrip("\r")
        if line.lstrip().startswith("#"):
            continue
        for at, value, readonly in _line_values(line, syntax):
            check_count(definitions)
            number, shown = lines.at(matched.start() + at)
            definitions.append(
                Definition(
                    number, shown, "assign", value, readonly, True, False, False, matched.start()
                )
            )
    return definitions


def _line_values(line: str, syntax: str) -> List[Tuple[int, Optional[str], bool]]:
    """Return where each value is given, the value, and whether it is readonly."""
    if syntax == "csh":
        code = re.sub(r"(^|\s)#.*", "", line)
        return [
            (matched.start(), matched.group(4), "r" in (matched.group(3) or ""))
            for matched in _CSH.finditer(code)
        ]
    pattern = _ENVIRONMENT if syntax == "environment" else _PAM_ENV
    matched = pattern.match(line)
    if not matched:
        return []
    return [(matched.start(), (matched.group(1) or "").strip().strip("\"'"), False)]


def offset_of(command: parser.Command, part: Part) -> int:
    """Return where in its text a definition begins."""
    return part.word.start if part.word else command.start
