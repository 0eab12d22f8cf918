# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shell text to commands: what a word expands, and which commands run in the shell itself."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import parser

# words, what of them the shell itself works out
EXPANSIONS = [
    ("abc $x", []),
    ("${x}", ["${x}"]),
    ('"a${x:=1}b"${y}', ["${x:=1}", "${y}"]),
    ("${x:-${y:=1}}", ["${y:=1}", "${x:-${y:=1}}"]),
    ("$((x=1)) b", ["$((x=1))"]),
    ("'${x}' \\${x} \\$((1))", []),
    ('$(echo ${x}) `echo ${x}` "$(echo $((1)))"', []),
    ("$( (true) ) ${x}", ["${x}"]),
    ("${x", []),
]

# text, whether each of its commands runs in a process of its own
SUBSHELLS = [
    ("a; b", [False, False]),
    ("(a; b); c", [True, True, False]),
    ("a | b", [True, False]),
    ("a & b", [True, False]),
    ("{ a; b; } | c", [True, True, False]),
    ("{ a; } 2>/x >&2 & b", [True, False]),
    ("{ a; }; b | c", [False, True, False]),
    ("{ a; } && b | c", [False, True, False]),
    ("if a; then b; fi\nc | d", [False, False, True, False]),
    ("while a; do b; done </x | c", [True, True, False]),
    ("a | { b; }", [True, False]),
]

# text, the heads of its loops and cases
HEADS = [
    ("for i in a b; do c; done", ["for i in a b"]),
    ("for i\ndo c; done", ["for i"]),
    ("for ((i=0; i<2; i++)); do c; done", ["for ((i=0; i<2; i++))"]),
    ("case $x in a) b;; esac", ["case $x in"]),
    ("if a; then b; fi; while c; do d; done", []),
]


@pytest.mark.parametrize("raw, expected", EXPANSIONS)
def test_expansions(raw, expected):
    assert parser.expansions(raw) == expected


@pytest.mark.parametrize("text, expected", SUBSHELLS)
def test_subshells(text, expected):
    assert [command.subshell for command in parser.parse(text).commands] == expected


@pytest.mark.parametrize("text, expected", HEADS)
def test_heads(text, expected):
    heads = parser.parse(text).heads
    assert [" ".join(word.text for word in head.words) for head in heads] == expected


# text, and in which function's body each of its commands stands in
FUNCTIONS = [
    ("f() { a; }; b", ["f", ""]),
    ("function f { a; g() ( b; ); c; }", ["f", "g", "f"]),
    ("function f () { if a; then b; fi; }", ["f", "f"]),
    ("f()\n{\n  a\n}\n", ["f"]),
    ("{ a; }; (b)", ["", ""]),
]


@pytest.mark.parametrize("text, expected", FUNCTIONS)
def test_functions(text, expected):
    assert [command.function for command in parser.parse(text).commands] == expected


class Log(parser.Listener):
    """Writes down what it is told."""

    def __init__(self):
        self.lines = []

    def command(self, command, joined):
        words = " ".join(word.text for word in command.words)
        self.lines.append("&" * joined + words)

    def opened(self, kind, at, function, joined):
        self.lines.append("&" * joined + kind + (":" + function if function else ""))

    def turned(self, word):
        self.lines.append("-" + word)

    def closed(self, at):
        self.lines.append("/")


# text, and what a listener is told: & joined, - another part, / closed
TOLD = [
    ("a && b\nc | d", ["a", "&b", "c", "&d"]),
    ("a &&\n\nb; c", ["a", "&b", "c"]),
    (
        "if a; then b; elif c; then d; else e; fi",
        ["if", "a", "-then", "b", "-elif", "c", "-then", "d", "-else", "e", "/"],
    ),
    ("a || while b; do c; done", ["a", "&while", "b", "-do", "c", "/"]),
    ("for i in x y; do a; done", ["for i in x y", "for", "-do", "a", "/"]),
    ("case $x in (a|b) c;; *) d;; esac", ["case $x in", "case", "c", "d", "/"]),
    ("f() { a; (b); }; c", ["{:f", "a", "(:f", "b", "/", "/", "c"]),
    ("a $(b && c)", ["a $(b && c)"]),
]


@pytest.mark.parametrize("text, expected", TOLD)
def test_a_listener_is_told(text, expected):
    log = Log()
    parser.read_to(log, text, parser.Steps())
    assert log.lines == expected


def test_a_listener_is_told_as_much_as_could_be_read():
    log = Log()
    with pytest.raises(parser.Broken, match="a compound command is never closed"):
        parser.read_to(log, "a; { b", parser.Steps())
    assert log.lines == ["a", "{", "b"]


def test_commands_and_heads_in_order():
    script = parser.parse("a; for i in b; do c; done; d")
    words = [command.words[0].text for command in script.in_order()]
    assert words == ["a", "for", "c", "d"]
