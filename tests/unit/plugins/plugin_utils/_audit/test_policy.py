# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal
from ansible_collections.curfew.session.plugins.plugin_utils._audit import policy as audit_policy
from ansible_collections.curfew.session.plugins.plugin_utils._audit.policy import (
    ClientAlive,
    Policy,
    Tmout,
)

DEFAULTS = {
    "client_alive_enabled": True,
    "client_alive_state": "present",
    "client_alive_interval": 60,
    "client_alive_count_max": 3,
    "tmout_enabled": True,
    "tmout_state": "present",
    "tmout": 900,
    "tmout_readonly": True,
    "tmout_exempt_users": [],
}
ALIVE = ClientAlive(60, 3, None)
TMOUT = Tmout(900, True, [])
POLICIES = [
    ({}, Policy(ALIVE, TMOUT)),
    (
        {"tmout": "15m", "client_alive_interval": "1m", "client_alive_count_max": "3"},
        Policy(ALIVE, TMOUT),
    ),
    (
        {"client_alive_interval": 0, "client_alive_count_max": 0},
        Policy(ClientAlive(0, 0, None), TMOUT),
    ),
    ({"client_alive_enabled": False}, Policy(None, TMOUT)),
    ({"client_alive_enabled": "no"}, Policy(None, TMOUT)),
    ({"client_alive_enabled": "YES", "tmout_enabled": 0}, Policy(ALIVE, None)),
    ({"tmout_state": "absent"}, Policy(ALIVE, None)),
    (
        {"tmout_readonly": "False", "tmout_exempt_users": ["backup"]},
        Policy(ALIVE, Tmout(900, False, ["backup"])),
    ),
    ({"tmout_exempt_users": "backup,sync"}, Policy(ALIVE, Tmout(900, True, ["backup", "sync"]))),
    ({"tmout_exempt_users": ""}, Policy(ALIVE, TMOUT)),
    ({"client_alive_match": "User backup"}, Policy(ClientAlive(60, 3, "User backup"), TMOUT)),
    ({"client_alive_match": ""}, Policy(ALIVE, TMOUT)),
    # What is not asked for need not be valid.
    ({"tmout": "soon", "tmout_enabled": False}, Policy(ALIVE, None)),
]
ERRORS = [
    ({"tmout": "soon"}, "session_timeouts_tmout: 'soon'"),
    ({"tmout": 0}, "session_timeouts_tmout: 0"),
    ({"tmout": None}, "session_timeouts_tmout: 'None'"),
    ({"client_alive_interval": True}, "session_timeouts_client_alive_interval: True"),
    ({"client_alive_count_max": "3m"}, "session_timeouts_client_alive_count_max: '3m'"),
    ({"client_alive_count_max": -1}, "session_timeouts_client_alive_count_max: '-1'"),
    ({"client_alive_count_max": "9" * 99}, "session_timeouts_client_alive_count_max: "),
    # A slip of the pen asks for something all the same: the role acts on it, or refuses it.
    (
        {"client_alive_state": "Present"},
        "session_timeouts_client_alive_state: 'Present' is neither present nor absent.",
    ),
    ({"tmout_state": None}, "session_timeouts_tmout_state: 'None' is neither present nor absent."),
    (
        {"client_alive_enabled": "enabled"},
        "session_timeouts_client_alive_enabled: 'enabled' is neither true nor false.",
    ),
    ({"tmout_enabled": " no"}, "session_timeouts_tmout_enabled: ' no' is neither true nor false."),
    ({"tmout_enabled": ""}, "session_timeouts_tmout_enabled: '' is neither true nor false."),
    ({"tmout_exempt_users": 7}, "session_timeouts_tmout_exempt_users: '7' is not a list."),
    ({"tmout_readonly": "oui"}, "session_timeouts_tmout_readonly: 'oui' is neither true nor f"),
]


def asked(**changes):
    return {"session_timeouts_" + key: value for key, value in dict(DEFAULTS, **changes).items()}


@pytest.mark.parametrize("changes, policy", POLICIES)
def test_read(changes, policy):
    assert audit_policy.read(asked(**changes)) == policy


@pytest.mark.parametrize("changes, message", ERRORS)
def test_errors(changes, message):
    with pytest.raises(Refusal) as caught:
        audit_policy.read(asked(**changes))
    assert str(caught.value).startswith(message)


def test_missing_variable():
    with pytest.raises(Refusal) as caught:
        audit_policy.read({})
    assert str(caught.value) == "session_timeouts_client_alive_interval is not given."


def test_described():
    described = audit_policy.described(Policy(ALIVE, Tmout(900, True, ["backup"])))
    assert described["client_alive"]["detection_seconds"] == {"min": 180, "max": 240}
    assert described["tmout"]["seconds"] == 900
    assert described["sentences"] == [
        "An idle prompt ends after 15 minutes, except for backup.",
        "A client that vanishes is dropped after 3 to 4 minutes"
        " (ClientAliveInterval 60, ClientAliveCountMax 3).",
    ]


def test_described_nothing():
    nothing = audit_policy.described(Policy(None, None))
    assert nothing == {"client_alive": None, "tmout": None, "sentences": ["Nothing is asked for."]}


def test_described_zero():
    described = audit_policy.described(Policy(ClientAlive(0, 3, None), None))
    assert described["client_alive"]["detection_seconds"] is None
    assert "is never dropped" in described["sentences"][0]
