# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where words, quotes and here-documents end."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import lexer

# text, and its words and operators; N is the end of a line
TOKENS = [
    ("a b", ["a", "b"]),
    ("a=1;b&&c", ["a=1", ";", "b", "&&", "c"]),
    ("a # b c\nd", ["a", "N", "d"]),
    ("a#b", ["a#b"]),
    ("a \\\n b\r\n", ["a", "b", "N"]),
    ('\'a b\'c "d \\" e" f\\ g', ["'a b'c", '"d \\" e"', "f\\ g"]),
    ("$'a\\'b' c", ["$'a\\'b'", "c"]),
    ('"a ${x:-"b c"} d" e', ['"a ${x:-"b c"} d"', "e"]),
    ("${x:-'a}'} b", ["${x:-'a}'}", "b"]),
    ("$((1 + (2))) `a b`c", ["$((1 + (2)))", "`a b`c"]),
    ("cat <<-E; a\n\tb c\n\tE\nd", ["cat", "<<-", ";", "a", "N", "d"]),
    ("a>&2 b 2>>c", ["a", ">&", "2", "b", "2", ">>", "c"]),
]

# text that ends within a quote, and what is said of it
BROKEN = [
    ("'a", "a quote is never closed"),
    ('"a', "a quote is never closed"),
    ("`a", "a quote is never closed"),
    ("${a", "a ${ is never closed"),
    ('"${a"', "a quote is never closed"),
]

# a word, and what it stands for
LITERALS = [
    ("a", "a"),
    ("'a b'\"c\"\\d", "a bcd"),
    ('"a\\$b\\c"', "a$b\\c"),
    ("a\\\nb", "ab"),
    ("$a", None),
    ('"$a"', None),
    ("'$a'", "$a"),
    ("`a`", None),
    ("'" + "x" * 65536 + "'", None),
]


def no_commands(_at):
    raise AssertionError("there is no $( in these texts")


def tokens(text):
    words = lexer.Lexer(text, lexer.Steps(), no_commands)
    kind, word = words.next()
    while kind != "end":
        if kind == "operator" and word.text.startswith("<<"):
            words.add_here_document(word.text)
        yield "N" if kind == "newline" else word.text
        kind, word = words.next()


@pytest.mark.parametrize("text, expected", TOKENS)
def test_words_and_operators(text, expected):
    assert list(tokens(text)) == expected


@pytest.mark.parametrize("text, why", BROKEN)
def test_what_is_never_closed(text, why):
    with pytest.raises(lexer.Broken) as caught:
        list(tokens(text))
    assert str(caught.value) == why


@pytest.mark.parametrize("raw, expected", LITERALS, ids=lambda text: str(text)[:20])
def test_literal(raw, expected):
    assert lexer.literal(raw) == expected


def test_steps_are_counted():
    steps = lexer.Steps()
    steps.take(lexer.MAX_STEPS)
    with pytest.raises(lexer.TooMuch, match="more than 200000 words and operators"):
        steps.take()
