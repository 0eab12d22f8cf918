# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a child says counts if it ends well; whatever becomes of it, nothing of it is left."""

import os
import signal
import subprocess
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _programs


@pytest.fixture(autouse=True)
def nothing_is_left():
    before = sorted(os.listdir("/proc/self/fd"))
    yield
    assert sorted(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def ends_itself(number):
    def work():
        os.kill(os.getpid(), number)
        time.sleep(60)

    return work


def says_half():
    """Its end of the pipe takes what it says, and then it is killed."""
    os.write(max(map(int, os.listdir("/proc/self/fd")[:-1])), b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def fails():
    raise KeyError("x")


SILENT = [fails, says_half, ends_itself(signal.SIGKILL), ends_itself(signal.SIGTERM)]


@pytest.mark.parametrize("said", [b"", b"yes", b"x" * 1000000])
def test_what_it_says(said):
    assert _programs.answer(lambda: said, 20) == said


@pytest.mark.parametrize("work", SILENT)
def test_no_answer(work):
    assert _programs.answer(work, 20) is None


@pytest.mark.parametrize("work", [ends_itself(signal.SIGSTOP), lambda: time.sleep(60)])
def test_one_that_is_stopped_is_not_waited_for(work):
    begun = time.monotonic()
    assert _programs.answer(work, 0.3) is None
    assert time.monotonic() - begun < 20


def test_more_than_any_answer_is_none(monkeypatch):
    monkeypatch.setattr(_programs, "_MAX_BYTES", 100000)
    assert _programs.answer(lambda: b"x" * 1000000, 20) is None


@pytest.mark.parametrize("name", ["pipe", "fork"])
def test_a_system_without_room_for_it(name, monkeypatch):
    def refuse():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, name, refuse)
    assert _programs.answer(lambda: b"yes", 20) is None


@pytest.mark.parametrize("leaves", ["", "setsid "])
def test_a_limit_holds_whoever_keeps_the_pipe(leaves):
    """A child of the program may have it, and may have left the program's session."""
    process = subprocess.Popen(
        ["sh", "-c", leaves + "sleep 20 & sleep 20"], stdout=subprocess.PIPE, start_new_session=True
    )
    began = time.time()
    _programs.end(process)
    assert time.time() - began < 5
    assert process.returncode is not None


def test_a_program_says_what_it_says_on_both(tmp_path):
    program = ["sh", "-c", "echo out; echo err >&2"]
    assert sorted(_programs.run(program)[1].split()) == ["err", "out"]
    assert _programs.run(program, errors=subprocess.DEVNULL) == (0, "out\n")


def test_a_program_that_hangs_is_ended():
    began = time.monotonic()
    status, sentence = _programs.run(["sleep", "60"], seconds=1)
    assert (status, sentence.split(" ", 1)[1]) == (124, "did not end within 1 seconds.")
    assert time.monotonic() - began < 10
