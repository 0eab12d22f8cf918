# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of several daemons is meant, and that each is told of."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    daemons,
    listening,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    service as sshd_service,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd import unit as sshd_unit

LINE = sshd_service.CommandLine("/usr/sbin/sshd", "/etc/x")


def listener(pid, unit=None, pid_file=None):
    return sshd_service.Listener(pid, pid_file, LINE, unit)


# Those that listen, each with its port, in the order in which they are meant.
SEVERAL = [
    [(listener(9, "ssh.service"), 2222), (listener(5, "mgmt.service", "/run/sshd.pid"), 22)],
    [(listener(9), 22), (listener(5, None, "/run/sshd.pid"), 2222)],
    [(listener(9, None, "/run/sshd.pid"), 2022), (listener(5), 2222)],
    [(listener(5), 22), (listener(9), 22)],
]


@pytest.mark.parametrize("several", SEVERAL)
def test_the_one_that_is_meant(monkeypatch, several):
    ports = {item.pid: port for item, port in several}
    monkeypatch.setattr(listening, "held", lambda pid: {str(pid): ("::", ports[pid])})
    monkeypatch.setattr(daemons, "_scan", lambda *_given: [item for item, _port in several])
    monkeypatch.setattr(daemons, "_started_by_sockets", lambda rest: [])

    def daemon_of(item):
        service = sshd_service.Service((item.unit or "")[:-8], "systemd", True)
        return sshd_service.Daemon(service, item, LINE)

    for known in (None, several[0][0], several[1][0]):
        found = daemons.choose(known, {"1"}, None, daemon_of)
        assert [item.listener for item in (found,) + found.others] == [
            item for item, _port in several
        ]


SOCKETS = [
    {"Id": "ssh@0.service", "Accept": "yes", "Listen": "[::]:22 0.0.0.0:22"},
    {"Id": "admin.service", "Accept": "no", "Listen": "[::]:2222"},
    {"Id": "cockpit.service", "Accept": "no", "Listen": "[::]:9090"},
]
WORDS = {
    "ssh@0.service": ["/usr/sbin/sshd", "-i", "-o", "ClientAliveInterval=7"],
    "admin.service": ["/usr/sbin/sshd", "-D"],
    "cockpit.service": ["/usr/lib/cockpit-ws"],
}


def test_those_that_systemd_starts_for_a_socket(monkeypatch):
    monkeypatch.setattr(listening, "inodes", lambda pid: {"1"})
    monkeypatch.setattr(daemons.os.path, "isdir", lambda path: True)
    monkeypatch.setattr(sshd_unit, "sockets", lambda: SOCKETS)
    monkeypatch.setattr(sshd_unit, "exact_words", lambda properties: WORDS[properties["Id"]])
    assert daemons._started_by_sockets({"2"}) == []
    found = daemons._started_by_sockets({"1", "2"})
    assert [item.service for item in found] == [
        ("ssh@", "systemd", False),
        ("admin", "systemd", False),
    ]
    assert found[0].words.options == ("ClientAliveInterval=7",)
    assert daemons.places(found[0]) == ["[::]:22", "0.0.0.0:22"]
