# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module returns, and the sentences in it."""

from ansible_collections.curfew.session.plugins.module_utils._accounts import Account, Shell
from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._shell import (
    conflicts,
    options,
    result,
)
from ansible_collections.curfew.session.plugins.module_utils._shell.asking import Answer
from ansible_collections.curfew.session.plugins.module_utils._shell.definitions import Definition
from ansible_collections.curfew.session.plugins.module_utils._shell.proof import Proof
from ansible_collections.curfew.session.plugins.module_utils._shell.verdict import Verdict

PATH = "/etc/profile.d/tmout.sh"
WANTED = conflicts.Wanted(900, True, True)
ASKED_FOR = options.Options(WANTED, "TMOUT=900\n", PATH, False, True, False, (1, 1))
BASH = Shell("/x/bash", "/x/bash", "bash", False)
DASH = Shell("/x/dash", "/x/dash", "dash", False)
USERS = [Account("a", "/x/bash"), Account("b", "/x/dash"), Account("c", "/bin/odd")]
HOST = options.Host(None, USERS, [BASH, DASH], {"/bin/odd": "is not a program"}, {}, [])
DROP_IN = reading.Snapshot(PATH, PATH, None, None)


def conflict(number, against):
    definition = Definition(number, "TMOUT=5", "assign", "5", False, False, False, False, number)
    return conflicts.Conflict("/a", definition, "login shells", ("bash",), True, against, True)


def answer(shell):
    return Answer(shell, "answered", 0, "", "900", True, True, {})


def test_what_is_planned():
    found = [conflict(number, number < 12) for number in range(1, 14)]
    plan = options.Plan([reading.Change(DROP_IN, b"new")], {("/a", 1)}, DROP_IN, False)
    planned = result.planned(ASKED_FOR, HOST._replace(conflicts=found), plan, ["Note."])
    assert set(planned) == set(result.empty_result())
    assert planned["changed"] is True and planned["diff"][0]["after"] == "new"
    assert [one["disabled"] for one in planned["conflicts"]] == [True] + [False] * 12
    note, against, others = planned["warnings"][:3]
    assert note == "Note."
    assert against.startswith("These contradict it for whoever meets them: /a, line 2: TMOUT=5 (")
    assert against.endswith(" and 2 more.")
    assert others == (
        "TMOUT is defined elsewhere too: /a, line 12: TMOUT=5 (login shells); /a, line 13: TMOUT=5"
        " (login shells)."
    )


def test_rights_alone_are_a_change():
    plan = options.Plan([], set(), DROP_IN, True)
    assert result.planned(ASKED_FOR, HOST, plan, [])["changed"] is True
    assert result.planned(ASKED_FOR, HOST, plan._replace(repair=False), [])["changed"] is False


def test_what_was_proven():
    proven = Proof(
        [answer(BASH), answer(DASH)], Verdict([], [], {"/x/dash": "dash knows no idle timeout"})
    )
    finished = result.finished(result.empty_result(), ASKED_FOR, HOST, proven)
    assert finished["verified"] is True
    assert finished["msg"] == "Idle sessions end: /x/bash after 900 s. Never: /x/dash."
    why = "/bin/odd is not a program, so that it is never started"
    assert finished["uncovered"] == [
        {"user": "b", "shell": "/x/dash", "why": "dash knows no idle timeout"},
        {"user": "c", "shell": "/bin/odd", "why": why},
    ]
    (warning,) = finished["warnings"]
    assert warning.startswith("TMOUT does not log out: b (/x/dash: dash knows no idle timeout); c")


def test_what_could_not_be_proven():
    finished = result.finished(
        result.empty_result(), ASKED_FOR, HOST, Proof(None, Verdict([], [], {}))
    )
    assert (finished["verified"], finished["msg"]) == (False, "No shell was asked.")
    assert finished["effective"] is None and finished["uncovered"] == []
    assert finished["warnings"][0].startswith("No private mount namespace can be made")


def test_what_was_not_to_be_proven():
    asked_for = ASKED_FOR._replace(verify=False)
    finished = result.finished(
        result.empty_result(), asked_for, HOST, Proof(None, Verdict([], [], {}))
    )
    assert finished["verified"] is None and finished["warnings"] == []
