# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory is asked as long as it answers."""

import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _directory, _identities

# nsswitch.conf, a line more of /etc/passwd, whether sssd is configured, and the directories
SOURCES = [
    ("passwd: files systemd", "", False, ()),
    ("passwd: compat systemd altfiles extrausers", "", False, ()),
    ("passwd:\tcompat # ldap", "", False, ()),
    ("passwd: files sss", "", False, ()),
    ("passwd: files sss # ldap", "", True, ("sss",)),
    ("passwd: files [NOTFOUND=return] ldap", "", False, ("ldap",)),
    ("#passwd: files sss\npasswd:files ldap", "", True, ("ldap",)),
    ("  passwd : files winbind sss [!SUCCESS=return]", "", True, ("winbind", "sss")),
    ("passwd: files altfiles extrausers nis winbind", "", False, ("nis", "winbind")),
    ("group: files ldap", "", False, ()),
    ("passwd: compat", "+::::::", False, ("nis",)),
    ("passwd: compat\npasswd_compat: ldap", "+@ops::::::", False, ("ldap",)),
    ("passwd: files", "+::::::", False, ()),
    ("passwd: files sss sss", "", True, ("sss",)),
    ("passwd: files ../x", "", False, ()),
    ("", "", False, ()),
]


@pytest.fixture(autouse=True)
def afresh(monkeypatch):
    monkeypatch.setattr(_directory, "_state", {})
    monkeypatch.setattr(_directory, "ANSWER_SECONDS", 0.2)
    sources = _directory.sources
    sources.cache_clear()
    yield
    sources.cache_clear()


@pytest.mark.parametrize("text, more, configured, expected", SOURCES)
def test_sources(monkeypatch, tmp_path, text, more, configured, expected):
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0::/:/bin/sh\n" + more + "\n")
    monkeypatch.setattr(_identities, "PASSWD", str(passwd))
    monkeypatch.setattr(_directory, "text_or_nothing", lambda path: f"shadow: x\n{text}\n")
    monkeypatch.setattr(_directory, "_sss_is_configured", lambda: configured)
    assert _directory.sources() == expected


def test_without_a_directory_nobody_waits(monkeypatch):
    monkeypatch.setattr(_directory, "sources", tuple)
    monkeypatch.setattr(_directory, "_asked", None)
    assert _directory.exists("root") and not _directory.exists("curfew-no-such-user")
    assert _directory.groups_of("root") == _identities.groups_of("root")


def test_a_directory_that_answers(monkeypatch):
    monkeypatch.setattr(_directory, "sources", lambda: ("ldap",))
    monkeypatch.setattr(_identities, "exists", lambda user: user == "dora")
    monkeypatch.setattr(_identities, "groups_of", {"dora": ("a", "b c"), "x": ()}.get)
    assert _directory.exists("dora") and not _directory.exists("x")
    assert _directory.groups_of("dora") == ("a", "b c")
    assert _directory.groups_of("x") == ()
    assert (_directory.is_silent(), _directory.silence()) == (False, None)


def test_one_that_hangs_is_asked_once(monkeypatch, tmp_path):
    (tmp_path / "passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (tmp_path / "group").write_text("root:x:0:\nops:x:5:root\n")
    monkeypatch.setattr(_identities, "PASSWD", str(tmp_path / "passwd"))
    monkeypatch.setattr(_identities, "GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(_directory, "sources", lambda: ("ldap",))
    monkeypatch.setattr(_identities, "exists", lambda user: time.sleep(60))
    monkeypatch.setattr(_identities, "groups_of", lambda user: time.sleep(60))
    start = time.monotonic()
    assert _directory.exists("root") and not _directory.exists("dora")
    assert _directory.groups_of("root") == ("root", "ops")
    assert _directory.groups_of("dora") == ()
    assert time.monotonic() - start < 10
    assert _directory.is_silent()
    assert "calls ldap did not answer within" in _directory.silence()
