# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The daemon is found by its socket; a pid file is only where it is looked for first."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import daemons, finding
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service
from ansible_collections.curfew.session.plugins.module_utils._sshd import unit as sshd_unit

LINE = sshd_service.CommandLine("/usr/sbin/sshd", "/etc/x")
# The state of the installed unit; the service where nothing listens.
INSTALLED = [
    ("inactive", ("ssh", "systemd", False)),
    ("active", ("ssh", "systemd", True)),
    (None, (None, "systemd", False)),
]


@pytest.mark.parametrize("state, expected", INSTALLED)
def test_where_nothing_listens_the_unit_tells(monkeypatch, state, expected):
    shown = state and {
        "Id": "ssh.service",
        "ActiveState": state,
        "MainPID": "0",
        "ExecStart": "argv[]=/usr/sbin/sshd -D -f /x ;",
        "Environment": "",
        "EnvironmentFiles": "",
    }
    monkeypatch.setattr(sshd_unit, "show", lambda names: shown)
    monkeypatch.setattr(sshd_unit, "_commands", lambda name, wanted: [])
    monkeypatch.setattr(os.path, "isdir", lambda path: path == "/run/systemd/system")
    service, found, words = finding._without_listener()[:3]
    assert (service, found) == (expected, None)
    assert words.config == ("/x" if state else None)


@pytest.fixture
def pid_file(tmp_path, monkeypatch):
    path = tmp_path / "sshd.pid"
    path.write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(finding, "PID_FILES", (str(path),))
    monkeypatch.setattr(finding, "_RELOADS_SECONDS", 0.1)
    listener = sshd_service.Listener(os.getpid(), str(path), LINE)
    monkeypatch.setattr(finding, "listener_of", lambda pid, by: listener)
    return listener


HERE = {"1": ("::", 22), "2": ("::", 80)}


def test_a_pid_file_is_believed_if_its_process_listens(monkeypatch, pid_file):
    monkeypatch.setattr(finding.listening, "table", lambda: HERE)
    monkeypatch.setattr(finding.listening, "held", lambda pid: {"1": ("::", 22)})
    assert finding._hinted() == (pid_file, {"2": ("::", 80)})
    answers = iter([{}, {}, {"1": ("::", 22)}])  # it has just begun anew
    monkeypatch.setattr(finding.listening, "held", lambda pid: next(answers))
    assert finding._hinted() == (pid_file, {"2": ("::", 80)})
    for elsewhere in ({}, {"9": ("::", 22)}):  # another network is not ours
        monkeypatch.setattr(finding.listening, "held", lambda pid, held=elsewhere: held)
        assert finding._hinted() == (None, HERE)


def test_what_a_container_has_on_our_network_is_no_daemon_of_ours(monkeypatch, pid_file):
    foreign = pid_file._replace(foreign=True)
    monkeypatch.setattr(finding, "listener_of", lambda pid, by: foreign)
    monkeypatch.setattr(finding.listening, "table", lambda: HERE)
    theirs = sshd_service.Daemon(sshd_service.Service(None, None, True), foreign, LINE)
    ours = sshd_service.Daemon(sshd_service.Service("ssh", "systemd", False), None, LINE)
    monkeypatch.setattr(finding, "_without_listener", lambda: ours)
    monkeypatch.setattr(daemons, "several", lambda known, rest: [] if known else [theirs])
    assert finding.find() == ours._replace(others=(theirs,))
    own = ours._replace(listener=pid_file)
    monkeypatch.setattr(daemons, "several", lambda known, rest: [own, theirs])
    assert finding.find() == own._replace(others=(theirs,))
    assert finding.of_path("/etc/x", finding.find())[0] == finding.find()


def test_doubts_are_sentences():
    nobody = sshd_service.Service(None, None, None)
    words = LINE._replace(doubt="its title is cut")
    found = finding.doubts(sshd_service.Daemon(nobody, None, words, (), ("[::]:22",)), None)
    assert found == [
        "Which file the sshd of this host (/usr/sbin/sshd) reads cannot be known.",
        "The sshd that listens at [::]:22 was not understood: its title is cut.",
    ]
    assert finding.doubts(sshd_service.Daemon(nobody, None, LINE), "/etc/x") == []
