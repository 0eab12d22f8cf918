# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which processes serve sessions, and whose."""

import os
import subprocess
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _sessions

TITLES = [
    ("sshd: root@pts/0", True), ("sshd: ops@notty", True), ("sshd-session: ops@pts/0", True),
    ("sshd: ops@pts/0,pts/1", True), ("sshd-session: ops [priv]", False),
    ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", False),
    ("sshd: [accepted]", False), ("sshd: ops [net]", False), ("notsshd: ops@pts/0", False),
]  # fmt: skip


@pytest.mark.parametrize("title, session", TITLES)
def test_titles(title, session, monkeypatch):
    monkeypatch.setattr(_sessions, "title", lambda pid: title)
    assert _sessions.has_session(1) == session


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_whose_sessions_are_open():
    process = subprocess.Popen(
        ["sshd: ops@pts/0", "30"], executable="/bin/sleep", preexec_fn=lambda: os.setuid(4321)
    )
    try:
        end = time.monotonic() + 5
        while 4321 not in _sessions.users_but(()) and time.monotonic() < end:
            time.sleep(0.01)  # until it has another title than ours
        assert 4321 in _sessions.users_but({0})
        assert 4321 not in _sessions.users_but({0, 4321})
        assert process.pid in _sessions.pids()
    finally:
        process.kill()
        process.wait()
    assert 4321 not in _sessions.users_but(())
    with pytest.raises(OSError):
        _sessions.title(process.pid)
