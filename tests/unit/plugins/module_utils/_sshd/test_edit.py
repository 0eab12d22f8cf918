# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits of one text: each row before and after; every other line keeps its bytes."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import config, facts, options
from ansible_collections.curfew.session.plugins.module_utils._sshd import edit as sshd_edit

RELEASE = (9, 2)
OURS = frozenset(["clientaliveinterval"])


def setting(value="60"):
    return options.Setting("ClientAliveInterval", value, facts.read_seconds)


def k(value, ending="\n"):
    return f"ClientAliveInterval {value}{ending}"


SET = [
    ("empty file", "", k(60)),
    ("in force already", k(60), k(60)),
    ("another value", k(300), k(60)),
    ("another spelling", "ClientAliveInterval 1m\n", k(60)),
    ("lower case", "clientaliveinterval 60\n", k(60)),
    ("with =", "ClientAliveInterval=60\n", k(60)),
    ("quoted", '"ClientAliveInterval" "60"\n', k(60)),
    ("indented", "\t ClientAliveInterval 300\n", k(60)),
    ("no final newline", k(300, ""), k(60, "")),
    ("no final newline, nothing of ours", "Port 22", "Port 22\n" + k(60)),
    ("CRLF", "Port 22\r\n" + k(300, "\r\n"), "Port 22\r\n" + k(60, "\r\n")),
    ("CRLF, nothing of ours", "Port 22\r\n", "Port 22\r\n" + k(60, "\r\n")),
    ("CR on the last line", k(300, "\r"), k(60, "\r")),
    ("a trailing comment", k("300 # why"), k("60 # why")),
    ("a trailing comment behind tabs", k("300\t\t# why"), k("60\t\t# why")),
    ("a glued comment", k("300#c"), k("60 #c")),
    ("a comment and CR", k("300 # why", "\r\n"), k("60 # why", "\r\n")),
    ("trailing blanks", k("300  "), k(60)),
    ("no argument", "ClientAliveInterval\n", k(60)),
    ("quotes that do not end", 'ClientAliveInterval "300\n', k(60)),
    ("nonsense", k("soon"), k(60)),
    ("duplicates", k(300) + "Port 22\n" + k(60) + k(5), k(60) + "Port 22\n"),
    ("commented default", "#ClientAliveInterval 0\nPort 22\n",
     "#ClientAliveInterval 0\n" + k(60) + "Port 22\n"),
    ("commented default, spaced", "  # clientaliveinterval = 5m\nPort 22\n",
     "  # clientaliveinterval = 5m\n" + k(60) + "Port 22\n"),
    ("commented default, CRLF", "#ClientAliveInterval 0\r\nPort 22\r\n",
     "#ClientAliveInterval 0\r\n" + k(60, "\r\n") + "Port 22\r\n"),
    ("commented default without newline", "#ClientAliveInterval 0",
     "#ClientAliveInterval 0\n" + k(60)),
    ("prose is no default", "# ClientAliveInterval keeps you connected\nPort 22\n",
     "# ClientAliveInterval keeps you connected\nPort 22\n" + k(60)),
    ("prose with a number is no default", "# ClientAliveInterval 300 is what we want\nPort 22\n",
     "# ClientAliveInterval 300 is what we want\nPort 22\n" + k(60)),
    ("our own marker is no default", "#curfew.session# " + k(5) + "Port 22\n",
     "#curfew.session# " + k(5) + "Port 22\n" + k(60)),
    ("before a Match", "Port 22\nMatch User a\n  PermitTTY no\n",
     "Port 22\n" + k(60) + "Match User a\n  PermitTTY no\n"),
    ("before a Match and its comment", "Port 22\n\n# for a\nMatch User a\n",
     "Port 22\n" + k(60) + "\n# for a\nMatch User a\n"),
    ("a Match at the top", "Match User a\n" + k(5), k(60) + "Match User a\n" + k(5)),
    ("a default inside a Match is not ours", "Match User a\n#ClientAliveInterval 0\n",
     k(60) + "Match User a\n#ClientAliveInterval 0\n"),
    ("an indented Match", "Port 22\n  match all\n" + k(5),
     "Port 22\n" + k(60) + "  match all\n" + k(5)),
    ("a commented Match", "#Match all\nPort 22\n", "#Match all\nPort 22\n" + k(60)),
    ("above the Include", "Port 22\nInclude /x\nUseDNS no\n",
     "Port 22\n" + k(60) + "Include /x\nUseDNS no\n"),
    ("any bytes", "# \udcff\x0b\x85\u2028\nPort 22\n", "# \udcff\x0b\x85\u2028\nPort 22\n" + k(60)),
    ("a neighbour that looks like it", "AcceptEnv ClientAliveInterval\n",
     "AcceptEnv ClientAliveInterval\n" + k(60)),
    ("blank lines at the end", "Port 22\n\n\n", "Port 22\n" + k(60) + "\n\n"),
    ("blank lines alone", "\n\n", "\n\n" + k(60)),
]  # fmt: skip

# With the line of an Include that brings another value.
SET_ABOVE = [
    ("moved up", "Port 22\nInclude /x\n" + k(300), 2, "Port 22\n" + k(60) + "Include /x\n"),
    ("moved up with its comment", "Include /x\n" + k("300 # why"), 1,
     k("60 # why") + "Include /x\n"),
    ("stands above", k(300) + "Include /x\n", 2, k(60) + "Include /x\n"),
    ("default below the Include", "Include /x\n#ClientAliveInterval 0\n", 1,
     k(60) + "Include /x\n#ClientAliveInterval 0\n"),
    ("default above the Include", "#ClientAliveInterval 0\nPort 22\nInclude /x\n", 3,
     "#ClientAliveInterval 0\n" + k(60) + "Port 22\nInclude /x\n"),
    ("above the first of two Includes", "Include /y\nInclude /x\n", 2,
     k(60) + "Include /y\nInclude /x\n"),
    ("between two Includes", "Include /y\n" + k(300) + "Include /x\n", 3,
     "Include /y\n" + k(60) + "Include /x\n"),
]  # fmt: skip

REMOVE = [
    ("nothing there", "Port 22\n", "Port 22\n"),
    ("one", "Port 22\n" + k(5) + "UseDNS no\n", "Port 22\nUseDNS no\n"),
    ("all of them", k(5) + k(6), ""),
    ("what a Match holds stays", k(5) + "Match User a\n" + k(6), "Match User a\n" + k(6)),
    ("comments stay", "#" + k(0) + k(5), "#" + k(0)),
    ("no final newline", "Port 22\n" + k(5, ""), "Port 22\n"),
]

IN_MATCH = [
    ("no block", "Port 22\n", "60", "Port 22\nMatch User a,b\n    " + k(60)),
    ("no block, no newline", "Port 22", "60", "Port 22\nMatch User a,b\n    " + k(60)),
    ("no block, a bare CR at the end", "Port 22\r\nUseDNS no\r", "60",
     "Port 22\r\nUseDNS no\r\nMatch User a,b\r\n    " + k(60, "\r\n")),
    ("no block, CRLF but at the end", "Port 22\r\nUseDNS no", "60",
     "Port 22\r\nUseDNS no\r\nMatch User a,b\r\n    " + k(60, "\r\n")),
    ("no block, CRLF", "Port 22\r\n", "60",
     "Port 22\r\nMatch User a,b\r\n    " + k(60, "\r\n")),
    ("empty file", "", "60", "Match User a,b\n    " + k(60)),
    ("the block, by meaning", "match user=b,a # x\n  PermitTTY no\n", "60",
     "match user=b,a # x\n  " + k(60) + "  PermitTTY no\n"),
    ("changed in place", "Match User b,a\n\tPermitTTY no\n\t" + k("5 # c"), "60",
     "Match User b,a\n\tPermitTTY no\n\t" + k("60 # c")),
    ("in force already", "Match User a,b\n  " + k(60), "60", "Match User a,b\n  " + k(60)),
    ("duplicates in the block", "Match User a,b\n" + k(1) + "PermitTTY no\n" + k(2), "60",
     "Match User a,b\n" + k(60) + "PermitTTY no\n"),
    ("the first such block", "Match User a,b\n PermitTTY no\nMatch User a,b\n " + k(2), "60",
     "Match User a,b\n " + k(60) + " PermitTTY no\nMatch User a,b\n " + k(2)),
    ("other blocks stay", "Match User c\n" + k(1) + "Match User a,b\n PermitTTY no\n", "60",
     "Match User c\n" + k(1) + "Match User a,b\n " + k(60) + " PermitTTY no\n"),
    ("an empty block at the end", "Match User a,b", "60", "Match User a,b\n    " + k(60)),
    ("removed", "Match User a,b\n PermitTTY no\n " + k(5), None, "Match User a,b\n PermitTTY no\n"),
    ("removed with its block", "Port 22\nMatch User a,b\n    " + k(60), None, "Port 22\n"),
    ("a comment keeps the block", "Match User a,b\n # x\n " + k(60), None,
     "Match User a,b\n # x\n"),
    ("nothing to remove", "Match User c\n" + k(5), None, "Match User c\n" + k(5)),
    ("an empty block is not ours", "Match User a,b\n", None, "Match User a,b\n"),
    ("the global one stays", k(5) + "Match User a,b\n " + k(60), None, k(5)),
]  # fmt: skip

CRITERIA = (("user", "a,b"),)


def idempotent(edit, before, after):
    assert edit(before) == after
    assert edit(after) == after


def others(text):
    """The lines that set nothing of ours, without the ending of the last."""
    lines = [
        line
        for line in text.split("\n")
        if getattr(config.parse_line(line, RELEASE), "keyword", None) not in OURS
    ]
    return lines[:-1] if lines[-1:] == [""] else lines


@pytest.mark.parametrize("name, before, after", SET, ids=[row[0] for row in SET])
def test_set_global(name, before, after):
    idempotent(lambda text: sshd_edit.set_global(text, setting(), RELEASE), before, after)
    assert others(before) == others(after)


@pytest.mark.parametrize("name, before, above, after", SET_ABOVE, ids=[row[0] for row in SET_ABOVE])
def test_set_global_above_an_include(name, before, above, after):
    assert sshd_edit.set_global(before, setting(), RELEASE, above) == after
    assert others(before) == others(after)


@pytest.mark.parametrize("name, before, after", REMOVE, ids=[row[0] for row in REMOVE])
def test_remove_global(name, before, after):
    idempotent(lambda text: sshd_edit.set_global(text, setting(None), RELEASE), before, after)


@pytest.mark.parametrize("name, before, value, after", IN_MATCH, ids=[row[0] for row in IN_MATCH])
def test_set_in_match(name, before, value, after):
    idempotent(
        lambda text: sshd_edit.set_in_match(text, setting(value), CRITERIA, RELEASE), before, after
    )


@pytest.mark.parametrize("name, before, after", SET, ids=[row[0] for row in SET])
def test_removing_what_was_set_leaves_the_others(name, before, after):
    gone = sshd_edit.set_global(after, setting(None), RELEASE)
    assert others(gone) == others(before)


TEXTS = [
    k(5), "  " + k(5), "a\n" + k(5, "\r\n") + "b\r\n", k(5, ""),
    '\t"clientaliveinterval"=5 # \udcff',
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_disable_and_enable_are_each_others_reverse(text):
    numbers = [number for number, _line, _statement in config.statements(text, OURS, RELEASE)]
    disabled = sshd_edit.disable(text, numbers)
    assert disabled.count("#curfew.session# ") == 1
    assert list(config.statements(disabled, OURS, RELEASE)) == []
    assert sshd_edit.enable(disabled, OURS, RELEASE) == text


NOT_ENABLED = [
    "#curfew.session# PermitTTY no\n",
    "#curfew.session# \n",
    "#curfew.session#ClientAliveInterval 5\n",
    " #curfew.session# ClientAliveInterval 5\n",
    "# #curfew.session# ClientAliveInterval 5\n",
    "#ClientAliveInterval 5\n",
]


@pytest.mark.parametrize("text", NOT_ENABLED)
def test_enables_only_what_it_disabled(text):
    assert sshd_edit.enable(text, OURS, RELEASE) == text


LONG = [
    "ClientAliveInterval 5" + " " * 200000,
    "ClientAliveInterval 5" + "\t " * 100000 + "x",
    "# ClientAliveInterval " + "=" * 200000 + " x",
    " " * 200000,
    "ClientAliveInterval 5 #" + "#" * 200000,
]


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_long_lines_take_no_time(text):
    assert k(60, "") in sshd_edit.set_global(text, setting(), RELEASE)
