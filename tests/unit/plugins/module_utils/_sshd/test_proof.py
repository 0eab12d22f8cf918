# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sshd says, compared with what is wanted."""

import types

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    asking,
    config,
    facts,
    match,
    options,
    plan,
    proof,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd.host import Work

SETTINGS = (
    options.Setting("ClientAliveInterval", "60", facts.read_seconds),
    options.Setting("ClientAliveCountMax", None, facts.read_number),
)
NOBODY = match.Connection("nobody", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)
BEFORE = config.Tree("/c", {"/c": "", "/d": ""}, {}, [])
AFTER = config.Tree("/c", {"/c": "x", "/d": ""}, {}, [])
CHANGES = Work(None, plan.Plan(BEFORE, AFTER, {"/c": "x"}, []), [], [NOBODY])
CHANGES_NOTHING = Work(None, plan.Plan(BEFORE, BEFORE, {}, []), [], [NOBODY])
TOLD = {"clientaliveinterval": ["60"], "clientalivecountmax": ["3"]}
REFUSED = asking.Rejected("no.")


def request(**given):
    given = dict({"verify": True, "settings": SETTINGS[:1], "reported": SETTINGS}, **given)
    return types.SimpleNamespace(**given)


class Prover:
    """One that gives these answers, and keeps what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def ask(self, questions):
        self.asked = [(question.tree, question.planned) for question in questions]
        return self.answers


def test_values_in():
    values = {"clientaliveinterval": "60", "clientalivecountmax": "3"}
    assert proof.values_in(request(), TOLD) == values
    assert proof.values_in(request(), {}) == dict.fromkeys(values)
    with pytest.raises(asking.Rejected):
        proof.values_in(request(), REFUSED)


# What there is to do, the answers, what is asked, what was in force before
ASKED = [
    (CHANGES_NOTHING, [TOLD], [(BEFORE, False)], "60"),
    (CHANGES, [TOLD, {}], [(AFTER, True), (BEFORE, False)], None),
    (CHANGES, [REFUSED, TOLD], [(AFTER, True), (BEFORE, False)], "60"),
]


@pytest.mark.parametrize("work, answers, asked, before", ASKED)
def test_ask(work, answers, asked, before):
    prover = Prover(*answers)
    found = proof.ask(request(), work, prover)
    assert prover.asked == asked
    assert found.planned == answers[:1]
    assert found.before["clientaliveinterval"] == before


def test_files_that_sshd_refuses_have_no_values():
    assert proof.ask(request(), CHANGES, Prover(TOLD, REFUSED)).before is None
    assert proof.ask(request(), CHANGES_NOTHING, Prover(REFUSED)).before is None


# sshd's message, the same for files as planned
REFUSALS = [
    ("/c line 3: no", "/c line 3 (as it would be written): no"),
    ("/c: line 3: no", "/c: line 3 (as it would be written): no"),
    ("/d line 3: no; /c line 1: no", "/d line 3: no; /c line 1 (as it would be written): no"),
    ("no host", "no host"),
]


@pytest.mark.parametrize("message, planned", REFUSALS)
def test_lines_of_a_planned_file_are_told_to_be_so(message, planned):
    refusal = asking.Rejected(message)
    for work, expected in ((CHANGES, planned), (CHANGES_NOTHING, message)):
        with pytest.raises(asking.Rejected) as caught:
            proof.judge(request(), None, work, proof.Answers(None, [refusal]))
        assert str(caught.value) == expected


def test_judge():
    (proven,) = proof.judge(request(), None, CHANGES, proof.Answers(None, [TOLD]))
    assert proven == (NOBODY, {"clientaliveinterval": "60", "clientalivecountmax": "3"})
