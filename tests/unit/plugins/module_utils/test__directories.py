# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which directories count, whether they answer, and what they say of names."""

import grp
import os
import pwd
import socket
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils import (
    _directories,
    _directory,
    _identities,
)
from ansible_collections.curfew.session.plugins.module_utils._directories import Directory


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Return a function that makes files of a host on which nothing is set up."""

    def path(name):
        return str(tmp_path / name)

    def make(**texts):
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
        _directory.sources.cache_clear()

    make(nsswitch="", passwd="root:x:0:0::/:/bin/sh\n", domain="(none)\n")
    monkeypatch.setattr(_directory, "NSSWITCH", path("nsswitch"))
    monkeypatch.setattr(_directory, "_sss_is_configured", lambda: True)
    monkeypatch.setattr(_directories, "_DOMAIN", path("domain"))
    monkeypatch.setattr(_identities, "PASSWD", path("passwd"))
    daemons = {
        "sss": ((path("sss.sock"),), (path("sssd"), path("sssd.d"))),
        "ldap": ((path("nslcd.sock"),), (path("nslcd"),)),
        "winbind": ((path("winbind.sock"),), (path("smb"),)),
    }
    monkeypatch.setattr(_directories, "_DAEMONS", daemons)
    monkeypatch.setattr(_directories, "_WITHOUT_DAEMON", {"ldap": (path("libnss"),)})
    monkeypatch.setattr(_directories, "_FILES", {"db": (path("passwd.db"),)})
    monkeypatch.setattr(_directories, "_ask", lambda name: b"here")
    yield make
    _directory.sources.cache_clear()


def test_no_nsswitch_at_all(host, tmp_path):
    os.unlink(str(tmp_path / "nsswitch"))
    _directory.sources.cache_clear()
    assert _directories.survey() == []


def listening(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(1)
    return server


AWAY = "is set up, but its daemon does not run"
# the source, files that are there, a socket that is listened at, and the answer
SET_UP = [
    ("sss", [], None, None),
    ("sss", [], "sss.sock", None),
    ("sss", ["sssd"], None, AWAY),
    ("sss", ["sssd"], "sss.sock", ""),
    ("sss", ["sssd.d/a.conf"], "sss.sock", ""),
    ("sss", ["sssd.d/README"], "sss.sock", None),
    ("ldap", [], None, None),
    ("ldap", ["nslcd"], None, AWAY),
    ("ldap", ["nslcd"], "nslcd.sock", ""),
    ("ldap", ["libnss"], None, ""),
    ("winbind", ["smb"], None, AWAY),
    ("winbind", ["smb"], "winbind.sock", ""),
    ("db", [], None, None),
    ("db", ["passwd.db"], None, ""),
    ("nis", [], None, None),
    ("oslogin", [], None, ""),
]


@pytest.mark.parametrize("name, files, at, why", SET_UP)
def test_set_up(name, files, at, why, host, tmp_path):
    host(nsswitch=f"passwd: files {name}\n")
    for each in files:
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).write_text("")
    server = listening(tmp_path / at) if at else None
    expected = [] if why is None else [Directory(name, not why, why)]
    assert _directories.survey() == expected
    if server:
        server.close()  # its file stays, and nobody is there any more
        left = [Directory(name, False, AWAY)] if expected else []
        assert _directories.survey() == left


def test_nis_is_set_up_by_its_domain(host):
    host(nsswitch="passwd: files nis\n", domain="example\n")
    assert _directories.survey() == [Directory("nis", True, "")]


def test_whether_it_answers(host, monkeypatch):
    host(nsswitch="passwd: files one two three four\n")

    def ask(name):
        if name == "two":
            time.sleep(60)
        return {"one": b"away", "three": b"none", "four": b"here"}[name]

    monkeypatch.setattr(_directories, "_ask", ask)
    started = time.monotonic()
    assert _directories.survey(limit=0.5) == [
        Directory("one", False, "says that it is not available"),
        Directory("two", False, "did not answer within 0.5 seconds"),
        Directory("four", True, ""),
    ]
    assert time.monotonic() - started < 5


def test_a_library_is_asked(monkeypatch):
    assert _directories._ask("nothing-of-this-name") == b"none"
    assert _directories._ask("files") == b"here"


def test_lookup(monkeypatch):
    root = pwd.getpwuid(0)
    found = _directories.lookup(["curfew-nobody", root.pw_name, root.pw_name, "b\udce9"])
    assert found["curfew-nobody"] is None and found["b\udce9"] is None and len(found) == 3
    account, groups, is_local, directory = found[root.pw_name]
    assert is_local and directory == ""
    assert _directories.lookup([0, 4123456])[0] == found[root.pw_name]
    assert account == (root.pw_name, root.pw_shell, 0, root.pw_gid, "", root.pw_dir)
    assert {group.gid for group in groups} == set(os.getgrouplist(root.pw_name, root.pw_gid))
    assert groups[0].name == grp.getgrgid(root.pw_gid).gr_name


def test_whoever_does_not_answer_is_not_asked_again(monkeypatch):
    asked = []

    def getpwnam(name):
        if name == "slow":
            time.sleep(60)
        raise KeyError(name)

    answer = _directories._programs.answer
    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    monkeypatch.setattr(
        _directories._programs, "answer", lambda work, limit: asked.append(1) or answer(work, limit)
    )
    assert _directories.lookup(["one", "slow", "three"], limit=0.5) == {"one": None}
    assert len(asked) == 2


def test_an_account_that_cannot_log_in(monkeypatch):
    entry = pwd.struct_passwd(("a", "x", 7, 8, "", "/", "/bin/nothing"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: entry)
    monkeypatch.setattr(_identities, "group_numbers", lambda user, gid: (gid, 9))
    account, groups = _directories.lookup(["a"])["a"][:2]
    assert "does not exist" in account.barred and [group.gid for group in groups] == [8, 9]


@pytest.fixture
def directory(host, monkeypatch):
    """A directory of which a library knows two; one more has no library that can be asked."""
    host(nsswitch="passwd: files one two\n")
    people = {
        "ann": pwd.struct_passwd(("ann", "x", 7001, 50, "", "/", "/bin/sh")),
        "bob": pwd.struct_passwd(("bob", "x", 7002, 50, "", "/", "/bin/nothing")),
    }

    def of_number(uid):
        return next((one for one in people.values() if one.pw_uid == uid), None) or {}[uid]

    monkeypatch.setattr(pwd, "getpwnam", people.__getitem__)
    monkeypatch.setattr(pwd, "getpwuid", of_number)
    monkeypatch.setattr(_identities, "group_numbers", lambda user, gid: (gid,))
    monkeypatch.setattr(
        _directories,
        "_said_by_library",
        lambda name, user: 1 if name == "two" and user in people else 0,
    )
    return people


LOCAL = [_directories.Account("root", "/bin/sh", 0, 0)]


def test_named(directory):
    found = _directories.named(["bob", "root", "carl", "ann", "ann"], LOCAL)
    assert [one.user for one in found.accounts] == ["bob", "ann"]
    assert {name: [group.gid for group in groups] for name, groups in found.groups.items()} == {
        "bob": [50],
        "ann": [50],
    }
    assert (found.missing, found.silent) == (["carl"], [])
    assert found.asked == {"two": 1}  # nobody can log in as the other one
    assert _directories.warnings(found) == ["Option users: nobody is called carl."]


def test_who_is_logged_in(directory, host):
    found = _directories.named([], LOCAL, [7001, 7009])
    assert [one.user for one in found.accounts] == ["ann"] and found.missing == []
    assert found.asked == {"two": 1}
    host(passwd="ann:x:7001:50::/:/usr/sbin/nologin\n")
    assert _directories.named([], LOCAL, [7001]).accounts == []
    # but who is asked for by name is told about
    assert [one.user for one in _directories.named(["ann"], LOCAL, [7001]).accounts] == ["ann"]
    assert _directories.named(["ann"], LOCAL).asked == {}


def test_who_is_logged_in_while_nobody_answers(directory, monkeypatch):
    monkeypatch.setattr(_directories._programs, "answer", lambda work, limit: None)
    found = _directories.named([], LOCAL, [7001])
    assert found.silent == ["the user with the number 7001"] and found.accounts == []
    assert _directories.named(["ann"], LOCAL, [7001]).silent == ["ann"]
    assert "asked for ann" in _directories.warnings(_directories.named(["ann"], LOCAL))[0]


def test_all_names_together_have_a_limit(directory, monkeypatch):
    monkeypatch.setattr(_directories, "_ALL_SECONDS", -1)
    assert _directories.lookup(["ann"]) == {}
