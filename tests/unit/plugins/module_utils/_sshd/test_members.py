# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is in a Match block, told from the files of accounts."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import config, members

from .people import NOBODY, local, tree

ALL = ["root", "alice", "bruno", "lone"]
# The criteria, and who meets them from where the default connection comes.
MET = [
    ("User *", ALL),
    ("User !nobody,*", ALL),
    ("User root,alice,bruno,lone", ALL),
    ("User *,!root", ["alice", "bruno", "lone"]),
    ("User !root", []),
    ("User ?lice,b*", ["alice", "bruno"]),
    ("User al,lice,alice.", []),
    ("User daemon", []),
    ("User Alice", []),
    ("Group *", ["root", "alice", "bruno", "lone"]),
    ("Group *,!staff", ["root"]),
    ("Group daemon", ["alice"]),
    ("Group staff", ["alice", "bruno", "lone"]),  # two names for one number: the first counts
    ("Group crew", []),
    ("Group s*", ["alice", "bruno", "lone"]),
    ("Group !staff,alice", []),
    ("User alice Group staff", ["alice"]),
    ("Address 0.0.0.0/0,::/0", ALL),
    ("Address 10.0.0.0/8", []),
    ("User alice Address 10.0.0.0/8", []),
    ("LocalPort 22", ALL),
    ("LocalPort 2222", []),
    ("Version OpenSSH_10.*", ALL),
    ("Version OpenSSH_9.*", []),
    ("Version OpenSSH_1* User alice", ["alice"]),
    ("RDomain *", []),
    ("invalid-user", []),
]


def criteria(text):
    return config.parse_criteria(text.split())


@pytest.mark.parametrize("text, expected", MET)
def test_meeting(tmp_path, monkeypatch, text, expected):
    people = local(tmp_path, monkeypatch)
    found = people.meeting(criteria(text))
    assert list(people.users(found)) == expected
    assert people.told(found) == (len(expected), expected)
    derived = people.derived(criteria(text))
    assert (derived and derived.user) == (expected[0] if expected else None)


def test_a_connection_has_the_groups_of_its_user(tmp_path, monkeypatch):
    people = local(tmp_path, monkeypatch)
    found = people.derived(criteria("User alice"))
    assert sorted(found.groups) == ["alice", "daemon", "staff"]
    assert found == NOBODY._replace(user="alice", groups=found.groups)


# The block, and which accounts it is said to be about: None where it is about something else.
SCOPES = [
    ("Match User alice", ["alice"]),
    ("Match User alice Address 10.0.0.0/8", ["alice"]),
    ("Match Address 10.0.0.0/8", None),
    ("Match LocalPort 22", ALL),
    ("Match Version OpenSSH_9.*", []),
    ("Match Version OpenSSH_9.* User alice", []),
    ("Match invalid-user", []),
]


@pytest.mark.parametrize("text, expected", SCOPES)
def test_of_scope(tmp_path, monkeypatch, text, expected):
    (directive,) = tree(f"{text}\nClientAliveInterval 1\n").directives
    found = local(tmp_path, monkeypatch).of_scope(directive.scope)
    assert found == (None if expected is None else (len(expected), expected))


def test_of_many_the_first_are_named(tmp_path, monkeypatch):
    passwd = "".join(f"u{number}:x:{number}:1::/:/bin/sh\n" for number in range(1, 30000))
    people = local(tmp_path, monkeypatch, passwd=passwd)
    found = people.told(people.meeting(criteria("User u*")))
    assert found.returned() == {"count": 29999, "names": [f"u{n}" for n in range(1, 11)]}
    assert people.told(people.meeting(criteria("User u29999"))).names == ["u29999"]


# The file, and each class: how many, whom sshd is asked about, the lines that decide
CLASSES = [
    ("ClientAliveInterval 9\n", [(4, "root", [1, None])]),
    ("ClientAliveInterval 9\nMatch User alice\nClientAliveInterval 8\n",
     [(3, "root", [1, None]), (1, "alice", [3, None])]),
    ("Match Group staff\nClientAliveInterval 8\nMatch User lone,root\nClientAliveCountMax 8\n",
     [(1, "root", [None, 4]), (2, "alice", [2, None]), (1, "lone", [2, 4])]),
    ("Match User alice\nClientAliveInterval 8\nMatch all\nClientAliveInterval 7\n",
     [(3, "root", [4, None]), (1, "alice", [2, None])]),
    ("Match User alice\nClientAliveInterval 8\nMatch User *\nClientAliveInterval 7\n",
     [(3, "root", [4, None]), (1, "alice", [2, None])]),
]  # fmt: skip


@pytest.mark.parametrize("text, expected", CLASSES)
def test_classes(tmp_path, monkeypatch, text, expected):
    people = local(tmp_path, monkeypatch)
    found = members.classes(tree(text), ["ClientAliveInterval", "ClientAliveCountMax"], people)
    told = [
        (one.accounts.number, one.connection.user, [line and line.line for line in one.deciders])
        for one in found
    ]
    assert told == expected
    assert [one.has_root for one in found] == [True] + [False] * (len(found) - 1)


def test_a_name_that_sshd_cannot_be_asked_about(tmp_path, monkeypatch):
    people = local(tmp_path, monkeypatch, passwd="a,b:x:1:1::/:/bin/sh\n")
    (found,) = members.classes(tree(""), ["ClientAliveInterval"], people)
    assert (found.accounts.names, found.connection) == (["a,b"], None)


def test_a_host_without_accounts(tmp_path, monkeypatch):
    people = local(tmp_path, monkeypatch, passwd="", group="")
    assert members.classes(tree("ClientAliveInterval 1\n"), ["ClientAliveInterval"], people) == []


def blocks(count):
    return "".join(f"Match User u{n}\nClientAliveInterval {n + 1}\n" for n in range(count))


# How many blocks there are, and how many classes sshd is asked about
@pytest.mark.parametrize("count, expected", [(3, 4), (40, 12), (300, 2)])
def test_most_telling(tmp_path, monkeypatch, count, expected):
    users = ["root"] + [f"u{n}" for n in range(count)]
    passwd = "".join(f"{user}:x:1:1::/:/bin/sh\n" for user in users)
    read = tree(blocks(count))
    found = members.classes(
        read, ["ClientAliveInterval"], local(tmp_path, monkeypatch, passwd=passwd)
    )
    asked = members.most_telling(found, lambda one: one.connection.user == "u2", read)
    assert [one.connection.user for one in asked[:2]] == ["root", "u2"]
    assert len(asked) == expected


# The kernel's table of routes, and of addresses of the other family
ROUTES = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
Local:
     |-- 10.9.0.5
        /32 host LOCAL
     |-- 10.9.0.255
        /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 10.9.0.5
        /32 host LOCAL
"""
ADDRESSES = """00000000000000000000000000000001 01 80 10 80       lo
20010db8000000000000000000000007 02 40 00 80     eth0
fe800000000000000000000000000007 02 40 20 80     eth0
"""
# What blocks ask for, and where all accounts then are said to connect to
PLACES = [
    ("User a", "0.0.0.0"),
    ("LocalAddress 192.168.0.0/16", "10.9.0.5"),
    ("LocalAddress 10.0.0.0/8", "2001:db8::7"),
    ("LocalAddress 10.0.0.0/8,2001:db8::/32", "10.9.0.5"),
    ("LocalAddress *,!127.0.0.1", "10.9.0.5"),
]


@pytest.mark.parametrize("text, expected", PLACES)
def test_where_accounts_connect_to(monkeypatch, tmp_path, text, expected):
    local(tmp_path, monkeypatch)
    texts = {"/proc/net/fib_trie": ROUTES, "/proc/net/if_inet6": ADDRESSES}
    monkeypatch.setattr(members, "text_or_nothing", texts.get)
    read = tree(f"Match {text}\nClientAliveInterval 5\n")
    assert members.local(NOBODY, read).default == NOBODY._replace(laddr=expected)
    given = NOBODY._replace(laddr="10.1.1.1")
    assert members.local(given, read).default == given
    monkeypatch.setattr(members, "text_or_nothing", lambda path: "")
    assert members.local(NOBODY, read).default == NOBODY
