# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that meet criteria."""

import os
import types

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _identities
from ansible_collections.curfew.session.plugins.module_utils._refusal import BadOption
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    config,
    connections,
    deriving,
    match,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd.config import parse_criteria

ROOT = match.Connection(
    "root", "gate.Example.org", "10.1.2.3", "127.0.0.1", 22, ("root", "wheel"))  # fmt: skip
DEFAULT = match.Connection("nobody-at-all", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)


def test_the_version_is_what_it_is():
    default = DEFAULT._replace(version="OpenSSH_10.0p2 Debian-7")
    fitting, other = criteria("version OpenSSH_1*"), criteria("version OpenSSH_9* user a")
    assert deriving.derivable(fitting, default) == default
    assert deriving.derivable(other, default) is None
    with pytest.raises(BadOption, match="^Option match: nobody meets 'Match Version OpenSSH_9"):
        deriving.derived_connection(other, default)


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
    return deriving.derive(
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
    found = deriving.derive(
        criteria("group g"), ROOT, lambda patterns: map(str, range(10**9)),
        lambda user: asked.append(user) or ())  # fmt: skip
    assert found is None and len(asked) == deriving.MAX_ACCOUNTS


@pytest.mark.parametrize("text, expected", HOPELESS)
def test_hopeless(text, expected):
    assert deriving.hopeless(criteria(text)) == expected


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
    monkeypatch.setattr(_identities, "PASSWD", str(tmp_path / "passwd"))
    monkeypatch.setattr(_identities, "GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(
        _identities.pwd,
        "getpwnam",
        lambda user: types.SimpleNamespace(pw_uid=1, pw_gid=USERS[user][0]),
    )
    monkeypatch.setattr(os, "getgrouplist", lambda user, group: USERS[user][1])
    monkeypatch.setattr(_identities.grp, "getgrnam", by_name)
    monkeypatch.setattr(
        _identities.grp,
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
    found = deriving.derived_connection(config.parse_criteria(text.split()), DEFAULT)
    assert found.user == user


def test_asks_for_a_group_of_a_directory_by_its_name(accounts):
    (accounts / "group").unlink()
    for text in ("wheel", "no-such,wheel", "domain?users"):
        assert deriving.derived_connection((("group", text),), DEFAULT).user != DEFAULT.user
    with pytest.raises(BadOption):
        deriving.derived_connection((("group", "wh*"),), DEFAULT)


def test_derives_a_member_of_a_group_of_this_host():
    found = deriving.derived_connection((("group", "root"),), DEFAULT)
    assert "root" in found.groups


@pytest.mark.parametrize(
    "criteria", [(("group", "no-such-group"),), (("group", "no-such-*"),), (("rdomain", "r"),)]
)
def test_says_that_no_connection_could_be_derived(criteria):
    with pytest.raises(BadOption, match="^Option match: .* give one in the option"):
        deriving.derived_connection(criteria, DEFAULT)


def test_derives_from_the_same_criteria_once(monkeypatch):
    asked = []
    monkeypatch.setattr(deriving, "derive", lambda criteria, *_given: asked.append(criteria))
    derive = connections.deriving(DEFAULT)
    criteria = (("group", "nobody-is-in-it"),)
    assert (derive(criteria), derive(criteria)) == (None, None)
    assert asked == [criteria]
