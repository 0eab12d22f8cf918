# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login files of any content: what is too much is said, and time grows as the size does."""

import contextlib
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._shell import (
    conflicts,
    files,
    lexer,
    parser,
)
from ansible_collections.curfew.session.plugins.module_utils._shell import definitions as script
from ansible_collections.curfew.session.plugins.module_utils._shell import edit as edits

DROP_IN = "/etc/profile.d/tmout.sh"
FIXED = conflicts.Wanted(900, True, True)
FAMILIES = ["bash", "dash", "ksh93", "mksh", "zsh"]
DEBIAN = """if [ -d /etc/profile.d ]; then
  for i in /etc/profile.d/*.sh; do
    if [ -r "$i" ]; then . "$i"; fi
  done
fi
# a comment
PS1='${debian_chroot:+($debian_chroot)}\\u@\\h:\\w\\$ '; export TMOUT=5
"""

# before, what is repeated, behind
PATHOLOGICAL = [
    ("", "TMOUT=1;", "\n"),
    ("readonly ", "TMOUT ", "\n"),
    ("export -", "r", " TMOUT TMOUT=1\n"),
    ("", "x . ", "\n"),
    ("TMOUT=1\n. ", "command ", "\n"),
    ("TMOUT=1\n", "command ", ". /x\n"),
    ("TMOUT=1\n", "&", "\n"),
    ("TMOUT=1\n", "|", "\n"),
    ("TMOUT=1\n", ";", "\n"),
    ("TMOUT=1\n", "[ x ] && ", "\n"),
    ("", "eval 'TMOUT=1'\n", ""),
    ("", "TMOUT=1\n", ""),
    ("", DEBIAN, ""),
    ("TMOUT=1\n", "\n", ""),
    ("TMOUT=1\n", "$((", "\n"),
    ("TMOUT=1\n", "((x;", "\n"),
    ("TMOUT=1\n", "{ ", "\n"),
    ("TMOUT=1\n", "${x:-", "\n"),
    ("TMOUT=1\n", '"${x:-', "\n"),
    ("TMOUT=1\nA='", "x", "'\n"),
    ('TMOUT=1\nA="', "\\\\", '"\n'),
    ('TMOUT=1\neval "', "\\\\", '"\n'),
    ('TMOUT=1\nA="', "$", ' "\n'),
    ("TMOUT=1\ncat <<E\n", "x\n", "E\n"),
    ("export TMOUT=1", " \\\n", "A=1\n"),
    ("export TMOUT=1", " ", "A=1\n"),
    ("PROMPT_COMMAND='", "TMOUT ", "'\n"),
    ("for i in ", "/x ", "; do . $i; done\nTMOUT=1\n"),
    (". $(ls ", "/x ", ")\nTMOUT=1\n"),
    ("", "for i in a b; do . $i; TMOUT=1; done\n", ""),
    ("case x in ", "a) TMOUT=1;; ", "esac\n"),
    ("", "emulate sh -c '. /x; TMOUT=1'\n", ""),
]

# before, what is repeated, how often, behind, the sentence about it
TOO_MUCH = [
    ("", "a;", 100000, "TMOUT=1\n", "it holds more than 200000 words and operators."),
    ("", "TMOUT=1;", 10001, "\n", "it defines TMOUT more than 10000 times."),
    ("A='", "TMOUT", 20000, "'\n", "a word that mentions TMOUT has more than 65536 characters."),
    (
        "for i in ",
        "a ",
        3000,
        "\ndo\n. $i; . $i\ndone\n",
        "what it sources leads to more than 5000 names.",
    ),
    (". $(ls ", "/etc/x ", 5001, ")\n", "what it sources leads to more than 5000 names."),
]

# what gives TMOUT more often than is looked at, syntax
TOO_MANY = [
    ("set TMOUT=1;", "csh"),
    ("setenv TMOUT 1\n", "csh"),
    ("TMOUT=1\n", "environment"),
    ("TMOUT DEFAULT=1\n", "pam_env"),
]

# a line, what of it is shown
SHOWN = [
    ("  TMOUT=1  ", "TMOUT=1"),
    ("TMOUT=1; " + "x" * 300, "TMOUT=1; " + "x" * 191 + " ..."),
    ("A='" + "x" * 300 + "'; TMOUT=1", "... TMOUT=1"),
    (" " * 300 + "TMOUT=1", "TMOUT=1"),
]


class Tree(files.HostFiles):
    def __init__(self, text):
        super().__init__()
        self._data = text.encode()

    def snapshot(self, path):
        if path != "/etc/profile":
            return None
        return reading.Snapshot(path, path, self._data, None)

    def names(self, folder):
        return None

    def real(self, path):
        return path


def plan(text):
    """What a run does with a file: it is read for all families, and what is against us edited."""
    tree = Tree(text)
    found = conflicts.survey(tree, FAMILIES, DROP_IN, FIXED)[1]
    if not tree.left_out:
        chosen = [one.definition for one in found if not one.definition.in_function]
        with contextlib.suppress(edits.EditRefused):
            assert edits.enable(edits.disable(text, chosen)) == text
    return tree, found


def seconds(text):
    started = time.process_time()
    plan(text)
    return time.process_time() - started


@pytest.mark.thorough
@pytest.mark.parametrize("before, repeated, behind", PATHOLOGICAL)
def test_time_grows_as_the_size_does(before, repeated, behind):
    """What goes with the square of the size takes 16 times as long for 4 times the size."""
    taken = [
        seconds(before + repeated * (size // len(repeated)) + behind) for size in (20000, 80000)
    ]
    assert taken[1] < 8 * taken[0] + 1


@pytest.mark.parametrize("before, repeated, count, behind, why", TOO_MUCH)
def test_says_what_is_too_much(before, repeated, count, behind, why):
    tree, _found = plan(before + repeated * count + behind)
    assert tree.left_out == ["/etc/profile could not be understood: " + why] * len(tree.left_out)
    assert tree.left_out


@pytest.mark.parametrize("repeated, syntax", TOO_MANY)
def test_refuses_too_many_definitions(repeated, syntax):
    with pytest.raises(parser.TooMuch, match="defines TMOUT more than 10000 times"):
        script.find(repeated * 10001, syntax)


@pytest.mark.parametrize("line, expected", SHOWN)
def test_long_lines_are_shown_in_part(line, expected):
    text = "A=1\n" + line + "\nB=1\n"
    found = script.find(text)
    assert [one.text for one in found] == [expected]
    assert text[found[0].offset :].startswith("TMOUT=1")


def test_a_file_is_parsed_once_for_all_families(monkeypatch):
    parsed = []
    parse = parser.parse
    monkeypatch.setattr(parser, "parse", lambda text: parsed.append(text) or parse(text))
    conflicts.survey(Tree(DEBIAN), FAMILIES, DROP_IN, FIXED)
    assert parsed == [DEBIAN]


def test_real_files_are_far_from_the_limit(monkeypatch):
    """A profile of a thousand lines takes a tenth of the steps at most."""
    monkeypatch.setattr(lexer, "MAX_STEPS", lexer.MAX_STEPS // 10)
    assert parser.parse(DEBIAN * 150).error is None


def test_names_that_no_file_can_have_are_passed_over():
    tree, found = plan(". /etc/a\0b\n. /etc/\0*\n. /" + "x" * 5000 + "\nTMOUT=1\n")
    assert (tree.left_out, len(found)) == ([], 1)
