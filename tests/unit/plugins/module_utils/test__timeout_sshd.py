# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a daemon that cannot be seen. All else is asked of real ones, by the module."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _sshd_service, _timeout_sshd

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
    service = _sshd_service.Service("ssh", manager, runs)
    words = _sshd_service.CommandLine(config=str(main))
    monkeypatch.setattr(_sshd_service, "find", lambda: (service, None, words))
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    look = _timeout_sshd._Look(None, [])
    look.read()
    assert look.result["service"]["running"] is running
    assert look.result["reload_needed"] is reload_needed
    assert look.unseen == ([sentence] if sentence else [])
