# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections of this host, and those that are given."""

import os
import types

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _identities
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    connections,
    files,
    match,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import CommandLine

DEFAULT = match.Connection("nobody-at-all", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)


def read(tmp_path, text):
    main = tmp_path / ".main"
    main.write_bytes(text.encode("utf-8", "surrogateescape"))
    keywords = ["PermitTTY", "Port", "ListenAddress", "AddressFamily"]
    return files.Files(str(main), keywords, (9, 2)).read({})


# the patterns of Match blocks, whether the usual name is nobody's, who is a stranger
STRANGERS = [
    ([], True, "curfew-no-such-user"),
    (["curfew-no-such-user", "root"], True, "curfew-no-such-user"),
    (["c*"], True, "7-nobody"),
    (["c*,root", "?-*"], True, "zzyx"),
    (["*", "*-user"], True, "7-nobody"),
    (["*,!root"], True, "curfew-no-such-user"),
    (["*"], False, "curfew-no-such-user-"),
]


@pytest.mark.parametrize("patterns, free, expected", STRANGERS)
def test_who_is_a_stranger(tmp_path, monkeypatch, patterns, free, expected):
    known = set() if free else {"curfew-no-such-user"}
    monkeypatch.setattr(connections._directory, "exists", lambda user: user in known)
    text = "".join(f"Match User {some}\nPermitTTY no\n" for some in patterns)
    assert connections.default_connection(read(tmp_path, text), CommandLine()).user == expected


# the block's criteria, from where a stranger comes
FROM = [
    ("User c*", "192.0.2.1"),
    ("Address 10.0.0.0/8", "192.0.2.1"),
    ("Address 192.0.0.0/8", "198.51.100.1"),
    ("Host *.example.org,192.*", "198.51.100.1"),
    ("Address *,!10.*", "192.0.2.1"),
    ("Address 192.0.0.0/8 Host 198.*", "203.0.113.1"),
    ("Address 192.0.0.0/2", "192.0.2.1"),
]


@pytest.mark.parametrize("criteria, expected", FROM)
def test_from_where_a_stranger_comes(tmp_path, criteria, expected):
    tree = read(tmp_path, f"Match {criteria}\nPermitTTY no\n")
    found = connections.default_connection(tree, CommandLine())
    assert found.addr == found.host == expected


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
def test_default_connection(tmp_path, text, expected):
    found = connections.default_connection(read(tmp_path, text), CommandLine())
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
def test_the_command_line_comes_before_the_files(tmp_path, options, ports, expected):
    words = CommandLine("/usr/sbin/sshd", None, options, ports)
    found = connections.default_connection(read(tmp_path, "Port 2222\n"), words)
    assert (found.laddr, found.lport) == expected


def test_a_connection_takes_what_is_not_given_from_the_default():
    found = connections.connection({"user": "root", "host": None, "addr": "10.0.0.1"}, DEFAULT)
    assert found[:5] == ("root", "10.0.0.1", "10.0.0.1", "0.0.0.0", 22)
    assert "root" in found.groups and found.user_exists
    assert not connections.connection({"user": "no-such-user-here"}, DEFAULT).user_exists


def test_a_group_without_a_name_hides_no_other(monkeypatch):
    names = {0: "root", 7: "wheel"}
    monkeypatch.setattr(os, "getgrouplist", lambda user, group: [0, 5, 7])
    monkeypatch.setattr(
        _identities.grp, "getgrgid", lambda number: types.SimpleNamespace(gr_name=names[number])
    )
    assert connections.connection({"user": "root"}, DEFAULT).groups == ("root", "wheel")


BAD = [{"user": "a b"}, {"user": "a,b"}, {"user": ""}, {"host": "a\nb"}, {"addr": "x"},
       {"addr": "10.0.0.0/8"}, {"laddr": "host"}, {"lport": 0}, {"lport": 65536}]  # fmt: skip


@pytest.mark.parametrize("given", BAD)
def test_refuses_a_connection_that_cannot_be(given):
    with pytest.raises(connections.BadConnection, match="^Option connections: ") as caught:
        connections.connection(given, DEFAULT)
    assert "\n" not in str(caught.value)
