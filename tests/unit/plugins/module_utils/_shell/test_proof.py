# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When shells are asked again, when a view is needed, and what is said then."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _view
from ansible_collections.curfew.session.plugins.module_utils._accounts import Shell
from ansible_collections.curfew.session.plugins.module_utils._classes import Class, Classes
from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._identities import Person
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal
from ansible_collections.curfew.session.plugins.module_utils._shell import (
    asking,
    conflicts,
    obedience,
    options,
    proof,
    staged,
    tracing,
    verdict,
)
from ansible_collections.curfew.session.plugins.module_utils._shell.asking import Asker
from ansible_collections.curfew.session.plugins.module_utils._shell.definitions import Definition
from ansible_collections.curfew.session.plugins.module_utils._shell.reading import Reading

PATH = "/etc/profile.d/tmout.sh"
BASH = Shell("/bin/bash", "/bin/bash", "bash", False)
WANTED = conflicts.Wanted(900, True, True)
ASKED_FOR = options.Options(WANTED, "TMOUT=900\n", PATH, False, True, False, (), ())
DEFINITION = Definition(1, "TMOUT=5", "assign", "5", False, False, False, False, 0)
AGAINST = conflicts.Conflict("/a", DEFINITION, "", ("bash",), True, True, True)


STRANGER = Person(None, 65534, 65534)
ASKER = Asker(BASH, STRANGER)
STAFF = Class(Person("ann", 7, 7, (7, 8)), "/bin/bash", ("ann", "staff"), ("ann",), 1)


def answer(tmout, status="answered", asker=ASKER):
    return asking.Answer(asker, status, 0, "", tmout, True, True, {})


def seen(*answers):
    return staged.Seen(list(answers))


def host(*found):
    readings = {"bash": Reading(["/etc/profile"], True, [])}
    askers, classes = [ASKER, Asker(BASH, STAFF.person)], Classes([STAFF], {"ann": 0})
    return options.Host(None, [], [BASH], {}, readings, list(found), askers, classes, STRANGER)


def plan(*paths):
    changes = [reading.Change(reading.Snapshot(path, path, None, None), b"") for path in paths]
    return options.Plan(changes, set())


@pytest.fixture
def said(monkeypatch):
    """What the shells say, by where they are asked, and the order in which they were."""
    answers, asked, staging = {}, [], []

    def ask_as_is(_askers, terminal=False):
        asked.append(("now", terminal))
        return seen(answers["now", terminal])

    def ask_planned(_askers, planned, terminal=False):
        staging.append([change.snapshot.path for change in planned])
        asked.append(("staged", terminal))
        return [answers["staged", terminal]]

    def readers_of(*_given):
        raise _view.NoView("none")

    seen_to_end = obedience.Obedience(verdict.Verdict([], [], {}), [])
    monkeypatch.setattr(obedience, "observe", lambda *_given: seen_to_end)
    monkeypatch.setattr(tracing, "last_lines", lambda *_given: {})
    monkeypatch.setattr(staged, "ask_as_is", ask_as_is)
    monkeypatch.setattr(staged, "ask_planned", ask_planned)
    monkeypatch.setattr(staged, "readers_of", readers_of)
    return answers, asked, staging


def prove_staged(asked_for, host, plan, before):
    return proof.prove_staged(asked_for, host, plan, before, plan.changes)


def test_what_is_in_force_is_not_asked_again(said):
    proven = proof.prove_as_is(ASKED_FOR, host(), plan(), seen(answer("900")))
    assert proven.after == [answer("900")] and not proven.verdict.problems
    assert said[1] == []


def test_nobody_is_asked_without_verify(said):
    asked_for = ASKED_FOR._replace(verify=False)
    assert proof.ask_now(asked_for, host()) is None
    for prove in (proof.prove_as_is, prove_staged, proof.prove_written):
        assert prove(asked_for, host(AGAINST), plan(PATH), None).after is None
    assert said[1] == []


def test_what_would_not_be_in_force_is_refused(said):
    said[0].update({("staged", False): answer("5"), ("staged", True): answer("5")})
    with pytest.raises(Refusal) as caught:
        prove_staged(ASKED_FOR, host(AGAINST), plan(PATH), seen(answer(None)))
    assert str(caught.value) == (
        "TMOUT would be 5 in /bin/bash, not 900 because of /a, line 1: TMOUT=5."
    )
    assert caught.value.known == {"verified": False}


def test_the_planned_files_of_all_are_in_the_view(said):
    """A line of another mechanism's may decide what TMOUT is."""
    said[0].update({("staged", False): answer("900"), ("staged", True): answer("900")})
    said[0]["now", True] = answer(None)
    planned = plan("/etc/ssh/sshd_config", PATH).changes
    proof.prove_staged(ASKED_FOR, host(AGAINST), plan(PATH), seen(answer(None)), planned)
    assert said[2] == [["/etc/ssh/sshd_config", PATH]] * 2


def test_where_no_view_can_be_had_there_is_no_answer(said):
    before = seen(answer(None))._replace(refused="none.")
    proven = prove_staged(ASKED_FOR, host(AGAINST), plan(PATH), before)
    assert proven[:3] == (None, ([], [], {}), "none.")
    assert said[1] == []


# the options, and whether who is in the group staff may have another value
SPARED = [((), (), False), (("ann",), (), True), ((), ("staff",), True), ((), ("wheel",), False)]


@pytest.mark.parametrize("users, groups, spared", SPARED)
def test_who_is_left_alone_may_have_another_value(said, users, groups, spared):
    asked_for = ASKED_FOR._replace(exempt_users=users, exempt_groups=groups)
    other = answer("5", asker=Asker(BASH, STAFF.person))
    before = seen(answer("900"), other)
    if spared:
        assert proof.prove_as_is(asked_for, host(), plan(), before).after == before.answers
    else:
        with pytest.raises(Refusal, match="TMOUT would be 5 in /bin/bash of ann, not 900"):
            proof.prove_as_is(asked_for, host(), plan(), before)


def test_a_shell_that_cannot_be_asked_is_not_waited_for_again(said):
    with pytest.raises(Refusal, match="cannot be asked"):
        prove_staged(ASKED_FOR, host(), plan(PATH), seen(answer(None, "hangs")))
    assert said[1] == []
    said[0]["staged", False] = answer("900")  # what else is edited may mend it
    prove_staged(ASKED_FOR, host(), plan("/etc/profile", PATH), seen(answer(None, "hangs")))
    assert said[1] == [("staged", False)]


# what is said at a terminal before and after, and whether that is refused
AT_TERMINAL = [("900", "900", False), ("5", "900", False), ("900", "5", True)]


@pytest.mark.parametrize("before, after, refused", AT_TERMINAL)
def test_a_line_that_stays_is_tried_at_a_terminal(said, before, after, refused):
    said[0].update(
        {("staged", False): answer("900"), ("staged", True): answer(after)},
    )
    said[0]["now", True] = answer(before)
    planned = plan(PATH)
    if refused:
        with pytest.raises(Refusal, match="^At a terminal: TMOUT would be 5"):
            prove_staged(ASKED_FOR, host(AGAINST), planned, seen(answer(None)))
    else:
        prove_staged(ASKED_FOR, host(AGAINST), planned, seen(answer(None)))
    assert said[1] == [("staged", False), ("now", True), ("staged", True)]


def test_a_line_that_is_disabled_needs_no_terminal(said):
    said[0]["staged", False] = answer("900")
    planned = plan("/a", PATH)._replace(disabled={AGAINST.position})
    prove_staged(ASKED_FOR, host(AGAINST), planned, seen(answer(None)))
    assert said[1] == [("staged", False)]


def test_who_waits_at_a_terminal_is_not_compared(said):
    said[0]["now", True] = answer(None, "hangs")
    proof.prove_as_is(ASKED_FOR, host(AGAINST), plan(), seen(answer("900")))
    assert said[1] == [("now", True), ("now", True)]
