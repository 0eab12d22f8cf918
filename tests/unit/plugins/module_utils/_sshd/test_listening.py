# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a daemon listens, and what a reload would close: this process stands in for one."""

import os
import socket
import subprocess

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import listening

# Where it listens now, the lines of `sshd -T`, where nobody would answer any more.
KEPT = [
    ([("0.0.0.0", 22), ("::", 22)], ["0.0.0.0:22", "[::]:22"], []),
    ([("0.0.0.0", 22)], ["0.0.0.0:22", "[::]:22"], []),
    ([("10.0.0.1", 22)], ["0.0.0.0:22"], []),
    ([("fe80::1", 22)], ["[fe80::1%eth0]:22"], []),
    ([("2001:db8::1", 22)], ["[2001:db8::1]:22 rdomain x"], []),
    ([("0.0.0.0", 22)], [], []),
    ([], ["0.0.0.0:2222"], []),
    ([("0.0.0.0", 22), ("::", 22)], ["0.0.0.0:2222", "[::]:2222"], [("0.0.0.0", 22), ("::", 22)]),
    ([("0.0.0.0", 22)], ["10.0.0.1:22"], [("0.0.0.0", 22)]),
    ([("0.0.0.0", 22), ("::", 22)], ["0.0.0.0:22"], [("::", 22)]),
    ([("::", 22)], ["0.0.0.0:22"], [("::", 22)]),
    ([("10.0.0.1", 22)], ["[::]:22"], [("10.0.0.1", 22)]),
]


@pytest.mark.parametrize("now, then, lost", KEPT)
def test_what_a_reload_would_close(now, then, lost):
    assert listening.lost(now, listening.addresses(then)) == lost


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "::", "::1"])
def test_where_a_process_listens(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as server, socket.socket(family) as idle:
        try:
            server.bind((host, 0))
        except OSError:
            pytest.skip("this host has no such address")
        idle.bind((host, 0))
        server.listen(1)
        found = list(listening.held(os.getpid()).values())
        assert (host, server.getsockname()[1]) in found
        assert idle.getsockname()[1] not in [port for _host, port in found]


@pytest.mark.parametrize("handed_over", [True, False])
def test_a_socket_that_systemd_holds_too(monkeypatch, handed_over):
    """A child stands in for systemd, and has what was open before it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        handed = [server.fileno()] if handed_over else []
        with subprocess.Popen(["sleep", "60"], pass_fds=handed) as systemd:
            try:
                server.listen(1)
                monkeypatch.setattr(listening, "SYSTEMD", systemd.pid)
                assert listening.has_socket_of_systemd(os.getpid()) is handed_over
                assert not listening.has_socket_of_systemd(systemd.pid)
            finally:
                systemd.kill()


def test_connections_are_not_read(tmp_path, monkeypatch):
    """There may be a hundred thousand; the kernel lists what listens before them."""
    rows = ["head", "0: 00000000:0016 00000000:0000 0A 0 0 0 0 0 77", "1: x x 03 0 0 0 0 0 8"]
    rows += ["2: 00000000:0050 00000000:0000 0A 0 0 0 0 0 78", "3: y y 01 0 0 0 0 0 9", "4: bad"]
    table = tmp_path / "tcp"
    table.write_text("\n".join(rows))
    monkeypatch.setattr(listening, "_TABLES", (("tcp", socket.AF_INET, "=I"),))
    monkeypatch.setattr(listening, "open", lambda path: table.open(), raising=False)
    monkeypatch.setattr(listening, "_SOCK_DIAG", 99)  # a kernel that knows nothing of that
    assert listening.table() == {"77": ("0.0.0.0", 22), "78": ("0.0.0.0", 80)}


def test_a_process_that_is_gone_listens_nowhere():
    assert listening.held(2**22 + 1) == {}


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "::1"])
def test_both_tables_say_the_same(monkeypatch, host):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        try:
            server.bind((host, 0))
        except OSError:
            pytest.skip("this host has no such address")
        server.listen(1)
        asked = listening.held(os.getpid())
        monkeypatch.setattr(listening, "_SOCK_DIAG", 99)
        assert listening.held(os.getpid()) == asked
        assert (host, server.getsockname()[1]) in asked.values()


def test_what_the_kernel_says_of_an_error_is_no_table(monkeypatch):
    monkeypatch.setattr(listening, "_BY_FAMILY", 19)  # none of its questions
    with pytest.raises(OSError):
        list(listening._dumped(socket.AF_INET))
