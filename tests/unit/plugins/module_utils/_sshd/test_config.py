# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sshd reads: lines, criteria, whole trees; each row measured against the real sshd."""

import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    config,
    facts,
    match,
)

OLD = (8, 4)  # cuts a line at any "#", splits words at "=" and '"' alone
NEW = (9, 2)
NEWEST = (10, 0)
EVERY = (OLD, NEW, NEWEST)
KEYS = ("ClientAliveInterval", "ClientAliveCountMax")

# What the first word and the arguments are, whatever the release.
LINES = [
    ("K 300", ("k", ("300",))),
    ("CLIENTALIVEINTERVAL 300", ("clientaliveinterval", ("300",))),
    ("  K 300", ("k", ("300",))),
    ("\tK\t300", ("k", ("300",))),
    ("\rK 300", ("k", ("300",))),
    ("K=300", ("k", ("300",))),
    ("K = 300", ("k", ("300",))),
    ("K= 300", ("k", ("300",))),
    ("K =300", ("k", ("300",))),
    ('"K" 300', ("k", ("300",))),
    ('K "300"', ("k", ("300",))),
    ('"K" "300"', ("k", ("300",))),
    ("K 300 # why", ("k", ("300",))),
    ("K 300\t#", ("k", ("300",))),
    ("K 300\r", ("k", ("300",))),
    ("K 300 \t \r", ("k", ("300",))),
    ("K 300\f", ("k", ("300",))),
    ('K "3 0"', ("k", ("3 0",))),
    ("K a b", ("k", ("a", "b"))),
    ("K", ("k", ())),
    ("K \u00e9\udcff", ("k", ("\u00e9\udcff",))),
]

NOTHING = [
    "", " ", "\t", "\r", " \t\r", "#", "# prose", "  # prose", "\t#K 300", "#K 300",
    "# ClientAliveInterval keeps you connected", "#curfew.session# ClientAliveInterval 5",
]  # fmt: skip

# Where releases differ: line, release, arguments (None: quotes that do not end).
BY_RELEASE = [
    ("K 300#c", OLD, ("300",)),
    ("K 300#c", (8, 6), ("300",)),
    ("K 300#c", (8, 7), ("300#c",)),
    ("K 300#c", NEWEST, ("300#c",)),
    ("K '300'", OLD, ("'300'",)),
    ("K '300'", NEW, ("300",)),
    ('K 3"0"0', NEW, ("300",)),
    ("K 3\\ 0", NEW, ("3 0",)),
    ("K '3\\ 0'", NEW, ("3\\ 0",)),
    ('K \\"3', NEW, ('"3',)),
    ("K a\\bc", NEW, ("a\\bc",)),
    ('K "300', NEW, None),
    ("K '300", NEW, None),
    ("K a=b", NEW, ("a=b",)),
    ("K '' 300", NEW, ("", "300")),
    ('"K" = 300', NEW, ("=", "300")),  # no "=" is skipped behind a quoted keyword: fatal
    ("K == 300", NEW, ("=", "300")),
]

CRITERIA = [
    ("all", (("all", ""),)),
    ("ALL", (("all", ""),)),
    ("User a", (("user", "a"),)),
    ("USER a", (("user", "a"),)),
    ("user=a,b", (("user", "a,b"),)),
    ("User a Address 10.0.0.0/8", (("user", "a"), ("address", "10.0.0.0/8"))),
    ('User "a"', (("user", "a"),)),
    ("user a # Match all", (("user", "a"),)),
    ("all # user a", (("all", ""),)),
    ("\tuser\ta", (("user", "a"),)),
    ("invalid-user LocalPort 22", (("invalid-user", ""), ("localport", "22"))),
]
NO_CRITERIA = ["", "User", "User a Host", "all User a", "User a all", 'User ""', "# all"]


@pytest.mark.parametrize("release", EVERY)
@pytest.mark.parametrize("line, expected", LINES)
def test_parse_line(line, expected, release):
    assert config.parse_line(line, release) == expected


@pytest.mark.parametrize("release", EVERY)
@pytest.mark.parametrize("line", NOTHING)
def test_reads_nothing_in_blanks_and_comments(line, release):
    assert config.parse_line(line, release) is None


@pytest.mark.parametrize("line, release, arguments", BY_RELEASE)
def test_parse_line_as_the_release_does(line, release, arguments):
    assert config.parse_line(line, release) == ("k", arguments)


@pytest.mark.parametrize("release", EVERY)
@pytest.mark.parametrize("words, criteria", CRITERIA)
def test_parse_criteria(words, criteria, release):
    statement = config.parse_line("Match " + words, release)
    assert config.parse_criteria(statement.arguments) == criteria


@pytest.mark.parametrize("release", EVERY)
@pytest.mark.parametrize("words", NO_CRITERIA)
def test_refuses_criteria_that_are_not_whole(words, release):
    statement = config.parse_line("Match " + words, release)
    assert config.parse_criteria(statement.arguments) is None


def test_lines_end_at_line_feeds_alone():
    text = "# a\x0bClientAliveInterval 1\n# b\x85ClientAliveInterval 2\n# c\u2028\n" + ival(3)
    found = list(config.statements(text, frozenset(["clientaliveinterval"])))
    assert [(number, statement.arguments) for number, _line, statement in found] == [(4, ("3",))]


ROOT = match.Connection("root", "h", "10.0.0.1", "127.0.0.1", 22)
BOB = match.Connection("bob", "h", "192.0.2.1", "127.0.0.1", 22)


def read(files, release=NEW, globs=None):
    """A tree of texts; a pattern names the file of its name, or what `globs` says."""

    def expand(pattern):
        return (globs or {}).get(pattern, [pattern] if pattern in files else [])

    return config.read_tree("m", lambda path, by: files[path], expand, KEYS, release)


def interval(files, connection, release=NEW, globs=None):
    directive = config.deciding(read(files, release, globs), KEYS[0], connection)
    return directive and facts.read_seconds(directive.arguments)


def ival(value):
    return f"ClientAliveInterval {value}\n"


INC = "Include /a\n"
# What is in force for root, and for bob.
TREES = [
    ("nothing", {"m": ""}, None, None),
    ("first wins", {"m": ival(1) + ival(2)}, "1", "1"),
    ("units", {"m": ival("1h30m")}, "5400", "5400"),
    ("leading zero", {"m": ival("0300")}, "300", "300"),
    ("CRLF", {"m": "ClientAliveInterval 1\r\nClientAliveInterval 2\r\n"}, "1", "1"),
    ("no final newline", {"m": "ClientAliveInterval 1"}, "1", "1"),
    ("commented", {"m": "#" + ival(1)}, None, None),
    ("disabled", {"m": "#curfew.session# " + ival(1)}, None, None),
    ("a value above Include", {"m": ival(1) + INC, "/a": ival(2)}, "1", "1"),
    ("a value below Include", {"m": INC + ival(1), "/a": ival(2)}, "2", "2"),
    ("a conditional block", {"m": ival(1) + "Match User root\n" + ival(2)}, "2", "1"),
    ("an indented Match", {"m": ival(1) + "  Match User root\n" + ival(2)}, "2", "1"),
    ("appended in a block", {"m": "Match User root\n" + ival(2)}, "2", None),
    ("Match all overrides", {"m": ival(1) + "Match all\n" + ival(2)}, "2", "2"),
    ("an earlier block beats Match all", {
        "m": ival(1) + "Match User root\n" + ival(3) + "Match all\n" + ival(2)}, "3", "2"),
    ("Match all beats a later block", {
        "m": "Match all\n" + ival(2) + "Match User root\n" + ival(3)}, "2", "2"),
    ("first matching block wins", {
        "m": "Match Address 10.0.0.0/8\n" + ival(1) + "Match User root\n" + ival(2)}, "1", None),
    ("Match ends with its file", {
        "m": INC + ival(1), "/a": "Match User bob\n" + ival(2)}, "1", "2"),
    ("Match all in an included file", {
        "m": ival(1) + INC, "/a": "Match all\n" + ival(2)}, "2", "2"),
    ("an Include in a block", {"m": ival(1) + "Match User root\n" + INC, "/a": ival(2)}, "2", "1"),
    ("Match all included in a block", {
        "m": ival(1) + "Match User root\n" + INC, "/a": "Match all\n" + ival(2)}, "2", "1"),
    ("a block included in a block", {
        "m": ival(1) + "Match User root\n" + INC,
        "/a": "Match Address 192.0.2.1\n" + ival(2)}, "1", "1"),
    ("nested", {"m": INC, "/a": "Include /b\n" + ival(2), "/b": ival(3)}, "3", "3"),
    ("several patterns", {"m": "Include /none /b /a\n", "/a": ival(1), "/b": ival(2)}, "2", "2"),
    ("quoted", {"m": 'Include "/a b"\n', "/a b": ival(1)}, "1", "1"),
    ("with =", {"m": "Include=/a\n", "/a": ival(1)}, "1", "1"),
    ("relative", {"m": "Include d/a\n", "/etc/ssh/d/a": ival(1)}, "1", "1"),
    ("absent", {"m": "Include /none\n" + ival(1)}, "1", "1"),
    ("included twice", {"m": "Match User root\n" + INC + "Match all\n" + INC, "/a": ival(1)}, "1",
     "1"),
    ("quotes that do not end", {"m": 'Banner "\n' + ival(1)}, "1", "1"),
]  # fmt: skip


@pytest.mark.parametrize("name, files, root, bob", TREES, ids=[row[0] for row in TREES])
def test_deciding(name, files, root, bob):
    assert (interval(files, ROOT), interval(files, BOB)) == (root, bob)


def test_reads_a_glob_in_the_order_given():
    files = {"m": "Include /d/*\n", "/d/10": ival(10), "/d/9": ival(9)}
    assert interval(files, ROOT, globs={"/d/*": ["/d/10", "/d/9"]}) == "10"


def test_a_release_without_include_follows_none():
    assert interval({"m": INC + ival(1), "/a": ival(2)}, ROOT, release=(8, 0)) == "1"


def test_8_2_ignores_match_in_included_files():
    files = {"m": INC, "/a": "Match all\n" + ival(2)}
    assert interval(files, ROOT, release=(8, 2)) is None
    assert interval(files, ROOT, release=(8, 4)) == "2"


def test_a_directive_knows_where_it_stands():
    files = {"m": "\n# x\nMatch User root\n" + INC, "/a": "\n  " + ival(2)}
    (directive,) = read(files).directives
    assert (directive.path, directive.line, directive.main_line) == ("/a", 2, 4)
    assert directive.text == "  ClientAliveInterval 2"
    assert config.scope_text(directive.scope) == "Match User root"


NO_CRITERIA = config.NO_CRITERIA + "."
ERRORS = [
    ({"m": INC, "/a": INC}, "/a line 1: Include /a is circular."),
    ({"m": "\n" + INC, "/a": "Include m\n"}, "/a line 1: Include m is circular."),
    ({"m": "ok\n\0\n"}, "m line 2: holds a NUL byte."),
    ({"m": INC, "/a": ival(1) + "\0"}, "/a line 2: holds a NUL byte."),
    ({"m": "\nMatch\n"}, "m line 2: Match: '' is " + NO_CRITERIA),
    ({"m": "Match User\n"}, "m line 1: Match: 'User' is " + NO_CRITERIA),
    ({"m": "Match all User a\n"}, "m line 1: Match: 'all User a' is " + NO_CRITERIA),
    ({"m": "Match User bob, ann\n"}, "m line 1: Match: 'User bob, ann' is " + NO_CRITERIA),
    ({"m": "Match final\n"}, "m line 1: Match: 'final' is " + NO_CRITERIA),
    (
        {"m": "Match " + "x " * 10000 + "y\n"},
        "m line 1: Match: '{}' is {}".format("x " * 50, NO_CRITERIA),
    ),
]


@pytest.mark.parametrize("files, sentence", ERRORS)
def test_refuses_what_cannot_be(files, sentence):
    with pytest.raises(config.ConfigError) as caught:
        read(files, globs={"/etc/ssh/m": ["m"]})
    assert str(caught.value) == sentence


def chain(depth):
    """A main file, and as many files included one by the other."""
    files = {f"/{number}": f"Include /{number + 1}\n" for number in range(1, depth)}
    files.update({"m": "Include /1\n", f"/{depth}": ival(1)})
    return files


def test_follows_includes_16_deep_and_no_deeper():
    assert interval(chain(16), ROOT) == "1"
    with pytest.raises(config.ConfigError, match="/16 line 1: .* deeper than 16"):
        read(chain(17))


def test_does_not_read_for_ever():
    files = {"m": "Include /1 /1\n", "/15": ""}
    for number in range(1, 15):
        files[f"/{number}"] = f"Include /{number + 1} /{number + 1}\n"
    with pytest.raises(config.ConfigError, match="more than 4096 readings"):
        read(files)


# What takes a minute if each word costs as much as the line is long.
LONG_LINES = [
    ("K " + '"a" ' * 100000, 100000),
    ("Include " + "/nowhere " * 100000, 100000),
    ("K = a#" + "=b" * 100000, None),
    ("Match " + "User a " * 100000, 200000),
]


@pytest.mark.parametrize("release", [(8, 0), (8, 4), (9, 2), NEW])
@pytest.mark.parametrize("line, words", LONG_LINES, ids=range(len(LONG_LINES)))
def test_a_long_line_takes_no_time(line, words, release):
    start = time.process_time()
    statement = config.parse_line(line, release)
    config.parse_criteria(statement.arguments)
    assert words is None or len(statement.arguments) == words
    assert time.process_time() - start < 4
