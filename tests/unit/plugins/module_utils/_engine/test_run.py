# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order the steps of several mechanisms are taken, and what a run says that cannot."""

import os
import threading
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils._engine import run, write
from ansible_collections.curfew.session.plugins.module_utils._files import changes, lock, reading
from ansible_collections.curfew.session.plugins.module_utils._files.reading import Change, read
from ansible_collections.curfew.session.plugins.module_utils._refusal import BadOption, Refusal

from .toys import Alarm, Toy, open_text, run_all

LOOKING = ("options", "look", "plan", "ask", "prove")
# Those steps of which a run may end with what it was told by a mechanism.
STEPS = LOOKING + ("ordered", "activation", "prove_written")


def both(homes, **given):
    """Two mechanisms, each with a file in a folder of its own, and the log of both."""
    log = []
    first = dict(log=log, **given.get("first", {}))
    return (
        Toy("first", homes.ssh / "file", **first),
        Toy("second", homes.profile / "file", **dict(log=log, **given.get("second", {}))),
        log,
    )


def test_each_step_is_taken_with_all_before_the_next(homes):
    first, second, log = both(homes)
    outcome = run_all(first, second)
    assert outcome.stopped is None
    taken = [step for name, step in log if name == "first"]
    assert tuple(taken[:5]) == LOOKING
    assert set(taken[5:]) == {"ordered", "activation", "prove_written", "result"}
    for step in LOOKING + ("prove_written", "result"):
        at = log.index(("first", step))
        assert log[at + 1] == ("second", step)
    assert taken.index("activation") < taken.index("prove_written") < taken.index("result")


def test_what_several_ask_is_asked_through_one(homes):
    first, second, _log = both(homes)
    run_all(first, second)
    assert first.met["look"] is second.met["look"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("whose", ["first", "second"])
def test_who_stands_in_the_way_is_named_and_nothing_is_changed(homes, step, whose):
    first, second, log = both(homes, **{whose: {"fails": step}})
    before = homes.state()
    outcome = run_all(first, second)
    assert outcome.stopped.mechanism == whose and str(outcome.stopped).startswith("It is so.")
    assert outcome.stopped.undone == (step == "prove_written")
    assert homes.state() == before
    assert (outcome.changed_files, outcome.diff) == ([], [])
    for name in ("first", "second"):
        result = outcome.results[name]
        assert set(result) == {"changed", "verified", "reached", "why"}
        assert (result["changed"], result["verified"]) == (False, None)
        assert result["why"] == ("known" if name == whose else None)
    # What each knows by then: who has not ended, all up to the step at which the other has.
    number = LOOKING.index(step) if step in LOOKING else len(LOOKING)
    previous = LOOKING[number - 1] if number else None
    assert outcome.results["second"]["reached"] == previous
    is_ahead = whose == "second" and step in LOOKING
    assert outcome.results["first"]["reached"] == (step if is_ahead else previous)


@pytest.mark.parametrize("step", STEPS)
def test_what_the_system_refuses_ends_a_run_too(homes, step):
    error = OSError(5, "Input/output error", "/proc")
    first, second, _log = both(homes, second={"fails": step, "error": error})
    before = homes.state()
    outcome = run_all(first, second)
    assert outcome.stopped.mechanism == "second"
    assert str(outcome.stopped).startswith("/proc: Input/output error.")
    assert outcome.results["second"]["why"] is None and homes.state() == before


@pytest.mark.parametrize("step", STEPS)
def test_a_bug_is_one_and_changes_nothing(homes, step):
    first, second, _log = both(homes, second={"fails": step, "error": KeyError("a bug")})
    before = homes.state()
    with pytest.raises(KeyError):
        run_all(first, second)
    assert homes.state() == before
    for home in homes:
        with lock.locked(str(home), wait=0):
            pass


def test_a_run_that_writes(homes):
    first, second, _log = both(homes)
    outcome = run_all(first, second)
    assert [open_text(path) for path in homes.files()] == ["old\nfirst\n", "old\nsecond\n"]
    assert outcome.changed_files == [str(path) for path in homes.files()]
    assert [(one["before"], one["after"]) for one in outcome.diff] == [
        ("old\n", "old\nfirst\n"),
        ("old\n", "old\nsecond\n"),
    ]
    assert all(outcome.results[name]["written"] for name in ("first", "second"))
    assert first.met["written"] == ["old\nfirst\n"]
    assert sorted(homes.state()) == ["profile.d/file", "ssh/file"]


def test_check_mode_writes_nothing_and_foresees_the_rest(homes):
    first, second, log = both(homes)
    before = homes.state()
    outcome = run_all(first, second, check_mode=True)
    assert homes.state() == before
    assert [step for name, step in log if name == "second"] == list(LOOKING) + ["result"]
    assert not outcome.results["first"]["written"]
    real = run_all(*both(homes)[:2])
    assert (outcome.changed_files, outcome.diff) == (real.changed_files, real.diff)


def test_check_mode_waits_for_nobody(homes):
    with lock.locked(str(homes.ssh)), lock.locked(str(homes.profile)):
        assert run_all(*both(homes)[:2], check_mode=True).stopped is None


def test_where_all_is_well_nothing_is_written(homes, monkeypatch):
    monkeypatch.setattr(write, "write", lambda *_given: pytest.fail("written"))
    log = []
    toys = Toy("first", home=homes.ssh, log=log), Toy("second", home=homes.profile, log=log)
    outcome = run_all(*toys)
    assert (outcome.changed_files, outcome.diff, outcome.stopped) == ([], [], None)
    assert [step for name, step in log if name == "first"] == list(LOOKING) + ["result"]


def test_something_may_be_due_although_no_file_changes(homes):
    log = []
    alarm = Alarm("sshd", log)
    toy = Toy("first", home=homes.ssh, log=log, is_due=True, alarm=alarm)
    before = homes.state()
    assert run_all(toy, check_mode=True).results["first"]["changed"] and ("sshd", "run") not in log
    del log[:]
    outcome = run_all(toy)
    assert outcome.results["first"]["written"] and outcome.changed_files == []
    assert log.count(("sshd", "run")) == 1 and homes.state() == before


def test_who_comes_later_plans_on_top_of_who_came_earlier(homes):
    log, (path, other) = [], homes.files()
    first = Toy("first", path, log=log, shared=[str(path)])
    second = Toy("second", path, log=log, shared=[str(path)])
    third = Toy("third", other, log=log)
    before = read(str(path))
    outcome = run_all(first, second, third)
    assert open_text(path) == "old\nfirst\nsecond\n"
    assert first.met["plan"] == ()
    assert [change.after for change in second.met["plan"]] == [b"old\nfirst\n"]
    merged = [b"old\nfirst\nsecond\n", b"old\nthird\n"]
    for toy in (first, second, third):
        for step in ("ask", "prove"):
            assert [change.after for change in toy.met[step]] == merged
    assert first.met["ask"][0].snapshot == before
    assert outcome.changed_files == [str(path), str(other)]
    assert [one["after"] for one in outcome.diff] == [text.decode() for text in merged]
    assert outcome.diff[0]["before"] == "old\n"
    assert first.met["written"] == second.met["written"] == ["old\nfirst\nsecond\n"]


def test_files_are_written_in_the_order_that_each_asks_for(homes, monkeypatch):
    paths = [homes.ssh / "a", homes.ssh / "b"]
    written = []
    place = changes._place
    monkeypatch.setattr(
        changes, "_place", lambda entry: written.append(entry.target) or place(entry)
    )
    run_all(Toy("first", *paths), Toy("second", homes.profile / "file"))
    wanted = [homes.ssh / "b", homes.ssh / "a", homes.profile / "file"]
    assert written == [str(path) for path in wanted]


# The files that are the first one's and the second one's alone, and that they share; refused?
OWN = [
    (("/a",), (), ("/a",), (), True),
    (("/a",), (), (), ("/a",), True),
    ((), ("/a",), ("/a",), (), True),
    ((), ("/a",), (), ("/a",), False),
    (("/a",), (), ("/b",), ("/c",), False),
    (("/a",), ("/a",), (), (), False),
]


@pytest.mark.parametrize("own, shared, its, others, refused", OWN)
def test_two_that_want_one_file(homes, own, shared, its, others, refused):
    log = []
    first = Toy("first", home=homes.ssh, log=log, own=own, shared=shared)
    second = Toy("second", home=homes.ssh, log=log, own=its, shared=others)
    outcome = run_all(first, second)
    assert bool(outcome.stopped) == refused
    if refused:
        assert str(outcome.stopped) == "/a is what first changes: it cannot be second's too."
        assert outcome.stopped.mechanism == "second"
        assert ("first", "plan") not in log


def test_text_that_no_host_can_take_is_an_option_that_is_wrong(homes):
    first, second, log = both(homes)
    outcome = run_all(first, second, text="a\0")
    assert outcome.stopped.option.option == "text"
    assert outcome.stopped.mechanism == "first" and log == []


def test_a_file_that_nobody_should_write_to_is_refused_before_anybody_is_asked(homes):
    first, second, log = both(homes)
    os.link(str(homes.profile / "file"), str(homes.profile / "twin"))
    for check_mode in (True, False):
        del log[:]
        outcome = run_all(*both(homes)[:2], check_mode=check_mode)
        assert "has 2 names" in str(outcome.stopped)
        assert outcome.stopped.mechanism == "second"
        assert not outcome.stopped.undone


def test_copies_are_kept_for_those_who_ask_and_told_to_them(homes):
    first, second, _log = both(homes, second={"backup": True})
    outcome = run_all(first, second)
    assert outcome.results["first"]["backup_files"] == []
    (kept,) = outcome.results["second"]["backup_files"]
    assert os.path.dirname(kept) == str(homes.profile) and open_text(kept) == "old\n"


def test_warnings_come_once_and_not_in_the_results(homes):
    first, second, _log = both(
        homes, first={"warnings": ["a", "b"]}, second={"warnings": ["b", "c"]}
    )
    outcome = run_all(first, second)
    assert outcome.warnings == ["a", "b", "c"]
    assert not any("warnings" in result for result in outcome.results.values())


def test_what_is_known_by_then_may_hold_warnings(homes):
    error = Refusal("It is so.", {"warnings": ["a"]})
    first, second, _log = both(homes, first={"fails": "prove", "error": error})
    outcome = run_all(first, second)
    assert outcome.warnings == ["a"] and "warnings" not in outcome.results["first"]


def test_one_mechanism_alone(homes):
    toy = Toy("first", homes.ssh / "file", warnings=["a"])
    result = run.run_one(toy, {}, False)
    assert result["changed"] and result["warnings"] == ["a"] and result["written"]
    assert result["diff"][0]["after"] == "old\nfirst\n" and "failed" not in result


def test_one_mechanism_that_cannot(homes):
    toy = Toy("first", homes.ssh / "file", fails="prove")
    result = run.run_one(toy, {}, False)
    assert result["failed"] and result["msg"] == "It is so. Nothing was changed."
    assert (result["reached"], result["diff"], result["changed"]) == ("ask", [], False)
    bad = Toy("first", fails="options", error=BadOption("text", "is odd."))
    assert run.run_one(bad, {}, False)["msg"] == "Option text: is odd. Nothing was changed."
    late = Toy("first", homes.ssh / "file", fails="prove_written")
    assert run.run_one(late, {}, False)["msg"] == "It is so. The files are as they were."


# What a run meets that comes after one that was killed.


def killed(homes, *paths):
    """Leave what a run does that is killed once it has written these."""
    planned = [Change(read(str(path)), b"half\n") for path in paths]
    folders = dict.fromkeys(os.path.dirname(str(path)) for path in paths)
    changes.Transaction(list(folders), planned).write()


def test_a_killed_run_is_taken_back_first(homes):
    killed(homes, homes.ssh / "file")
    outcome = run_all(*both(homes)[:2])
    assert [open_text(path) for path in homes.files()] == ["old\nfirst\n", "old\nsecond\n"]
    (note,) = outcome.warnings
    assert note.startswith("An earlier run was interrupted") and "taken back" in note


def test_what_is_taken_back_is_a_change(homes):
    """Of files that this run would not touch."""
    killed(homes, homes.ssh / "file")
    idle = Toy("idle", home=homes.ssh)
    outcome = run_all(idle)
    assert open_text(homes.ssh / "file") == "old\n" and outcome.changed_files == []
    assert outcome.results["idle"]["changed"] is True
    assert run_all(Toy("idle", home=homes.ssh)).results["idle"]["changed"] is False


@pytest.mark.parametrize("wrong", [Refusal("It is so."), OSError(5, "It is so")])
def test_who_cannot_tell_what_was_written_is_named_and_nothing_is_denied(homes, wrong):
    class Silent(Toy):
        def result(self, backup_files=None):
            raise wrong

    silent = Silent("silent", homes.ssh / "file", home=homes.ssh)
    outcome = run_all(silent)
    assert str(outcome.stopped).endswith("It is so. What was asked for is written.")
    assert outcome.stopped.undone and outcome.results["silent"]["changed"] is True
    assert open_text(homes.ssh / "file") != "old\n"


def test_a_run_that_fails_tells_of_it_too(homes):
    killed(homes, homes.ssh / "file")
    first, second, _log = both(homes, second={"fails": "prove"})
    outcome = run_all(first, second)
    assert outcome.stopped and "taken back" in outcome.warnings[0]
    assert outcome.stopped.nothing == "Nothing else"
    assert [told["changed"] for told in outcome.results.values()] == [True, True]
    assert [open_text(path) for path in homes.files()] == ["old\n", "old\n"]


def test_check_mode_only_says_so(homes, monkeypatch):
    """The old file may have two names then, which a real run does not meet."""
    with monkeypatch.context() as patch:
        patch.setattr(changes, "_place", lambda _entry: None)
        killed(homes, *homes.files())
    assert os.lstat(str(homes.ssh / "file")).st_nlink == 2
    before = homes.state()
    outcome = run_all(*both(homes)[:2], check_mode=True)
    assert outcome.stopped is None and homes.state() == before
    assert [note.split(" is left from a run that was killed")[0] for note in outcome.warnings] == [
        str(homes.profile / reading.ELSEWHERE),
        str(homes.ssh / reading.BEGUN),
    ]


def test_a_journal_that_is_none_of_ours_ends_the_run(homes):
    (homes.ssh / reading.BEGUN).write_text("{}")
    (homes.ssh / reading.BEGUN).chmod(0o666)
    before = homes.state()
    outcome = run_all(*both(homes)[:2])
    assert "not private to us" in str(outcome.stopped) and outcome.stopped.mechanism is None
    assert homes.state() == before


@pytest.fixture
def locked(monkeypatch):
    """The folders in the order in which they were locked."""
    taken = []
    original = lock.locked

    def take(home, **given):
        taken.append(os.path.basename(home))
        return original(home, **given)

    monkeypatch.setattr(lock, "locked", take)
    return taken


def test_all_folders_are_locked_in_one_order(homes, locked):
    first, second, _log = both(homes)
    assert run_all(first, second).stopped is None
    assert locked == ["profile.d", "ssh"]
    del locked[:]
    assert run_all(second, first).stopped is None
    assert locked == ["profile.d", "ssh"]


def test_a_folder_that_is_not_there_is_not_locked(homes, locked, tmp_path):
    assert (
        run_all(Toy("first", home=tmp_path / "no"), Toy("second", home=homes.ssh)).stopped is None
    )
    assert locked == ["ssh"]


def test_a_folder_under_two_names_is_locked_once(homes, locked, tmp_path):
    (tmp_path / "link").symlink_to("ssh")
    run_all(Toy("first", home=tmp_path / "link"), Toy("second", home=homes.ssh))
    assert locked == ["ssh"]


@pytest.mark.parametrize("which", [0, 1])
def test_where_the_killed_run_had_begun_too_is_locked_as_well(homes, locked, which):
    """From scratch: who waits holding one folder would break the order."""
    killed(homes, *homes.files())
    home = list(homes)[which]
    held = []

    def held_now():
        for folder in homes:
            with pytest.raises(reading.FilesError):
                lock.locked(str(folder), wait=0).__enter__()
            held.append(folder.name)

    toy = Toy("only", home=home, meanwhile={"plan": held_now})
    outcome = run_all(toy)
    assert outcome.stopped is None and "taken back" in outcome.warnings[0]
    assert locked[:3] == [home.name, "profile.d", "ssh"] and held == ["ssh", "profile.d"]
    assert [open_text(path) for path in homes.files()] == ["old\n", "old\n"]
    for folder in homes:
        with lock.locked(str(folder), wait=0):
            pass


def run_at_once(homes, monkeypatch):
    """Both have locked their own folder by the time at which either looks."""
    gate, waited, outcomes = threading.Barrier(2), set(), []
    unfinished = reading.unfinished

    def seen(home):
        me = threading.get_ident()
        if me not in waited:
            waited.add(me)
            gate.wait(20)
        return unfinished(home)

    def work(home):
        outcomes.append(run_all(Toy("t", home=home)))

    monkeypatch.setattr(reading, "unfinished", seen)
    runs = [threading.Thread(target=work, args=(home,)) for home in homes]
    for one in runs:
        one.start()
    for one in runs:
        one.join(30)
    monkeypatch.setattr(reading, "unfinished", unfinished)
    return outcomes


def test_two_runs_from_different_folders_end_both(homes, monkeypatch):
    """Each finds what leads it to the other's folder."""
    monkeypatch.setattr(lock, "_STEP", 0.001)
    for _turn in range(5):
        killed(homes, *homes.files())
        started = time.monotonic()
        outcomes = run_at_once(homes, monkeypatch)
        assert len(outcomes) == 2 and time.monotonic() - started < 25
        assert [outcome.stopped for outcome in outcomes] == [None, None]
        assert sum(len(outcome.warnings) for outcome in outcomes) == 1
        assert [open_text(path) for path in homes.files()] == ["old\n", "old\n"]
