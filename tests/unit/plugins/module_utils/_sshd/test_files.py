# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A configuration as it lies on disk: globs as glob(3) reads them, files read once."""

import errno
import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._sshd import config, files

NAMES = (
    "10.conf", "9.conf", "Z.conf", "a.conf", "b.conf~", ".hidden.conf", "star*.conf", "x y.conf",
)  # fmt: skip

GLOBS = [
    ("*.conf", ["10.conf", "9.conf", "Z.conf", "a.conf", "star*.conf", "x y.conf"]),
    ("*", ["10.conf", "9.conf", "Z.conf", "a.conf", "b.conf~", "star*.conf", "x y.conf"]),
    ("[0-9]*", ["10.conf", "9.conf"]),
    ("[[:digit:]]*", ["10.conf", "9.conf"]),
    ("[[:upper:]a].conf", ["Z.conf", "a.conf"]),
    ("[!a-z]*.conf", ["10.conf", "9.conf", "Z.conf"]),
    ("[^a-z]*.conf", ["a.conf", "star*.conf", "x y.conf"]),  # measured: "^" negates nothing
    ("?.conf", ["9.conf", "Z.conf", "a.conf"]),
    ("star\\*.conf", ["star*.conf"]),
    ("\\*.conf", []),
    ("a.conf", ["a.conf"]),
    (".h*", [".hidden.conf"]),
    ("\\.h*", [".hidden.conf"]),
    ("/../none*/a.conf", []),
    ("./a.conf", ["./a.conf"]),
    ("none", []),
    ("none/*.conf", []),
    ("[z-a].conf", []),
    ("[+-*]*", []),
]


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_text("PermitTTY no\n")
    (tmp_path / "folder.d").mkdir()
    return tmp_path


def read(folder, text):
    main = folder / ".main"
    main.write_bytes(text.encode("utf-8", "surrogateescape"))
    keywords = ["PermitTTY", "Port", "ListenAddress", "AddressFamily"]
    return files.Files(str(main), keywords, (9, 2)).read({})


@pytest.mark.parametrize("pattern, names", GLOBS)
def test_a_glob_names_what_it_names_to_sshd(folder, pattern, names):
    tree = read(folder, 'Include "{}/{}"\n'.format(folder, pattern.replace("\\", "\\\\")))
    (included,) = tree.includes.values()
    found = [path[len(str(folder)) + 1 :] for path in included]
    assert [name for name in found if name != "folder.d"] == names


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ENOMEM])
def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(folder, monkeypatch, number):
    def fail(path):
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "listdir", fail)
    with pytest.raises(reading.FilesError, match="could not be listed"):
        read(folder, f"Include {folder}/*.conf\n")


def test_a_glob_of_no_end_is_refused(folder, monkeypatch):
    monkeypatch.setattr(files, "MAX_NAMES", 5)
    with pytest.raises(reading.FilesError, match="more than 5 names"):
        read(folder, f"Include {folder}/*.conf\n")


def test_a_folder_that_a_glob_names_is_empty(folder):
    tree = read(folder, f"Include {folder}/folder.*\n")
    assert tree.texts[str(folder / "folder.d")] == ""


def test_one_file_under_two_names_is_one(folder):
    (folder / "zz.conf").symlink_to("a.conf")
    tree = read(folder, f"Include {folder}/a.conf {folder}/zz.conf\n")
    assert [item.path for item in tree.directives] == [str(folder / "a.conf")] * 2


def test_a_link_to_the_main_file_is_circular(folder):
    (folder / "loop.conf").symlink_to(".main")
    with pytest.raises(config.ConfigError, match="line 1: .* is circular"):
        read(folder, f"Include {folder}/loop.conf\n")
