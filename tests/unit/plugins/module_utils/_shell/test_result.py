# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module returns, and the sentences in it."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._accounts import Account, Shell
from ansible_collections.curfew.session.plugins.module_utils._classes import Class, Classes
from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._identities import Person
from ansible_collections.curfew.session.plugins.module_utils._shell import (
    conflicts,
    options,
    result,
)
from ansible_collections.curfew.session.plugins.module_utils._shell.asking import Answer, Asker
from ansible_collections.curfew.session.plugins.module_utils._shell.definitions import Definition
from ansible_collections.curfew.session.plugins.module_utils._shell.proof import Proof
from ansible_collections.curfew.session.plugins.module_utils._shell.staged import Seen
from ansible_collections.curfew.session.plugins.module_utils._shell.verdict import Verdict

PATH = "/etc/profile.d/tmout.sh"
WANTED = conflicts.Wanted(900, True, True)
ASKED_FOR = options.Options(WANTED, "TMOUT=900\n", PATH, False, True, False, (), ())
BASH = Shell("/x/bash", "/x/bash", "bash", False)
DASH = Shell("/x/dash", "/x/dash", "dash", False)
USERS = [Account("a", "/x/bash"), Account("b", "/x/dash"), Account("c", "/bin/odd")]
STRANGER = Person(None, 65534, 65534)
ROOT = Class(Person("root", 0, 0), "/x/bash", ("root",), ("root",), 1)
UNSTARTED = {"/bin/odd": "is not a program, so that it is never started"}
HOST = options.Host(
    None, USERS, [BASH, DASH], UNSTARTED, {}, [], [], Classes([ROOT], {"root": 0}), STRANGER
)
DROP_IN = reading.Snapshot(PATH, PATH, None, None)


def conflict(number, against):
    definition = Definition(number, "TMOUT=5", "assign", "5", False, False, False, False, number)
    return conflicts.Conflict("/a", definition, "login shells", ("bash",), True, against, True)


def answer(shell, person=STRANGER, tmout="900"):
    return Answer(Asker(shell, person), "answered", 0, "", tmout, True, True, {})


NOBODY = Proof(None, Verdict([], [], {}))
NOTHING = options.Plan([], set())


def finished(proven, asked_for=ASKED_FOR, plan=NOTHING):
    return result.finished(asked_for, HOST, plan, None, proven, ["/copy"])


def test_what_is_planned():
    found = [conflict(number, number < 12) for number in range(1, 14)]
    plan = options.Plan([reading.Change(DROP_IN, b"new")], {("/a", 1)})
    host = HOST._replace(conflicts=found)
    refused = result.planned(ASKED_FOR, host, plan, Seen([answer(BASH)]))
    assert not any(one["disabled"] for one in refused["conflicts"])
    planned = result.planned(ASKED_FOR, host, plan, Seen([answer(BASH)]), refused=False)
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
        [answer(BASH), answer(DASH)],
        Verdict([], [], {Asker(DASH, STRANGER): "dash knows no idle timeout"}),
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
    told = finished(NOBODY._replace(refused="it is refused."))
    assert (told["verified"], told["msg"]) == (False, "No shell was asked.")
    assert told["effective"] is None and told["uncovered"] == []
    assert told["warnings"][0].startswith("No private view of this host can be made, so that nob")
    told = finished(Proof([answer(BASH)], Verdict([], [], {}), "it is refused."))
    assert told["verified"] is False and told["effective"]
    assert "only users without rights were asked" in told["warnings"][-1]


# what root's bash says, and what is said of it beside what all others get
ROOTS = [
    ("900", "Idle sessions end: /x/bash after 900 s."),
    ("60", "Idle sessions end: /x/bash after 900 s, /x/bash of root after 60 s."),
    (None, "Idle sessions end: /x/bash after 900 s. Never: /x/bash of root."),
]


@pytest.mark.parametrize("tmout, said", ROOTS)
def test_who_gets_another_number_is_named(tmout, said):
    answers = [answer(BASH), answer(BASH, ROOT.person, tmout)]
    assert finished(Proof(answers, Verdict([], [], {})))["msg"] == said


def test_what_was_not_to_be_proven():
    asked_for = ASKED_FOR._replace(verify=False)
    told = finished(NOBODY, asked_for)
    assert told["verified"] is None and told["warnings"] == []


def many(number, last):
    """Return the result where so many use dash, and one something odd."""
    users = [Account(f"u{index}", "/x/dash") for index in range(number)] + [last]
    proven = Proof(
        [answer(BASH), answer(DASH)],
        Verdict([], [], {Asker(DASH, STRANGER): "dash knows no idle timeout"}),
    )
    host = HOST._replace(users=users)
    return result.finished(ASKED_FOR, host, NOTHING, None, proven, [])


def test_of_many_uncovered_accounts_one_of_each_kind_is_kept():
    last = Account("last", "/bin/odd")
    told = many(1999, last)
    assert len(told["uncovered"]) == 1000
    assert [one["user"] for one in told["uncovered"][-2:]] == ["u998", "last"]
    (warning,) = told["warnings"]
    assert "u7 and 1,991 more (/x/dash: dash knows no idle timeout); last (/bin/odd: " in warning
    assert warning.endswith("The result holds 1000 of these 2000 accounts.")
    assert "The result holds" not in many(999, last)["warnings"][0]


def test_accounts_that_nobody_asked():
    some = Classes([ROOT], {"root": 0}, frozenset(("a",)))
    proven = Proof([answer(BASH)], Verdict([], [], {}))
    told = result.finished(ASKED_FOR, HOST._replace(classes=some), NOTHING, None, proven, [])
    assert told["verified"] is False
    assert "tell so many accounts apart that 1 of them" in told["warnings"][-1]
