# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A configuration as it lies on disk: globs as glob(3) reads them, connections of this host."""

import errno
import os
import types

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._sshd import config, files, glob, match
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import CommandLine

DEFAULT = match.Connection("nobody-at-all", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)
NAMES = (
    "10.conf", "9.conf", "Z.conf", "a.conf", "b.conf~", ".hidden.conf", "star*.conf", "x y.conf",
)  # fmt: skip

GLOBS = [
    ("*.conf", ["10.conf", "9.conf", "Z.conf", "a.conf", "star*.conf", "x y.conf"]),
    ("*", ["10.conf", "9.conf", "Z.conf", "a.conf", "b.conf~", "star*.conf", "x y.conf"]),
    ("[0-9]*", ["10.conf", "9.conf"]),
    ("[[:digit:]]*", ["10.conf", "9.conf"]),
    ("[[:upper:]a].conf", ["Z.conf", "a.conf"]),
    ("[!a-z]*.conf", ["10.conf", "9.conf", "Z.conf"]),
    ("[^a-z]*.conf", ["a.conf", "star*.conf", "x y.conf"]),  # measured: "^" negates nothing
    ("?.conf", ["9.conf", "Z.conf", "a.conf"]),
    ("star\\*.conf", ["star*.conf"]),
    ("\\*.conf", []),
    ("a.conf", ["a.conf"]),
    (".h*", [".hidden.conf"]),
    ("\\.h*", [".hidden.conf"]),
    ("/../none*/a.conf", []),
    ("./a.conf", ["./a.conf"]),
    ("none", []),
    ("none/*.conf", []),
    ("[z-a].conf", []),
    ("[+-*]*", []),
]


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_text("PermitTTY no\n")
    (tmp_path / "folder.d").mkdir()
    return tmp_path


def read(folder, text):
    main = folder / ".main"
    main.write_bytes(text.encode("utf-8", "surrogateescape"))
    keywords = ["PermitTTY", "Port", "ListenAddress", "AddressFamily"]
    return files.Files(str(main), keywords, (9, 2)).read({})


@pytest.mark.parametrize("pattern, names", GLOBS)
def test_a_glob_names_what_it_names_to_sshd(folder, pattern, names):
    tree = read(folder, 'Include "{}/{}"\n'.format(folder, pattern.replace("\\", "\\\\")))
    (included,) = tree.includes.values()
    found = [path[len(str(folder)) + 1 :] for path in included]
    assert [name for name in found if name != "folder.d"] == names


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ENOMEM])
def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(folder, monkeypatch, number):
    def fail(path):
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "listdir", fail)
    with pytest.raises(reading.FilesError, match="could not be listed"):
        read(folder, f"Include {folder}/*.conf\n")


def test_a_glob_of_no_end_is_refused(folder, monkeypatch):
    monkeypatch.setattr(glob, "MAX_NAMES", 5)
    with pytest.raises(reading.FilesError, match="more than 5 names"):
        read(folder, f"Include {folder}/*.conf\n")


def test_a_folder_that_a_glob_names_is_empty(folder):
    tree = read(folder, f"Include {folder}/folder.*\n")
    assert tree.texts[str(folder / "folder.d")] == ""


def test_one_file_under_two_names_is_one(folder):
    (folder / "zz.conf").symlink_to("a.conf")
    tree = read(folder, f"Include {folder}/a.conf {folder}/zz.conf\n")
    assert [item.path for item in tree.directives] == [str(folder / "a.conf")] * 2


def test_a_link_to_the_main_file_is_circular(folder):
    (folder / "loop.conf").symlink_to(".main")
    with pytest.raises(config.ConfigError, match="line 1: .* is circular"):
        read(folder, f"Include {folder}/loop.conf\n")


# the text, its first listener
LISTENERS = [
    ("", ("0.0.0.0", 22)),
    ("Port 2222\nPort 22\n", ("0.0.0.0", 2222)),
    ("ListenAddress 10.0.0.1\n", ("10.0.0.1", 22)),
    ("Port 2222\nListenAddress 10.0.0.1\n", ("10.0.0.1", 2222)),
    ("ListenAddress 10.0.0.1:2022\nPort 2222\n", ("10.0.0.1", 2022)),
    ("ListenAddress [::1]:2022\n", ("::1", 2022)),
    ("ListenAddress [::1]\n", ("::1", 22)),
    ("ListenAddress ::1\n", ("::1", 22)),
    ("ListenAddress host.example.org:2022\n", ("0.0.0.0", 2022)),
    ("Port ssh\n", ("0.0.0.0", 22)),
    ("AddressFamily inet6\n", ("::", 22)),
    ("Match all\nPort 2201\nListenAddress 10.0.0.1\n", ("10.0.0.1", 2201)),
    ("Match User a\nListenAddress 10.0.0.1\n", ("0.0.0.0", 22)),
    ("Port 0\n", ("0.0.0.0", 22)),
    ("Port \u00b2\n", ("0.0.0.0", 22)),
    ("Port %s\n" % ("1" * 5000), ("0.0.0.0", 22)),
    ("ListenAddress 10.0.0.1:%s\n" % ("1" * 5000), ("10.0.0.1", 22)),
    ("Port 99999\n", ("0.0.0.0", 22)),
    ("ListenAddress 10.0.0.1:99999\n", ("10.0.0.1", 22)),
]


@pytest.mark.parametrize("text, expected", LISTENERS)
def test_default_connection(folder, text, expected):
    found = files.default_connection(read(folder, text), CommandLine())
    assert (found.laddr, found.lport) == expected
    assert found.addr == found.host == "192.0.2.1" and found.groups == ()


# options and ports of the command line, the first listener; the file says Port 2222
COMMAND_LINES = [
    ((), (2022,), ("0.0.0.0", 2022)),
    (("Port=2200",), (), ("0.0.0.0", 2200)),
    (("Port 2200",), (2022,), ("0.0.0.0", 2022)),
    (("ListenAddress=127.0.0.1:2029",), (), ("127.0.0.1", 2029)),
    (("listenaddress 127.0.0.1",), (), ("127.0.0.1", 2222)),
    (("AddressFamily=inet6",), (), ("::", 2222)),
]


@pytest.mark.parametrize("options, ports, expected", COMMAND_LINES)
def test_the_command_line_comes_before_the_files(folder, options, ports, expected):
    words = CommandLine("/usr/sbin/sshd", None, options, ports)
    found = files.default_connection(read(folder, "Port 2222\n"), words)
    assert (found.laddr, found.lport) == expected


def test_a_connection_takes_what_is_not_given_from_the_default():
    found = files.connection({"user": "root", "host": None, "addr": "10.0.0.1"}, DEFAULT)
    assert found[:5] == ("root", "10.0.0.1", "10.0.0.1", "0.0.0.0", 22)
    assert "root" in found.groups and found.user_exists
    assert not files.connection({"user": "no-such-user-here"}, DEFAULT).user_exists


def test_a_group_without_a_name_hides_no_other(monkeypatch):
    names = {0: "root", 7: "wheel"}
    monkeypatch.setattr(os, "getgrouplist", lambda user, group: [0, 5, 7])
    monkeypatch.setattr(
        files.grp, "getgrgid", lambda number: types.SimpleNamespace(gr_name=names[number])
    )
    assert files.connection({"user": "root"}, DEFAULT).groups == ("root", "wheel")


BAD = [{"user": "a b"}, {"user": "a,b"}, {"user": ""}, {"host": "a\nb"}, {"addr": "x"},
       {"addr": "10.0.0.0/8"}, {"laddr": "host"}, {"lport": 0}, {"lport": 65536}]  # fmt: skip


@pytest.mark.parametrize("given", BAD)
def test_refuses_a_connection_that_cannot_be(given):
    with pytest.raises(files.BadConnection, match="^Option connections: ") as caught:
        files.connection(given, DEFAULT)
    assert "\n" not in str(caught.value)


ACCOUNTS = {"root": (0, [0, 10]), "adminx": (10, [10]), "admin1": (77, [77]),
            "eve": (77, [77, 99]), "bob": (50, [50])}  # fmt: skip
GROUPS = {0: ("root", []), 10: ("wheel", ["gone", "root"]), 77: ("domain users", ["gone"]),
          50: ("bob", []), 99: ("empty", [])}  # fmt: skip


@pytest.fixture
def accounts(tmp_path, monkeypatch):
    """A host whose groups all are in its own file; "eve" is in one that does not list her."""

    def by_name(name):
        for number, (other, members) in GROUPS.items():
            if name == other:
                return types.SimpleNamespace(gr_gid=number, gr_mem=members)
        raise KeyError(name)

    (tmp_path / "passwd").write_text(
        "".join(f"{user}:x:1:{group}::/:/bin/sh\n" for user, (group, _all) in ACCOUNTS.items())
    )
    (tmp_path / "group").write_text(
        "+\n"
        + "".join(
            "%s:x:%d:%s\n" % (name, number, ",".join(members))
            for number, (name, members) in GROUPS.items()
        )
    )
    monkeypatch.setattr(files, "PASSWD", str(tmp_path / "passwd"))
    monkeypatch.setattr(files, "GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(
        files.pwd, "getpwnam", lambda user: types.SimpleNamespace(pw_gid=ACCOUNTS[user][0])
    )
    monkeypatch.setattr(os, "getgrouplist", lambda user, group: ACCOUNTS[user][1])
    monkeypatch.setattr(files.grp, "getgrnam", by_name)
    monkeypatch.setattr(
        files.grp, "getgrgid", lambda number: types.SimpleNamespace(gr_name=GROUPS[number][0])
    )
    return tmp_path


DERIVED = [
    ("group wheel", "root"),
    ("group wheel user admin*", "adminx"),
    ("group wheel user *,!root", "adminx"),
    ("group no-such,wheel", "root"),
    ("group *,!wheel", "admin1"),
    ("group wh*", "root"),
    ("group domain?users", "admin1"),
    ("group dom* group *,!empty", "admin1"),
    ("group domain?users,!empty user e*,a*", "admin1"),
]  # fmt: skip


@pytest.mark.parametrize("text, user", DERIVED)
def test_derives_somebody_who_is_in_the_group(accounts, text, user):
    found = files.derived_connection(config.parse_criteria(text.split()), DEFAULT)
    assert found.user == user


def test_asks_for_a_group_of_a_directory_by_its_name(accounts):
    (accounts / "group").unlink()
    for text in ("wheel", "no-such,wheel", "domain?users"):
        assert files.derived_connection((("group", text),), DEFAULT).user != DEFAULT.user
    with pytest.raises(files.BadConnection):
        files.derived_connection((("group", "wh*"),), DEFAULT)


def test_derives_a_member_of_a_group_of_this_host():
    found = files.derived_connection((("group", "root"),), DEFAULT)
    assert "root" in found.groups


@pytest.mark.parametrize(
    "criteria", [(("group", "no-such-group"),), (("group", "no-such-*"),), (("rdomain", "r"),)]
)
def test_says_that_no_connection_could_be_derived(criteria):
    with pytest.raises(files.BadConnection, match="^Option match: .* give one in the option"):
        files.derived_connection(criteria, DEFAULT)
