# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that meet criteria, and those of this host."""

import os
import types

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _accounts
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    config,
    connections,
    files,
    match,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd.config import parse_criteria
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import CommandLine

ROOT = match.Connection(
    "root", "gate.Example.org", "10.1.2.3", "127.0.0.1", 22, ("root", "wheel"))  # fmt: skip
DEFAULT = match.Connection("nobody-at-all", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)


def criteria(text):
    return parse_criteria(text.split())


def at(addr):
    """Without a name, a client has its address for a host."""
    return ROOT._replace(host=addr, addr=addr)


DERIVED = [
    ("user bob", ROOT._replace(user="bob", groups=("bob",))),
    ("user !eve,bob", ROOT._replace(user="bob", groups=("bob",))),
    ("user back*", ROOT._replace(user="backx", groups=())),
    ("user back*,!backx", ROOT._replace(user="backy", groups=())),
    ("user *,!bob", ROOT),
    ("user b* user bob", ROOT._replace(user="bob", groups=("bob",))),
    ("address 192.0.2.0/24", at("192.0.2.1")),
    ("address 192.0.2.9", at("192.0.2.9")),
    ("address !192.0.2.1,192.0.2.0/24", at("192.0.2.2")),
    ("address 192.0.2.8/31", at("192.0.2.8")),
    ("address 10.0.0.0/8", ROOT),
    ("address 192.0.*", at("192.0.1.1")),
    ("address 192.*.9", at("192.1.1.9")),
    ("address 192.*.*", at("192.1.1.1")),
    ("address *.9", at("1.1.1.9")),
    ("address 2001:db8::/32", at("2001:db8::1")),
    ("address 2001:db8:*", at("2001:db8:1::1")),
    ("address 2001:db8::*", at("2001:db8::1")),
    ("address *:db8:*", at("1:db8:1::1")),
    ("address fe80:*", at("fe80:1::1")),
    ("host *.example.net", ROOT._replace(host="x.example.net")),
    ("host 192.*", at("192.1.1.1")),
    ("host 192.0.2.* address 192.0.2.7", at("192.0.2.7")),
    ("host gate.* address 192.0.2.7", ROOT._replace(host="gate.x", addr="192.0.2.7")),
    ("host *.example.net address 192.0.2.7",
     ROOT._replace(host="x.example.net", addr="192.0.2.7")),
    ("localaddress 127.0.0.9", ROOT._replace(laddr="127.0.0.9")),
    ("localport 2222", ROOT._replace(lport=2222)),
    ("group sftponly", ROOT._replace(user="ann", groups=("ann", "sftponly", "wheel"))),
    ("group sftponly,!wheel", ROOT._replace(user="bob2", groups=("sftponly",))),
    ("group sftponly user bob*", ROOT._replace(user="bob2", groups=("sftponly",))),
    ("user bob localport 23", ROOT._replace(user="bob", lport=23, groups=("bob",))),
    ("invalid-user", ROOT._replace(user_exists=False)),
    ("all", ROOT),
]  # fmt: skip
NOT_DERIVED = [
    "group nobody-is-in-it", "rdomain r", "user !bob", "user root,!root", "user ,",
    "address !10.0.0.1", "address 192.0.2.5/24", "address 2001:DB8:*", "address 2001:0db8:*",
    "address x", "address 300.*", "address " + "*." * 30 + "x", "group sftponly user root",
    "localport ssh", "localport 22,23", "localport \u00b2", "localport " + "1" * 5000,
    "user a user b",
]  # fmt: skip

# The sentence, or None where some connection may meet them.
HOPELESS = [
    ("user bob", None),
    ("user !bob,*", None),
    ("rdomain r", None),
    ("all", None),
    ("invalid-user", None),
    ("localport 22", None),
    ("address 10.0.0.0/8,10.1.*", None),
    ("address nonsense/24,10.0.0.0/255.0.0.0,10.0.0.1", None),
    ("user !bob", "Match User !bob: this never matches anybody: every pattern is negated."),
    ("user a host !b,!c",
     "Match Host !b,!c: this never matches anybody: every pattern is negated."),
    ("group !a", "Match Group !a: this never matches anybody: every pattern is negated."),
    ("localaddress !::1",
     "Match LocalAddress !::1: this never matches anybody: every pattern is negated."),
    ("address 10.0.0.0/255.0.0.0", "Match Address 10.0.0.0/255.0.0.0: this never matches anybody: "
     "sshd knows a mask as a number of bits only."),
    ("address 192.168.1.5/24",
     "Match Address 192.168.1.5/24: sshd accepts no such pattern as '192.168.1.5/24'."),
    ("address *,!2001:db8::1/32",
     "Match Address *,!2001:db8::1/32: sshd accepts no such pattern as '!2001:db8::1/32'."),
    ("address 10.0.0.0/33",
     "Match Address 10.0.0.0/33: sshd accepts no such pattern as '10.0.0.0/33'."),
    ("address 10.0.0.1,", "Match Address 10.0.0.1,: sshd accepts no such pattern as ''."),
    ("localport 22,2222", "Match LocalPort 22,2222: this is not the number of one port."),
    ("localport 0", "Match LocalPort 0: this is not the number of one port."),
    ("localport 65536", "Match LocalPort 65536: this is not the number of one port."),
]  # fmt: skip

GROUPS = {"root": ROOT.groups, "bob": ("bob",), "ann": ("ann", "sftponly", "wheel"),
          "bob2": ("sftponly",)}  # fmt: skip


def derive(text):
    """On a host where these may be in any group, one of them no longer there."""
    return connections.derive(
        criteria(text), ROOT, lambda patterns: ["gone", "bob", "ann", "bob2"],
        lambda user: GROUPS.get(user, ()))  # fmt: skip


@pytest.mark.parametrize("text, expected", DERIVED)
def test_derive(text, expected):
    assert derive(text) == expected


@pytest.mark.parametrize("text", NOT_DERIVED)
def test_derives_nothing_that_does_not_meet_the_criteria(text):
    assert derive(text) is None


def test_asks_about_so_many_members_only():
    asked = []
    found = connections.derive(
        criteria("group g"), ROOT, lambda patterns: map(str, range(10**9)),
        lambda user: asked.append(user) or ())  # fmt: skip
    assert found is None and len(asked) == connections.MAX_ACCOUNTS


@pytest.mark.parametrize("text, expected", HOPELESS)
def test_hopeless(text, expected):
    assert connections.hopeless(criteria(text)) == expected


def read(tmp_path, text):
    main = tmp_path / ".main"
    main.write_bytes(text.encode("utf-8", "surrogateescape"))
    keywords = ["PermitTTY", "Port", "ListenAddress", "AddressFamily"]
    return files.Files(str(main), keywords, (9, 2)).read({})


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
        _accounts.grp, "getgrgid", lambda number: types.SimpleNamespace(gr_name=names[number])
    )
    assert connections.connection({"user": "root"}, DEFAULT).groups == ("root", "wheel")


BAD = [{"user": "a b"}, {"user": "a,b"}, {"user": ""}, {"host": "a\nb"}, {"addr": "x"},
       {"addr": "10.0.0.0/8"}, {"laddr": "host"}, {"lport": 0}, {"lport": 65536}]  # fmt: skip


@pytest.mark.parametrize("given", BAD)
def test_refuses_a_connection_that_cannot_be(given):
    with pytest.raises(connections.BadConnection, match="^Option connections: ") as caught:
        connections.connection(given, DEFAULT)
    assert "\n" not in str(caught.value)


USERS = {
    "root": (0, [0, 10]),
    "adminx": (10, [10]),
    "admin1": (77, [77]),
    "eve": (77, [77, 99]),
    "bob": (50, [50]),
}
LOCAL_GROUPS = {
    0: ("root", []),
    10: ("wheel", ["gone", "root"]),
    77: ("domain users", ["gone"]),
    50: ("bob", []),
    99: ("empty", []),
}


@pytest.fixture
def accounts(tmp_path, monkeypatch):
    """A host whose groups all are in its own file; "eve" is in one that does not list her."""

    def by_name(name):
        for number, (other, members) in LOCAL_GROUPS.items():
            if name == other:
                return types.SimpleNamespace(gr_gid=number, gr_mem=members)
        raise KeyError(name)

    (tmp_path / "passwd").write_text(
        "".join(f"{user}:x:1:{group}::/:/bin/sh\n" for user, (group, _all) in USERS.items())
    )
    (tmp_path / "group").write_text(
        "+\n"
        + "".join(
            "{}:x:{}:{}\n".format(name, number, ",".join(members))
            for number, (name, members) in LOCAL_GROUPS.items()
        )
    )
    monkeypatch.setattr(_accounts, "PASSWD", str(tmp_path / "passwd"))
    monkeypatch.setattr(_accounts, "GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(
        _accounts.pwd,
        "getpwnam",
        lambda user: types.SimpleNamespace(pw_uid=1, pw_gid=USERS[user][0]),
    )
    monkeypatch.setattr(os, "getgrouplist", lambda user, group: USERS[user][1])
    monkeypatch.setattr(_accounts.grp, "getgrnam", by_name)
    monkeypatch.setattr(
        _accounts.grp,
        "getgrgid",
        lambda number: types.SimpleNamespace(gr_name=LOCAL_GROUPS[number][0]),
    )
    return tmp_path


OF_THIS_HOST = [
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


@pytest.mark.parametrize("text, user", OF_THIS_HOST)
def test_derives_somebody_who_is_in_the_group(accounts, text, user):
    found = connections.derived_connection(config.parse_criteria(text.split()), DEFAULT)
    assert found.user == user


def test_asks_for_a_group_of_a_directory_by_its_name(accounts):
    (accounts / "group").unlink()
    for text in ("wheel", "no-such,wheel", "domain?users"):
        assert connections.derived_connection((("group", text),), DEFAULT).user != DEFAULT.user
    with pytest.raises(connections.BadConnection):
        connections.derived_connection((("group", "wh*"),), DEFAULT)


def test_derives_a_member_of_a_group_of_this_host():
    found = connections.derived_connection((("group", "root"),), DEFAULT)
    assert "root" in found.groups


@pytest.mark.parametrize(
    "criteria", [(("group", "no-such-group"),), (("group", "no-such-*"),), (("rdomain", "r"),)]
)
def test_says_that_no_connection_could_be_derived(criteria):
    with pytest.raises(connections.BadConnection, match="^Option match: .* give one in the option"):
        connections.derived_connection(criteria, DEFAULT)


def test_derives_from_the_same_criteria_once(monkeypatch):
    asked = []
    monkeypatch.setattr(connections, "derive", lambda criteria, *_given: asked.append(criteria))
    derive = connections.deriving(DEFAULT)
    criteria = (("group", "nobody-is-in-it"),)
    assert (derive(criteria), derive(criteria)) == (None, None)
    assert asked == [criteria]
