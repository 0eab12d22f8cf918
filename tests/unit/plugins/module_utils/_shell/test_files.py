# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that changes files takes for missing, and what bytes become of a text."""

import errno
import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._files.reading import FilesError
from ansible_collections.curfew.session.plugins.module_utils._shell import files

PASSED_OVER = [errno.EACCES, errno.EPERM]
FAILURES = [errno.EIO, errno.EMFILE, errno.ESTALE]


def failing(number):
    def fail(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    return fail


def test_what_is_not_there_is_passed_over(tmp_path):
    tree = files.SureFiles()
    assert tree.snapshot(str(tmp_path / "file")) is None
    assert tree.names(str(tmp_path / "folder")) is None
    assert tree.names(str(tmp_path)) == []


@pytest.mark.parametrize("number", PASSED_OVER)
def test_what_must_not_be_read_is_passed_over_as_shells_do(tmp_path, monkeypatch, number):
    (tmp_path / "file").write_text("TMOUT=5\n")
    tree = files.SureFiles()
    monkeypatch.setattr(os, "open", failing(number))
    monkeypatch.setattr(os, "listdir", failing(number))
    assert tree.snapshot(str(tmp_path / "file")) is None
    assert tree.names(str(tmp_path)) is None


@pytest.mark.parametrize("number", FAILURES)
def test_a_disk_that_fails_is_a_failure(tmp_path, monkeypatch, number):
    (tmp_path / "file").write_text("TMOUT=5\n")
    tree = files.SureFiles()
    monkeypatch.setattr(os, "open", failing(number))
    monkeypatch.setattr(os, "listdir", failing(number))
    with pytest.raises(FilesError, match=os.strerror(number)):
        tree.snapshot(str(tmp_path / "file"))
    with pytest.raises(FilesError, match=os.strerror(number)):
        tree.names(str(tmp_path))


BYTES = [b"", b"TMOUT=5\n", "TMOUT=5 # \u00e4\r\n".encode(), b"\xff\0\xc3\n"]


@pytest.mark.parametrize("data", BYTES)
def test_text_gives_the_same_bytes_back(data):
    text = files.decoded(reading.Snapshot("/a", "/a", data, None))
    assert files.encoded(text) == data


def test_a_file_is_read_once(tmp_path):
    path = tmp_path / "file"
    path.write_text("TMOUT=5\n")
    tree = files.HostFiles()
    assert tree.text(str(path)) == "TMOUT=5\n"
    path.write_text("TMOUT=6\n")
    assert tree.text(str(path)) == "TMOUT=5\n"


def test_folders_and_dev_null_hide_nothing_and_a_fifo_does(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(str(fifo))
    tree = files.HostFiles()
    assert [tree.text(path) for path in (str(tmp_path), os.devnull, str(fifo))] == [None] * 3
    assert tree.left_out == [f"{fifo} is a FIFO, not a regular file."]
