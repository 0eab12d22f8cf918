# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What real daemons on the machine of the tests cannot show: other releases, other managers."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import configuration
from ansible_collections.curfew.session.plugins.module_utils._info import facts as info_facts
from ansible_collections.curfew.session.plugins.module_utils._info import sshd as info_sshd
from ansible_collections.curfew.session.plugins.module_utils._sshd import config, daemons, finding
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service

HIDDEN = "Options on the command line of a running sshd are for root to see"
# Whose run it is, the manager, whether it says that sshd runs; and what is told: whether it runs,
# whether a reload is needed, and a sentence.
LISTENERS = [
    (0, None, False, False, False, None),
    (1000, None, False, None, None, HIDDEN + "."),
    (1000, "openrc", False, None, None, HIDDEN + "."),
    (1000, "systemd", True, True, None, HIDDEN + "; those that its unit gives are counted."),
    (1000, "systemd", False, False, False, None),
]


@pytest.mark.parametrize("uid, manager, runs, running, reload_needed, sentence", LISTENERS)
def test_unseen_listener(
    tmp_path, monkeypatch, uid, manager, runs, running, reload_needed, sentence
):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 60\n")
    service = sshd_service.Service("ssh", manager, runs)
    words = sshd_service.CommandLine(config=str(main))
    monkeypatch.setattr(finding, "find", lambda: sshd_service.Daemon(service, None, words))
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    daemon = info_sshd.find(None)
    read = configuration.read(daemon.path, daemon.words, config.NEWEST)
    timeouts = info_sshd._timeouts(daemon, None, read, [])
    assert timeouts.service.running is running
    assert timeouts.reload_needed is reload_needed
    assert info_sshd._hidden_options(daemon) + read.unseen == ([sentence] if sentence else [])


# A line, and what it gives a session, whatever the release.
SET_ENV = [
    ("SetEnv TMOUT=60", {"TMOUT": "60"}),
    ("SetEnv A=1 TMOUT=60 A=2", {"A": "1", "TMOUT": "60"}),
    ("setenv   TMOUT=60 # so", {"TMOUT": "60"}),
    ("SetEnv TMOUT=60\nSetEnv TMOUT=70", {"TMOUT": "60"}),
    ("Match User root\nSetEnv TMOUT=60", {"TMOUT": "60"}),
    ("SetEnv TMOUT=60\nMatch User root\nSetEnv B=1", {"B": "1"}),
    ("Match User somebody-else\nSetEnv TMOUT=60", {}),
]


@pytest.mark.parametrize("release", [(8, 4), (9, 2), (10, 5)])
@pytest.mark.parametrize("text, expected", SET_ENV)
def test_set_env(tmp_path, text, expected, release):
    main = tmp_path / "sshd_config"
    main.write_text(text + "\n")
    read = configuration.read(str(main), sshd_service.CommandLine(), release)
    connection = info_facts.ConnectionTimeouts(*[None] * 11)
    timeouts = info_facts.SshdTimeouts(str(main), "", None, [connection], None, [], [], None, None)
    assert info_sshd._users(["root"], read, timeouts)["root"].environment == expected


CONNECTION = info_facts.ConnectionTimeouts(
    "a", "h", "10.0.0.1", "0.0.0.0", 22, None, 60, 3, None, None, None
)


def test_each_sshd_is_told_of_with_its_numbers(tmp_path, monkeypatch):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 7\n")
    line = sshd_service.CommandLine("/usr/sbin/sshd", str(main))
    service = sshd_service.Service("ssh", "systemd", True)
    found = [
        sshd_service.Daemon(service, sshd_service.Listener(pid, None, line, None, pid == 3), line)
        for pid in (1, 2, 3)
    ]
    first = found[0]._replace(others=tuple(found[1:]))
    monkeypatch.setattr(finding, "find", lambda: first)
    monkeypatch.setattr(daemons, "places", lambda daemon: [f"[::]:{daemon.listener.pid}"])
    numbers = CONNECTION._replace(interval_seconds=7)
    monkeypatch.setattr(info_sshd, "_of_other", lambda other: (numbers, True))
    told = info_sshd._daemons(info_sshd.find(None), [CONNECTION], False)
    assert [(one["told"], one["foreign"], one["config"]) for one in told] == [
        (True, False, str(main)),
        (False, False, str(main)),
        (False, True, None),
    ]
    assert [one["effective"]["interval_seconds"] for one in told] == [60, 7, 7]
    assert [one["reload_needed"] for one in told] == [False, True, True]
    assert info_sshd._daemons(info_sshd.find(None)._replace(all=()), [], None) == []


def test_of_a_foreign_or_a_doubtful_sshd_nothing_is_asked():
    line = sshd_service.CommandLine("/usr/sbin/sshd", "/nowhere/sshd_config")
    service = sshd_service.Service(None, None, True)
    listener = sshd_service.Listener(3, None, line, None, True)
    for words, seen in ((line, listener), (line._replace(doubt="so"), None), (line, None)):
        assert info_sshd._of_other(sshd_service.Daemon(service, seen, words)) == (None, None)
