# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts as the module returns them: every key, and none that is for the verdict alone."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import facts
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import Service

DETECTION = {"min": 180, "max": 240, "basis": "so"}
CONNECTION = facts.ConnectionTimeouts(
    "a", "h", "10.0.0.1", "0.0.0.0", 22, None, 60, 3, DETECTION, None, None
)
SSHD = facts.SshdTimeouts(
    "/m", "OpenSSH_9.2", Service("ssh", None, True), [], 7875, [], [], None, None
)
KEYS = {
    "path", "version", "service", "effective", "connections", "detection_seconds",
    "tcp_keepalive_seconds", "channel_timeout", "unused_connection_timeout", "definitions",
    "command_line", "reload_needed", "sessions", "daemons",
}  # fmt: skip


def test_sshd_that_said_nothing():
    returned = SSHD.returned()
    assert set(returned) == KEYS
    assert returned["effective"] == {"interval_seconds": None, "count_max": None}
    assert returned["detection_seconds"] is None
    assert returned["service"] == {"name": "ssh", "manager": None, "running": True}


def test_sshd_shows_the_numbers_of_the_default_connection():
    other = CONNECTION._replace(interval_seconds=5, detection_seconds=None)
    returned = SSHD._replace(connections=[CONNECTION, other]).returned()
    assert set(returned) == KEYS
    assert returned["effective"] == {"interval_seconds": 60, "count_max": 3}
    assert returned["detection_seconds"] == DETECTION
    assert [item["interval_seconds"] for item in returned["connections"]] == [60, 5]


def test_a_definition_without_what_is_for_the_verdict_alone():
    beaten = facts.Beaten("the same line, in the scope Match all", facts.SAME_LINE)
    definition = facts.SshdDefinition("/m", 3, "ClientAliveInterval", "60", "global", False, beaten)
    assert definition.returned() == {
        "path": "/m",
        "line": 3,
        "keyword": "ClientAliveInterval",
        "value": "60",
        "scope": "global",
        "wins": False,
        "beaten_by": "the same line, in the scope Match all",
        "accounts": None,
    }
    assert definition._replace(beaten=None).returned()["wins"] is True


def connection(interval, accounts=None):
    found = facts.ConnectionTimeouts(*[None] * 11)
    return found._replace(interval_seconds=interval, accounts=accounts)


ROOT = {"count": 1, "names": ["root"]}
OTHERS = {"count": 2, "names": ["a", "b"]}
# Each connection's interval and accounts, whether the default one may stand for a directory; which
# of them stands for most
GENERAL = [
    ([], False, None),
    ([(300, None), (9, None)], False, 0),
    ([(300, None), (0, ROOT), (300, OTHERS)], False, 0),
    ([(300, None), (0, ROOT), (7, OTHERS)], False, 1),
    ([(300, None), (0, ROOT), (7, OTHERS)], True, 0),
    ([(300, None), (0, ROOT)], False, 1),
]


@pytest.mark.parametrize("given, directory, expected", GENERAL)
def test_which_connection_stands_for_most(given, directory, expected):
    connections = [connection(*one) for one in given]
    found = facts.SshdTimeouts("/c", "", None, connections, None, [], [], None, None, directory)
    assert found.general == (None if expected is None else connections[expected])
    if expected is not None:
        service = found._replace(service=facts.LogindTimeouts(None, None, []))
        assert service.returned()["effective"]["interval_seconds"] == given[expected][0]


def test_a_shell():
    place = facts.TmoutDefinition("/etc/profile", 1, "TMOUT=9", "login shells")
    shell = facts.ShellTimeouts("/bin/bash", "bash", 9, True, False, 9, True, [place])
    assert shell.returned() == {
        "path": "/bin/bash",
        "family": "bash",
        "tmout_seconds": 9,
        "readonly": True,
        "exported": False,
        "logout_seconds": 9,
        "answered": True,
        "definitions": [
            {"path": "/etc/profile", "line": 1, "text": "TMOUT=9", "scope": "login shells"}
        ],
    }
