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


NOBODY = Proof(None, Verdict([], [], {}))
NOTHING = options.Plan([], set())


def finished(proven, asked_for=ASKED_FOR, plan=NOTHING):
    return result.finished(asked_for, HOST, plan, None, proven, ["/copy"])


def test_what_is_planned():
    found = [conflict(number, number < 12) for number in range(1, 14)]
    plan = options.Plan([reading.Change(DROP_IN, b"new")], {("/a", 1)})
    host = HOST._replace(conflicts=found)
    refused = result.planned(ASKED_FOR, host, plan, [answer(BASH)])
    assert not any(one["disabled"] for one in refused["conflicts"])
    planned = result.planned(ASKED_FOR, host, plan, [answer(BASH)], refused=False)
    assert set(planned) == {"before", "conflicts", "warnings"}
    assert [shell["path"] for shell in planned["before"]] == ["/x/bash"]
    assert [one["disabled"] for one in planned["conflicts"]] == [True] + [False] * 12
    against, others = planned["warnings"][:2]
    assert against.startswith("These contradict it for whoever meets them: /a, line 2: TMOUT=5 (")
    assert against.endswith(" and 2 more.")
    assert others == (
        "TMOUT is defined elsewhere too: /a, line 12: TMOUT=5 (login shells); /a, line 13: TMOUT=5"
        " (login shells)."
    )


def test_rights_alone_are_a_change():
    mended = reading.Change(DROP_IN._replace(data=b"x"), b"x", rights=True)
    for changes, paths in (([mended], [PATH]), ([], [])):
        told = finished(NOBODY, plan=options.Plan(changes, set()))
        assert (told["changed"], told["changed_files"]) == (bool(changes), paths)


def test_what_was_proven():
    proven = Proof(
        [answer(BASH), answer(DASH)], Verdict([], [], {"/x/dash": "dash knows no idle timeout"})
    )
    told = finished(proven)
    assert set(told) == set(result.unknown()) | {"msg", "warnings"}
    assert told["verified"] is True
    assert told["msg"] == "Idle sessions end: /x/bash after 900 s. Never: /x/dash."
    why = "/bin/odd is not a program, so that it is never started"
    assert told["uncovered"] == [
        {"user": "b", "shell": "/x/dash", "why": "dash knows no idle timeout"},
        {"user": "c", "shell": "/bin/odd", "why": why},
    ]
    assert (told["before"], told["backup_files"]) == (None, ["/copy"])
    (warning,) = told["warnings"]
    assert warning.startswith("TMOUT does not log out: b (/x/dash: dash knows no idle timeout); c")


def test_what_could_not_be_proven():
    told = finished(NOBODY)
    assert (told["verified"], told["msg"]) == (False, "No shell was asked.")
    assert told["effective"] is None and told["uncovered"] == []
    assert told["warnings"][0].startswith("No private mount namespace can be made")


def test_what_was_not_to_be_proven():
    asked_for = ASKED_FOR._replace(verify=False)
    told = finished(NOBODY, asked_for)
    assert told["verified"] is None and told["warnings"] == []
