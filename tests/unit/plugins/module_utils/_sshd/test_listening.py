# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a daemon listens, and what a reload would close: this process stands in for one."""

import os
import socket
import subprocess
import time
from types import SimpleNamespace

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import config as sshd_config
from ansible_collections.curfew.session.plugins.module_utils._sshd import listening, match, service

CONNECTION = match.Connection("u", "h", "192.0.2.1", "127.0.0.1", 22)

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
    assert listening._lost(now, listening.addresses(then)) == lost


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
        found = listening.sockets(os.getpid())
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


class Host:
    """A run that would reload this process, and an sshd that says where it would listen."""

    def __init__(self, folder, config="Port 2222\n"):
        self.folder = folder
        self.main = folder / "sshd_config"
        self.main.write_text(config)
        self.pid_file = folder / "pid"
        self.words = service.CommandLine(options=("UseDNS=no",), ports=(2222,))

    def check(self, says, pid_file=None, texts=None):
        sshd = self.folder / "sshd"
        sshd.write_text(f"#!/bin/sh\ncase \"$*\" in *'-o UseDNS=no -p 2222') {says};; esac\n")
        sshd.chmod(0o755)
        tree = sshd_config.read_tree(
            str(self.main),
            lambda path, by: self.main.read_text(),
            lambda name: [name],
            ("port", "listenaddress"),
        )
        run = SimpleNamespace(
            listener=service.Listener(os.getpid(), pid_file, self.words),
            words=self.words,
            plan=SimpleNamespace(before=tree, after=tree, texts=texts or {}),
            connections=[CONNECTION],
            binary=str(sshd),
            release=(10, 0),
            warnings=[],
            listening=[],
        )
        listening.check(run)
        return run


@pytest.fixture
def port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        yield server.getsockname()[1]


def test_a_reload_that_would_close_a_port_is_refused(tmp_path, port):
    """By the whole command line of the daemon, whose -p beats the files."""
    refusal = "at .*127.0.0.1 port %d.* would listen at 0.0.0.0:1 only: %s line 1 says %r" % (
        port,
        tmp_path / "sshd_config",
        "Port 2222",
    )
    with pytest.raises(service.ServiceError, match=refusal):
        Host(tmp_path).check("echo listenaddress 0.0.0.0:1")


def test_a_port_that_no_line_names_any_more(tmp_path, port):
    with pytest.raises(service.ServiceError, match="no line of .* sets Port"):
        Host(tmp_path, "UseDNS no\n").check("echo listenaddress 0.0.0.0:1")


def test_one_that_stays_open_is_not(tmp_path, port, monkeypatch):
    monkeypatch.setattr(listening, "sockets", lambda pid: [("127.0.0.1", port)])
    run = Host(tmp_path).check(f"echo listenaddress 0.0.0.0:{port}")
    assert run.listening == [f"0.0.0.0:{port}"]
    assert run.warnings == []


def test_the_socket_of_systemd_stays_whatever_the_files_say(tmp_path, port, monkeypatch):
    monkeypatch.setattr(listening, "has_socket_of_systemd", lambda pid: True)
    Host(tmp_path).check("echo listenaddress 0.0.0.0:1")


def test_what_else_a_reload_puts_in_force_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(listening, "sockets", lambda pid: [])
    (tmp_path / "pid").write_text("1")
    time.sleep(0.02)
    host = Host(tmp_path)
    arguments = ("echo listenaddress 0.0.0.0:1", str(tmp_path / "pid"))
    assert host.check(*arguments).warnings == []
    run = host.check(*arguments, texts={str(host.main): ""})
    assert len(run.warnings) == 1
    assert f"has not read {host.main} since" in run.warnings[0]
