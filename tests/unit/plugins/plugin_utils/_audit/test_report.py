# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import datetime
import json

import pytest

from ansible_collections.curfew.session.plugins.plugin_utils._audit import page as audit_page
from ansible_collections.curfew.session.plugins.plugin_utils._audit import report as audit_report
from ansible_collections.curfew.session.plugins.plugin_utils._audit.report import Answer

NOW = datetime.datetime(
    2026, 11, 22, 13, 0, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=1))
)
ASKED = {
    "session_timeouts_client_alive_interval": 60,
    "session_timeouts_client_alive_count_max": 3,
    "session_timeouts_tmout": 900,
}
INFO = {
    "changed": False,
    "ansible_facts": {"discovered_interpreter_python": "/usr/bin/python3"},
    "sshd": {
        "effective": {"interval_seconds": 60, "count_max": 3},
        "detection_seconds": {"min": 180, "max": 240},
        "reload_needed": False,
    },
    "logind": {"stop_idle_session_seconds": 7200},
    "accounts": [
        {"user": "root", "shell": "/bin/bash", "idle_logout_seconds": 900, "ended_by": "TMOUT"},
        {"user": "ops", "shell": "/bin/bash", "idle_logout_seconds": 900, "ended_by": "TMOUT"},
    ],
}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "\u2028\u2029",
    "\"'&<>",
    "\ud800\x00",
    "@@script@@ @@report@@",
    "]]>",
)
# What became of a host, and what the report says of it.
FATES = [
    (INFO, "holds", []),
    (None, "unverified", ["not_asked"]),
    ({}, "unverified", ["not_asked"]),
    ({"skipped": True}, "unverified", ["not_asked"]),
    ({"unreachable": True, "msg": "no\nroute"}, "unreachable", ["unreachable"]),
    ({"failed": True, "msg": "Missing sudo password"}, "unverified", ["failed"]),
    ({"failed": True}, "unverified", ["failed"]),
    (
        dict(INFO, accounts=[dict(INFO["accounts"][0], idle_logout_seconds=None)]),
        "differs",
        ["uncovered"],
    ),
]


def build(*results):
    answers = [Answer(f"h{n}", ASKED, None, result) for n, result in enumerate(results)]
    return audit_report.build(answers, "1.2.3", NOW)


@pytest.mark.parametrize("result, status, codes", FATES)
def test_fates(result, status, codes):
    report = build(result)
    host = report["hosts"][0]
    assert (host["status"], [one["code"] for one in host["reasons"]]) == (status, codes)
    assert report["holds"] == host["holds"] == (status == "holds")
    assert report["summary"][status] == report["summary"]["hosts"] == 1
    assert [one["code"] for one in report["reasons"]] == codes


def test_head():
    report = build(INFO)
    assert report["schema_version"] == 1
    assert report["collection"] == {"name": "curfew.session", "version": "1.2.3"}
    assert report["generated_at"] == "2026-11-22T12:00:09Z"


def test_unreachable_sentence():
    message = "Task failed: Action failed: no\n route"
    host = build({"unreachable": True, "msg": message})["hosts"][0]
    assert host["reasons"][0]["text"] == "The host could not be reached: no route."


@pytest.mark.parametrize(
    "results, sentence",
    [
        ([], "No host was asked."),
        ([INFO], "The policy holds on the one host."),
        ([INFO, INFO], "The policy holds on all 2 hosts."),
        ([INFO, None, INFO], "The policy holds on 2 of 3 hosts, and not on h1."),
        ([None, {}], "The policy holds on none of 2 hosts, and not on h0 and h1."),
        ([None], "The policy does not hold on the one host: h0."),
    ],
)
def test_sentence(results, sentence):
    report = build(*results)
    assert report["sentence"] == sentence
    assert report["holds"] == bool(results and all(results))


def test_policy_error():
    bad = Answer("h", dict(ASKED, session_timeouts_tmout="soon"), None, INFO)
    unknown = Answer("h", None, "'nope' is undefined", INFO)
    for answer, part in ((bad, "session_timeouts_tmout: 'soon'"), (unknown, "'nope' is undefined")):
        host = audit_report.build([answer], "1", NOW)["hosts"][0]
        assert host["status"] == "unverified" and host["policy"] is None
        assert part in host["reasons"][0]["text"]


def test_timeline():
    users = [
        dict(INFO["accounts"][0], user="slow", idle_logout_seconds=1200),
        dict(INFO["accounts"][0], user="web", idle_logout_seconds=None, ended_by=None),
    ]
    users += [
        dict(users[1], user="odd", state="unknown"),
        dict(users[1], user="gone", state="no_login"),
    ]
    lanes = build(dict(INFO, accounts=INFO["accounts"] + users))["hosts"][0]["timeline"]
    assert [(one["kind"], one["users"], one["when"], one["beyond_limit"]) for one in lanes] == [
        ("idle", ["root", "ops"], "15 min", False),
        ("idle", ["slow"], "20 min", True),
        ("idle", ["odd"], "not known", False),
        ("idle", ["web"], "never", True),
        ("gone", [], "3 to 4 min", False),
        ("logind", [], "2 h", False),
    ]
    assert lanes[4]["limit_seconds"] == 240
    assert [one["known"] for one in lanes] == [True, True, False, True, True, True]


# sshd's numbers and release, and what the report says of a client that vanishes
GONE = [
    (0, 3, None, "never"),
    (60, 0, "OpenSSH_9.2p1", "never"),
    (60, 0, "OpenSSH_8.0p1", "not known"),
    (60, 0, None, "not known"),
    (None, None, "OpenSSH_9.2p1", "not known"),
]


@pytest.mark.parametrize("interval, count_max, version, when", GONE)
def test_vanished_clients(interval, count_max, version, when):
    sshd = {
        "effective": {"interval_seconds": interval, "count_max": count_max},
        "version": version,
        "detection_seconds": None,
    }
    lane = build(dict(INFO, sshd=sshd, accounts=[]))["hosts"][0]["timeline"][0]
    assert (lane["kind"], lane["when"]) == ("gone", when)
    assert lane["known"] == lane["beyond_limit"] == (when == "never")


@pytest.mark.parametrize(
    "value",
    [
        {"accounts": {"a": 1}},
        {"accounts": [[], None, 3]},
        {"sshd": []},
        {"shells": 7},
        {"sshd": {"effective": [], "definitions": [None], "detection_seconds": 3}},
        {"sshd": {"effective": {"interval_seconds": float("nan"), "count_max": 10**400}}},
        {"accounts": [{"user": {}, "shell": [], "idle_logout_seconds": -5}]},
        {"verdict": {"deep": [[[[[[[[[[[[[[[[["x"]]]]]]]]]]]]]]]]]}},
        {3: 4},
        {"logind": "x"},
    ],
)
def test_any_shape(value):
    report = build(dict(INFO, **{str(key): one for key, one in value.items()}))
    json.loads(json.dumps(report, allow_nan=False))
    assert "<html" in audit_page.render(report)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text(text):
    report = audit_report.build(
        [
            Answer(text, ASKED, None, dict(INFO, verdict=[text], **{text: text})),
            Answer(text, ASKED, text, {"unreachable": True, "msg": text}),
        ],
        "1",
        NOW,
    )
    page = audit_page.render(report)
    json.dumps(report).encode("utf-8")
    page.encode("utf-8")
    clean = audit_page.render(build(INFO))
    for mark in ("<script", "</script", "<!--", "\u2028", "\u2029"):
        assert page.count(mark) == clean.count(mark)
    block = page.partition('id="report">')[2].partition("</script>")[0]
    assert json.loads(block) == json.loads(json.dumps(report))
    assert not set(block) & set("<>&")


def test_long_text_is_cut():
    report = build(dict(INFO, verdict=["x" * 100000]))
    assert len(report["hosts"][0]["info"]["verdict"][0]) < 2100


def test_page_needs_nothing_else():
    page = audit_page.render(build(INFO))
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


# ends of a lane, and what stands beside it
SHORT = [
    ((0, 0), "0 s"),
    ((1, 1), "1 s"),
    ((60, 60), "1 min"),
    ((900, 900), "15 min"),
    ((5400, 5400), "1 h 30 min"),
    ((86461, 86461), "1 d 1 min 1 s"),
    ((180, 240), "3 to 4 min"),
    ((60, 120), "1 to 2 min"),
    ((50, 60), "50 s to 1 min"),
    ((3, 6), "3 to 6 s"),
    ((90, 180), "1 min 30 s to 3 min"),
    ((None, None), "never"),
]


@pytest.mark.parametrize("ends, text", SHORT)
def test_when(ends, text):
    assert audit_report._lane("gone", [], ends, None, False, "nothing")["when"] == text
