# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Match criteria mean, and connections that meet them."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import match
from ansible_collections.curfew.session.plugins.module_utils._sshd.config import parse_criteria

ROOT = match.Connection(
    "root", "gate.Example.org", "10.1.2.3", "127.0.0.1", 22, ("root", "wheel"))  # fmt: skip
V6 = ROOT._replace(addr="2001:db8::7", laddr="::1")

MATCHES = [
    ("all", True),
    ("user root", True),
    ("user Root", False),
    ("user bob,root", True),
    ("user *", True),
    ("user r??t", True),
    ("user r?t", False),
    ("user !root,*", False),
    ("user *,!root", False),
    ("user !bob", False),
    ("user !bob,*", True),
    ("user ,root", True),
    ("group wheel", True),
    ("group bob", False),
    ("group !wheel,root", False),
    ("group !bob,w*", True),
    ("group !bob", False),  # to sshd nothing but negations never matches
    ("host !bob", False),
    ("address !192.0.2.1", False),
    ("localaddress !192.0.2.1", False),
    ("host gate.example.org", True),
    ("host *.EXAMPLE.org", True),
    ("host !gate.*,*", False),
    ("address 10.1.2.3", True),
    ("address 10.0.0.0/8", True),
    ("address 10.1.2.0/24,192.0.2.1", True),
    ("address !10.1.2.3,10.0.0.0/8", False),
    ("address 10.0.0.0/8,!10.1.2.3", False),
    ("address 10.1.*", True),
    ("address 10.1.2.?", True),
    ("address 11.0.0.0/8", False),
    ("address 2001:db8::/32", False),
    ("address 10.0.0.0/255.0.0.0", False),  # to sshd no mask, but plain text
    ("localaddress 127.0.0.0/8", True),
    ("localaddress 127.0.0.2", False),
    ("localport 22", True),
    ("localport 2222", False),
    ("rdomain none", False),
    ("invalid-user", False),
    ("user root address 10.0.0.0/8", True),
    ("user root address 11.0.0.0/8", False),
    ("never x", False),
]

SAME = [
    ("user a", "User a"),
    ("user a,b", "user b,a"),
    ("user a host h", "host h user a"),
    ("host A", "host a"),
    ("address 2001:DB8::1", "address 2001:db8::1"),
]
OTHER = [
    ("user a", "user A"),
    ("user a", "group a"),
    ("user a", "user a host h"),
    ("user a,b", "user a"),
    ("all", "user *"),
]


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

DESCRIBED = [
    ("USER a", "Match User a"),
    ("localaddress 127.0.0.1 localport 22", "Match LocalAddress 127.0.0.1 LocalPort 22"),
    ("all", "Match all"),
    ("INVALID-USER", "Match invalid-user"),
    ("rdomain r", "Match RDomain r"),
]


def criteria(text):
    return parse_criteria(text.split())


@pytest.mark.parametrize("text, expected", MATCHES)
def test_matches(text, expected):
    assert match.matches(criteria(text), ROOT) is expected


def test_matches_addresses_of_both_families():
    assert match.matches(criteria("address 2001:DB8::/32 localaddress ::1"), V6)
    assert not match.matches(criteria("address 10.0.0.0/8"), V6)


def test_a_user_without_groups_is_in_none():
    assert not match.matches(criteria("group *"), ROOT._replace(groups=()))


@pytest.mark.parametrize("one, other", SAME)
def test_the_same_by_meaning(one, other):
    assert match.meaning(criteria(one)) == match.meaning(criteria(other))


@pytest.mark.parametrize("one, other", OTHER)
def test_not_the_same_by_meaning(one, other):
    assert match.meaning(criteria(one)) != match.meaning(criteria(other))


GROUPS = {"root": ROOT.groups, "bob": ("bob",), "ann": ("ann", "sftponly", "wheel"),
          "bob2": ("sftponly",)}  # fmt: skip


def derive(text):
    """On a host where these may be in any group, one of them no longer there."""
    return match.derive(
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
    found = match.derive(
        criteria("group g"), ROOT, lambda patterns: map(str, range(10**9)),
        lambda user: asked.append(user) or ())  # fmt: skip
    assert found is None and len(asked) == match.MAX_ACCOUNTS


@pytest.mark.parametrize("text, expected", HOPELESS)
def test_hopeless(text, expected):
    assert match.hopeless(criteria(text)) == expected


@pytest.mark.parametrize("text, expected", DESCRIBED)
def test_describe(text, expected):
    assert match.describe(criteria(text)) == expected
    assert parse_criteria(expected.split()[1:]) == criteria(text)
