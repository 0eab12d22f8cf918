# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which init a daemon is of: by what supervises it, and by the script that exists."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import inits

# What exists, the programs of process 1 and of the parent; the name and the manager
HOSTS = [
    (["/run/openrc", "/etc/init.d/ssh"], "init", "init", ("ssh", "openrc")),
    (
        ["/run/openrc", "/run/openrc/started/sshd", "/etc/init.d/ssh"],
        "init",
        "",
        ("sshd", "openrc"),
    ),
    (["/etc/init.d/ssh"], "init", "init", ("ssh", "sysvinit")),
    (["/etc/init.d/sshd"], "init", "init", ("sshd", "sysvinit")),
    (["/etc/init.d/ssh"], "runit", "runsv", ("ssh-of-run", "runit")),
    (["/etc/init.d/ssh"], "sshd", "", (None, None)),
    ([], "init", "init", (None, None)),
]


@pytest.mark.parametrize("paths, first, parent, expected", HOSTS)
def test_the_manager_of_a_daemon(monkeypatch, paths, first, parent, expected):
    monkeypatch.setattr(os.path, "isdir", lambda path: path in paths)
    monkeypatch.setattr(os.path, "exists", lambda path: path in paths)
    monkeypatch.setattr(inits, "_program", lambda pid: first if pid == 1 else parent)
    monkeypatch.setattr(os, "readlink", lambda path: "/etc/sv/ssh-of-run")
    assert inits.service(os.getpid()) == expected
