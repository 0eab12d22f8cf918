# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans over whole trees: what is changed where, and what contradicts it."""

import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    config,
    deriving,
    edit,
    facts,
    options,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd import match as sshd_match
from ansible_collections.curfew.session.plugins.module_utils._sshd import plan as sshd_plan

from .situations import reader

RELEASE = (9, 2)
ROOT = sshd_match.Connection("root", "h", "10.0.0.1", "127.0.0.1", 22)
NOBODY = sshd_match.Connection("no-such-user", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)
INTERVAL = options.Setting("ClientAliveInterval", "60", facts.read_seconds)
COUNT_MAX = options.Setting("ClientAliveCountMax", "3", facts.read_number)
MARKER = edit.MARKER


def k(value):
    return f"ClientAliveInterval {value}\n"


def groups_of(user):
    return ("staff", "users") if user in ("ann", "bob") else ()


def derived(criteria):
    return deriving.derive(criteria, NOBODY, lambda patterns: ["ann", "bob"], groups_of)


def interval(tree, connection):
    directive = config.deciding(tree, "ClientAliveInterval", connection)
    return directive and INTERVAL.read(directive.arguments)


INC = "Include /a\n"
# files, disable, the texts that change, in force for nobody in particular
MAKE = [
    ("nothing there", {"m": ""}, False, {"m": k(60)}, "60"),
    ("done already", {"m": k(60)}, False, {}, "60"),
    ("a drop-in that shadows", {"m": INC, "/a": k(5)}, False, {"m": k(60) + INC}, "60"),
    ("a drop-in below ours", {"m": k(60) + INC, "/a": k(5)}, False, {}, "60"),
    ("a drop-in that agrees", {"m": INC + k(5), "/a": k(60)}, False, {"m": INC + k(60)}, "60"),
    ("a drop-in that shadows, disabled", {"m": INC, "/a": k(5)}, True,
     {"/a": MARKER + k(5), "m": k(60) + INC}, "60"),
    ("a drop-in below ours, disabled", {"m": k(60) + INC, "/a": k(5)}, True,
     {"/a": MARKER + k(5)}, "60"),
    ("nested, disabled", {"m": INC, "/a": "Include /b\n", "/b": " " + k(5)}, True,
     {"/b": MARKER + " " + k(5), "m": k(60) + INC}, "60"),
    ("a duplicate in the main file", {"m": k(60) + k(5)}, False, {"m": k(60)}, "60"),
    ("trailing Match all", {"m": "Match all\n" + k(5)}, False, {"m": k(60) + "Match all\n" + k(5)},
     "5"),
    ("trailing Match all, disabled", {"m": "Match all\n" + k(5)}, True,
     {"m": k(60) + "Match all\n" + MARKER + k(5)}, "60"),
    ("Match all in a drop-in, disabled", {"m": INC, "/a": "Match all\n " + k(5)}, True,
     {"/a": "Match all\n" + MARKER + " " + k(5), "m": k(60) + INC}, "60"),
    ("Match all that agrees", {"m": k(5) + "Match all\n" + k(60)}, True,
     {"m": k(60) + "Match all\n" + k(60)}, "60"),
    ("an exception stays", {"m": "Match User root\n" + k(5)}, True,
     {"m": k(60) + "Match User root\n" + k(5)}, "60"),
    ("twice, once in a block: stays", {"m": INC + "Match User root\n" + INC, "/a": k(5)}, True,
     {"m": k(60) + INC + "Match User root\n" + INC}, "60"),
    ("a broken line of a drop-in, disabled", {"m": INC, "/a": k("soon")}, True,
     {"/a": MARKER + k("soon"), "m": k(60) + INC}, "60"),
    ("our marker, met again", {"m": k(60) + INC, "/a": MARKER + k(5)}, True, {}, "60"),
]  # fmt: skip


@pytest.mark.parametrize("name, files, disable, texts, value", MAKE, ids=[row[0] for row in MAKE])
def test_make(name, files, disable, texts, value):
    plan = sshd_plan.make(reader(files), [INTERVAL], RELEASE, None, disable)
    assert plan.texts == texts
    assert interval(plan.after, NOBODY) == value
    again = sshd_plan.make(reader(dict(files, **texts)), [INTERVAL], RELEASE, None, disable)
    assert again.texts == {}


def test_writes_ours_after_what_contradicts_is_gone():
    files = {"m": INC + "Match all\n" + k(5), "/a": k(5)}
    plan = sshd_plan.make(reader(files), [INTERVAL], RELEASE, None, True)
    assert list(plan.texts) == ["/a", "m"]


def test_takes_ours_back_before_what_contradicts_returns():
    files = {"m": k(60) + INC, "/a": MARKER + k(5)}
    plan = sshd_plan.unmake(reader(files), [INTERVAL], RELEASE)
    assert list(plan.texts) == ["m", "/a"]


def test_sets_both_above_what_shadows_either():
    files = {"m": INC + "Include /b\n", "/a": k(5), "/b": "ClientAliveCountMax 9\n"}
    plan = sshd_plan.make(reader(files), [INTERVAL, COUNT_MAX], RELEASE)
    assert plan.texts["m"].startswith(("ClientAlive",))
    assert interval(plan.after, NOBODY) == "60"
    found = config.deciding(plan.after, "ClientAliveCountMax", NOBODY)
    assert found.arguments == ("3",)


UNMAKE = [
    ("nothing there", {"m": "Port 22\n"}, {}),
    ("ours", {"m": k(60)}, {"m": ""}),
    ("what was disabled returns", {"m": k(60) + INC, "/a": "x 1\n" + MARKER + k(5)},
     {"m": INC, "/a": "x 1\n" + k(5)}),
    ("Match all returns", {"m": k(60) + "Match all\n" + MARKER + k(5)},
     {"m": "Match all\n" + k(5)}),
    ("a drop-in of others stays", {"m": k(60) + INC, "/a": k(5)}, {"m": INC}),
    ("an exception stays", {"m": k(60) + "Match User root\n" + k(5)},
     {"m": "Match User root\n" + k(5)}),
    ("another directive's marker stays", {"m": MARKER + "PermitTTY no\n"}, {}),
]  # fmt: skip


@pytest.mark.parametrize("name, files, texts", UNMAKE, ids=[row[0] for row in UNMAKE])
def test_unmake(name, files, texts):
    gone = [INTERVAL._replace(value=None), COUNT_MAX._replace(value=None)]
    assert sshd_plan.unmake(reader(files), gone, RELEASE).texts == texts


@pytest.mark.parametrize("name, files, disable, texts, value", MAKE, ids=[row[0] for row in MAKE])
def test_unmake_takes_make_back(name, files, disable, texts, value):
    """But for values that stood in the main file's global section: those were overwritten."""
    made = dict(files, **sshd_plan.make(reader(files), [INTERVAL], RELEASE, None, True).texts)
    bare = dict(files, **sshd_plan.unmake(reader(files), [INTERVAL], RELEASE).texts)
    undone = dict(made, **sshd_plan.unmake(reader(made), [INTERVAL], RELEASE).texts)
    assert undone == bare


# files, disable, and per conflict: path, line, scope, wins, disabled
CONFLICTS = [
    ("none", {"m": k(5)}, False, []),
    ("a drop-in below ours", {"m": INC, "/a": "\n" + k(5)}, False,
     [("/a", 2, "global", False, False)]),
    ("a drop-in, disabled", {"m": INC, "/a": "\n" + k(5)}, True,
     [("/a", 2, "global", False, True)]),
    ("an exception", {"m": "Match User root\n" + k(5)}, False,
     [("m", 3, "Match User root", True, False)]),
    ("an exception that comes too late",
     {"m": "Match User root\n" + k(5) + "Match User=root\n" + k(6)},
     False, [("m", 3, "Match User root", True, False), ("m", 5, "Match User root", False, False)]),
    ("Match all", {"m": "Match all\n" + k(5)}, False, [("m", 3, "Match all", True, False)]),
    ("Match all, disabled", {"m": "Match all\n" + k(5)}, True,
     [("m", 3, "Match all", False, True)]),
    ("an exception below Match all", {"m": "Match all\n" + k(60) + "Match User root\n" + k(5)},
     False,
     [("m", 5, "Match User root", False, False)]),
    ("an exception of an exception that is beaten",
     {"m": "Match User root\n" + k(60) + INC, "/a": "Match Host h\n" + k(5)}, False,
     [("/a", 2, "Match User root, Match Host h", False, False)]),
    ("an exception that is included twice", {"m": INC + INC, "/a": "Match User root\n" + k(5)},
     False, [("/a", 2, "Match User root", True, False)]),
    ("the same line disabled twice, below one that was",
     {"m": "Match all\n" + MARKER + k(5) + k(5) + k(5)}, True,
     [("m", 4, "Match all", False, True), ("m", 5, "Match all", False, True)]),
    ("an exception that is included below Match all twice",
     {"m": "Match all\n" + INC + "match ALL\n" + INC, "/a": "Match User root\n" + k(5)}, False,
     [("/a", 2, "Match all, Match User root", True, False)]),
    ("included twice", {"m": INC + "Match User root\n" + INC, "/a": k(5)}, True,
     [("/a", 1, "Match User root", True, False), ("/a", 1, "global", False, False)]),
]  # fmt: skip


# Match lines in their order, and which of their definitions win: those that decide for the
# connection that is derived from the line; where none is, as of a group without members here, those
# before which no other has the same conditions.
COVERED = [
    (["User *,!root", "User bob"], [True, False]),
    (["User *,!root", "User root"], [True, True]),
    (["User *,!root", "Address 10.0.0.0/8"], [True, False]),
    (["User *,!root", "Group wheel"], [True, True]),
    (["User *", "Address 10.0.0.0/8"], [True, False]),
    (["User bob,ann", "User bob"], [True, False]),
    (["User bob", "User bob,ann"], [True, False]),
    (["User bob", "User ann", "User bob,ann"], [True, True, False]),
    (["User bob,ann", "User ann,bob"], [True, False]),
    (["User sftp_*", "User sftp_x"], [True, False]),
    (["User sftp_x", "User sftp_*"], [True, False]),
    (["User b??", "User bob"], [True, False]),
    (["User b*,!bob", "User bob"], [True, True]),
    (["User b*,!bob", "User bo*"], [True, False]),
    (["Address 10.0.0.0/8", "Address 10.1.0.0/16"], [True, False]),
    (["Address 10.0.0.1", "Address 10.0.0.0/8"], [True, False]),
    (["Address 10.0.0.0/8,!10.1.0.0/16", "Address 10.0.0.0/8"], [True, False]),
    (["Address 10.0.0.0/8,!10.1.0.0/16", "User bob Address 10.0.0.0/8"], [True, False]),
    (["Address 0.0.0.0/0", "User bob"], [True, False]),
    (["Address 0.0.0.0/0,::/0", "User bob"], [True, False]),
    (["Address 10.*", "Address 10.1.*"], [True, False]),
    (["Host *.example.org", "Host a.example.org"], [True, False]),
    (["Host *,!bad.*", "Host *.example.org"], [True, False]),
    (["User *,!adm_*", "User *_x Host h"], [True, False]),
    (["Address *,!10.1.2.3", "User *,!root", "Host *"], [True, False, False]),
    (["Group staff", "User bob"], [True, False]),
    (["Group wheel", "User bob"], [True, True]),
    (["User bob", "Group staff"], [True, True]),
    (["Group staff,wheel", "Group staff"], [True, False]),
    (["Group staff,wheel", "User bob Group staff"], [True, False]),
    (["LocalPort 22", "User bob"], [True, False]),
    (["LocalPort 22", "User bob LocalPort 22"], [True, False]),
    (["User bob", "User ann Host a", "User a*,b* Host a"], [True, True, True]),
    (["all", "User bob"], [True, False]),
    (["invalid-user", "User bob"], [True, True]),
    (["User *", "invalid-user"], [True, False]),
    (["RDomain r", "User bob", "RDomain r"], [True, True, False]),
]


@pytest.mark.parametrize("matches, expected", COVERED)
def test_wins_where_it_decides_for_the_connection_derived_from_it(matches, expected):
    text = "".join(f"Match {match}\n{k(number)}" for number, match in enumerate(matches))
    plan = sshd_plan.make(reader({"m": text}), [INTERVAL], RELEASE)
    found = sshd_plan.conflicts(plan, [INTERVAL], False, [NOBODY], None, derived)
    assert [item.wins for item in found] == expected


def test_an_option_of_the_daemon_beats_what_is_global_alone():
    files = {"m": INC + "Match User root\n" + k(5), "/a": k(9)}
    plan = sshd_plan.make(reader(files), [INTERVAL], RELEASE)
    found = sshd_plan.conflicts(
        plan, [INTERVAL], True, [NOBODY], None, derived, frozenset(["clientaliveinterval"])
    )
    assert [(item.scope, item.wins) for item in found] == [
        ("Match User root", True),
        ("global", False),
    ]


@pytest.mark.parametrize("name, files, disable, expected", CONFLICTS,
                         ids=[row[0] for row in CONFLICTS])  # fmt: skip
def test_conflicts(name, files, disable, expected):
    plan = sshd_plan.make(reader(files), [INTERVAL], RELEASE, None, disable)
    found = sshd_plan.conflicts(plan, [INTERVAL], False, [NOBODY], None, derived)
    assert sorted(
        (item.path, item.line, item.scope, item.wins, item.disabled) for item in found
    ) == sorted(expected)
    for item in found:
        text = plan.after.texts[item.path].split("\n")[item.line - 1]
        assert item.text in text
        assert text.startswith(MARKER) == item.disabled


def test_finds_a_disabled_last_line_that_ends_by_now():
    """In CR LF, since a block stands below it, while it had no end at all."""
    criteria = (("user", "root"),)
    files = {"m": "Match all\r\n" + k(5)[:-1]}
    plan = sshd_plan.make(reader(files), [INTERVAL], RELEASE, criteria, True)
    (found,) = sshd_plan.conflicts(plan, [INTERVAL], False, [ROOT], criteria, derived)
    assert (found.line, found.disabled) == (2, True)
    assert plan.after.texts["m"].split("\n")[1] == MARKER + k(5)[:-1] + "\r"


def test_counts_the_lines_of_a_refused_run_as_they_are():
    plan = sshd_plan.make(reader({"m": "Match all\n" + k(5)}), [INTERVAL], RELEASE)
    (found,) = sshd_plan.conflicts(plan, [INTERVAL], True, [NOBODY], None, derived)
    assert (found.path, found.line, found.wins) == ("m", 2, True)


MATCHES = [
    ("made at the end", {"m": k(5)}, {"m": k(5) + "Match User root\n    " + k(60)}, "60"),
    ("beaten by an earlier block", {"m": "Match Address 10.0.0.1\n" + k(5)},
     {"m": "Match Address 10.0.0.1\n" + k(5) + "Match User root\n    " + k(60)}, "5"),
    ("beaten by Match all above", {"m": "Match all\n" + k(5)},
     {"m": "Match all\n" + k(5) + "Match User root\n    " + k(60)}, "5"),
    ("above an Include in the block that brings Match all",
     {"m": "Match User root\n  " + INC + k(60), "/a": "Match all\n" + k(5)},
     {"m": "Match User root\n  " + k(60) + "  " + INC}, "60"),
    ("above an Include in the block", {"m": "Match User root\n  " + INC, "/a": k(5)},
     {"m": "Match User root\n  " + k(60) + "  " + INC}, "60"),
    ("beaten by a block like ours in an included file",
     {"m": INC, "/a": "Match User=root\n" + k(5)},
     {"m": INC + "Match User root\n    " + k(60)}, "5"),
    ("beaten by a block like ours, included below Match all",
     {"m": "Match all\n" + INC, "/a": "Match User root\n" + k(5)},
     {"m": "Match all\n" + INC + "Match User root\n    " + k(60)}, "5"),
    ("above an Include that holds a block like ours",
     {"m": "Match User root\n  " + INC, "/a": "Match user root\n" + k(5)},
     {"m": "Match User root\n  " + k(60) + "  " + INC}, "60"),
]  # fmt: skip


@pytest.mark.parametrize("name, files, texts, value", MATCHES, ids=[row[0] for row in MATCHES])
def test_make_in_a_match_block(name, files, texts, value):
    criteria = (("user", "root"),)
    plan = sshd_plan.make(reader(files), [INTERVAL], RELEASE, criteria)
    assert plan.texts == texts
    assert interval(plan.after, ROOT) == value
    again = sshd_plan.make(reader(dict(files, **texts)), [INTERVAL], RELEASE, criteria)
    assert again.texts == {}


@pytest.mark.parametrize("name, files, texts, value", MATCHES, ids=[row[0] for row in MATCHES])
def test_make_of_both_in_a_match_block_changes_nothing_twice(name, files, texts, value):
    """Also where an included file has its way: then sshd's proof is what refuses."""
    criteria = (("user", "root"),)
    both = [INTERVAL, COUNT_MAX]
    made = dict(files, **sshd_plan.make(reader(files), both, RELEASE, criteria).texts)
    assert sshd_plan.make(reader(made), both, RELEASE, criteria).texts == {}


MANY = 20000
# what would take hours if it took the square of its length
LONG = [
    ("contradictions", "Match all\n" + MANY * k(5)),
    ("blocks", "".join(f"Match User u{number}\n{k(5)}" for number in range(MANY))),
    ("patterns", "".join(f"Match User u{number},v{number}*\n{k(5)}" for number in range(MANY))),
    (
        "networks",
        "".join(f"Match Address 10.{number % 256}.0.0/16\n{k(5)}" for number in range(MANY)),
    ),
]


@pytest.mark.thorough
@pytest.mark.parametrize("name, text", LONG, ids=[row[0] for row in LONG])
@pytest.mark.parametrize("disable", [False, True])
def test_many_lines_take_no_longer_than_as_many_lines_must(name, text, disable):
    start = time.process_time()
    plan = sshd_plan.make(reader({"m": text}), [INTERVAL], RELEASE, None, disable)
    found = sshd_plan.conflicts(plan, [INTERVAL], False, [NOBODY], None, derived)
    assert len(found) == MANY
    assert time.process_time() - start < 20
