# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The daemon's command line as systemd, the kernel and sshd itself show it; when it last read."""

import os
import shutil
import subprocess
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service
from ansible_collections.curfew.session.plugins.module_utils._sshd import unit as sshd_unit

# words, the file, the options, the ports
WORDS = [
    ("/usr/sbin/sshd", None, (), ()),
    ("/usr/sbin/sshd -D", None, (), ()),
    ("/usr/sbin/sshd -D -f /etc/x", "/etc/x", (), ()),
    ("/usr/sbin/sshd -Df /etc/x", "/etc/x", (), ()),
    ("/usr/sbin/sshd -f/etc/x -De", "/etc/x", (), ()),
    ("/usr/sbin/sshd -f /etc/x -f /etc/y", "/etc/y", (), ()),
    ("/usr/sbin/sshd -o ClientAliveInterval=5", None, ("ClientAliveInterval=5",), ()),
    ("/usr/sbin/sshd -oClientAliveInterval=5 -D", None, ("ClientAliveInterval=5",), ()),
    ("/usr/sbin/sshd -o ClientAliveInterval 5 -D", None, ("ClientAliveInterval 5",), ()),
    ("/usr/sbin/sshd -o A=1 -o B=2", None, ("A=1", "B=2"), ()),
    ("/usr/sbin/sshd -p 2222 -p22", None, (), (2222, 22)),
    ("/usr/sbin/sshd -h /key -E /log -C user=a -f /x", "/x", (), ()),
    ("/usr/sbin/sshd -p", None, (), ()),
]


def test_host_keys_and_certificates_of_the_command_line():
    found = sshd_service._parse_words("sshd -c /cert -D -h /key -h/other -o A=1".split(" "))
    assert found.keys == ("-h", "/key", "-h", "/other", "-c", "/cert")


@pytest.mark.parametrize("words, config, options, ports", WORDS)
def test_command_line(words, config, options, ports):
    found = sshd_service._parse_words(words.split(" "))
    assert found[:4] == ("/usr/sbin/sshd", config, options, ports)


def begun(process):
    """The process, once it shows the words that it was started with: exec is not one step."""
    while True:
        with open(f"/proc/{process.pid}/cmdline", "rb") as words:
            if words.read():
                return process


TITLE = "sshd: /opt/sshd -D -f /x [listener] 0 of 10-100 startups"
# Of which user, the name of the program, its title; whether that is the daemon
PROCESSES = [
    (0, "sshd", TITLE, True),
    (0, "sshd (deleted)", TITLE, True),
    (0, "sshd", "/opt/sshd", True),
    (0, "sshd", "sshd: ann [priv]", False),
    (0, "sshd", "sshd: [accepted]", False),
    (0, "sleep", TITLE, False),
    (65534, "sshd", TITLE, False),
    (65534, "sleep", TITLE, False),
]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees of which program a process is")
@pytest.mark.parametrize("user, name, title, found", PROCESSES)
def test_a_title_alone_makes_no_daemon(tmp_path, user, name, title, found):
    """An old pid file may hold the number of a process that is anybody's."""
    program = tmp_path / name
    shutil.copy("/bin/sleep", str(program))

    def become():
        os.setgid(user)
        os.setuid(user)

    for folder in [tmp_path] + list(tmp_path.parents):
        if str(folder) not in ("/", "/tmp"):
            folder.chmod(0o755)
    with subprocess.Popen([title, "60"], executable=str(program), preexec_fn=become) as process:
        try:
            words = sshd_service._command_line_of(begun(process).pid)
        finally:
            process.kill()
    assert (words is not None) is found
    assert words is None or words.binary == "/opt/sshd"


def test_the_main_process_of_the_unit_comes_before_the_pid_file(monkeypatch):
    words = sshd_service.CommandLine("/usr/sbin/sshd")
    monkeypatch.setattr(sshd_service, "_command_line_of", lambda pid: words if pid == 7 else None)
    of_file = sshd_service.Listener(5, "/run/sshd.pid", words)
    of_unit = sshd_service.Listener(7, None, words)
    for main, listener, expected in [
        ("", of_file, of_file),
        ("0", None, None),
        ("5", of_file, of_file),
        ("7", of_file, of_unit),
        ("7", None, of_unit),
        ("9", of_file, of_file),
    ]:
        assert sshd_service._main_listener(main, listener) == expected


LINE = sshd_service.CommandLine("/usr/sbin/sshd")
RUNS = sshd_service.Listener(5, "/run/sshd.pid", LINE)
# the listener, the unit of its control group, the state of the installed unit; what is found
UNITS_FOUND = [
    (RUNS, "sshd.service", "inactive", ("sshd", "systemd", True)),
    (RUNS, "ssh.service", "active", ("ssh", "systemd", True)),
    (RUNS, None, "inactive", (None, "systemd", True)),
    (RUNS, "admin-ssh.service", "inactive", ("admin-ssh", "systemd", True)),
    (RUNS, "admin-ssh.service", None, ("admin-ssh", "systemd", True)),
    (RUNS, None, None, (None, "systemd", True)),
    (RUNS, None, "active", ("ssh", "systemd", True)),
    (None, None, "inactive", ("ssh", "systemd", False)),
    (None, None, None, (None, "systemd", False)),
]


@pytest.mark.parametrize("listener, unit, state, expected", UNITS_FOUND)
def test_what_runs_comes_before_what_is_installed(monkeypatch, listener, unit, state, expected):
    shown = state and {
        "Id": "ssh.service",
        "ActiveState": state,
        "MainPID": "0",
        "ExecStart": "",
        "Environment": "",
        "EnvironmentFiles": "",
    }
    monkeypatch.setattr(sshd_unit, "show", lambda names: shown)
    monkeypatch.setattr(sshd_service, "_unit_of", lambda pid: unit)
    service, found, _words = sshd_service._find_systemd(listener)
    assert (service, found) == (expected, listener)


def listener(pid_file):
    return sshd_service.Listener(os.getpid(), pid_file, sshd_service.CommandLine())


def written(path, text=""):
    """A file that is newer than all before it, by more than a tick of the clock."""
    time.sleep(0.02)
    path.write_text(text)
    return str(path)


def test_a_listener_is_stale_once_a_file_is_newer_than_its_pid_file(tmp_path):
    config = written(tmp_path / "config")
    pid_file = written(tmp_path / "pid")
    assert sshd_service.stale(listener(pid_file), [config]) is False
    assert sshd_service.newer(listener(pid_file), [config]) == []
    drop_in = written(tmp_path / "drop-in")
    assert sshd_service.stale(listener(pid_file), [config, drop_in]) is True
    assert sshd_service.newer(listener(pid_file), [config, drop_in]) == [drop_in]


def test_a_copy_with_an_old_time_is_new_all_the_same(tmp_path):
    pid_file = written(tmp_path / "pid")
    config = written(tmp_path / "config")
    os.utime(config, (1, 1))
    assert sshd_service.stale(listener(pid_file), [config]) is True


def test_a_file_that_bears_a_time_ahead_is_not_new_for_ever(tmp_path):
    config = written(tmp_path / "config")
    os.utime(config, (time.time() + 7200,) * 2)
    assert sshd_service.stale(listener(written(tmp_path / "pid")), [config]) is False


def test_a_pid_file_that_bears_a_time_ahead_tells_nothing(tmp_path):
    config = written(tmp_path / "config")
    pid_file = written(tmp_path / "pid")
    os.utime(pid_file, (time.time() + 7200,) * 2)
    assert sshd_service.stale(listener(pid_file), [config]) is None
    assert sshd_service.newer(listener(pid_file), [config]) == []


def test_after_the_clock_was_set_back_nothing_is_known(tmp_path, monkeypatch):
    pid_file, config = written(tmp_path / "pid"), written(tmp_path / "config")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 7200)
    assert sshd_service.stale(listener(pid_file), [config]) is None
    assert sshd_service.read_at(listener(pid_file)) is None


def test_nobody_knows_without_a_pid_file(tmp_path):
    config = tmp_path / "config"
    config.write_text("")
    assert sshd_service.stale(listener(None), [str(config)]) is None
    assert sshd_service.stale(listener(None), ["/proc/1/nothing"]) is False


def test_a_process_looked_up_late_has_not_started_late(tmp_path):
    process = subprocess.Popen(["sleep", "60"])
    try:
        born = time.time()
        while time.time() < born + 0.2:
            pass  # the file must be newer than the process, by more than a tick of the clock
        config = tmp_path / "config"
        config.write_text("")
        late = sshd_service.Listener(process.pid, None, sshd_service.CommandLine())
        assert sshd_service.stale(late, [str(config)]) is None
    finally:
        process.kill()
        process.wait()
