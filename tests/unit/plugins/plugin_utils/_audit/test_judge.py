# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import copy

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import facts as info_facts
from ansible_collections.curfew.session.plugins.module_utils._info import verdict
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import Service
from ansible_collections.curfew.session.plugins.plugin_utils._audit import judge
from ansible_collections.curfew.session.plugins.plugin_utils._audit.judge import (
    DIFFERS,
    HOLDS,
    UNREACHABLE,
    UNVERIFIED,
    Reason,
)
from ansible_collections.curfew.session.plugins.plugin_utils._audit.policy import (
    ClientAlive,
    Policy,
    Tmout,
)

POLICY = Policy(ClientAlive(60, 3, None), Tmout(900, True, ["backup"]))
MAIN = "/etc/ssh/sshd_config"
GOOD = {
    "sshd": {
        "effective": {"interval_seconds": 60, "count_max": 3},
        "detection_seconds": {"min": 180, "max": 240, "basis": "interval x count_max"},
        "service": {"running": True},
        "reload_needed": False,
        "definitions": [
            {
                "path": MAIN,
                "line": 3,
                "keyword": "clientaliveinterval",
                "value": "60",
                "scope": "global",
                "wins": True,
            },
            {
                "path": MAIN,
                "line": 9,
                "keyword": "ClientAliveCountMax",
                "value": "3",
                "scope": "global",
                "wins": False,
            },
        ],
        "connections": [
            {"scope": None, "interval_seconds": 60, "count_max": 3},
            {"scope": "Match User backup", "interval_seconds": 900, "count_max": 3},
            {
                "scope": None,
                "interval_seconds": 60,
                "count_max": 3,
                "user": "ops",
                "addr": "10.0.0.1",
            },
        ],
    },
    "shells": [
        {"path": "/bin/bash", "family": "bash", "readonly": True, "logout_seconds": 900},
        {"path": "/bin/ksh", "family": "ksh93", "readonly": True, "logout_seconds": 960},
        {"path": "/bin/zsh", "family": "zsh", "readonly": False, "logout_seconds": None},
    ],
    "accounts": [
        {"user": "root", "shell": "/bin/bash", "idle_logout_seconds": 900, "ended_by": "TMOUT"},
        {"user": "batch", "shell": "/bin/ksh", "idle_logout_seconds": 960, "ended_by": "TMOUT"},
    ],
}
# What a host says instead, as path and value; the codes of the reasons; a part of the first text.
CASES = [
    ([], [], ""),
    (
        [("sshd.effective.interval_seconds", 300)],
        ["interval"],
        f"ClientAliveInterval is 5 minutes where the policy asks for 1 minute ({MAIN} line 3).",
    ),
    (
        [("sshd.effective.count_max", 1)],
        ["count_max"],
        "ClientAliveCountMax is 1 where the policy asks for 3 (no file sets it: ",
    ),
    (
        [("sshd.effective.interval_seconds", 0), ("sshd.detection_seconds", None)],
        ["interval"],
        "sshd itself never notices a client that vanishes: ClientAliveInterval is 0.",
    ),
    (
        [("sshd.effective.count_max", 0), ("sshd.detection_seconds", None)],
        ["count_max"],
        "ClientAliveCountMax is 0, and what that does differs: sshd drops idle clients",
    ),
    (
        [
            ("sshd.effective.count_max", 0),
            ("sshd.detection_seconds", None),
            ("sshd.version", "OpenSSH_9.2p1 Debian-2"),
        ],
        ["count_max"],
        "sshd itself never notices a client that vanishes: ClientAliveCountMax is 0.",
    ),
    (
        [("sshd.effective.count_max", 1), ("sshd.detection_seconds", None)],
        ["count_max"],
        "After what time a client that vanishes is dropped, if ever, depends on the release.",
    ),
    (
        [("sshd.definitions.0.path", None), ("sshd.effective.interval_seconds", 1)],
        ["interval"],
        "(from sshd's command line)",
    ),
    ([("sshd.effective.interval_seconds", None)], ["sshd_silent"], "did not say its ClientAliveI"),
    ([("sshd.effective.interval_seconds", "60")], ["sshd_silent"], ""),
    ([("sshd.effective", None)], ["sshd_silent"], "sshd did not say what is in force."),
    ([("sshd", None)], ["sshd_silent"], ""),
    ([("sshd.reload_needed", True)], ["reload_needed"], "until it is reloaded"),
    ([("sshd.reload_needed", None)], ["reload_unknown"], "Nothing tells"),
    ([("sshd.reload_needed", None), ("sshd.service.running", None)], ["reload_unknown"], ""),
    # A service that does not run reads its files when it starts.
    ([("sshd.reload_needed", None), ("sshd.service.running", False)], [], ""),
    ([("accounts.0.idle_logout_seconds", 300)], [], ""),
    (
        [("accounts.0.idle_logout_seconds", 960)],
        ["late"],
        "An idle session of root ends after 16 minutes, later than the 15 minutes asked for.",
    ),
    ([("accounts.1.idle_logout_seconds", 961)], ["late"], "of batch"),
    (
        [("accounts.0.idle_logout_seconds", None), ("accounts.0.why", "It is so.")],
        ["uncovered"],
        "Nothing ends an idle session of root (/bin/bash): it is so.",
    ),
    ([("accounts.0.idle_logout_seconds", 0)], ["uncovered"], "it does not say why"),
    # ksh93's minute belongs to TMOUT alone.
    ([("accounts.1.ended_by", "ChannelTimeout")], ["late"], "batch"),
    ([("sshd.connections.2.count_max", 9)], ["count_max"], "is 9 for ops from 10.0.0.1 where"),
    # What a connection inherits comes from the global line all the same.
    (
        [("sshd.connections.2.interval_seconds", 9)],
        ["interval"],
        f"is 9 seconds for ops from 10.0.0.1 where the policy asks for 1 minute ({MAIN} line 3).",
    ),
    # Whether it meets a block is not known, and so is the line.
    (
        [
            ("sshd.connections.2.interval_seconds", 9),
            ("sshd.definitions.1.scope", "Match Group a"),
            ("sshd.definitions.1.keyword", "ClientAliveInterval"),
        ],
        ["interval"],
        "is 9 seconds for ops from 10.0.0.1 where the policy asks for 1 minute.",
    ),
    ([("accounts.0.idle_logout_seconds", None), ("accounts.0.user", "backup")], [], ""),
    ([("accounts", [])], [], ""),
    ([("accounts", None)], ["accounts_unknown"], ""),
    ([("shells.0.readonly", False)], ["writable"], "Users of /bin/bash can change TMOUT"),
    ([("shells.0.readonly", False), ("accounts.0.user", "backup")], [], ""),
    ([("shells", "nonsense"), ("accounts.0", 7), ("sshd.definitions", {"a": 1})], ["late"], ""),
]


def said(*changes):
    info = copy.deepcopy(GOOD)
    for path, value in changes:
        holder, keys = info, [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in keys[:-1]:
            holder = holder[key]
        holder[keys[-1]] = value
    return info


@pytest.mark.parametrize("changes, codes, part", CASES)
def test_judge(changes, codes, part):
    reasons = judge.judge(POLICY, said(*changes))
    assert [reason.code for reason in reasons] == codes
    assert part in " ".join(reason.text for reason in reasons)
    assert set(codes) <= set(judge.TITLES)


# The policy's match, its interval, and the codes; the host's block is `Match User backup`.
MATCHES = [
    ("User backup", 900, ["interval"]),
    ("user  backup", 900, ["interval"]),
    ("User backup", 60, ["interval"]),
    # Names of users have a case.
    ("User Backup", 60, []),
    ("User other", 60, []),
    ("User", 60, ["sshd_silent"]),
    ("all", 60, []),
]


@pytest.mark.parametrize("match, interval, codes", MATCHES)
def test_match_asked(match, interval, codes):
    """The connections of the block are judged, and those that the policy names, which has 60."""
    reasons = judge.judge(Policy(ClientAlive(interval, 3, match), None), said())
    assert [reason.code for reason in reasons] == codes


def test_match_in_words():
    reasons = judge.judge(Policy(ClientAlive(60, 3, "User backup"), None), said())
    assert "is 15 minutes for Match User backup where" in reasons[0].text
    alone = said(("sshd.connections", GOOD["sshd"]["connections"][:2]))
    reasons = judge.judge(Policy(ClientAlive(60, 3, "User Backup"), None), alone)
    assert [reason.code for reason in reasons] == ["sshd_silent"]
    assert "for connections of Match User Backup." in reasons[0].text


def test_nothing_asked():
    assert judge.judge(Policy(None, None), {}) == []


@pytest.mark.parametrize(
    "statuses, expected",
    [
        ([], HOLDS),
        ([UNVERIFIED], UNVERIFIED),
        ([UNVERIFIED, DIFFERS], DIFFERS),
        ([UNVERIFIED, UNREACHABLE], UNREACHABLE),
    ],
)
def test_status(statuses, expected):
    assert judge.status([Reason(one, "", "") for one in statuses]) == expected


PEOPLE = {"count": 2, "names": ["root", "a"]}
REST = {"count": 1, "names": ["b"]}


def of(accounts, interval, count_max=3):
    return {
        "scope": None,
        "user": accounts["names"][0],
        "host": "h",
        "addr": "192.0.2.1",
        "laddr": "0.0.0.0",
        "lport": 22,
        "interval_seconds": interval,
        "count_max": count_max,
        "accounts": accounts,
    }


# The numbers of each class of accounts, what is said of most, the codes, how many exceptions
CLASSES = [
    ([], 60, [], 0),
    ([of(PEOPLE, 60)], 60, [], 0),
    ([of(PEOPLE, 60), of(REST, 0)], 60, [], 1),
    ([of(PEOPLE, 0), of(REST, 60)], 60, [], 1),
    ([of(PEOPLE, 0), of(REST, 7)], 0, ["interval"], 0),
    # Others than the host's own accounts may be as the default connection is.
    ([of(PEOPLE, 0), of(REST, 60, 9)], 60, ["interval", "count_max"], 0),
]


@pytest.mark.parametrize("classes, effective, codes, exceptions", CLASSES)
def test_accounts_with_other_numbers(classes, effective, codes, exceptions):
    connections = [*GOOD["sshd"]["connections"], *classes]
    block = {
        "path": MAIN,
        "line": 20,
        "keyword": "ClientAliveInterval",
        "value": "0",
        "scope": "Match Group x",
        "wins": True,
        "accounts": PEOPLE,
    }
    info = said(
        ("sshd.connections", connections),
        ("sshd.effective.interval_seconds", effective),
        ("sshd.definitions", [block, *GOOD["sshd"]["definitions"]]),
    )
    policy = Policy(ClientAlive(60, 3, None), None)
    found = judge.judge(policy, info)
    assert [reason.code for reason in found] == codes
    assert all(
        f"{MAIN} line 20" in one.text for one in found if "root" in one.text or not effective
    )
    notes = [note for note in judge.notes(policy, info) if note.startswith("An exception: ")]
    assert len(notes) == exceptions
    # A policy about a block is about nobody else.
    assert judge.judge(Policy(ClientAlive(60, 3, "User x"), None), info) == []


def test_who_cannot_log_in():
    locked = "Nobody can log in over SSH: ChannelTimeout none (/c line 3)."
    info = said(("accounts.0.state", "no_login"), ("accounts.0.why", locked))
    assert "Nobody can log in as root: ChannelTimeout none (/c line 3)." in judge.notes(
        POLICY, info
    )


def test_exceptions():
    conditional = {
        "path": MAIN,
        "line": 80,
        "keyword": "ClientAliveInterval",
        "value": "900",
        "scope": "Match User backup",
        "wins": True,
        "accounts": {"count": 1, "names": ["backup"]},
    }
    unconditional = dict(conditional, scope="Match all")
    version = dict(conditional, scope="Match Version OpenSSH_10.*")
    info = said(("sshd.definitions", [conditional, unconditional, version]))
    assert judge.exceptions(info) == [conditional]


STATES = [("told", "uncovered"), ("unknown", "shell_unknown"), ("missing", None)]


@pytest.mark.parametrize("state, code", STATES)
def test_states_as_the_module_tells_them(state, code):
    sshd = info_facts.SshdTimeouts(
        MAIN, None, Service(None, None, None), [], None, [], [], None, None
    )
    logind = info_facts.LogindTimeouts(None, None, [])
    facts = info_facts.Facts(sshd, (10, 0), [], {}, [], logind, [])
    shell = info_facts.AccountShell("fish", "/bin/fish", None, state, "", None, None, None)
    account = verdict.account(facts, shell, {})
    reasons = judge.judge(POLICY, said(("accounts", [account])))
    assert [reason.code for reason in reasons] == ([code] if code else [])
    noted = " ".join(judge.notes(POLICY, said(("accounts", [account]))))
    assert ("Nobody can log in as fish" in noted) == (state == "missing")


def test_notes():
    info = said(
        ("sshd.detection_seconds.basis", "2 x interval x count_max"),
        ("sshd.sessions", {"open": 3, "older": 2}),
        ("sshd.channel_timeout", {"why": "session does nothing"}),
    )
    notes = " ".join(judge.notes(POLICY, info))
    assert "twice as long" in notes
    assert "ksh93 warns and then waits another minute, for batch." in notes
    assert "exempts backup" in notes
    assert "2 open sessions began before" in notes
    assert "ChannelTimeout: session does nothing." in notes


def crowd(*classes, accounts=2, **more):
    """Return what a host says that has more accounts than it lists."""
    keys = ("count", "users", "shell", "idle_logout_seconds", "state", "why")
    rows = [dict(zip(keys, row), ended_by="TMOUT" if row[3] else None) for row in classes]
    return dict(copy.deepcopy(GOOD), classes=rows, **more)


TEN = [f"u{number}" for number in range(10)]
DASH = ("/bin/dash", None, "never", "Uses dash.")
# classes, the codes of the reasons, and a part of the first text
CROWDS = [
    ([(50000, TEN, "/bin/bash", 900, "ends", "x")], [], ""),
    (
        [(50000, TEN, "/bin/bash", 900, "ends", "x"), (1, ["z"], *DASH)],
        ["uncovered"],
        "Nothing ends an idle session of z (/bin/dash): uses dash.",
    ),
    (
        [(50000, TEN, *DASH)],
        ["uncovered"],
        "u8, u9 and 49,990 more (/bin/dash): uses dash.",
    ),
    (
        [(50000, TEN, *DASH), (20, TEN, *DASH)],
        ["uncovered"],
        "u9 and 50,000 more (/bin/dash): uses dash.",
    ),
    ([(50000, TEN, "/bin/bash", 960, "ends", "x")], ["late"], "u9 and 49,990 more ends after"),
    # who is exempt may be among those without a name, and may be all of them
    ([(3000, TEN, "/bin/bash", 900, "ends", "x"), (1, ["backup"], *DASH)], [], ""),
    ([(3000, TEN, "/bin/bash", 900, "ends", "x"), (11, TEN[:9] + ["backup"], *DASH)],
     ["uncovered"], "u8 and 1 more (/bin/dash)"),
    ([(3000, TEN, "", None, "unknown", "Odd.")], ["shell_unknown"], "(several shells): odd."),
    ([(3000, TEN, "/gone", None, "no_login", "x")], [], ""),
]  # fmt: skip


@pytest.mark.parametrize("classes, codes, words", CROWDS)
def test_more_accounts_than_are_listed(classes, codes, words):
    reasons = judge.judge(POLICY, crowd(*classes))
    assert [reason.code for reason in reasons] == codes
    assert not words or words in reasons[0].text


def test_all_of_a_class_may_be_exempt():
    exempt = [*TEN, "v", "w"]
    asked = Policy(None, Tmout(900, False, exempt))
    good = (3000, TEN, "/bin/bash", 900, "ends", "x")
    assert judge.judge(asked, crowd(good, (12, TEN, *DASH))) == []
    (reason,) = judge.judge(asked, crowd(good, (13, TEN, *DASH)))
    assert "session of 3 more (/bin/dash)" in reason.text


def test_classes_of_no_more_accounts_than_are_listed_say_nothing_new():
    rows = [(2, ["root", "batch"], *DASH)]
    assert judge.judge(POLICY, crowd(*rows)) == []


def test_notes_count_all_accounts():
    rows = [
        (3000, TEN, "/bin/ksh", 900, "ends", "x"),
        (400, TEN, "/gone", None, "no_login", "x"),
    ]
    sentences = judge.notes(POLICY, crowd(*rows))
    assert "Nobody can log in as u0, u1, u2, u3, u4 and 395 more, whose shell" in sentences[0]
    assert "another minute, for u0, u1, u2, u3, u4 and 2,995 more." in sentences[1]


# the directories of a host, and the reasons
DIRECTORIES = [
    ([], []),
    ([{"name": "ldap", "answers": True, "why": "", "asked": 2}], []),
    (
        [{"name": "ldap", "answers": True, "why": "", "asked": 0}],
        ["Of the accounts of the directory ldap none was asked."],
    ),
    (
        [{"name": "sss", "answers": False, "why": "did not answer within 3 seconds", "asked": 0}],
        [
            "Of the accounts of the directory sss none was asked: it did not answer within 3 "
            "seconds."
        ],
    ),
]


@pytest.mark.parametrize("directories, texts", DIRECTORIES)
def test_directories(directories, texts):
    reasons = judge.judge(POLICY, dict(GOOD, directories=directories))
    assert [reason.text for reason in reasons] == texts
    assert all((one.status, one.code) == (UNVERIFIED, "directory") for one in reasons)


# What another sshd has, and whether it needs a reload; what it is to the policy
OTHERS = [
    ((60, 3), False, []),
    ((7, 3), False, [(DIFFERS, "interval")]),
    ((60, 3), True, [(UNVERIFIED, "other_sshd")]),
    ((60, 3), None, [(UNVERIFIED, "other_sshd")]),
    ((None, None), None, [(UNVERIFIED, "other_sshd")]),
]


@pytest.mark.parametrize("numbers, needed, expected", OTHERS)
def test_each_sshd_that_lets_people_in_is_judged(numbers, needed, expected):
    info = copy.deepcopy(GOOD)
    other = {
        "addresses": ["[::]:2222"],
        "told": False,
        "effective": dict(zip(("interval_seconds", "count_max"), numbers)),
        "reload_needed": needed,
    }
    info["sshd"]["daemons"] = [dict(other, told=True, reload_needed=None), other]
    reasons = judge._sshd_reasons(POLICY.client_alive, info["sshd"])
    assert [reason[:2] for reason in reasons] == expected
    assert all("[::]:2222" in reason.text for reason in reasons)
