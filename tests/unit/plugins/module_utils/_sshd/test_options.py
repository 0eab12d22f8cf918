# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module asks of the engine."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import facts, options

INTERVAL = options.Setting("ClientAliveInterval", "300", facts.read_seconds)
GONE = INTERVAL._replace(value=None)
# A directive, the arguments of a line, whether they mean the same
AGREES = [
    (INTERVAL, ("300",), True),
    (INTERVAL, ("5m",), True),
    (INTERVAL, ("301",), False),
    (INTERVAL, ("soon",), False),
    (GONE, ("300",), False),
]


def params(**given):
    spec = options.argument_spec()
    return dict({name: option.get("default") for name, option in spec.items()}, **given)


@pytest.mark.parametrize("setting, arguments, expected", AGREES)
def test_agrees(setting, arguments, expected):
    assert setting.agrees(arguments) is expected


def test_a_module_adds_directives_of_its_own():
    spec = options.argument_spec(interval=dict(type="raw"))
    assert spec["interval"] == {"type": "raw"}
    assert list(spec["connections"]["options"]) == ["user", "host", "addr", "laddr", "lport"]
    assert set(options.argument_spec()) == set(spec) - {"interval"}


def test_request():
    request = options.request(params(match="User a"), [INTERVAL], [INTERVAL, GONE])
    assert request.settings == (INTERVAL,) and request.reported == (INTERVAL, GONE)
    assert (request.state, request.match, request.path) == ("present", "User a", None)
    assert (request.verify, request.reload, request.backup) == (True, False, False)
