# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next run does after one that was killed."""

import json
import os
import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import changes, journal, reading
from ansible_collections.curfew.session.tests.unit.plugins.module_utils._files.trees import (
    as_root,
    change,
    changes_in,
    listing,
    make,
    refusal,
    state,
)


def killed(tree, monkeypatch, proven=False):
    """Leave the tree as a run does that is killed before, or after, it is proven."""
    transaction = changes.Transaction([str(tree)], changes_in(tree))
    transaction.write()
    if proven:
        with monkeypatch.context() as patch:
            patch.setattr(changes, "complete", lambda *_arguments: None)
            transaction.finish()


def test_recover_nothing(tree):
    before = state(tree)
    assert journal.recover([str(tree)]) == []
    assert state(tree) == before and reading.unfinished(str(tree)) is None


def test_recover_takes_back(tree, monkeypatch):
    before = state(tree)
    killed(tree, monkeypatch)
    (sentence,) = journal.recover([str(tree)])
    assert "taken back" in sentence and str(tree / "changed") in sentence
    assert state(tree) == before
    assert journal.recover([str(tree)]) == []


def test_recover_completes(tree, monkeypatch):
    killed(tree, monkeypatch, proven=True)
    (sentence,) = journal.recover([str(tree)])
    assert "completed" in sentence
    assert listing(tree) == ["changed", "created", "link", "real"]


def test_recover_leaves_what_somebody_changed_since(tree, monkeypatch):
    killed(tree, monkeypatch)
    make(tree / "changed", b"theirs")
    sentences = journal.recover([str(tree)])
    assert len(sentences) == 2 and "left as it is" in sentences[1]
    assert (tree / "changed").read_bytes() == b"theirs"


def test_no_write_beside_an_unfinished_run(tree, monkeypatch):
    killed(tree, monkeypatch)
    before = state(tree)
    transaction = changes.Transaction([str(tree)], [change(tree / "created", b"more")])
    assert "not finished" in refusal(transaction.write)
    assert state(tree) == before


def relink(path):
    os.link(str(path), str(path) + ".twin")


def move_behind_a_link(path):
    path.rename(str(path) + ".real")
    path.symlink_to(str(path) + ".real")


def forge(path, **values):
    text = json.loads(path.read_text())
    text["entries"][0].update(values)
    path.write_text(json.dumps(text))


FORGED = [
    ("readable by others", lambda path: path.chmod(0o644)),
    ("hard link", relink),
    ("a link", move_behind_a_link),
    ("no JSON", lambda path: path.write_bytes(b"\xff{")),
    ("not a dictionary", lambda path: path.write_text("[]")),
    ("unknown keys", lambda path: forge(path, more=1)),
    ("a name that is not hidden", lambda path: forge(path, saved=str(path.parent / "real"))),
    ("a name elsewhere", lambda path: forge(path, temp="/etc/.passwd")),
    ("a wrong type", lambda path: forge(path, temp=5)),
    ("a NUL", lambda path: forge(path, target=str(path.parent / "a\0b"), temp=None, saved=None)),
    ("half a character", lambda path: forge(path, old="\ud800")),
    ("a wrong target", lambda path: forge(path, target=None)),
]


@pytest.mark.parametrize("meddle", [r[1] for r in FORGED], ids=[r[0] for r in FORGED])
def test_a_forged_journal_is_not_obeyed(tree, monkeypatch, meddle):
    killed(tree, monkeypatch)
    meddle(tree / ".curfew.session.journal")
    before = state(tree)
    assert ".curfew.session.journal" in refusal(journal.recover, [str(tree)])
    assert state(tree) == before


@as_root
def test_a_journal_of_another_is_not_obeyed(tree, monkeypatch):
    killed(tree, monkeypatch)
    os.chown(str(tree / ".curfew.session.journal"), 1234, 1234)
    before = state(tree)
    assert "not private to us" in refusal(journal.recover, [str(tree)])
    assert state(tree) == before


@as_root
def test_no_journal_is_obeyed_where_others_can_write(tree, monkeypatch):
    killed(tree, monkeypatch)
    tree.chmod(0o1777)
    before = state(tree)
    assert "can be written by others" in refusal(journal.recover, [str(tree)])
    assert state(tree) == before


@as_root
def test_nothing_is_taken_back_where_others_can_write_by_now(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = make(folder / "f")
    changes.Transaction([str(tmp_path)], [change(path)]).write()
    folder.chmod(0o777)
    assert "can be written by others" in refusal(journal.recover, [str(tmp_path)])
    assert (folder / "f").read_bytes() == b"new"


def test_recover_after_the_folder_is_gone(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = make(folder / "f")
    changes.Transaction([str(tmp_path)], [change(path)]).write()
    shutil.rmtree(str(folder))
    assert len(journal.recover([str(tmp_path)])) == 2
    assert listing(tmp_path) == []


def test_only_the_draft_was_written(tree):
    draft = tree / ".curfew.session.journal.draft"
    make(draft, b"{ha", 0o600)
    assert reading.unfinished(str(tree)) == str(draft)
    assert journal.recover([str(tree)]) == []
    assert not draft.exists()


def test_digest():
    assert journal.digest(None) is None
    assert journal.digest(b"a") != journal.digest(b"b")
