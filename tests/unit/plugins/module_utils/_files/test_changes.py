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

from ansible_collections.curfew.session.plugins.module_utils._files import changes, journal
from ansible_collections.curfew.session.tests.unit.plugins.module_utils._files.trees import (
    as_root,
    change,
    changes_in,
    listing,
    make,
    refusal,
    state,
)


def test_write_and_finish(tree):
    transaction = changes.Transaction(str(tree), changes_in(tree))
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
    assert transaction.backup_files == [] and transaction.warnings == []


def test_write_and_undo(tree):
    before = state(tree)
    transaction = changes.Transaction(str(tree), changes_in(tree), backup=True)
    transaction.write()
    assert state(tree) != before
    transaction.undo()
    assert state(tree) == before
    assert transaction.changed_files == [] and transaction.backup_files == []


def test_backups_are_the_old_files(tree):
    before = state(tree)
    transaction = changes.Transaction(str(tree), changes_in(tree), backup=True)
    transaction.write()
    transaction.finish()
    assert len(transaction.backup_files) == 3
    for path, name in zip(transaction.backup_files, ["changed", "removed", "real"]):
        assert os.path.basename(path).startswith("." + name + ".")
        assert state(tree)[os.path.basename(path)] == before[name]


def test_nothing_to_do(tree):
    before = state(tree)
    transaction = changes.Transaction(str(tree), [change(tree / "changed", b"old 1")], backup=True)
    transaction.write()
    transaction.undo()
    transaction.finish()
    assert state(tree) == before
    assert transaction.changed_files == [] and transaction.backup_files == []


def test_a_long_name(tmp_path):
    path = tmp_path / ("\u00e9" * 127)
    make(path)
    transaction = changes.Transaction(str(tmp_path), [change(path)], backup=True)
    transaction.write()
    transaction.finish()
    assert path.read_bytes() == b"new"


def test_twice_the_same_file(tree):
    (tree / "again").symlink_to("changed")
    pair = [change(tree / "changed"), change(tree / "again")]
    assert "twice" in refusal(changes.Transaction(str(tree), pair).write)


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
    transaction = changes.Transaction(str(tree), changes_in(tree))
    meddle(tree)
    before = state(tree)
    assert "changed by somebody else" in refusal(transaction.write)
    assert state(tree) == before


@pytest.mark.parametrize("meddle", [r[1] for r in MEANWHILE], ids=[r[0] for r in MEANWHILE])
def test_changed_while_others_were_placed(tree, meddle, monkeypatch):
    planned = changes_in(tree)
    transaction = changes.Transaction(str(tree), planned[2:] + planned[:2])
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


def test_undo_leaves_what_somebody_changed_since(tree):
    transaction = changes.Transaction(str(tree), changes_in(tree))
    transaction.write()
    make(tree / "changed", b"theirs")
    sentence = refusal(transaction.undo)
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
        transaction = changes.Transaction(str(tmp_path), [change(path, b"new %d" % links)])
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
    transaction = changes.Transaction(str(tmp_path), [change(plain), change(shared)])
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
        changes.Transaction(str(tree), changes_in(tree)).write()
    finally:
        os.umask(umask)
    assert set(modes) == {0o600}


def test_undo_without_hard_links(tree, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    before = {name: entry[1:] for name, entry in state(tree).items()}
    transaction = changes.Transaction(str(tree), changes_in(tree))
    transaction.write()
    transaction.undo()
    assert {name: entry[1:] for name, entry in state(tree).items()} == before


def test_a_restore_that_fails_says_how_each_file_is_left(tree, monkeypatch):
    transaction = changes.Transaction(str(tree), changes_in(tree))
    transaction.write()
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", lambda *_paths: os.stat("/nonexistent"))
        sentence = refusal(transaction.undo)
    (saved,) = [name for name in listing(tree) if name.startswith(".real.")]
    assert "{} holds its new bytes".format(tree / "real") in sentence
    assert f"the old file is {tree / saved}" in sentence
    assert "{} is not there".format(tree / "removed") in sentence
    journal.recover(str(tree))
    assert (tree / "real").read_bytes() == b"old 3"
    assert listing(tree) == ["changed", "link", "real", "removed"]


@pytest.mark.parametrize("number", range(1, 5))
def test_one_look_that_fails_after_the_proof_leaves_nothing(tree, monkeypatch, number):
    transaction = changes.Transaction(str(tree), changes_in(tree))
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
