# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that no host can take is refused by its option, wherever it stands in that."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._refusal import BadOption
from ansible_collections.curfew.session.plugins.module_utils._results import (
    check_usable,
    finish,
    printable,
)

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
    # of two the first by name, whatever order they come in
    ({"match": "\0", "connections": ["\0"]}, "Option connections: "),
]


@pytest.mark.parametrize("params", FINE)
def test_takes(params):
    check_usable(params)


@pytest.mark.parametrize("params, begins", REFUSED)
def test_refuses(params, begins):
    with pytest.raises(BadOption) as caught:
        check_usable(params)
    assert str(caught.value).startswith(begins)
    assert begins.startswith(f"Option {caught.value.option}: ")


def test_what_is_returned_is_utf_8():
    assert printable({"a\udcff": ["\ud800", 1, None]}) == {"a\\xff": ["\ufffd", 1, None]}


class Ended(Exception):
    """A module ends only once."""


class Module:
    """Notes what a module is told to do."""

    def __init__(self, diff):
        self._diff = diff
        self.warnings = []
        self.ended = None

    def warn(self, warning):
        self.warnings.append(warning)

    def fail_json(self, **values):
        self.ended = ("failed", values)
        raise Ended

    def exit_json(self, **values):
        self.ended = ("ended", values)
        raise Ended


# whether a diff was asked for, the result; how the module ends, with what, and its warnings
FINISHED = [
    (False, {"changed": True}, "ended", {"changed": True}, []),
    (False, {"diff": [1], "warnings": ["so"]}, "ended", {"diff": []}, ["so"]),
    (True, {"diff": [1]}, "ended", {"diff": [1]}, []),
    (False, {"failed": True, "msg": "a\udcff", "diff": [1]}, "failed",
     {"failed": True, "msg": "a\\xff", "diff": []}, []),
]  # fmt: skip


@pytest.mark.parametrize("diff, result, how, values, warnings", FINISHED)
def test_finish(diff, result, how, values, warnings):
    module = Module(diff)
    with pytest.raises(Ended):
        finish(module, result)
    assert module.ended == (how, values)
    assert module.warnings == warnings
