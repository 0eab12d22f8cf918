# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before anything is written."""

import os
import shutil
import subprocess
import sys

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import changes, safety
from ansible_collections.curfew.session.tests.unit.plugins.module_utils._files.trees import (
    as_root,
    change,
    listing,
    make,
    refusal,
)


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
    sentence = refusal(safety.check_safe, wanted)
    assert why in sentence and str(folder) in sentence
    before = listing(folder)
    assert refusal(changes.Transaction(str(tmp_path), [wanted]).write) == sentence
    assert listing(folder) == before and (folder / "f").read_bytes() == b"old"


def test_missing_folder(tmp_path):
    sentence = refusal(safety.check_safe, change(tmp_path / "nowhere/f"))
    assert sentence == "The folder {} does not exist.".format(tmp_path / "nowhere")


@as_root
def test_safe(tmp_path):
    """A folder of root's inside a sticky one; a file of another's in a folder of root's."""
    folder = tmp_path / "tmp"
    (folder / "mine").mkdir(parents=True)
    folder.chmod(0o1777)
    path = make(folder / "mine/f")
    os.chown(path, 1234, 1234)
    safety.check_safe(change(path))


@as_root
@pytest.mark.parametrize("flag", ["i", "a"])
@pytest.mark.parametrize("name", ["f", "."])
def test_immutable(tmp_path, flag, name):
    make(tmp_path / "f")
    target = str(tmp_path / name)
    if not shutil.which("chattr") or subprocess.call(["chattr", "+" + flag, target]):
        pytest.skip("no chattr here")
    try:
        assert "cannot be changed" in refusal(safety.check_safe, change(tmp_path / "f"))
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
from ansible_collections.curfew.session.plugins.module_utils._files import reading, safety
try:
    safety.check_safe(reading.Change(reading.read(sys.argv[1]), b"new"))
except reading.FilesError as error:
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
