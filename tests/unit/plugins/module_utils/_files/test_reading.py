# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read, what is refused, and what --diff shows."""

import contextlib
import os
import socket

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.tests.unit.plugins.module_utils._files.trees import (
    change,
    changes_in,
    make,
    refusal,
)

BYTES = [
    b"",
    b"plain\n",
    b"no newline",
    b"\0\xff\xfe\x85\r\n",
    b"x" * 1_000_000,
    b"y" * reading.MAX_BYTES,
]


@pytest.mark.parametrize("data", BYTES, ids=len)
def test_read_any_bytes(tmp_path, data):
    assert reading.read(make(tmp_path / "f", data)).data == data


def test_read_absent(tmp_path):
    snapshot = reading.read(str(tmp_path / "f"), missing_ok=True)
    assert (snapshot.data, snapshot.identity) == (None, None)


def test_read_through_links(tmp_path):
    (tmp_path / "real/deep").mkdir(parents=True)
    make(tmp_path / "real/f")
    (tmp_path / "link").symlink_to("real/deep")
    (tmp_path / "other").symlink_to("link/../f")
    assert reading.read(str(tmp_path / "other")).real_path == str(tmp_path / "real/f")


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
    ("large", lambda path: make(path, b"x" * (reading.MAX_BYTES + 1)), "larger than 4 MB"),
    ("absent", lambda path: None, "does not exist"),
]


@pytest.mark.parametrize(
    ("build", "why"), [row[1:] for row in READ_ERRORS], ids=[row[0] for row in READ_ERRORS]
)
def test_read_errors(tmp_path, build, why):
    path = tmp_path / "f"
    build(path)
    sentence = refusal(reading.read, str(path))
    assert why in sentence and str(path) in sentence and sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("path", ["", "a\0b", "/" + "x" * 300, "/etc/passwd/x", "/" + "x/" * 3000])
def test_read_impossible_paths(path):
    assert refusal(reading.read, path).endswith(".")


def test_a_sentence_is_one_line(tmp_path):
    assert "\n" not in refusal(reading.read, str(tmp_path / "a\nb"))


def test_diff(tree):
    (tree / "changed").write_bytes(b"\xff\0")
    unchanged = change(tree / "real", b"old 3")
    first, second, third, _fourth = reading.diff([unchanged] + changes_in(tree))
    headers = {"before_header": str(tree / "changed"), "after_header": str(tree / "changed")}
    assert first == dict(headers, before="\ufffd\0", after="new")
    assert (second["before"], second["after"]) == ("", "created")
    assert (third["before"], third["after"]) == ("old 2", "")


def test_the_text_of_a_file_or_nothing(tmp_path):
    path = make(tmp_path / "f", b"a\xff\n")
    assert reading.text_or_nothing(path) == "a\udcff\n"
    os.mkfifo(str(tmp_path / "fifo"))
    for name in ("absent", "fifo", "."):
        assert reading.text_or_nothing(str(tmp_path / name)) == ""


def test_what_a_run_may_read_in_all():
    allowance = reading.Allowance()
    large = reading.Snapshot("/a", "/a", b"x" * reading.MAX_BYTES, None)
    for _count in range(8):
        assert allowance.spent_on(large) is large
    sentence = refusal(allowance.spent_on, large._replace(data=b"x"))
    assert sentence == "/a and what was read before it are larger than 32 MB."
