# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the files of all where one of them cannot be kept, and what is said of it."""

import os
import signal

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import changes, journal
from ansible_collections.curfew.session.plugins.module_utils._files.reading import FilesError
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal

from .toys import Alarm, Toy, open_text, run_all

AS_THEY_WERE = " The files are as they were."
RELOADED = " The daemon was reloaded with them."


class Run:
    """Two mechanisms with a file each, the first of which has daemons read its files."""

    def __init__(self, homes):
        self.homes = homes
        self.log = []
        self.paths = homes.files()
        self.alarm = Alarm("sshd", self.log, paths=self.paths)
        self.first = {"alarm": self.alarm}
        self.second = {}

    def __call__(self):
        self.before = self.homes.state()
        del self.log[:]
        return run_all(
            Toy("first", self.paths[0], log=self.log, **self.first),
            Toy("second", self.paths[1], log=self.log, **self.second),
        )

    def said(self, **ending):
        """The sentence with which a run stops that left the files as they were, or did not."""
        outcome = self()
        stopped = outcome.stopped
        assert stopped.undone
        assert stopped.changed == ending.get("changed", False)
        changed = [outcome.results[name]["changed"] for name in ("first", "second")]
        assert changed == [stopped.changed] * 2
        assert stopped.mechanism == ending.get("mechanism")
        if not stopped.changed:
            assert self.homes.state() == self.before
        return str(stopped)

    def alarms(self):
        """What was done to daemons, and which texts they met then."""
        return [entry[1:] for entry in self.log if entry[0] == "sshd"]


@pytest.fixture
def go(homes):
    return Run(homes)


NEW = ("old\nfirst\n", "old\nsecond\n")
OLD = ("old\n", "old\n")


def test_all_is_written_and_then_read(go):
    outcome = go()
    assert outcome.stopped is None
    assert go.alarms() == [("check",) + NEW, ("run",) + NEW]
    taken = [entry[:2] for entry in go.log]
    assert taken.index(("second", "prove_written")) < taken.index(("sshd", "check"))


@pytest.mark.parametrize("whose", ["first", "second"])
def test_a_proof_that_fails_brings_all_back(go, whose):
    getattr(go, whose)["fails"] = "prove_written"
    assert go.said(mechanism=whose) == "It is so." + AS_THEY_WERE
    assert go.alarms() == []  # no daemon has met them


def test_files_that_a_daemon_cannot_take_are_brought_back(go):
    go.alarm.fails = ["check"]
    assert go.said(mechanism="first") == "sshd could not check." + AS_THEY_WERE
    assert go.alarms() == [("check",) + NEW]


def test_a_daemon_that_met_them_meets_the_old_ones_again(go):
    go.alarm.fails = ["run"]
    assert go.said(mechanism="first") == "sshd could not run." + AS_THEY_WERE + RELOADED
    assert go.alarms() == [("check",) + NEW, ("run",) + NEW, ("run",) + OLD]


def test_a_daemon_that_does_not_come_back_is_told(go):
    go.alarm.fails = ["run", "run"]
    said = go.said(mechanism="first")
    assert said == "sshd could not run." + AS_THEY_WERE + " A second try failed, too."


def test_what_fails_after_the_daemon_has_met_them_brings_all_back(go, monkeypatch):
    def refuse(_home):
        raise FilesError("The journal could not be marked as proven.")

    monkeypatch.setattr(changes, "prove", refuse)
    said = go.said()
    assert said == "The journal could not be marked as proven." + AS_THEY_WERE + RELOADED
    assert go.alarms()[-1] == ("run",) + OLD


def test_what_fails_then_and_cannot_be_undone_says_so(go, monkeypatch):
    def refuse(_home):
        go.paths[0].write_text("theirs\n")
        raise FilesError("The journal could not be marked as proven.")

    monkeypatch.setattr(changes, "prove", refuse)
    said = go.said(changed=True)
    begins = "The journal could not be marked as proven. And then: " + LEFT.format(go.paths[0])
    assert said.startswith(begins) and "as they were" not in said
    assert said.endswith(" The daemon was reloaded with what is there now.")


def test_where_no_file_changes_a_daemon_has_a_second_try(go):
    go.paths = list(go.homes)
    log = go.log
    alarm = Alarm("sshd", log, fails=["run"])
    toy = Toy("first", home=go.paths[0], log=log, is_due=True, alarm=alarm)
    stopped = run_all(toy).stopped
    assert str(stopped) == "sshd could not run. A second try went well."
    assert (stopped.undone, stopped.changed) == (True, False)


def test_one_that_is_not_due_is_only_looked_at(go):
    go.alarm.is_due = False
    assert go().stopped is None
    assert go.alarms() == [("check",) + NEW]


def test_what_two_want_is_done_once(go):
    other = Alarm("sshd", go.log, paths=go.paths)
    go.second["alarm"] = other
    assert go().stopped is None
    assert [entry[0] for entry in go.alarms()] == ["check", "run"]


def test_all_are_looked_at_before_any_is_done(go):
    go.second["alarm"] = Alarm("cron", go.log, fails=["check"])
    assert go.said(mechanism="second") == "cron could not check." + AS_THEY_WERE
    assert [entry[0] for entry in go.alarms()] == ["check"]


def test_only_those_that_were_done_are_done_again(go):
    go.second["alarm"] = Alarm("cron", go.log, fails=["run"])
    said = go.said(mechanism="second")
    assert said == "cron could not run." + AS_THEY_WERE + RELOADED * 2
    done = [entry[0] for entry in go.log if entry[0] in ("sshd", "cron") and entry[1] == "run"]
    assert done == ["sshd", "cron", "sshd", "cron"]


# An undo that fails does not hide why it was needed.
LEFT = "{} has been changed by somebody else since, and is left as it is; the file"
ERRORS = [
    (Refusal("It is so."), "It is so"),
    (OSError(5, "Input/output error", "/x"), "/x: Input/output error"),
    (KeyError("a bug"), "'a bug'"),
]


@pytest.mark.parametrize("error, why", ERRORS)
def test_an_undo_that_fails_does_not_hide_why_it_was_needed(go, error, why):
    path = go.paths[0]
    go.second.update(
        fails="prove_written",
        error=error,
        meanwhile={"prove_written": lambda: path.write_text("theirs\n")},
    )
    whose = None if isinstance(error, KeyError) else "second"
    said = go.said(changed=True, mechanism=whose)
    assert said.startswith(f"{why}. Then: " + LEFT.format(path))
    assert "as they were" not in said and go.alarms() == []
    assert [open_text(path) for path in go.paths] == ["theirs\n", "old\n"]


@pytest.mark.parametrize("fails", [["run"], ["run", "run"]])
def test_a_daemon_reads_what_is_there_where_an_undo_fails(go, fails):
    go.alarm.fails = list(fails)
    path = go.paths[1]
    run = go.alarm.run

    def meddle_and_run():
        path.write_text("theirs\n")
        run()

    go.alarm.run = meddle_and_run
    said = go.said(changed=True, mechanism="first")
    assert said.startswith("sshd could not run. Then: " + LEFT.format(path))
    ending = " A second try failed, too." if fails[1:] else " The daemon was reloaded with what is"
    assert ending in said


def test_a_bug_is_raised_once_all_is_back(go):
    go.second.update(fails="prove_written", error=KeyError("a bug"))
    with pytest.raises(KeyError):
        go()
    assert go.homes.state() == go.before


@pytest.mark.parametrize("whose", [0, 1])
def test_whose_file_is_in_the_way_of_the_write_is_named(go, whose):
    path = go.paths[whose]
    name = ("first", "second")[whose]
    getattr(go, name)["meanwhile"] = {"activation": lambda: path.write_text("theirs\n")}
    stopped = go().stopped
    assert str(stopped) == (
        f"{path} has been changed by somebody else since it was read." + AS_THEY_WERE
    )
    assert (stopped.mechanism, stopped.undone, stopped.changed) == (name, True, False)
    texts = ["old\n", "old\n"]
    texts[whose] = "theirs\n"
    assert [open_text(path) for path in go.paths] == texts


def test_a_write_that_cannot_be_undone_says_so(go, monkeypatch):
    place = changes._place

    def place_and_meddle(entry):
        place(entry)
        if entry.target == str(go.paths[0]):
            go.paths[0].write_text("theirs\n")
        else:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(changes, "_place", place_and_meddle)
    said = go.said(changed=True, mechanism="second")
    begins = f"{go.paths[1]} could not be replaced: No space left on device. And then: "
    assert said.startswith(begins + LEFT.format(go.paths[0]))
    assert "as they were" not in said
    assert [open_text(path) for path in go.paths] == ["theirs\n", "old\n"]


def test_what_is_of_no_mechanism_names_none(go, monkeypatch):
    def refuse(*_given):
        raise FilesError("/home/.journal could not be written: why.", "/home/.journal")

    monkeypatch.setattr(changes, "begin", refuse)
    assert go.said() == "/home/.journal could not be written: why." + AS_THEY_WERE


def test_messages_are_one_line_of_text(go):
    go.second.update(fails="prove_written", error=Refusal("/a\nb\x1b[2J\udcff is not there."))
    assert go.said(mechanism="second") == "/a\\nb\\x1b[2J\\xff is not there." + AS_THEY_WERE


def test_what_could_not_be_tidied_up_is_a_warning(go, monkeypatch):
    def refuse(*_given):
        raise FilesError("The journal could not be removed, which the next run will do.")

    monkeypatch.setattr(changes, "complete", refuse)
    outcome = go()
    assert outcome.stopped is None
    assert outcome.warnings == ["The journal could not be removed, which the next run will do."]
    with monkeypatch.context():
        monkeypatch.undo()
        again = go()
    assert "is completed" in again.warnings[0]


@pytest.fixture
def sigterm():
    """Nobody but the run minds that signal."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield lambda: os.kill(os.getpid(), signal.SIGTERM)
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("when", ["placing", "prove_written", "check", "run"])
def test_a_signal_ends_it_with_the_old_files(go, monkeypatch, sigterm, when):
    if when == "placing":
        place = changes._place
        monkeypatch.setattr(changes, "_place", lambda entry: place(entry) or sigterm())
    elif when == "prove_written":
        go.first["meanwhile"] = {when: sigterm}
    else:
        do = getattr(go.alarm, when)
        setattr(go.alarm, when, lambda: sigterm() if not go.alarms()[1:] else do())
    said = go.said()
    reloaded = RELOADED if when == "run" else ""
    assert said == "The run was ended by SIGTERM." + AS_THEY_WERE + reloaded


def test_a_signal_that_comes_too_late_changes_nothing(go, monkeypatch, sigterm):
    monkeypatch.setattr(changes, "complete", lambda *given: sigterm() or journal.complete(*given))
    assert go().stopped is None
    assert tuple(open_text(path) for path in go.paths) == NEW


def test_a_signal_and_an_undo_that_fails(go, monkeypatch, sigterm):
    place = changes._place

    def place_and_meddle(entry):
        place(entry)
        go.paths[0].write_text("theirs\n")
        sigterm()

    monkeypatch.setattr(changes, "_place", place_and_meddle)
    said = go.said(changed=True)
    begins = "The run was ended by SIGTERM. And then: " + LEFT.format(go.paths[0])
    assert said.startswith(begins)
