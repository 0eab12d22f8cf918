# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on a folder, whatever others do."""

import fcntl
import os
import stat
from contextlib import ExitStack

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import lock as files_lock
from ansible_collections.curfew.session.plugins.module_utils._files import reading

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has such a folder")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A folder that stands in for /run."""
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)
    monkeypatch.setattr(files_lock, "RUN", str(folder))
    return folder


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def refusal(home):
    with pytest.raises(reading.FilesError) as caught:
        files_lock.locked(str(home), wait=0.2).__enter__()
    return str(caught.value)


def test_a_second_run_waits_for_a_bounded_time(run, home):
    with files_lock.locked(str(home)):
        assert "locked by another run" in refusal(home)
        with files_lock.locked(str(run), wait=0):
            pass
    with files_lock.locked(str(home), wait=0):
        pass
    assert os.listdir(str(home)) == os.listdir(str(run)) == []


@as_root
def test_nobody_else_can_open_what_root_locks(run, home):
    with files_lock.locked(str(home)):
        (lock_file,) = run.iterdir()
        about = lock_file.stat()
        assert (stat.S_IMODE(about.st_mode), about.st_uid) == (0o600, 0)


@as_root
def test_a_lock_that_anybody_can_take_keeps_nobody_waiting(run, home):
    theirs = os.open(str(home), os.O_RDONLY)
    try:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with files_lock.locked(str(home), wait=0):
            pass
    finally:
        os.close(theirs)


@as_root
def test_a_run_that_locks_two_folders_does_not_wait_for_itself(run, tmp_path):
    folders = [tmp_path / "a" / "b", tmp_path / "a-b", tmp_path / "a%2db"]
    for folder in folders:
        folder.mkdir(parents=True)
    with ExitStack() as held:
        for folder in folders:
            held.enter_context(files_lock.locked(str(folder), wait=0))
        assert len(list(run.iterdir())) == 3


@as_root
def test_what_a_killed_run_left_counts_for_nothing(run, home):
    with files_lock.locked(str(home)):
        (lock_file,) = run.iterdir()
    lock_file.write_text("")
    with files_lock.locked(str(home), wait=0):
        pass
    assert not lock_file.exists()


@as_root
def test_a_lock_file_that_was_removed_while_we_waited_is_not_ours(run, home, monkeypatch):
    """Its holder removes it: to go on with it would be to work beside whoever comes next."""
    lock, held = files_lock._lock, []

    def take(folder, descriptor, deadline):
        lock(folder, descriptor, deadline)
        held.append(os.fstat(descriptor).st_ino)
        if len(held) == 1:
            (lock_file,) = run.iterdir()
            lock_file.rename(run / "removed")  # kept, so that its number is not used again

    monkeypatch.setattr(files_lock, "_lock", take)
    with files_lock.locked(str(home)):
        assert len(set(held)) == 2


@as_root
def test_in_a_sticky_folder_only_a_file_of_roots_counts(run, home):
    run.chmod(0o1777)
    with files_lock.locked(str(home)):
        (lock_file,) = run.iterdir()
    lock_file.write_text("")
    os.chown(str(lock_file), 1000, 1000)
    with open(str(lock_file)) as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with files_lock.locked(str(home), wait=0):
            assert lock_file.exists()
    assert lock_file.exists()


@as_root
@pytest.mark.parametrize("spoil", [lambda run: run.chmod(0o777), lambda run: run.rmdir()])
def test_where_others_can_write_the_folder_itself_is_locked(run, home, spoil):
    spoil(run)
    with files_lock.locked(str(home)):
        assert "locked by another run" in refusal(home)
        assert not run.exists() or os.listdir(str(run)) == []


def test_it_takes_a_folder(run, tmp_path):
    for path in (tmp_path / "absent", tmp_path / "f\0", ""):
        assert refusal(path).endswith(".")
