# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.curfew.session.plugins.plugin_utils._audit import scopes

SAME = [
    ("Match User backup Address 10.0.0.0/8", "Match Address 10.0.0.0/8 User backup"),
    ("Match user backup", "Match  USER  backup"),
    ("Match User a,b", "Match User b,a"),
    ("Match Host Gate.example.org", "Match Host gate.EXAMPLE.org"),
    # Nested, by way of Include.
    ("Match User backup, Match Address 10.0.0.0/8", "Match Address 10.0.0.0/8 User backup"),
    ("Match User backup, Match all", "Match User backup"),
    ('Match User "backup"', "Match User backup"),
]
OTHER = [
    ("Match User Backup", "Match User backup"),
    ("Match User backup", "Match Group backup"),
    ("Match User backup", "Match User backup Address 10.0.0.0/8"),
]
NO_SCOPES = ["", "Match", "Match User", "Match User a Address", 'Match User "a']


@pytest.mark.parametrize("one, other", SAME)
def test_the_same_connections(one, other):
    assert scopes.meaning(one) is not None
    assert scopes.meaning(one) == scopes.meaning(other)


@pytest.mark.parametrize("one, other", OTHER)
def test_other_connections(one, other):
    assert scopes.meaning(one) != scopes.meaning(other)


@pytest.mark.parametrize("scope", NO_SCOPES)
def test_no_scope(scope):
    assert scopes.meaning(scope) is None


MAIN = "/etc/ssh/sshd_config"
OPS = {
    "scope": None,
    "user": "ops",
    "host": "10.0.0.1",
    "addr": "10.0.0.1",
    "laddr": "10.0.0.9",
    "lport": 22,
}
BACKUP = dict(OPS, scope="Match User backup", user="backup")
OPTION = (None, None, "command line", True)
GLOBAL = (MAIN, 3, "global", True)
BEATEN = (MAIN, 3, "global", False)
BLOCK = (MAIN, 20, "Match User backup", True)
BY_DEFAULT = "no file sets it: sshd's own default"
# The definitions as path, line, scope and wins; the connection; where its value comes from.
ORIGINS = [
    ([], OPS, BY_DEFAULT),
    ([GLOBAL], OPS, MAIN + " line 3"),
    ([GLOBAL], BACKUP, MAIN + " line 3"),
    ([OPTION, BEATEN], OPS, "from sshd's command line"),
    ([BEATEN], OPS, BY_DEFAULT),
    ([GLOBAL, BLOCK], OPS, MAIN + " line 3"),
    ([GLOBAL, BLOCK], BACKUP, MAIN + " line 20"),
    ([OPTION, BLOCK], BACKUP, MAIN + " line 20"),
    # Of several blocks that it meets, the first one; even where its own one comes later.
    ([GLOBAL, (MAIN, 9, "Match User b*", True), BLOCK], BACKUP, MAIN + " line 9"),
    ([GLOBAL, (MAIN, 9, "Match all", True), BLOCK], BACKUP, MAIN + " line 9"),
    ([GLOBAL, (MAIN, 9, "Match Address 10.0.0.0/8 User ops", True)], OPS, MAIN + " line 9"),
    ([GLOBAL, (MAIN, 9, "Match Address 10.0.0.0/8 User ops", True)], BACKUP, MAIN + " line 3"),
    # Nobody tells in which groups a user is; but of which user that is asked.
    ([GLOBAL, (MAIN, 9, "Match Group staff", True)], OPS, None),
    ([GLOBAL, (MAIN, 9, "Match Group staff User backup", True)], OPS, MAIN + " line 3"),
    ([GLOBAL, (MAIN, 9, "Match invalid-user", True)], OPS, None),
    (
        [GLOBAL, (MAIN, 9, "Match Group staff", True)],
        dict(OPS, scope="Match Group staff"),
        MAIN + " line 9",
    ),
    ([GLOBAL, (MAIN, 9, "nonsense", True)], OPS, None),
    ([GLOBAL, BLOCK], {"scope": None}, None),
    ([GLOBAL], {"scope": None}, MAIN + " line 3"),
    # All connections to a host share its version.
    ([GLOBAL, (MAIN, 9, "Match Version OpenSSH_1*", True)], OPS, MAIN + " line 9"),
    ([GLOBAL, (MAIN, 9, "Match Version OpenSSH_9*", False)], OPS, MAIN + " line 3"),
    ([GLOBAL, (MAIN, 9, "Match Version * User ops", True)], OPS, None),
    # What would take for ever is not tried.
    ([GLOBAL, (MAIN, 9, "Match User " + "*a" * 40, True)], dict(OPS, user="a" * 200), None),
    ([GLOBAL, BLOCK], dict(OPS, user="a" * 300), None),
]


@pytest.mark.parametrize("definitions, connection, expected", ORIGINS)
def test_origin(definitions, connection, expected):
    keys = ("path", "line", "scope", "wins")
    found = [dict(zip(keys, row), keyword="ClientAliveInterval") for row in definitions]
    found.append(
        {"path": MAIN, "line": 1, "keyword": "ClientAliveCountMax", "scope": "global", "wins": True}
    )
    said = {"definitions": found}
    assert scopes.origin(said, "clientaliveinterval", connection) == expected
