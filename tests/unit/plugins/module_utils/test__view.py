# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staged files are seen by one child alone, and no trace is left of it."""

import os
import signal
import subprocess

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _view
from ansible_collections.curfew.session.plugins.module_utils._files import scratch

LIMIT = 20


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    folder = tmp_path / "scratch"
    folder.mkdir()
    make = scratch.make
    monkeypatch.setattr(scratch, "make", lambda: make(str(folder)))
    before = sorted(os.listdir("/proc/self/fd"))
    yield
    assert os.listdir(str(folder)) == []
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def file(tmp_path):
    if os.geteuid() != 0 or subprocess.call(["unshare", "-m", "true"]) != 0:
        pytest.skip("private mount namespaces are not possible here")
    path = tmp_path / "file"
    path.write_text("old")
    return path


def dies():
    os.kill(os.getpid(), signal.SIGKILL)


def refuse():
    raise BlockingIOError(11, "Resource temporarily unavailable")


def test_the_child_alone_sees_it(file):
    staged = [_view.Staged(str(file), b"new", None)]
    assert _view.within(staged, file.read_text, LIMIT) == "new"
    assert file.read_text() == "old"


def test_a_file_that_would_be_gone(file):
    staged = [_view.Staged(str(file), None, None)]
    assert _view.within(staged, file.exists, LIMIT) is False
    assert file.exists()


def test_a_child_that_dies_has_no_answer(file):
    assert _view.within([], dies, LIMIT) is None


@pytest.mark.parametrize("name", ["pipe", "fork"])
def test_a_system_without_room_for_it(name, monkeypatch):
    monkeypatch.setattr(os, name, refuse)
    assert _view.within([], bool, LIMIT) is None
