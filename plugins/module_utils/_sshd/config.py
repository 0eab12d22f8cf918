# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read sshd's configuration the way sshd does. Private to the collection.

Pure: text comes in through two functions, and comes out as directives in sshd's reading order.
The rules are those of sshd_config(5), read in OpenSSH's servconf.c and measured against
``sshd -T -C`` of 8.0 to 10.5; where releases differ, ``release`` (``(9, 2)``) tells which.
Text is decoded as UTF-8 with ``surrogateescape``, so that any bytes make the round trip.
"""

import functools
import re
from typing import Callable, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from .._refusal import Refusal
from .match import (
    Connection,
    Criteria,
    canonical,
    describe,
    everybody_meets,
    is_all,
    matches,
    nobody_meets,
)

__all__ = [
    "CONFIG_DIR",
    "NEWEST",
    "NO_CRITERIA",
    "ConfigError",
    "Directive",
    "MatchLine",
    "Place",
    "SESSION_KEYWORDS",
    "Release",
    "Scope",
    "Statement",
    "Tree",
    "criteria_of",
    "deciders",
    "deciding",
    "for_everybody",
    "for_nobody",
    "parse_criteria",
    "parse_line",
    "read_tree",
    "same_conditions",
    "same_definition",
    "scope_text",
    "statements",
    "unconditional",
]

Release = Tuple[int, int]
Place = Tuple[str, int]
Load = Callable[[str, Optional[Place]], str]
Expand = Callable[[str], List[str]]

CONFIG_DIR = "/etc/ssh"  # what a relative Include is relative to, whatever -f says
NEWEST = (99, 0)  # stands for a release that is not known
MAX_DEPTH = 16
MAX_READINGS = 4096
MAX_DERIVED = 256  # asking who decides takes the square of it; scopes beyond are compared as text

_BLANKS = " \t\r\n"
_BLANK_CHARACTERS = frozenset(_BLANKS)
_WORD_END = re.compile(r'[ \t\r\n"=]')
_PLAIN = re.compile(r"[ \t\r]*(?:#|([A-Za-z0-9]+)[ \t]+)")

# What decides about an account's sessions: of the first six one line counts, of the others all.
SESSION_KEYWORDS = (
    "ChannelTimeout",
    "SetEnv",
    "ForceCommand",
    "ChrootDirectory",
    "PermitTTY",
    "PermitRootLogin",
    "AllowUsers",
    "DenyUsers",
    "AllowGroups",
    "DenyGroups",
)
NO_CRITERIA = "neither 'all' nor pairs of a criterion and its patterns, in which no blanks are"


class ConfigError(Refusal):
    """The text cannot be what sshd runs on; the sentence names the file and the line."""


class Statement(NamedTuple):
    """A line that is neither blank nor comment. ``arguments`` is None where quotes do not end."""

    keyword: str
    arguments: Optional[Tuple[str, ...]]


class MatchLine(NamedTuple):
    """The line that opened a scope."""

    path: str
    line: int
    criteria: Criteria


Scope = Tuple[MatchLine, ...]


class Directive(NamedTuple):
    """A keyword set on one line; ``scope`` holds the Match lines it stands under, outermost first.

    ``line`` counts from 1; ``keyword`` is in lower case; ``main_line`` is the line of the main file
    by which it is read: its own, or that of the Include that leads to it.
    """

    path: str
    line: int
    keyword: str
    arguments: Tuple[str, ...]
    text: str
    scope: Scope
    main_line: int


class Tree(NamedTuple):
    """A main file with all that it includes.

    ``texts`` maps each file to its text, in reading order; ``includes`` maps the place of each
    Include line to the files it named; ``directives`` are in the order in which sshd reads them.
    """

    main: str
    texts: Dict[str, str]
    includes: Dict[Place, List[str]]
    directives: List[Directive]


@functools.lru_cache(maxsize=65536)  # a run reads a long file several times
def parse_line(line: str, release: Release = NEWEST) -> Optional[Statement]:
    """Return what sshd reads in a line; None for a blank line or a comment."""
    split = _keyword_and_rest(line, release)
    if split is None:
        return None
    keyword, rest = split
    keyword = keyword.lower()
    if keyword == "match":
        return Statement(keyword, _match_words(rest, release))
    if release >= (8, 7):
        return Statement(keyword, _split_arguments(rest))
    return Statement(keyword, _delimited_words(rest))


def statements(
    text: str, keywords: FrozenSet[str], release: Release = NEWEST
) -> Iterator[Tuple[int, str, Statement]]:
    """Return the statements with one of the (lower-case) keywords, each with number and line."""
    for number, line in enumerate(text.split("\n"), 1):
        plain = _PLAIN.match(line)
        if plain is not None and (plain.group(1) or "").lower() not in keywords:
            continue  # nearly every line of a long file, told at a glance
        statement = parse_line(line, release)
        if statement is not None and statement.keyword in keywords:
            yield number, line, statement


def parse_criteria(words: Optional[Iterable[str]]) -> Optional[Criteria]:
    """Return the criteria of a Match line from its words; None where they are not whole."""
    rest = iter(words or ())
    criteria = []
    for word in rest:
        name = word.lower()
        argument = "" if name in ("all", "invalid-user") else next(rest, "")
        if not argument and name not in ("all", "invalid-user"):
            return None
        criteria.append((name, argument))
    if not criteria or (("all", "") in criteria and len(criteria) > 1):
        return None
    return tuple(criteria)


def _keyword_and_rest(line: str, release: Release) -> Optional[Tuple[str, str]]:
    if release < (8, 7):
        line = line.partition("#")[0]  # these cut a line at any "#", quoted or not
    line = line.lstrip(" \t\r")
    line = line[:1] + line[1:].rstrip(_BLANKS + "\f")
    keyword, place = _delimit(line)
    if keyword == "" and place is not None:
        keyword, place = _delimit(line, place)
    if not keyword or keyword.startswith("#"):
        return None
    return keyword, "" if place is None else line[place:]


def _delimit(text: str, start: int = 0) -> Tuple[Optional[str], Optional[int]]:
    """Return the word at ``start``, up to a blank, quote or ``=``, and where the next one starts.

    Counts places instead of cutting the text off: a line may hold 100,000 words.
    """
    cut = _WORD_END.search(text, start)
    if cut is None:
        return text[start:], None
    word, place = text[start : cut.start()], cut.end()
    if cut.group() == '"':
        quote = text.find('"', place)
        return (
            (word + text[place:quote], _behind_blanks(text, quote + 1))
            if quote >= 0
            else (None, None)
        )
    place = _behind_blanks(text, place)
    if cut.group() != "=" and text[place : place + 1] == "=":
        place = _behind_blanks(text, place + 1)
    return word, place


def _behind_blanks(text: str, start: int) -> int:
    while text[start : start + 1] in _BLANK_CHARACTERS:
        start += 1
    return start


def _delimited_words(rest: str) -> Tuple[str, ...]:
    words = []
    word, place = _delimit(rest)
    while word:
        words.append(word)
        word, place = (None, None) if place is None else _delimit(rest, place)
    return tuple(words)


def _match_words(rest: str, release: Release) -> Optional[Tuple[str, ...]]:
    if release < (9, 9):
        words = list(_delimited_words(rest))
    else:
        split = _split_arguments(rest)
        if split is None:
            return None
        words = []
        for word in split:
            name, equals, argument = word.partition("=")
            words.extend([name, argument] if equals and name.isalpha() else [word])
    for position, word in enumerate(words):
        if word.startswith("#"):
            return tuple(words[:position])
    return tuple(words)


def _split_arguments(rest: str) -> Optional[Tuple[str, ...]]:
    """Split as sshd does since 8.7: both quotes, some escapes, a comment; None: unended quote."""
    if not re.search(r"""['"\\#]""", rest):
        return tuple(re.findall(r"[^ \t]+", rest))
    words: List[str] = []
    position = 0
    while True:
        while rest[position : position + 1] in (" ", "\t"):
            position += 1
        if position >= len(rest) or rest[position] == "#":
            return tuple(words)
        word, position = _quoted_word(rest, position)
        if word is None:
            return None
        words.append(word)


def _quoted_word(rest: str, position: int) -> Tuple[Optional[str], int]:
    word = []
    quote = ""
    while position < len(rest):
        char = rest[position]
        following = rest[position + 1 : position + 2]
        if (
            char == "\\"
            and following
            and (following in "'\"\\" or (following == " " and not quote))
        ):
            word.append(following)
            position += 1
        elif not quote and char in " \t":
            break
        elif not quote and char in "'\"":
            quote = char
        elif char == quote:
            quote = ""
        else:
            word.append(char)
        position += 1
    return (None if quote else "".join(word)), position


def read_tree(
    main: str,
    load: Load,
    expand: Expand,
    keywords: Iterable[str],
    release: Release = NEWEST,
) -> Tree:
    """Read a main file and all that it includes.

    :param load: returns the text of a file; is also told the place of the Include that names it.
    :param expand: returns the files that a glob pattern names, in byte order.
    :param keywords: the directives wanted; Include and Match are always followed.
    :raises ConfigError: a NUL byte, a circular or too deep Include, a Match that is not whole.
    """
    tree = Tree(main, {}, {}, [])
    _Reader(tree, load, expand, keywords, release).read(main, None, (), ())
    return tree


class _Reader:
    """One reading of a tree; keeps each file's statements, since a file may be included twice."""

    def __init__(
        self, tree: Tree, load: Load, expand: Expand, keywords: Iterable[str], release: Release
    ) -> None:
        self.tree = tree
        self.load = load
        self.expand = expand
        self.wanted = frozenset(keyword.lower() for keyword in keywords) | {"include", "match"}
        self.release = release
        self.statements: Dict[str, List[Tuple[int, str, Statement]]] = {}
        self.readings = 0
        self.main_line = 0  # of the Include being followed

    def read(self, path: str, by: Optional[Place], scope: Scope, above: Tuple[str, ...]) -> None:
        self._check(path, by, above)
        outer = scope
        for number, text, statement in self._statements_of(path, by):
            if statement.arguments is None:
                continue  # quotes that do not end: sshd itself will say so
            if statement.keyword == "match":
                scope = outer + (self._match_line(path, number, statement, bool(above)),)
            elif statement.keyword != "include":
                self.tree.directives.append(
                    Directive(
                        path,
                        number,
                        statement.keyword,
                        statement.arguments,
                        text,
                        scope,
                        self.main_line or number,
                    )
                )
            elif self.release >= (8, 2):
                self._follow((path, number), statement.arguments, scope, above + (path,))

    def _follow(
        self,
        place: Place,
        patterns: Tuple[str, ...],
        scope: Scope,
        above: Tuple[str, ...],
    ) -> None:
        if len(above) == 1:
            self.main_line = place[1]
        for name in self._included(place, patterns):
            self.read(name, place, scope, above)
        if len(above) == 1:
            self.main_line = 0

    def _check(self, path: str, by: Optional[Place], above: Tuple[str, ...]) -> None:
        self.readings += 1
        if by is None:
            return
        place = f"{by[0]} line {by[1]}"
        if path in above:
            raise ConfigError(f"{place}: Include {path} is circular.")
        if len(above) > MAX_DEPTH:
            raise ConfigError(f"{place}: Include is nested deeper than {MAX_DEPTH} files.")
        if self.readings > MAX_READINGS:
            raise ConfigError(
                f"{place}: Include leads to more than {MAX_READINGS} readings of files."
            )

    def _statements_of(self, path: str, by: Optional[Place]) -> List[Tuple[int, str, Statement]]:
        if path not in self.statements:
            text = self.load(path, by)
            if "\0" in text:
                line = text.count("\n", 0, text.index("\0")) + 1
                raise ConfigError(f"{path} line {line}: holds a NUL byte.")
            self.tree.texts[path] = text
            self.statements[path] = list(statements(text, self.wanted, self.release))
        return self.statements[path]

    def _match_line(
        self, path: str, number: int, statement: Statement, included: bool
    ) -> MatchLine:
        criteria = parse_criteria(statement.arguments)
        if criteria is None:
            text = " ".join(statement.arguments or ())
            raise ConfigError(f"{path} line {number}: Match: {text[:100]!r} is {NO_CRITERIA}.")
        if included and self.release == (8, 2):
            criteria = (("never", "since 8.2 ignores Match in included files"),)
        return MatchLine(path, number, criteria)

    def _included(self, place: Place, patterns: Tuple[str, ...]) -> List[str]:
        if place not in self.tree.includes:
            names: List[str] = []
            for pattern in patterns:
                if not pattern.startswith(("/", "~")):
                    pattern = CONFIG_DIR + "/" + pattern
                names.extend(self.expand(pattern))
            self.tree.includes[place] = names
        return self.tree.includes[place]


def unconditional(directive: Directive) -> bool:
    """Tell whether it counts for every connection: in a global section, or below ``Match all``."""
    return all(is_all(match.criteria) for match in directive.scope)


def for_everybody(directive: Directive, version: str) -> bool:
    """Tell whether it counts for every connection to an sshd that calls itself so."""
    return all(everybody_meets(match.criteria, version) for match in directive.scope)


def for_nobody(directive: Directive, version: str) -> bool:
    """Tell whether it stands in a block for other versions of sshd than this one."""
    return any(nobody_meets(match.criteria, version) for match in directive.scope)


def scope_text(scope: Scope) -> str:
    """Return the scope as one would write it: ``global``, or its Match lines."""
    return ", ".join(describe(match.criteria) for match in scope) or "global"


def deciding(tree: Tree, keyword: str, connection: Connection) -> Optional[Directive]:
    """Return the directive that decides for a connection, or None where sshd's default does.

    The first one in a Match block that the connection meets; where none is, the first
    unconditional one.
    """
    candidates = [
        directive for directive in tree.directives if directive.keyword == keyword.lower()
    ]
    for directive in candidates:
        if directive.scope and all(
            matches(match.criteria, connection) for match in directive.scope
        ):
            return directive
    for directive in candidates:
        if unconditional(directive):
            return directive
    return None


def criteria_of(scope: Tuple[MatchLine, ...]) -> Criteria:
    """Return all that a connection must meet to be in a scope."""
    return tuple(pair for match in scope for pair in match.criteria if pair != ("all", ""))


def same_definition(one: Directive, other: Directive) -> bool:
    """Tell whether two directives are readings of one line in one scope."""
    return (one.path, one.line, one.scope) == (other.path, other.line, other.scope)


def same_conditions(one: Directive, other: Directive) -> bool:
    """Tell whether the same connections meet the scopes of two directives, as far as text tells."""
    return canonical(criteria_of(one.scope)) == canonical(criteria_of(other.scope))


def deciders(
    tree: Tree,
    keyword: str,
    derived: Callable[[Criteria], Optional[Connection]],
    version: str = "",
) -> List[Tuple[Directive, Optional[Directive]]]:
    """Pair each definition of a keyword with the one that decides in its scope: itself, if it wins.

    Of definitions for everybody the first one decides that stands below ``Match all``, or below a
    ``Match Version`` that this ``version`` of sshd meets, else the first one; of those for other
    versions none. In any other scope the one that decides for the connection that ``derived``
    makes of its criteria; where that makes none, the text alone is compared: the first definition
    with the same conditions decides, unless one for everybody comes before.
    """
    definitions = [
        directive for directive in tree.directives if directive.keyword == keyword.lower()
    ]
    everywhere = [item for item in definitions if for_everybody(item, version)]
    everywhere.sort(key=lambda item: not item.scope)
    tree = tree._replace(directives=definitions)
    known: Dict[FrozenSet[Tuple[str, FrozenSet[str]]], Directive] = {}
    pairs: List[Tuple[Directive, Optional[Directive]]] = []
    for directive in definitions:
        criteria = criteria_of(directive.scope)
        conditions = canonical(criteria)
        if not directive.scope or for_nobody(directive, version):
            pairs.append((directive, None if directive.scope else everywhere[0]))
            continue
        if for_everybody(directive, version):
            known.setdefault(conditions, everywhere[0])
            known.setdefault(frozenset(), everywhere[0])
        elif conditions not in known:
            connection = derived(criteria) if len(known) < MAX_DERIVED else None
            decides = None if connection is None else deciding(tree, keyword, connection)
            known[conditions] = decides or known.get(frozenset(), directive)
        pairs.append((directive, known[conditions]))
    return pairs
