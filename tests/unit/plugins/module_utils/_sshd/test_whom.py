# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For which accounts a request would be in force."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _directory
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    explain,
    members,
    plan,
    proof,
    whom,
)

from .people import NOBODY, local
from .situations import situation

OURS = "ClientAliveInterval 60\n"
# The blocks; for whom it would be otherwise, if for everybody; of root, whether that is a warning
BLOCKS = [
    ("", None, False),
    ("Match Group *,!breakglass\nClientAliveInterval 0\n", "0, not 60, for root, alice, bruno and"
     " lone: /c line 3 in the scope Match Group *,!breakglass says 'ClientAliveInterval 0'", False),
    ("Match User root,alice,bruno,lone\nClientAliveInterval 0\n", "for root, alice, bruno", False),
    ("Match User root,alice\nClientAliveInterval 8\nMatch Group staff\nClientAliveInterval 9\n",
     "9, not 60, for bruno and lone: /c line 5", False),
    ("Match Version OpenSSH_10* User root,*o,lone,a*\nClientAliveInterval 0\n", "for root,", False),
    ("Match User root,alice,bruno\nClientAliveInterval 0\n", None, True),
    ("Match Group staff\nClientAliveInterval 0\n", None, False),
    ("Match User root\nClientAliveInterval 60\nMatch User *ice,root\nClientAliveInterval 0\n",
     None, False),
    ("Match User root,alice,bruno,lone Address 10.0.0.0/8\nClientAliveInterval 0\n", None, False),
]  # fmt: skip


def work_of(text, people, **given):
    request, host, work = situation(OURS + text, [], **given)
    return request, host, work._replace(people=people, connections=[NOBODY])


def asked(request, work, answers=None):
    """The classes of accounts, with what sshd says: what the text does."""
    classes = whom.parted(request, work)
    said = {} if answers is None else answers
    values = [whom.text_says(request, one).values["clientaliveinterval"] for one in classes]
    return [
        (one, {"clientaliveinterval": [said.get(one.connection.user, value)]})
        for one, value in zip(classes, values)
    ]


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("text, refusal, warned", BLOCKS)
def test_what_no_account_gets_is_not_done(tmp_path, monkeypatch, text, refusal, warned, verify):
    monkeypatch.setattr(_directory, "sources", list)
    request, host, work = work_of(text, local(tmp_path, monkeypatch), verify=verify)
    ours = {"clientaliveinterval": ["60"]}
    classes = [(one, said if verify else None) for one, said in asked(request, work)]
    answers = proof.Answers(None, [ours], classes)
    if refusal is None:
        proof.judge(request, host, work, answers)
        found = proof.exceptions(request, work, answers)
        assert [one[:12] for one in found] == ["root gets Cl"] * warned
        return
    with pytest.raises(Refusal) as caught:
        proof.judge(request, host, work, answers)
    assert refusal in str(caught.value)
    assert str(caught.value).startswith("No account that can log in on this host would get it.")
    assert all(one["accounts"]["count"] for one in caught.value.known["conflicts"])


def test_sshd_decides_and_not_the_text(tmp_path, monkeypatch):
    monkeypatch.setattr(_directory, "sources", list)
    text = "Match User root,alice,bruno,lone\nClientAliveInterval 0\n"
    request, host, work = work_of(text, local(tmp_path, monkeypatch))
    answers = proof.Answers(
        None, [{"clientaliveinterval": ["60"]}], asked(request, work, {"root": "60"})
    )
    proof.judge(request, host, work, answers)
    text = "Match User alice\nClientAliveInterval 60\n"
    request, host, work = work_of(text, local(tmp_path, monkeypatch))
    wrong = asked(request, work, {"root": "5", "alice": "5"})
    with pytest.raises(Refusal, match="for root, bruno and lone: /c line 1"):
        proof.judge(
            request, host, work, proof.Answers(None, [{"clientaliveinterval": ["60"]}], wrong)
        )


def test_a_run_about_a_block_asks_about_nobody_else(tmp_path, monkeypatch):
    text = "Match User alice\nClientAliveInterval 5\n"
    request, _host, work = work_of(text, local(tmp_path, monkeypatch), match="User root")
    assert whom.parted(request, work) == []


# Blocks that all local accounts meet; whether accounts of a directory would, too
DIRECTORY = [
    ("Match User root,alice,bruno,lone\nClientAliveInterval 0\n", False),
    ("Match Group *,!breakglass\nClientAliveInterval 0\n", True),
]


@pytest.mark.parametrize("text, met", DIRECTORY)
def test_accounts_of_a_directory_may_get_it(tmp_path, monkeypatch, text, met):
    monkeypatch.setattr(_directory, "sources", lambda: ["ldap"])
    request, _host, work = work_of(text, local(tmp_path, monkeypatch))
    replies = [whom.Reply(one, {"clientaliveinterval": "0"}) for one in whom.parted(request, work)]
    assert whom.is_for_nobody(request, work, replies) is met
    if not met:
        (warning,) = whom.excepted(request, work, replies)
        assert warning.startswith(
            "No account of /etc/passwd that can log in gets it, only those of"
        )


def test_what_no_line_explains(tmp_path, monkeypatch):
    request, host, work = work_of("", local(tmp_path, monkeypatch))
    one = members.Class(members.Accounts(12, ["a", "b"]), NOBODY, (None,), False)
    reply = whom.Reply(one, {"clientaliveinterval": "7"})
    said, _conflicts = explain.for_accounts(request, host, work, [reply])
    assert "would be 7, not 60, for a, b and 10 more: no line explains it." in said


def test_exceptions_are_looked_for_in_conditional_blocks_alone():
    for text, expected in (
        (OURS, False),
        (OURS + "Match all\nClientAliveInterval 5\n", False),
        (OURS + "Match User a\nClientAliveInterval 60\n", False),
        (OURS + "Match User a\nClientAliveInterval 5\n", True),
    ):
        request, _host, work = situation(text, [])
        assert plan.has_exceptions(work.plan, request.settings) is expected
