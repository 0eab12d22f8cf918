# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder with some files, and changes of them."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files.reading import (
    Change,
    FilesError,
    read,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make such a file")


def listing(folder):
    return sorted(os.listdir(str(folder)))


def make(path, data=b"old", mode=0o644):
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


def change(path, after=b"new", **options):
    return Change(read(str(path), missing_ok=True), after, **options)


def refusal(action, *arguments):
    with pytest.raises(FilesError) as caught:
        action(*arguments)
    return str(caught.value)


def make_tree(tmp_path):
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
