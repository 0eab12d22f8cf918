# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts, shells by what they are, and how each reads a value."""

import os
import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _accounts as shells

# lines of /etc/passwd as the C library reads them: user, shell, uid and gid of each account
PASSWD = [
    (b"root:x:0:0:root:/root:/bin/bash\n", [("root", "/bin/bash", 0, 0)]),
    (b"  r:x:0:5:root:/root:/bin/bash", [("r", "/bin/bash", 0, 5)]),
    (b"r:x:0:0::/:/bin/bash\r\n", [("r", "/bin/bash\r", 0, 0)]),
    (b"a:x:1:2::/:\nb:x:3:4z\n", [("a", "/bin/sh", 1, 2)]),
    (b"a:x:1:2\n", [("a", "/bin/sh", 1, 2)]),
    (b"a:x:1:2::/:/bin/a:b\n", [("a", "/bin/a:b", 1, 2)]),
    (b"a:x:1:2::/:/bin/bash -l\n", [("a", "/bin/bash -l", 1, 2)]),
    (b"a:x:1:1::/:/bin/x\na:x:2:2::/:/bin/y\n", [("a", "/bin/x", 1, 1)]),
    (b"a:x:-1:1::/:\nb:x:1:one::/:\nc:x:4294967295:1::/:\nd:x::1::/:\n", []),
    (b"+nis::::::\n-x:x:1:1::/:\n#c:x:1:1::/:/bin/sh\n\nbroken\n:x:1:1::/:/bin/sh\n", []),
    (b"a:x:1:1::/:/bin/ba\0sh\n", [("a", "/bin/ba", 1, 1)]),
    (b"b\xe9a:x:1:1::/:/bin/b\xe9\n", [("b\udce9a", "/bin/b\udce9", 1, 1)]),
]

# value, family, seconds
READ = [
    (None, "bash", None),
    ("", "bash", None),
    ("900", "bash", 900),
    ("0", "mksh", 0),
    ("15m", "bash", 15),
    ("15m", "zsh", None),
    ("900\r", "bash", 900),
    (" 900", "ksh93", 900),
    ("x", "bash", None),
    ("-5", "bash", None),
    ("9" * 50, "zsh", None),
]

LOGOUT = [
    ("bash", 900, 900),
    ("zsh", 900, 900),
    ("mksh", 900, 900),
    ("ksh93", 900, 960),
    ("dash", 900, None),
    ("tcsh", 900, None),
    ("bash", 0, None),
    ("ksh93", 0, None),
    ("bash", None, None),
]


@pytest.mark.parametrize("text, expected", PASSWD)
def test_accounts(text, expected):
    found = list(shells.accounts(text.splitlines(True)))
    assert [account[:4] for account in found] == expected
    assert not any(account.barred for account in found)


TODAY = 20000
GONE, LAPSED = "the account has expired", "its password expired"
# fields 3 to 9 of /etc/shadow, and what they keep an account from
SHADOW = [
    ("19000:0:99999:7:::", ""),
    ("19000:0:99999:7::20001:", ""),
    ("19000:0:99999:7::20000:", GONE),
    ("19000:0:99999:7::1:", GONE),
    ("19000:0:99999:7::0:", GONE),
    ("19000:0:99999:7::-1:", ""),
    ("19000:0:90:7:30::", LAPSED),
    ("19000:0:970:7:30::", ""),
    ("19000:0:969:7:30::", LAPSED),
    ("0:0:90:7:30::", ""),
    ("19000:0::7:30::", ""),
    ("19000:0:90:7::20000", ""),  # too short to be read
    ("x:y:z:::1:", GONE),
]


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Return a function that gives the host an /etc/passwd and an /etc/shadow."""

    def give(passwd, shadow=""):
        (tmp_path / "passwd").write_text(passwd)
        (tmp_path / "shadow").write_text(shadow)

    monkeypatch.setattr(shells, "PASSWD", str(tmp_path / "passwd"))
    monkeypatch.setattr(shells, "SHADOW", str(tmp_path / "shadow"))
    monkeypatch.setattr(shells.time, "time", lambda: TODAY * 86400 + 5)
    return give


@pytest.mark.parametrize("fields, why", SHADOW)
@pytest.mark.parametrize("lock", ["", "!"])
def test_expired_accounts(fields, why, lock, host):
    host("a:x:1:1::/:/bin/sh\nb:x:2:2::/:/bin/sh\n", f"a:{lock}$y$k:{fields}\n")
    first, second = shells.read_passwd()
    assert first.barred.startswith(why) and bool(first.barred) == bool(why)
    assert second.barred == ""


def test_a_password_elsewhere_does_not_expire(host):
    host("a:$1$k:1:1::/:/bin/sh\n", "a:!:1:0:99999:7::1:\n")
    assert shells.read_passwd()[0].barred == ""


def test_no_file_at_all(monkeypatch, tmp_path):
    monkeypatch.setattr(shells, "PASSWD", str(tmp_path / "nothing"))
    assert shells.read_passwd() == []
    monkeypatch.setattr(shells, "PASSWD", str(tmp_path))
    assert shells.read_passwd() == []


def test_every_account_of_a_large_file(host):
    count = 120000  # 6 MB
    host("".join(f"u{at}:x:{at}:100:a member:/home/u{at}:/bin/sh\n" for at in range(count)))
    users = shells.read_passwd()
    assert len(users) == count and users[-1][:4] == (f"u{count - 1}", "/bin/sh", count - 1, 100)


# the program that stands at /SHELL, how the account gets in, and what the text then says
BARRED = [
    ("bash", "false", None),
    ("false", "false", "left out"),
    ("false", "mysh", "is false, which gives no session"),
    ("nologin", "nologin", "left out"),
    ("nologin", "bash", "is nologin, which gives no session"),
    ("true", "bash", "is true, which gives no session"),
    ("sync", "sync", "left out"),
    ("sync", "menu", "is sync, which gives no session"),
    ("python3", "menu", None),
    ("python3", "nologin", None),
    (None, "nologin", "left out"),
    (None, "noshell", "does not exist"),
]


@pytest.mark.parametrize("program, name, why", BARRED)
def test_who_gets_in_is_told_by_the_program(program, name, why, host, tmp_path):
    path = tmp_path / name
    if program:
        real = shutil.which(program, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        if not real:
            pytest.skip(program + " is not installed")
        shutil.copy(os.path.realpath(real), str(path))
    host(f"a:x:0:0::/:{path}\n")
    users = shells.read_passwd()
    if why == "left out":
        assert users == []
    else:
        assert (why or "") in users[0].barred and bool(users[0].barred) == bool(why)


def test_no_program_at_all(host, tmp_path):
    (tmp_path / "text").write_text("#!/bin/sh\n")
    host(
        f"a:x:0:0::/:{tmp_path}\nb:x:0:0::/:/dev/null\nc:x:0:0::/:{tmp_path}/text\n"
        "d:x:0:0::/:/bin/sh -l\ne:x:0:0::/:bash\nf:x:0:0::/:/bin/sh\r\n"
    )
    why = [account.barred for account in shells.read_passwd()]
    told = ["is not a program"] * 3 + ["has arguments", "is not an absolute", "does not exist"]
    assert all(part in text for part, text in zip(told, why)) and len(why) == 6


def test_who_is_barred_brings_no_shell(tmp_path):
    users = [shells.Account("a", "/bin/none", 1, 1, "gone"), shells.Account("b", "/bin/none2")]
    assert list(shells.installed(users)[1]) == ["/bin/none2"]


@pytest.mark.parametrize("raw, family, seconds", READ)
def test_seconds_as_read(raw, family, seconds):
    assert shells.seconds_as_read(raw, family) == seconds


@pytest.mark.parametrize("family, seconds, logout", LOGOUT)
def test_logout_seconds(family, seconds, logout):
    assert shells.logout_seconds(family, seconds) == logout


# paths that the system is not asked about where only ASCII can be encoded, and why
REFUSED = [
    ("/bin/sch\u00e9", "locale"),
    ("/bin/\0", "absolute"),
    ("bash", "absolute"),
    ("", "absolute"),
    ("/bin/\udcff", ""),
    ("/bin/bash", ""),
]


@pytest.mark.parametrize("path, why", REFUSED)
def test_paths_that_are_none(path, why, monkeypatch):
    monkeypatch.setattr(os, "fsencode", lambda text: text.encode("ascii", "surrogateescape"))
    refused = shells.refused_path(path)
    assert (why in refused) if why else refused == ""
    if refused:
        unknown = shells.installed([shells.Account("a", path)])[1]
        assert unknown == {path: f"{refused}, so that it is never started"}
