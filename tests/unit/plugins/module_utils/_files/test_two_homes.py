# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run with files in two folders of which each has a lock of its own, killed wherever it may be.

Whoever comes next has the one folder or the other, and must find out about both.
"""

import json
import os
import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import changes, journal, reading
from ansible_collections.curfew.session.tests.unit.plugins.module_utils._files.trees import (
    change,
    listing,
    make,
    refusal,
)

BEGUN, PROVEN, ELSEWHERE = reading.BEGUN, reading.PROVEN, reading.ELSEWHERE
# The system's calls by which a run changes something; it is killed before each of them in turn.
CALLS = ("open", "write", "rename", "link", "unlink", "fsync", "fchmod")
FINISHED = 9999


class Homes:
    """Two folders with a file that changes in each, and one that is new in the second."""

    def __init__(self, folder):
        self.first, self.second = folder / "first", folder / "second"
        for home in (self.first, self.second):
            home.mkdir()
            make(home / "file", b"old")
        self.before = self.state()

    def __iter__(self):
        return iter([str(self.first), str(self.second)])

    def transaction(self):
        planned = [change(home / "file") for home in (self.first, self.second)]
        return changes.Transaction(list(self), planned + [change(self.second / "made", b"new")])

    def state(self):
        found = {}
        for home in (self.first, self.second):
            for name in listing(home) if home.exists() else []:
                path = home / name
                found[f"{home.name}/{name}"] = (path.read_bytes(), path.stat().st_ino)
        return found

    def names(self):
        """Which journals and notes there are."""
        return {name for name in self.state() if ".curfew.session" in name}

    def run(self, last=FINISHED):
        """Run to the end in a process of its own, or until it is killed at this call."""
        child = os.fork()
        if child == 0:
            _die_at(last)
            transaction = self.transaction()
            transaction.write()
            transaction.finish()
            os._exit(0)
        return os.waitpid(child, 0)[1] != 0

    def recover(self, home):
        """Do what the next run does that has this folder alone."""
        return journal.recover(sorted({home} | set(filter(os.path.isdir, left(home)))))


def left(home):
    return journal.homes_left(home)


def _die_at(last):
    done = []

    def dying(call):
        def counted(*arguments, **options):
            looks = call is open_it and not arguments[1] & os.O_CREAT
            if not looks:
                done.append(call)
                if len(done) == last:
                    os._exit(9)
            return call(*arguments, **options)

        return counted

    open_it = os.open
    for name in CALLS:
        setattr(os, name, dying(getattr(os, name)))


@pytest.fixture
def homes(tmp_path):
    return Homes(tmp_path)


NEW = {"first/file": b"new", "second/file": b"new", "second/made": b"new"}


def whole(homes):
    """Tell whether both folders are new; fail where they are neither old nor new.

    A note that leads to no journal harms nobody until somebody passes by.
    """
    names = homes.names()
    state = {name: value for name, value in homes.state().items() if name not in names}
    if state == homes.before:
        return False
    assert {name: data for name, (data, _inode) in state.items()} == NEW
    return True


@pytest.mark.parametrize("which", [0, 1])
def test_killed_anywhere_the_next_run_in_either_folder_sees_to_both(tmp_path, which):
    met, ends, killed = set(), [], True
    while killed:
        folder = tmp_path / str(len(ends))
        folder.mkdir()
        homes = Homes(folder)
        killed = homes.run(len(ends) + 1)
        names = homes.names()
        met.add(frozenset(names))
        sentences = homes.recover(list(homes)[which])
        ends.append(whole(homes))
        if f"first/{BEGUN}" in names:
            assert not ends[-1] and len(sentences) == 1 and "taken back" in sentences[0]
        elif f"first/{PROVEN}" in names:
            assert ends[-1] and len(sentences) == 1 and "is completed" in sentences[0]
        else:
            assert sentences == []
        assert [homes.recover(each) for each in homes] == [[], []]
        assert homes.names() == set() and whole(homes) == ends[-1]
    # Old up to the proof and new from then on, with no way back.
    assert ends == sorted(ends) and not ends[0] and ends[-1]
    note, begun, proven = f"second/{ELSEWHERE}", f"first/{BEGUN}", f"first/{PROVEN}"
    assert {frozenset({note}), frozenset({note, begun}), frozenset({note, proven})} <= met


def killed_with(homes, *names):
    """Kill it at the first call at which exactly these journals and notes are there."""
    for number in range(1, 200):
        shutil.rmtree(str(homes.first))
        shutil.rmtree(str(homes.second))
        homes.__init__(homes.first.parent)
        assert homes.run(number)
        if homes.names() == set(names):
            return
    raise AssertionError(names)


def test_each_of_them_leads_to_both(homes):
    killed_with(homes, f"second/{ELSEWHERE}", f"first/{BEGUN}")
    assert [left(home) for home in homes] == [list(homes), list(homes)]


def test_a_note_that_leads_nowhere_is_tidied_up(homes):
    """The run was killed before it had a journal, or when it had forgotten that already."""
    killed_with(homes, f"second/{ELSEWHERE}")
    home = str(homes.second)
    assert left(home) == list(homes)
    assert reading.unfinished(home) == os.path.join(home, ELSEWHERE)
    assert journal.recover([home]) == [] and homes.state() == homes.before


def test_nothing_is_written_beside_a_note(homes):
    killed_with(homes, f"second/{ELSEWHERE}", f"first/{BEGUN}")
    before = homes.state()
    transaction = changes.Transaction([str(homes.second)], [change(homes.second / "made")])
    assert "not finished" in refusal(transaction.write)
    assert homes.state() == before


# The folder that is gone, and how many sentences are said: what was taken back, what could not be.
@pytest.mark.parametrize("gone, told", [("second", 2), ("first", 0)])
def test_a_folder_that_is_gone_keeps_nobody_from_the_other(homes, gone, told):
    killed_with(homes, f"second/{ELSEWHERE}", f"first/{BEGUN}")
    shutil.rmtree(str(getattr(homes, gone)))
    other = str(homes.second if gone == "first" else homes.first)
    sentences = homes.recover(other)
    assert len(sentences) == told, sentences
    assert reading.unfinished(other) is None and homes.names() == set()
    if gone == "second":
        assert (homes.first / "file").read_bytes() == b"old"


def forge(path, **values):
    text = json.loads(path.read_text())
    text.update(values)
    path.write_text(json.dumps(text))


FORGED = [
    ("readable by others", lambda path: path.chmod(0o644)),
    ("hard link", lambda path: os.link(str(path), str(path) + ".twin")),
    ("no JSON", lambda path: path.write_bytes(b"\xff{")),
    ("not a dictionary", lambda path: path.write_text("[]")),
    ("no homes", lambda path: path.write_text("{}")),
    ("homes that are none", lambda path: forge(path, homes=5)),
    ("not its own home", lambda path: forge(path, homes=["/etc"])),
    ("a wrong type", lambda path: forge(path, homes=[str(path.parent), 5])),
    ("a NUL", lambda path: forge(path, homes=[str(path.parent), "/etc\0"])),
    ("half a character", lambda path: forge(path, homes=[str(path.parent), "\ud800"])),
]


@pytest.mark.parametrize("where", [("second", ELSEWHERE), ("first", BEGUN)])
@pytest.mark.parametrize("meddle", [r[1] for r in FORGED], ids=[r[0] for r in FORGED])
def test_what_is_forged_leads_nobody_anywhere(homes, meddle, where):
    killed_with(homes, f"second/{ELSEWHERE}", f"first/{BEGUN}")
    home, name = str(getattr(homes, where[0])), where[1]
    meddle(getattr(homes, where[0]) / name)
    before = homes.state()
    assert name in refusal(journal.homes_left, home)
    assert homes.state() == before


def test_a_folder_under_two_names_is_one_home(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to("home")
    make(tmp_path / "home" / "file")
    transaction = changes.Transaction(
        [str(tmp_path / "home"), str(tmp_path / "link")], [change(tmp_path / "home" / "file")]
    )
    transaction.write()
    assert listing(tmp_path / "home").count(ELSEWHERE) == 0
    transaction.undo()
    assert listing(tmp_path / "home") == ["file"]
