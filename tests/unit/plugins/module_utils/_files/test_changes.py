# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import errno
import json
import os
import shutil
import socket
import stat
import subprocess
import sys

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import changes as files
from ansible_collections.curfew.session.plugins.module_utils._files import journal, writing

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make such a file")

BYTES = [
    b"",
    b"plain\n",
    b"no newline",
    b"\0\xff\xfe\x85\r\n",
    b"x" * 1_000_000,
    b"y" * files.MAX_BYTES,
]


def listing(folder):
    return sorted(os.listdir(str(folder)))


def make(path, data=b"old", mode=0o644):
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


def change(path, after=b"new", **options):
    return files.Change(files.read(str(path), missing_ok=True), after, **options)


def refusal(action, *arguments):
    with pytest.raises(files.FilesError) as caught:
        action(*arguments)
    return str(caught.value)


# --- read


@pytest.mark.parametrize("data", BYTES, ids=len)
def test_read_any_bytes(tmp_path, data):
    assert files.read(make(tmp_path / "f", data)).data == data


def test_read_absent(tmp_path):
    snapshot = files.read(str(tmp_path / "f"), missing_ok=True)
    assert (snapshot.data, snapshot.identity) == (None, None)


def test_read_through_links(tmp_path):
    (tmp_path / "real/deep").mkdir(parents=True)
    make(tmp_path / "real/f")
    (tmp_path / "link").symlink_to("real/deep")
    (tmp_path / "other").symlink_to("link/../f")
    assert files.read(str(tmp_path / "other")).real_path == str(tmp_path / "real/f")


def make_socket(path):
    home = os.getcwd()
    os.chdir(str(path.parent))  # a socket's whole path is short
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(path.name)
    os.chdir(home)


READ_ERRORS = [
    ("folder", lambda path: path.mkdir(), "is a folder"),
    ("FIFO", lambda path: os.mkfifo(str(path)), "is a FIFO"),
    ("socket", make_socket, "is a socket"),
    ("device", lambda path: path.symlink_to("/dev/zero"), "is a device"),
    ("dangling", lambda path: path.symlink_to("nowhere"), "is a symbolic link to"),
    ("loop", lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    ("large", lambda path: make(path, b"x" * (files.MAX_BYTES + 1)), "larger than 4 MB"),
    ("absent", lambda path: None, "does not exist"),
]


@pytest.mark.parametrize(
    ("build", "why"), [row[1:] for row in READ_ERRORS], ids=[row[0] for row in READ_ERRORS]
)
def test_read_errors(tmp_path, build, why):
    path = tmp_path / "f"
    build(path)
    sentence = refusal(files.read, str(path))
    assert why in sentence and str(path) in sentence and sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("path", ["", "a\0b", "/" + "x" * 300, "/etc/passwd/x", "/" + "x/" * 3000])
def test_read_impossible_paths(path):
    assert refusal(files.read, path).endswith(".")


def test_a_sentence_is_one_line(tmp_path):
    assert "\n" not in refusal(files.read, str(tmp_path / "a\nb"))


# --- check_safe


def hard_linked(folder):
    os.link(make(folder / "f"), str(folder / "g"))


def writable_by_group(folder):
    make(folder / "f")
    folder.chmod(0o775)


def sticky(folder):
    make(folder / "f")
    folder.chmod(0o1777)


def of_another(folder):
    make(folder / "f")
    os.chown(str(folder), 1234, 0)


def link_to_a_writable_file(folder):
    make(folder / "real", mode=0o666)
    (folder / "f").symlink_to("real")


def link_to_a_file_of_another(folder):
    os.chown(make(folder / "real"), 1234, 0)
    (folder / "f").symlink_to("real")


def link_into_a_folder_of_another(folder):
    (folder / "theirs").mkdir()
    make(folder / "theirs/real")
    os.chown(str(folder / "theirs"), 1234, 0)
    (folder / "f").symlink_to("theirs/real")


def link_of_another_in_a_sticky_folder(folder):
    sticky_folder = folder / "tmp"
    (folder / "dir").mkdir()
    sticky_folder.mkdir()
    sticky_folder.chmod(0o1777)
    make(folder / "dir/real")
    (sticky_folder / "step").symlink_to("../dir")
    os.chown(str(sticky_folder / "step"), 1234, 0, follow_symlinks=False)
    (folder / "f").symlink_to("tmp/step/real")


UNSAFE = [
    (hard_linked, "hard links"),
    (writable_by_group, "can be written by others than root"),
    (sticky, "can be written by others than root"),
    (of_another, "belongs to user 1234"),
    (link_to_a_writable_file, "others than root can write"),
    (link_to_a_file_of_another, "others than root can write"),
    (link_into_a_folder_of_another, "belongs to user 1234"),
    (link_of_another_in_a_sticky_folder, "can be written by others than root"),
]


@as_root
@pytest.mark.parametrize(("build", "why"), UNSAFE, ids=[row[0].__name__ for row in UNSAFE])
def test_unsafe(tmp_path, build, why):
    folder = tmp_path / "folder"
    folder.mkdir()
    build(folder)
    wanted = change(folder / "f")
    sentence = refusal(files.check_safe, wanted)
    assert why in sentence and str(folder) in sentence
    before = listing(folder)
    assert refusal(files.Transaction(str(tmp_path), [wanted]).write) == sentence
    assert listing(folder) == before and (folder / "f").read_bytes() == b"old"


def test_missing_folder(tmp_path):
    sentence = refusal(files.check_safe, change(tmp_path / "nowhere/f"))
    assert sentence == "The folder {} does not exist.".format(tmp_path / "nowhere")


@as_root
def test_safe(tmp_path):
    """A folder of root's inside a sticky one; a file of another's in a folder of root's."""
    folder = tmp_path / "tmp"
    (folder / "mine").mkdir(parents=True)
    folder.chmod(0o1777)
    path = make(folder / "mine/f")
    os.chown(path, 1234, 1234)
    files.check_safe(change(path))


@as_root
@pytest.mark.parametrize("flag", ["i", "a"])
@pytest.mark.parametrize("name", ["f", "."])
def test_immutable(tmp_path, flag, name):
    make(tmp_path / "f")
    target = str(tmp_path / name)
    if not shutil.which("chattr") or subprocess.call(["chattr", "+" + flag, target]):
        pytest.skip("no chattr here")
    try:
        assert "cannot be changed" in refusal(files.check_safe, change(tmp_path / "f"))
    finally:
        subprocess.check_call(["chattr", "-" + flag, target])


MOUNTS = [
    ("mount --bind f f", "mount point of its own"),
    ("mount --bind . . && mount -o remount,bind,ro . && cd ..", "read-only file system"),
    ('mount -t tmpfs -o size=64k,mode=700 none . && cd "$1" && echo old > f', "not enough room"),
    ('mount -t tmpfs -o nr_inodes=2,mode=700 none . && cd "$1" && echo old > f', "not enough room"),
]

SCRIPT = """
import sys, types
for name, path in json_packages:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = path
from ansible_collections.curfew.session.plugins.module_utils._files import changes as files
try:
    files.check_safe(files.Change(files.read(sys.argv[1]), b"new"))
except files.FilesError as error:
    print(error)
"""


@as_root
@pytest.mark.parametrize(("command", "why"), MOUNTS, ids=[why for _command, why in MOUNTS])
def test_mounts(tmp_path, command, why):
    make(tmp_path / "f")
    if not shutil.which("unshare") or subprocess.call(["unshare", "-m", "true"]):
        pytest.skip("no mount namespaces here")
    parts = ["ansible_collections", "curfew", "session"]
    names = [".".join(parts[:count]) for count in (1, 2, 3)]
    packages = [(name, list(sys.modules[name].__path__)) for name in names]
    script = SCRIPT.replace("json_packages", repr(packages))
    shell = f'cd "$1" && {command} && exec "$2" -c "$3" "$1/f"'
    output = subprocess.check_output(
        ["unshare", "-m", "sh", "-c", shell, "sh", str(tmp_path), sys.executable, script]
    ).decode()
    assert why in output and str(tmp_path) in output


# --- Transaction


@pytest.fixture
def tree(tmp_path):
    make(tmp_path / "changed", b"old 1", 0o640)
    make(tmp_path / "removed", b"old 2", 0o600)
    (tmp_path / "link").symlink_to("real")
    make(tmp_path / "real", b"old 3")
    return tmp_path


def changes_in(tree):
    return [
        change(tree / "changed"),
        change(tree / "created", b"created", mode=0o600),
        change(tree / "removed", None),
        change(tree / "link", b"through the link"),
    ]


def state(tree):
    abouts = {name: os.lstat(str(tree / name)) for name in listing(tree)}
    return {
        name: (about.st_ino, about.st_mtime_ns, about.st_mode, about.st_nlink)
        for name, about in abouts.items()
    }


def test_write_and_finish(tree):
    transaction = files.Transaction(str(tree), changes_in(tree))
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
    transaction = files.Transaction(str(tree), changes_in(tree), backup=True)
    transaction.write()
    assert state(tree) != before
    transaction.undo()
    assert state(tree) == before
    assert transaction.changed_files == [] and transaction.backup_files == []


def test_backups_are_the_old_files(tree):
    before = state(tree)
    transaction = files.Transaction(str(tree), changes_in(tree), backup=True)
    transaction.write()
    transaction.finish()
    assert len(transaction.backup_files) == 3
    for path, name in zip(transaction.backup_files, ["changed", "removed", "real"]):
        assert os.path.basename(path).startswith("." + name + ".")
        assert state(tree)[os.path.basename(path)] == before[name]


def test_nothing_to_do(tree):
    before = state(tree)
    transaction = files.Transaction(str(tree), [change(tree / "changed", b"old 1")], backup=True)
    transaction.write()
    transaction.undo()
    transaction.finish()
    assert state(tree) == before
    assert transaction.changed_files == [] and transaction.backup_files == []


def test_a_long_name(tmp_path):
    path = tmp_path / ("\u00e9" * 127)
    make(path)
    transaction = files.Transaction(str(tmp_path), [change(path)], backup=True)
    transaction.write()
    transaction.finish()
    assert path.read_bytes() == b"new"


def test_twice_the_same_file(tree):
    (tree / "again").symlink_to("changed")
    pair = [change(tree / "changed"), change(tree / "again")]
    assert "twice" in refusal(files.Transaction(str(tree), pair).write)


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
    transaction = files.Transaction(str(tree), changes_in(tree))
    meddle(tree)
    before = state(tree)
    assert "changed by somebody else" in refusal(transaction.write)
    assert state(tree) == before


@pytest.mark.parametrize("meddle", [r[1] for r in MEANWHILE], ids=[r[0] for r in MEANWHILE])
def test_changed_while_others_were_placed(tree, meddle, monkeypatch):
    changes = changes_in(tree)
    transaction = files.Transaction(str(tree), changes[2:] + changes[:2])
    place = files._place
    met = []

    def place_and_meddle(entry):
        place(entry)
        if not met:
            meddle(tree)
            names = [name for name in listing(tree) if not name.startswith(".")]
            met.append({name: (tree / name).read_bytes() for name in names})

    monkeypatch.setattr(files, "_place", place_and_meddle)
    assert "changed by somebody else" in refusal(transaction.write)
    wanted = dict(met[0], removed=b"old 2", real=b"old 3", link=b"old 3")
    assert {name: (tree / name).read_bytes() for name in listing(tree)} == wanted


def test_undo_leaves_what_somebody_changed_since(tree):
    transaction = files.Transaction(str(tree), changes_in(tree))
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
        transaction = files.Transaction(str(tmp_path), [change(path, b"new %d" % links)])
        transaction.write()
        transaction.finish()
        after = os.stat(path)
        assert (after.st_uid, after.st_gid, after.st_mode) == (1234, 4321, before.st_mode)
        assert {name: os.getxattr(path, name) for name in attributes} == attributes


@as_root
def test_labels_that_the_system_gave_a_new_file_stay(tmp_path):
    """SELinux lets nobody take one away; other attributes are those of the old file."""
    old, new = make(tmp_path / "old"), make(tmp_path / "new")
    given = {"user.note": b"theirs", "security.selinux": b"system_u:object_r:etc_t:s0\0"}
    for name, value in given.items():
        os.setxattr(new, name, value)
    with open(old, "rb") as source, open(new, "wb") as target:
        writing.copy_attributes(source.fileno(), target.fileno())
    assert os.listxattr(new) == ["security.selinux"]


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
    transaction = files.Transaction(str(tmp_path), [change(plain), change(shared)])
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
        files.Transaction(str(tree), changes_in(tree)).write()
    finally:
        os.umask(umask)
    assert set(modes) == {0o600}


def test_undo_without_hard_links(tree, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    before = {name: entry[1:] for name, entry in state(tree).items()}
    transaction = files.Transaction(str(tree), changes_in(tree))
    transaction.write()
    transaction.undo()
    assert {name: entry[1:] for name, entry in state(tree).items()} == before


def test_a_restore_that_fails_says_how_each_file_is_left(tree, monkeypatch):
    transaction = files.Transaction(str(tree), changes_in(tree))
    transaction.write()
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", lambda *_paths: os.stat("/nonexistent"))
        sentence = refusal(transaction.undo)
    (saved,) = [name for name in listing(tree) if name.startswith(".real.")]
    assert "{} holds its new bytes".format(tree / "real") in sentence
    assert f"the old file is {tree / saved}" in sentence
    assert "{} is not there".format(tree / "removed") in sentence
    files.recover(str(tree))
    assert (tree / "real").read_bytes() == b"old 3"
    assert listing(tree) == ["changed", "link", "real", "removed"]


@pytest.mark.parametrize("number", range(1, 5))
def test_one_look_that_fails_after_the_proof_leaves_nothing(tree, monkeypatch, number):
    transaction = files.Transaction(str(tree), changes_in(tree))
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


# --- recover


def killed(tree, monkeypatch, proven=False):
    """Leave the tree as a run does that is killed before, or after, it is proven."""
    transaction = files.Transaction(str(tree), changes_in(tree))
    transaction.write()
    if proven:
        with monkeypatch.context() as patch:
            patch.setattr(files, "complete", lambda *_arguments: None)
            transaction.finish()


def test_recover_nothing(tree):
    before = state(tree)
    assert files.recover(str(tree)) == []
    assert state(tree) == before and files.unfinished(str(tree)) is None


def test_recover_takes_back(tree, monkeypatch):
    before = state(tree)
    killed(tree, monkeypatch)
    (sentence,) = files.recover(str(tree))
    assert "taken back" in sentence and str(tree / "changed") in sentence
    assert state(tree) == before
    assert files.recover(str(tree)) == []


def test_recover_completes(tree, monkeypatch):
    killed(tree, monkeypatch, proven=True)
    (sentence,) = files.recover(str(tree))
    assert "completed" in sentence
    assert listing(tree) == ["changed", "created", "link", "real"]


def test_recover_leaves_what_somebody_changed_since(tree, monkeypatch):
    killed(tree, monkeypatch)
    make(tree / "changed", b"theirs")
    sentences = files.recover(str(tree))
    assert len(sentences) == 2 and "left as it is" in sentences[1]
    assert (tree / "changed").read_bytes() == b"theirs"


def test_no_write_beside_an_unfinished_run(tree, monkeypatch):
    killed(tree, monkeypatch)
    before = state(tree)
    transaction = files.Transaction(str(tree), [change(tree / "created", b"more")])
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
    assert ".curfew.session.journal" in refusal(files.recover, str(tree))
    assert state(tree) == before


@as_root
def test_a_journal_of_another_is_not_obeyed(tree, monkeypatch):
    killed(tree, monkeypatch)
    os.chown(str(tree / ".curfew.session.journal"), 1234, 1234)
    before = state(tree)
    assert "not private to us" in refusal(files.recover, str(tree))
    assert state(tree) == before


@as_root
def test_no_journal_is_obeyed_where_others_can_write(tree, monkeypatch):
    killed(tree, monkeypatch)
    tree.chmod(0o1777)
    before = state(tree)
    assert "can be written by others" in refusal(files.recover, str(tree))
    assert state(tree) == before


@as_root
def test_nothing_is_taken_back_where_others_can_write_by_now(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = make(folder / "f")
    files.Transaction(str(tmp_path), [change(path)]).write()
    folder.chmod(0o777)
    assert "can be written by others" in refusal(files.recover, str(tmp_path))
    assert (folder / "f").read_bytes() == b"new"


def test_recover_after_the_folder_is_gone(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = make(folder / "f")
    files.Transaction(str(tmp_path), [change(path)]).write()
    shutil.rmtree(str(folder))
    assert len(files.recover(str(tmp_path))) == 2
    assert listing(tmp_path) == []


def test_only_the_draft_was_written(tree):
    draft = tree / ".curfew.session.journal.draft"
    make(draft, b"{ha", 0o600)
    assert files.unfinished(str(tree)) == str(draft)
    assert files.recover(str(tree)) == []
    assert not draft.exists()


# --- diff


def test_diff(tree):
    (tree / "changed").write_bytes(b"\xff\0")
    unchanged = change(tree / "real", b"old 3")
    first, second, third, _fourth = files.diff([unchanged] + changes_in(tree))
    headers = {"before_header": str(tree / "changed"), "after_header": str(tree / "changed")}
    assert first == dict(headers, before="\ufffd\0", after="new")
    assert (second["before"], second["after"]) == ("", "created")
    assert (third["before"], third["after"]) == ("old 2", "")


def test_digest():
    assert journal.digest(None) is None
    assert journal.digest(b"a") != journal.digest(b"b")
