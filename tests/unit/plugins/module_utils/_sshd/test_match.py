# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Match criteria mean."""

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


# The criteria; whether everybody, and whether nobody meets them at an OpenSSH_10.0p2 Debian-7
VERSIONS = [
    ("all", True, False),
    ("version OpenSSH_10.*", True, False),
    ("version=OpenSSH_9.*,OpenSSH_1*", True, False),
    ("version OpenSSH_10.0p2", False, True),
    ("version OpenSSH_9.*", False, True),
    ("version *,!OpenSSH_10*", False, True),
    ("version openssh_10*", False, True),
    ("version * version OpenSSH_9*", False, True),
    ("version OpenSSH_10.* user a", False, False),
    ("version OpenSSH_9.* user a", False, True),
    ("user *", False, False),
]


@pytest.mark.parametrize("text, everybody, nobody", VERSIONS)
def test_versions(text, everybody, nobody):
    words = [word for part in text.split() for word in part.split("=")]
    version = "OpenSSH_10.0p2 Debian-7"
    assert match.everybody_meets(parse_criteria(words), version) is everybody
    assert match.nobody_meets(parse_criteria(words), version) is nobody
    connection = ROOT._replace(version=version)
    if not words.count("user"):
        assert match.matches(parse_criteria(words), connection) is everybody


def test_of_a_version_that_is_not_known_nothing_is_said():
    assert not match.nobody_meets(criteria("version OpenSSH_9.*"), "")
    assert not match.everybody_meets(criteria("version OpenSSH_9.*"), "")


@pytest.mark.parametrize("one, other", SAME)
def test_the_same_by_meaning(one, other):
    assert match.canonical(criteria(one)) == match.canonical(criteria(other))


@pytest.mark.parametrize("one, other", OTHER)
def test_not_the_same_by_meaning(one, other):
    assert match.canonical(criteria(one)) != match.canonical(criteria(other))


@pytest.mark.parametrize("text, expected", DESCRIBED)
def test_describe(text, expected):
    assert match.describe(criteria(text)) == expected
    assert parse_criteria(expected.split()[1:]) == criteria(text)


@pytest.mark.parametrize(
    "value, pattern, expected",
    [("ab", "a?", True), ("ab", "a*", True), ("ab", "a", False), ("a.", "a.", True),
     ("ab", "a.", False), ("a\nb", "a*", True), ("a,b", "a,b", True), ("", "*", True)],
)  # fmt: skip
def test_fits_one(value, pattern, expected):
    assert match.fits_one(value, pattern) is expected
