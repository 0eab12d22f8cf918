# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several files change all or none, with everything that belongs to them."""

import errno
import os
import shutil
import stat
import subprocess

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


class Every:
    """Every path there is: a copy of each old file is kept."""

    def __contains__(self, _path):
        return True


EVERY = Every()


def test_write_and_finish(tree):
    transaction = changes.Transaction([str(tree)], changes_in(tree))
    transaction.write()
    transaction.finish()
    assert listing(tree) == ["changed", "created", "link", "real"]
    assert (tree / "changed").read_bytes() == b"new"
    assert (tree / "real").read_bytes() == b"through the link"
    assert os.readlink(str(tree / "link")) == "real"
    modes = {name: stat.S_IMODE(entry[2]) for name, entry in state(tree).items()}
    assert (modes["changed"], modes["created"]) == (0o640, 0o600)
    names = ["changed", "created", "removed", "real"]
    assert transaction.changed_files == [str(tree / name) for name in names]
    assert transaction.backups == {} and transaction.warnings == []


def test_write_and_undo(tree):
    before = state(tree)
    transaction = changes.Transaction([str(tree)], changes_in(tree), EVERY)
    transaction.write()
    assert state(tree) != before
    transaction.undo()
    assert state(tree) == before
    assert transaction.changed_files == [] and transaction.backups == {}


def test_backups_are_the_old_files(tree):
    before = state(tree)
    transaction = changes.Transaction([str(tree)], changes_in(tree), EVERY)
    transaction.write()
    transaction.finish()
    names = ["changed", "removed", "real"]
    assert list(transaction.backups) == [str(tree / name) for name in names]
    for path, name in zip(transaction.backups.values(), names):
        assert os.path.basename(path).startswith("." + name + ".")
        assert state(tree)[os.path.basename(path)] == before[name]


def test_only_the_copies_asked_for_are_kept(tree):
    wanted = [str(tree / "real"), str(tree / "created"), str(tree / "link")]
    transaction = changes.Transaction([str(tree)], changes_in(tree), wanted)
    transaction.write()
    transaction.finish()
    assert list(transaction.backups) == [str(tree / "real")]
    kept = [name for name in listing(tree) if name.endswith("~")]
    assert [str(tree / name) for name in kept] == list(transaction.backups.values())


def test_nothing_to_do(tree):
    before = state(tree)
    transaction = changes.Transaction([str(tree)], [change(tree / "changed", b"old 1")], EVERY)
    transaction.write()
    transaction.undo()
    transaction.finish()
    assert state(tree) == before
    assert transaction.changed_files == [] and transaction.backups == {}


def test_a_long_name(tmp_path):
    path = tmp_path / ("\u00e9" * 127)
    make(path)
    transaction = changes.Transaction([str(tmp_path)], [change(path)], EVERY)
    transaction.write()
    transaction.finish()
    assert path.read_bytes() == b"new"


def test_twice_the_same_file(tree):
    (tree / "again").symlink_to("changed")
    pair = [change(tree / "changed"), change(tree / "again")]
    assert "twice" in refusal(changes.Transaction([str(tree)], pair).write)


MEANWHILE = [
    ("written", lambda tree: make(tree / "changed", b"theirs", 0o640)),
    ("same size", lambda tree: make(tree / "changed", b"OLD 1", 0o640)),
    ("replaced", lambda tree: os.rename(make(tree / "x", b"old 1", 0o640), str(tree / "changed"))),
    ("mode", lambda tree: (tree / "changed").chmod(0o600)),
    ("removed", lambda tree: (tree / "changed").unlink()),
    ("created", lambda tree: make(tree / "created", b"theirs")),
]


@pytest.mark.parametrize("meddle", [r[1] for r in MEANWHILE], ids=[r[0] for r in MEANWHILE])
def test_changed_since_it_was_read(tree, meddle):
    transaction = changes.Transaction([str(tree)], changes_in(tree))
    meddle(tree)
    before = state(tree)
    assert "changed by somebody else" in refusal(transaction.write)
    assert state(tree) == before


@pytest.mark.parametrize("meddle", [r[1] for r in MEANWHILE], ids=[r[0] for r in MEANWHILE])
def test_changed_while_others_were_placed(tree, meddle, monkeypatch):
    planned = changes_in(tree)
    transaction = changes.Transaction([str(tree)], planned[2:] + planned[:2])
    place = changes._place
    met = []

    def place_and_meddle(entry):
        place(entry)
        if not met:
            meddle(tree)
            names = [name for name in listing(tree) if not name.startswith(".")]
            met.append({name: (tree / name).read_bytes() for name in names})

    monkeypatch.setattr(changes, "_place", place_and_meddle)
    assert "changed by somebody else" in refusal(transaction.write)
    wanted = dict(met[0], removed=b"old 2", real=b"old 3", link=b"old 3")
    assert {name: (tree / name).read_bytes() for name in listing(tree)} == wanted


def not_restored(action):
    with pytest.raises(changes.NotRestored) as caught:
        action()
    return str(caught.value)


def test_a_write_that_is_not_undone_says_both(tree, monkeypatch):
    """Why it failed, and what has become of the files; else the first alone."""
    place = changes._place

    def place_and_meddle(entry):
        place(entry)
        make(tree / "changed", b"theirs")
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(changes, "_place", place_and_meddle)
    with pytest.raises(changes.NotRestored) as caught:
        changes.Transaction([str(tree)], changes_in(tree)).write()
    sentence = str(caught.value)
    assert caught.value.path == str(tree / "changed")
    begins = "{} could not be replaced: Input/output error. And then: ".format(tree / "changed")
    assert sentence.startswith(begins) and "left as it is" in sentence


def test_a_write_that_is_undone_says_why_it_was(tree, monkeypatch):
    before = state(tree)
    monkeypatch.setattr(changes, "_place", lambda _entry: os.stat("/nonexistent"))
    with pytest.raises(reading.FilesError) as caught:
        changes.Transaction([str(tree)], changes_in(tree)).write()
    assert not isinstance(caught.value, changes.NotRestored)
    assert caught.value.path == str(tree / "changed")
    assert state(tree) == before


def test_undo_leaves_what_somebody_changed_since(tree):
    transaction = changes.Transaction([str(tree)], changes_in(tree))
    transaction.write()
    make(tree / "changed", b"theirs")
    sentence = not_restored(transaction.undo)
    assert str(tree / "changed") in sentence and "left as it is" in sentence
    assert (tree / "changed").read_bytes() == b"theirs"
    assert (tree / "removed").read_bytes() == b"old 2"
    (saved,) = [name for name in listing(tree) if name.startswith(".")]
    assert (tree / saved).read_bytes() == b"old 1" and saved in sentence


@as_root
def test_attributes_stay(tmp_path):
    path = make(tmp_path / "f", mode=0o2750)
    os.chown(path, 1234, 4321)
    os.chmod(path, 0o2750)
    attributes = {"user.note": b"mine", "security.selinux": b"system_u:object_r:etc_t:s0\0"}
    for name, value in attributes.items():
        try:
            os.setxattr(path, name, value)
        except OSError:
            pytest.skip("no extended attributes here")
    before = os.stat(path)
    for links in (True, False):
        transaction = changes.Transaction([str(tmp_path)], [change(path, b"new %d" % links)])
        transaction.write()
        transaction.finish()
        after = os.stat(path)
        assert (after.st_uid, after.st_gid, after.st_mode) == (1234, 4321, before.st_mode)
        assert {name: os.getxattr(path, name) for name in attributes} == attributes


def acl_of(path):
    return subprocess.check_output(["getfacl", "-cpE", str(path)]).decode()


@pytest.mark.skipif(not shutil.which("setfacl"), reason="setfacl is not installed")
def test_acl_stays_and_the_folders_default_is_not_let_in(tmp_path):
    plain = make(tmp_path / "plain", mode=0o640)
    shared = make(tmp_path / "shared", mode=0o640)
    if subprocess.call(["setfacl", "-m", "u:1234:r", shared]):
        pytest.skip("no ACLs here")
    subprocess.check_call(["setfacl", "-d", "-m", "u:666:rw", str(tmp_path)])
    before = acl_of(plain), acl_of(shared)
    transaction = changes.Transaction([str(tmp_path)], [change(plain), change(shared)])
    transaction.write()
    transaction.finish()
    assert (acl_of(plain), acl_of(shared)) == before


def test_bytes_are_private_until_the_mode_is_right(tree, monkeypatch):
    modes = []
    write = os.write

    def spy(descriptor, data):
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return write(descriptor, data)

    umask = os.umask(0)
    try:
        monkeypatch.setattr(os, "write", spy)
        changes.Transaction([str(tree)], changes_in(tree)).write()
    finally:
        os.umask(umask)
    assert set(modes) == {0o600}


def test_undo_without_hard_links(tree, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    before = {name: entry[1:] for name, entry in state(tree).items()}
    transaction = changes.Transaction([str(tree)], changes_in(tree))
    transaction.write()
    transaction.undo()
    assert {name: entry[1:] for name, entry in state(tree).items()} == before


def test_a_restore_that_fails_says_how_each_file_is_left(tree, monkeypatch):
    transaction = changes.Transaction([str(tree)], changes_in(tree))
    transaction.write()
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", lambda *_paths: os.stat("/nonexistent"))
        sentence = not_restored(transaction.undo)
    (saved,) = [name for name in listing(tree) if name.startswith(".real.")]
    assert "{} holds its new bytes".format(tree / "real") in sentence
    assert f"the old file is {tree / saved}" in sentence
    assert "{} is not there".format(tree / "removed") in sentence
    journal.recover([str(tree)])
    assert (tree / "real").read_bytes() == b"old 3"
    assert listing(tree) == ["changed", "link", "real", "removed"]


@pytest.mark.parametrize("number", range(1, 5))
def test_one_look_that_fails_after_the_proof_leaves_nothing(tree, monkeypatch, number):
    transaction = changes.Transaction([str(tree)], changes_in(tree))
    transaction.write()
    looks = []

    def lstat(path, original=os.lstat):
        looks.append(path)
        if len(looks) == number:
            raise OSError(errno.EIO, "Input/output error", path)
        return original(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", lstat)
        transaction.finish()
    assert len(looks) > number
    assert listing(tree) == ["changed", "created", "link", "real"] and not transaction.warnings


class Rights:
    """A file of somebody's that is to keep its bytes, and to get other rights."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "file"
        make(self.path, b"the same", 0o600)
        os.chown(str(self.path), 1234, 4321)
        self.before = self.state()

    def state(self):
        about = os.lstat(str(self.path))
        with open(str(self.path), "rb") as file:
            return about.st_ino, about.st_mtime_ns, self.rights(), file.read()

    def rights(self):
        about = os.lstat(str(self.path))
        return about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)

    def transaction(self, *backup):
        rights = change(self.path, b"the same", mode=0o644, rights=True)
        return changes.Transaction([str(self.folder)], [rights], backup)


@pytest.fixture
def rights(tmp_path):
    return Rights(tmp_path)


@as_root
def test_rights_alone_are_a_change(rights):
    transaction = rights.transaction(str(rights.path))
    transaction.write()
    transaction.finish()
    assert transaction.changed_files == [str(rights.path)]
    assert rights.rights() == (0, 0, 0o644) and rights.path.read_bytes() == b"the same"
    (kept,) = transaction.backups.values()
    assert listing(rights.folder) == sorted([os.path.basename(kept), "file"])
    os.rename(kept, str(rights.path))
    assert rights.state() == rights.before


@as_root
def test_rights_come_back_with_the_very_same_file(rights):
    transaction = rights.transaction()
    transaction.write()
    assert rights.rights() == (0, 0, 0o644)
    transaction.undo()
    assert rights.state() == rights.before and listing(rights.folder) == ["file"]


@as_root
def test_rights_come_back_without_hard_links_too(rights, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    transaction = rights.transaction()
    transaction.write()
    transaction.undo()
    assert rights.state()[1:] == rights.before[1:] and listing(rights.folder) == ["file"]


@as_root
@pytest.mark.parametrize("placed", [True, False])
def test_rights_that_a_killed_run_gave_are_taken_back(rights, monkeypatch, placed):
    with monkeypatch.context() as patch:
        if not placed:
            patch.setattr(changes, "_place", lambda _entry: None)
        rights.transaction().write()
    assert (rights.rights() == (0, 0, 0o644)) == placed
    (sentence,) = journal.recover([str(rights.folder)])
    assert "taken back" in sentence
    assert rights.state() == rights.before and listing(rights.folder) == ["file"]


class Killed(BaseException):
    """Nobody catches it, as with a signal that ends the run at once."""


@as_root
@pytest.mark.parametrize("there", [b"", b"the"], ids=["nothing", "a part"])
def test_rights_that_a_run_was_to_give_when_it_was_killed_before_it_could(
    rights, monkeypatch, there
):
    """What it had not yet saved whole, where there are no hard links, is not put in the place."""

    def save(_source, _target, saved, _data):
        with open(saved, "wb") as half:
            half.write(there)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(changes, "_save", save)
        patch.setattr(changes.Transaction, "_restore_after", lambda *_arguments: None)
        with pytest.raises(Killed):
            rights.transaction().write()
    journal.recover([str(rights.folder)])
    assert rights.state() == rights.before and listing(rights.folder) == ["file"]


@as_root
def test_bytes_and_rights_change_and_come_back_together(rights):
    both = change(rights.path, b"new", mode=0o755, rights=True)
    transaction = changes.Transaction([str(rights.folder)], [both])
    transaction.write()
    assert rights.rights() == (0, 0, 0o755) and rights.path.read_bytes() == b"new"
    transaction.undo()
    assert rights.state() == rights.before


def test_rights_are_given_before_anybody_can_meet_the_file(tmp_path, monkeypatch):
    """What a shell reads at a login meanwhile is the old file or the new one."""
    path = tmp_path / "file"
    make(path, b"same", 0o600)
    met = []
    place = changes._place

    def placing(entry):
        place(entry)
        met.append(stat.S_IMODE(os.stat(entry.target).st_mode))

    monkeypatch.setattr(changes, "_place", placing)
    changes.Transaction([str(tmp_path)], [change(path, b"same", mode=0o640, rights=True)]).write()
    assert met == [0o640]
