# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The daemon's command line as systemd, the kernel and sshd itself show it; when it last read."""

import os
import shutil
import socket
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
    ("/usr/sbin/sshd -D -f /etc/a b/c  d -p22", "/etc/a b/c  d", (), (22,)),
    ("/usr/sbin/sshd -E /log of it -o A = 1 -D", None, ("A = 1",), ()),
]


def test_a_program_whose_path_holds_blanks():
    found = sshd_service.parse_words("/opt/my own/sshd -D -f /x".split(" "))
    assert found[:2] == ("/opt/my own/sshd", "/x")
    assert sshd_service.parse_words([]).binary is None


def test_host_keys_and_certificates_of_the_command_line():
    found = sshd_service.parse_words("sshd -c /cert -D -h /key -h/other -o A=1".split(" "))
    assert found.keys == ("-h", "/key", "-h", "/other", "-c", "/cert")


@pytest.mark.parametrize("words, config, options, ports", WORDS)
def test_command_line(words, config, options, ports):
    found = sshd_service.parse_words(words.split(" "))
    assert found[:4] == ("/usr/sbin/sshd", config, options, ports)


def begun(process):
    """The process, once it shows the words that it was started with: exec is not one step."""
    while True:
        with open(f"/proc/{process.pid}/cmdline", "rb") as words:
            if words.read():
                return process


TITLE = "sshd: /opt/sshd -D -f /x [listener] 0 of 10-100 startups"
INSIDE = b"\0/etc/ssh/sshd_config\0"
# Of which user, the name of the program, what it holds, its title; whether that is the daemon
PROCESSES = [
    (0, "sshd", INSIDE, TITLE, True),
    (0, "sshd (deleted)", INSIDE, TITLE, True),
    (0, "gate", INSIDE, TITLE.replace("sshd:", "gate:"), True),
    (0, "sshd", INSIDE, "/opt/sshd", True),
    (0, "sshd", INSIDE, "sshd: ann [priv]", False),
    (0, "gate", INSIDE, "gate: root@pts/0", False),
    (0, "sshd", INSIDE, "sshd: [accepted]", False),
    (0, "sshd", b"", TITLE, False),
    (65534, "sshd", INSIDE, TITLE, False),
    (65534, "sleep", b"", TITLE, False),
]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees of which program a process is")
@pytest.mark.parametrize("user, name, inside, title, found", PROCESSES)
def test_a_title_alone_makes_no_daemon(tmp_path, user, name, inside, title, found):
    """An old pid file may hold the number of a process that is anybody's."""
    program = tmp_path / name
    shutil.copy("/bin/sleep", str(program))
    with program.open("ab") as stream:
        stream.write(inside)

    def become():
        os.setgid(user)
        os.setuid(user)

    for folder in [tmp_path] + list(tmp_path.parents):
        if str(folder) not in ("/", "/tmp"):
            folder.chmod(0o755)
    with subprocess.Popen([title, "60"], executable=str(program), preexec_fn=become) as process:
        try:
            words = sshd_service.listener_of(begun(process).pid)
        finally:
            process.kill()
    assert (words is not None) is found
    assert words is None or words.command_line.binary == "/opt/sshd"


LINE = sshd_service.CommandLine("/usr/sbin/sshd", "/etc/x")


@pytest.mark.parametrize("doubt, running", [(None, True), ("its title is cut", None)])
def test_what_runs_and_is_not_understood_may_not_run(monkeypatch, doubt, running):
    monkeypatch.setattr(os.path, "isdir", lambda path: path == "/run/systemd/system")
    words = LINE._replace(doubt=doubt)
    found = sshd_service.Listener(5, None, words, "admin-ssh.service")
    expected = sshd_service.Service("admin-ssh", "systemd", running)
    assert sshd_service.of_listener(found) == sshd_service.Daemon(expected, found, words)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into another's folder")
def test_a_process_in_another_root_folder_sees_other_files(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            assert sshd_service._has_our_files(begun(process).pid)
        finally:
            process.kill()
    pid = os.fork()
    if pid == 0:
        os.chroot(str(tmp_path))
        time.sleep(60)
    try:
        while os.readlink(f"/proc/{pid}/root") == "/":
            time.sleep(0.01)
        assert not sshd_service._has_our_files(pid)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_process_may_have_files_of_its_own_where_it_reads(tmp_path):
    folder = tmp_path / "a b"
    (folder / "d").mkdir(parents=True)
    config = folder / "sshd_config"
    config.write_text("")
    command = ["unshare", "-m", "sh", "-c", 'mount --bind "$1" "$2" && exec sleep 60', "sh"]
    for source, target, expected in (
        (tmp_path, folder / "d", str(folder / "d")),
        (folder / "d", folder / "d", None),
        (tmp_path, folder, str(folder)),
        (tmp_path, tmp_path.parent, str(config)),
    ):
        with subprocess.Popen([*command, str(source), str(target)]) as process:
            try:
                while os.path.basename(os.readlink(f"/proc/{process.pid}/exe")) != "sleep":
                    time.sleep(0.01)
                assert sshd_service._mounted_otherwise(process.pid, str(config)) == expected
            finally:
                process.kill()
    assert sshd_service._mounted_otherwise(os.getpid(), str(config)) is None


# What a title shows, and whether these may have been other words.
TITLES = [
    ("/usr/sbin/sshd -D -o ClientAliveInterval=7 -f /x -p22", False),
    ("/usr/sbin/sshd -D -o Banner /etc/issue", False),
    ("/usr/sbin/sshd -o AuthorizedKeysCommand /x %u -o UseDNS=no", True),
    ("/usr/sbin/sshd -oAuthorizedKeysCommand=/x", True),
    ("/usr/sbin/sshd -o Subsystem sftp /x -f 1", True),
    ("/usr/sbin/sshd -o Banner /x --y", True),
]


@pytest.mark.parametrize("title, doubtful", TITLES)
def test_titles_that_may_have_been_other_words(title, doubtful):
    assert sshd_service._doubtful(title.split(" ")) is doubtful


def test_a_word_that_is_no_option_is_a_part_of_the_one_before():
    title = "/s -D -o AuthorizedKeysCommand /k --user %u --fingerprint %f -o UseDNS=no"
    assert sshd_service.parse_words(title.split(" ")).options == (
        "AuthorizedKeysCommand /k --user %u --fingerprint %f",
        "UseDNS=no",
    )


# What a program holds, and the file that it reads.
PROGRAMS = [
    (b"\x7fELF\0/opt/ssh/sshd_config\0more", "/opt/ssh/sshd_config"),
    (b"\0see sshd_config\0%s/sshd_config\0", None),
    (b"\0/one/sshd_config\0/two/sshd_config\0", None),
    (b"#!/bin/sh\nexec sshd -f /x/sshd_config\n", None),
    (b"", None),
]


@pytest.mark.parametrize("content, path", PROGRAMS)
def test_the_file_that_a_program_reads_is_built_in(tmp_path, content, path):
    program = tmp_path / "sshd"
    program.write_bytes(content)
    assert sshd_service.built_in(str(program)) == path
    daemon = sshd_service.Daemon(None, None, sshd_service.CommandLine(str(program)))
    assert daemon.config == path


def test_of_two_files_the_one_that_is_there(tmp_path):
    (tmp_path / "sshd_config").write_text("")
    program = tmp_path / "sshd"
    program.write_bytes(
        b"\0/no/such/sshd_config\0" + os.fsencode(str(tmp_path)) + b"/sshd_config\0"
    )
    assert sshd_service.built_in(str(program)) == str(tmp_path / "sshd_config")
    assert sshd_service.built_in(str(tmp_path / "none")) is None


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
    assert sshd_service.stale(listener(pid_file), {config: ""}) is False
    assert sshd_service.newer(listener(pid_file), {config: ""}) == []
    drop_in = written(tmp_path / "drop-in")
    assert sshd_service.stale(listener(pid_file), {config: "", drop_in: ""}) is True
    assert sshd_service.newer(listener(pid_file), {config: "", drop_in: ""}) == [drop_in]


def test_a_copy_with_an_old_time_is_new_all_the_same(tmp_path):
    pid_file = written(tmp_path / "pid")
    config = written(tmp_path / "config")
    os.utime(config, (1, 1))
    assert sshd_service.stale(listener(pid_file), {config: ""}) is True


def test_a_file_that_bears_a_time_ahead_is_not_new_for_ever(tmp_path):
    config = written(tmp_path / "config")
    os.utime(config, (time.time() + 7200,) * 2)
    assert sshd_service.stale(listener(written(tmp_path / "pid")), {config: ""}) is False


def test_a_pid_file_that_bears_a_time_ahead_tells_nothing(tmp_path):
    config = written(tmp_path / "config")
    pid_file = written(tmp_path / "pid")
    os.utime(pid_file, (time.time() + 7200,) * 2)
    assert sshd_service.stale(listener(pid_file), {config: ""}) is None
    assert sshd_service.newer(listener(pid_file), {config: ""}) == []


def test_after_the_clock_was_set_back_nothing_is_known(tmp_path, monkeypatch):
    pid_file, config = written(tmp_path / "pid"), written(tmp_path / "config")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 7200)
    assert sshd_service.stale(listener(pid_file), {config: ""}) is None
    assert sshd_service.read_at(listener(pid_file)) is None


def test_nobody_knows_without_a_pid_file(tmp_path):
    config = tmp_path / "config"
    config.write_text("")
    assert sshd_service.stale(listener(None), {str(config): ""}) is None
    assert sshd_service.stale(listener(None), {"/proc/1/nothing": ""}) is False


@pytest.mark.parametrize("reloaded, stale", [(None, None), (-1, None), (1, False)])
def test_without_a_pid_file_systemd_knows_when_it_reloaded(tmp_path, monkeypatch, reloaded, stale):
    config = written(tmp_path / "config")
    changed = os.stat(config).st_ctime_ns
    monkeypatch.setattr(os.path, "isdir", lambda path: True)
    monkeypatch.setattr(
        sshd_unit, "reloaded_at", lambda name: reloaded and changed + reloaded if name == "a" else 0
    )
    found = listener(None)._replace(unit="a")
    assert sshd_service.stale(found, {config: ""}) is stale


def test_a_process_looked_up_late_has_not_started_late(tmp_path):
    process = subprocess.Popen(["sleep", "60"])
    try:
        born = time.time()
        while time.time() < born + 0.2:
            pass  # the file must be newer than the process, by more than a tick of the clock
        config = tmp_path / "config"
        config.write_text("")
        late = sshd_service.Listener(process.pid, None, sshd_service.CommandLine())
        assert sshd_service.stale(late, {str(config): ""}) is None
    finally:
        process.kill()
        process.wait()


def test_the_pid_file_that_options_or_files_name(tmp_path):
    pid_file = tmp_path / "number"
    pid_file.write_text(f"{os.getpid()}\n")
    found = listener(None)
    texts = {"/c": f'Port 22\n  pidfile = "{pid_file}"\n'}
    assert sshd_service.with_pid_file(found, texts).pid_file == str(pid_file)
    by_option = found._replace(
        command_line=sshd_service.CommandLine(options=(f"PidFile={pid_file}",))
    )
    assert sshd_service.with_pid_file(by_option, {}).pid_file == str(pid_file)
    pid_file.write_text("1")
    assert sshd_service.with_pid_file(found, texts) == found
    assert sshd_service.with_pid_file(found, {"/c": "PidFile none\n# PidFile /x\n"}) == found


def test_when_a_daemon_has_read_its_files_is_noted_on_its_socket(tmp_path):
    config = written(tmp_path / "config")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        assert sshd_service.stale(listener(None), {config: ""}) is None
        sshd_service.marked_read(listener(None), int(time.time() * 1e9))
        assert sshd_service.stale(listener(None), {config: ""}) is False
        drop_in = written(tmp_path / "drop-in")
        assert sshd_service.stale(listener(None), {config: "", drop_in: ""}) is True
    for _again in range(20):  # it has begun anew, who knows when
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen(1)
            assert sshd_service.stale(listener(None), {config: ""}) is None
