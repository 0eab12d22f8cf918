# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts of a made-up host, for tests of what is true for whom."""

from ansible_collections.curfew.session.plugins.module_utils import _accounts, _identities
from ansible_collections.curfew.session.plugins.module_utils._sshd import config, match, members

VERSION = "OpenSSH_10.0p2 Debian-7"
NOBODY = match.Connection("nobody", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22, version=VERSION)
PASSWD = """root:x:0:0::/root:/bin/bash
daemon:x:1:1::/:/usr/sbin/nologin
alice:x:1000:1000::/home/alice:/bin/bash
bruno:x:1001:1001::/home/bruno:/bin/sh
alice:x:1009:1::/home/again:/bin/sh
lone:x:1002:4711::/home/lone:/bin/bash
"""
GROUP = """root:x:0:
daemon:x:1:alice
alice:x:1000:
bruno:x:1001:
staff:x:50:alice,bruno,gone
crew:x:50:lone
"""
KEYS = ("ClientAliveInterval", "ClientAliveCountMax", *config.SESSION_KEYWORDS)


def local(tmp_path, monkeypatch, passwd=PASSWD, group=GROUP):
    """The accounts of the host, read from its files."""
    (tmp_path / "passwd").write_text(passwd)
    (tmp_path / "group").write_text(group)
    monkeypatch.setattr(_identities, "PASSWD", str(tmp_path / "passwd"))
    monkeypatch.setattr(_identities, "GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(_accounts, "PASSWD", str(tmp_path / "passwd"))
    return members.local(NOBODY, tree(""))


def tree(text):
    """A configuration of one file."""
    return config.read_tree("/c", lambda path, by: text, lambda name: [], KEYS)
