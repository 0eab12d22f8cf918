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
