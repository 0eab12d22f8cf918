# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that no host can take is refused by its option, wherever it stands in that."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._results import printable, unusable

FINE = [
    {"path": "/etc/\xfc", "match": "User \xfc", "interval": 60, "sshd": None, "connections": []},
    {"path": "/etc/\udcff"},  # a byte that is not UTF-8
    {"connections": [{"user": "a", "lport": 22}]},
]
# options, what the sentence begins with
REFUSED = [
    ({"path": "/etc/\0a"}, "Option path: '/etc/\\x00a' holds a NUL"),
    ({"path": "/etc/\ud800"}, "Option path: '/etc/\\ud800' "),
    ({"sshd": "/\0"}, "Option sshd: "),
    ({"match": "User \udcff"}, "Option match: "),
    ({"connections": [{"user": "a"}, {"host": "b\0"}]}, "Option connections: 'b\\x00' "),
    ({"exempt_users": ["a", "\ud800"]}, "Option exempt_users: "),
]


@pytest.mark.parametrize("params", FINE)
def test_takes(params):
    assert unusable(params) is None


@pytest.mark.parametrize("params, begins", REFUSED)
def test_refuses(params, begins):
    assert unusable(params).startswith(begins)


def test_what_is_returned_is_utf_8():
    assert printable({"a\udcff": ["\ud800", 1, None]}) == {"a\ufffd": ["\ufffd", 1, None]}
