# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reload would close or break is refused; what it did is seen."""

import os
import signal
import socket
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import config as sshd_config
from ansible_collections.curfew.session.plugins.module_utils._sshd import match, plan, reload
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service
from ansible_collections.curfew.session.plugins.module_utils._sshd.host import Host, Reload, Work

CONNECTION = match.Connection("u", "h", "192.0.2.1", "127.0.0.1", 22)
LINE = sshd_service.CommandLine("/usr/sbin/sshd")
SERVICE = sshd_service.Service("ssh", "systemd", True)


# The manager, the name of the service, whether the daemon is to be started anew; the command, or
# None: the signal that all of them would send.
COMMANDS = [
    ("systemd", "ssh", False, ["systemctl", "reload", "ssh"]),
    ("systemd", "admin-ssh", False, None),
    ("systemd", "admin-ssh", True, ["systemctl", "restart", "admin-ssh"]),
    ("systemd", None, False, None),
    ("openrc", "ssh", False, None),
    ("openrc", "ssh", True, ["rc-service", "ssh", "restart"]),
    ("sysvinit", "ssh", False, None),
    ("sysvinit", "sshd", True, ["/etc/init.d/sshd", "restart"]),
    ("runit", "ssh", False, None),
    (None, None, False, None),
]


@pytest.mark.parametrize("manager, name, anew, expected", COMMANDS)
def test_how_a_daemon_is_reloaded(monkeypatch, manager, name, anew, expected):
    sent, commands, traces = [], [], iter([frozenset("1"), frozenset("2")])
    monkeypatch.setattr(os, "kill", lambda *given: sent.append(given))
    monkeypatch.setattr(reload, "run", lambda words, *_limit: commands.append(words) or (0, ""))
    monkeypatch.setattr(reload, "has_socket_of_systemd", lambda pid: anew)
    monkeypatch.setattr(reload, "_trace", lambda listener: (None, next(traces)))
    monkeypatch.setattr(reload, "listening_at", lambda listener: [("::", 22)])
    listener = sshd_service.Listener(os.getpid(), None, LINE)
    reload.reload(sshd_service.Service(name, manager, True), listener, [("::", 22)])
    assert commands == ([expected] if expected else [])
    assert sent == ([] if expected else [(os.getpid(), signal.SIGHUP)])


# What systemctl answers to a reload, whether the process is there, the manager; whether a signal is
# sent, and the refusal.
ANSWERS = [
    ((0, ""), True, "systemd", 0, None),
    ((1, "Job type reload is not applicable for unit ssh.service."), True, "systemd", 1, None),
    ((1, "ssh.service is not active, cannot reload."), True, "systemd", 1, None),
    ((1, "Failed to reload ssh.service: Unit ssh.service is masked."), True, "systemd", 1, None),
    ((1, "Failed to reload ssh.service: Unit ssh.service not found."), True, "systemd", 1, None),
    ((1, "Failed to connect to bus: No such file or directory"), True, "systemd", 1, None),
    ((124, "/bin/systemctl did not end within 30 seconds."), True, "systemd", 1, None),
    ((1, "Job failed."), True, "systemd", 0, "Reloading sshd failed: Job failed."),
    ((0, ""), False, "runit", 1, None),
    ((0, ""), False, None, 1, "sshd has ended, and there is no service manager to start it"),
]


@pytest.mark.parametrize("answer, alive, manager, signals, refusal", ANSWERS)
def test_what_becomes_of_an_order(monkeypatch, answer, alive, manager, signals, refusal):
    sent = []

    def kill(*given):
        sent.append(given)
        if not alive:
            raise ProcessLookupError

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(reload, "run", lambda words, *_limit: answer)
    monkeypatch.setattr(reload, "has_socket_of_systemd", lambda pid: False)
    monkeypatch.setattr(reload, "_await", lambda *_given: None)
    listener = sshd_service.Listener(os.getpid(), "/run/x.pid", LINE)
    service = sshd_service.Service("ssh", manager, True)
    if refusal is None:
        reload.reload(service, listener, [])
    else:
        with pytest.raises(sshd_service.ServiceError, match=refusal):
            reload.reload(service, listener, [])
    assert len(sent) == signals


def test_what_holds_a_socket_of_systemd_gets_no_signal(monkeypatch):
    monkeypatch.setattr(os, "kill", lambda *_given: pytest.fail("it would end for good"))
    monkeypatch.setattr(reload, "run", lambda words, *_limit: (1, "Unit ssh.service is masked."))
    monkeypatch.setattr(reload, "has_socket_of_systemd", lambda pid: True)
    listener = sshd_service.Listener(os.getpid(), None, LINE)
    with pytest.raises(sshd_service.ServiceError, match="is masked"):
        reload.reload(SERVICE, listener, [])


def test_an_order_that_went_elsewhere(monkeypatch):
    traces = iter([(None, frozenset("1"))] * 6 + [(None, frozenset("2"))] * 9)
    sent = []
    monkeypatch.setattr(os, "kill", lambda *given: sent.append(given))
    monkeypatch.setattr(reload, "_ORDER_SECONDS", 0)
    monkeypatch.setattr(reload, "_trace", lambda listener: next(traces))
    monkeypatch.setattr(reload, "listening_at", lambda listener: [("::", 22)])
    found = sshd_service.Listener(os.getpid(), None, LINE)
    reload._await(found, (None, frozenset("1")), [("::", 22)], SERVICE)
    assert sent == [(os.getpid(), signal.SIGHUP)]


def test_all_that_read_the_files_are_told_to(monkeypatch):
    told = []
    monkeypatch.setattr(reload, "reload", lambda *given: told.append(given))
    monkeypatch.setattr(reload, "listening_at", lambda listener: [listener.pid])
    first, other = (sshd_service.Listener(pid, None, LINE) for pid in (1, 2))
    also = (Reload(SERVICE, other, []),)
    activation = reload.Activation(None, LINE, Reload(SERVICE, first, []), [("::", 22)], also)
    activation.run()
    assert told == [(SERVICE, first, [("::", 22)]), (SERVICE, other, [2])]


@pytest.fixture
def port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        yield server.getsockname()[1]


# Where a daemon could listen: this host's own addresses, ports that are free.
NOWHERE = [["192.0.2.77:22"], ["192.0.2.77:22", "[2001:db8::1]:22"]]
SOMEWHERE = [[], ["127.0.0.1:0"], ["192.0.2.77:22", "0.0.0.0:0"]]


@pytest.mark.parametrize("listen", NOWHERE)
def test_a_daemon_that_could_listen_nowhere_is_not_reloaded(listen):
    with pytest.raises(sshd_service.ServiceError, match="nowhere to listen.*192.0.2.77"):
        reload.check_listening(listen, [])


@pytest.mark.parametrize("listen", SOMEWHERE)
def test_one_address_is_enough(listen):
    reload.check_listening(listen, [])


def test_a_port_in_use_is_free_for_the_daemon_that_has_it(port):
    reload.check_listening([f"127.0.0.1:{port}"], [("0.0.0.0", port)])
    with pytest.raises(sshd_service.ServiceError, match="nowhere to listen"):
        reload.check_listening([f"127.0.0.1:{port}"], [("0.0.0.0", port + 1)])


# What `sshd -t` does, and `sshd -i` to a client; then the refusal.
STARTS = [
    ("exit 0", "echo SSH-2.0-x; read client; echo keys", None),
    ("echo no hostkeys; exit 1", "", "could not start anew: no hostkeys"),
    ("exit 0", "echo SSH-2.0-x; read client", "would let nobody in"),
    ("exit 0", "exit 1", "would let nobody in"),
    ("exit 0", "echo 220 mail; read client; echo keys", "would let nobody in"),
]


@pytest.mark.parametrize("test, serve, refusal", STARTS)
def test_only_files_that_let_a_client_begin_are_kept(tmp_path, test, serve, refusal):
    sshd = tmp_path / "sshd"
    sshd.write_text(
        "#!/bin/sh\ncase \"$*\" in '-f /x -h /k -o A=1 '*) ;; *) exit 9 ;; esac\n"
        f'case "$*" in *-t) {test} ;; *-i) {serve} ;; esac\n'
    )
    sshd.chmod(0o755)
    words = sshd_service.CommandLine(config="/x", options=("A=1",), keys=("-h", "/k"))
    if refusal is None:
        reload.check_start(str(sshd), words)
        return
    with pytest.raises(sshd_service.ServiceError, match=refusal):
        reload.check_start(str(sshd), words)


def listener(pid_file):
    return sshd_service.Listener(os.getpid(), pid_file, sshd_service.CommandLine())


def written(path, text=""):
    """A file that is newer than all before it, by more than a tick of the clock."""
    time.sleep(0.02)
    path.write_text(text)
    return str(path)


def test_a_pid_file_written_anew_is_seen_wherever_its_time_lies(tmp_path, port):
    pid_file = written(tmp_path / "pid")
    os.utime(pid_file, (time.time() + 7200,) * 2)
    before = reload._trace(listener(pid_file))
    assert not reload._has_read(listener(pid_file), before)
    os.unlink(pid_file)
    written(tmp_path / "pid")
    reload._await(listener(pid_file), before, [("127.0.0.1", port)], None)


def test_without_a_pid_file_other_sockets_tell(port):
    before = reload._trace(listener(None))
    assert not reload._has_read(listener(None), before)
    closed = before[0], frozenset(["1"])
    assert reload._has_read(listener(None), closed)
    reload._await(listener(None), closed, [("127.0.0.1", port)], None)


@pytest.mark.parametrize(
    "reads, refusal",
    [(False, "did not read its files again"), (True, "no longer listens at 127.0.0.1 port 1")],
)
def test_why_a_reload_failed(tmp_path, monkeypatch, reads, refusal):
    monkeypatch.setattr(reload, "WAIT_SECONDS", 0.1)
    pid_file = written(tmp_path / "pid")
    before = reload._trace(listener(pid_file))
    if reads:
        written(tmp_path / "pid")
    with pytest.raises(sshd_service.ServiceError, match=refusal):
        reload._await(listener(pid_file), before, [("127.0.0.1", 1)], None)


def test_a_daemon_whose_program_is_gone_would_end(tmp_path):
    host = Daemon(tmp_path)
    host.words = host.words._replace(binary=str(tmp_path / "gone"))
    with pytest.raises(sshd_service.ServiceError, match="gone, which is gone: told to read"):
        host.check("true")


class Daemon:
    """A run that would reload this process, and an sshd that says where it would listen."""

    def __init__(self, folder, config="Port 2222\n"):
        self.folder = folder
        self.main = folder / "sshd_config"
        self.main.write_text(config)
        self.pid_file = folder / "pid"
        self.words = sshd_service.CommandLine(options=("UseDNS=no",), ports=(2222,))

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
        listener = sshd_service.Listener(os.getpid(), pid_file, self.words)
        host = Host(
            str(self.main), SERVICE, True, listener, self.words, str(sshd), (10, 0), None, ()
        )
        work = Work(None, plan.Plan(tree, tree, texts or {}, []), [], [CONNECTION])
        return reload.check_reload(host, listener, work)


def test_a_reload_that_would_close_a_port_is_refused(tmp_path, port):
    """By the whole command line of the daemon, whose -p beats the files."""
    refusal = (
        f"at .*127.0.0.1 port {port}.* would listen at 0.0.0.0:1 only: {tmp_path}/sshd_config "
        "line 1 says 'Port 2222'"
    )
    with pytest.raises(sshd_service.ServiceError, match=refusal):
        Daemon(tmp_path).check("echo listenaddress 0.0.0.0:1")


def test_a_port_that_no_line_names_any_more(tmp_path, port):
    with pytest.raises(sshd_service.ServiceError, match="no line of .* sets Port"):
        Daemon(tmp_path, "UseDNS no\n").check("echo listenaddress 0.0.0.0:1")


def test_one_that_stays_open_is_not(tmp_path, port, monkeypatch):
    monkeypatch.setattr(reload, "listening_at", lambda listener: [("127.0.0.1", port)])
    listening, warnings = Daemon(tmp_path).check(f"echo listenaddress 0.0.0.0:{port}")
    assert listening == [f"0.0.0.0:{port}"]
    assert warnings == []


def test_the_socket_of_systemd_stays_whatever_the_files_say(tmp_path, port, monkeypatch):
    monkeypatch.setattr(reload, "has_socket_of_systemd", lambda pid: True)
    Daemon(tmp_path).check("echo listenaddress 0.0.0.0:1")


def test_what_else_a_reload_puts_in_force_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(reload, "listening_at", lambda listener: [])
    (tmp_path / "pid").write_text("1")
    time.sleep(0.02)
    host = Daemon(tmp_path)
    arguments = ("echo listenaddress 0.0.0.0:1", str(tmp_path / "pid"))
    assert host.check(*arguments)[1] == []
    _listening, warnings = host.check(*arguments, texts={str(host.main): ""})
    assert len(warnings) == 1
    assert f"has not read {host.main} since" in warnings[0]
