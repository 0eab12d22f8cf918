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
    monkeypatch.setattr(daemons, "_started_by_sockets", lambda rest: [])
    monkeypatch.setattr(
        daemons,
        "of_listener",
        lambda item: sshd_service.Daemon(
            sshd_service.Service((item.unit or "")[:-8], "systemd", True), item, LINE
        ),
    )
    for known in (None, several[0][0], several[1][0]):
        left = [item for item, _port in several if item != known]
        monkeypatch.setattr(daemons, "_scan", lambda rest, left=left: left)
        found = daemons.several(known, {"1": ("::", 22)})
        assert [item.listener for item in found] == [item for item, _port in several]


SOCKETS = [
    {"Id": "ssh@0.service", "LoadState": "not-found", "Listen": "[::]:22 0.0.0.0:22"},
    {"Id": "admin.service", "LoadState": "loaded", "Listen": "[::]:2222"},
    {"Id": "cockpit.service", "LoadState": "loaded", "Listen": "[::]:9090"},
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
    assert "no unit ssh@0.service" in found[0].words.doubt and found[1].words.doubt is None
    assert daemons.places(found[0]) == ["[::]:22", "0.0.0.0:22"]


# Whether another daemon is known, whose run it is, what listens where; what the doubt says
DOUBTS = [
    ((), 0, {"1": ("::", 22)}, "no sshd of this host: /usr/sbin/xinetd (process 7)"),
    ((), 0, {"2": ("::", 22)}, "no sshd of this host: it cannot be seen from here"),
    ((), 0, {"1": ("::", 80)}, None),
    ((), 0, {}, None),
    ((), 1000, {"1": ("::", 22)}, None),
    (("another",), 0, {"1": ("::", 22)}, None),
]


@pytest.mark.parametrize("others, uid, rest, doubt", DOUBTS)
def test_a_port_that_something_else_has(monkeypatch, others, uid, rest, doubt):
    monkeypatch.setattr(daemons.os, "geteuid", lambda: uid)
    monkeypatch.setattr(daemons.os, "listdir", lambda path: ["self", "7"])
    monkeypatch.setattr(daemons.os, "readlink", lambda path: "/usr/sbin/xinetd")
    monkeypatch.setattr(listening, "inodes", lambda pid: {"1"})
    off = sshd_service.Daemon(sshd_service.Service("ssh", "systemd", False), None, LINE, others)
    found = daemons.with_doubt(off, rest)
    assert (found.words.doubt or "").endswith(doubt or "")
    assert found.service.running is (None if doubt else False)


def test_children_that_have_yet_to_let_go_are_no_daemons(monkeypatch):
    monkeypatch.setattr(daemons, "_processes", lambda: [5, 6, 7, 8])
    monkeypatch.setattr(listening, "inodes", lambda pid: {"1"} if pid != 8 else {"2"})
    monkeypatch.setattr(daemons, "listener_of", lambda pid: listener(pid) if pid != 7 else None)
    monkeypatch.setattr(daemons, "_parent", lambda pid: 5 if pid == 6 else 1)
    assert [item.pid for item in daemons._scan({"1"})] == [5]


def test_in_an_image_what_listens_is_the_builders(monkeypatch):
    monkeypatch.setattr(daemons.os, "geteuid", lambda: 0)
    monkeypatch.setattr(daemons.os.path, "exists", lambda path: path != "/proc/self")
    off = sshd_service.Daemon(sshd_service.Service(None, None, False), None, LINE)
    assert daemons.with_doubt(off, {"1": ("::", 22)}) == off
