"""Folders for temporary files: what a killed run left is swept, what is in use is not."""

import os
import signal

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import scratch


def test_made_and_removed(tmp_path):
    folder = scratch.make(str(tmp_path))
    assert os.stat(folder).st_mode & 0o777 == 0o700
    with open(os.path.join(folder, "file"), "w") as stream:
        stream.write("text")
    scratch.remove(folder)
    assert os.listdir(str(tmp_path)) == []


def test_two_at_once(tmp_path):
    first, second = [scratch.make(str(tmp_path)) for _number in range(2)]
    assert first != second and os.path.isdir(first) and os.path.isdir(second)
    scratch.remove(first)
    assert os.path.isdir(second)
    scratch.remove(second)


def test_what_a_killed_run_left_is_swept_by_the_next(tmp_path):
    reader, writer = os.pipe()
    run = os.fork()
    if run == 0:
        try:
            os.write(writer, scratch.make(str(tmp_path)).encode())
            signal.pause()
        finally:
            os._exit(1)
    left = os.read(reader, 4096).decode()
    alive = scratch.make(str(tmp_path))
    assert os.path.isdir(left)
    os.kill(run, signal.SIGKILL)
    os.waitpid(run, 0)
    after = scratch.make(str(tmp_path))
    assert not os.path.exists(left)
    for folder in (alive, after):
        scratch.remove(folder)
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_nothing_of_others_is_swept(tmp_path):
    """Neither a folder of somebody else's, nor what a link leads to, nor a file."""
    others = tmp_path / "curfew-session-others"
    others.mkdir()
    os.chown(str(others), 1234, 1234)
    (tmp_path / "real").mkdir()
    (tmp_path / "curfew-session-link").symlink_to("real")
    (tmp_path / "curfew-session-file").write_text("text")
    before = sorted(os.listdir(str(tmp_path)))
    scratch.remove(scratch.make(str(tmp_path)))
    assert sorted(os.listdir(str(tmp_path))) == before


def test_nothing_is_left_where_it_cannot_be_opened(tmp_path, monkeypatch):
    def fails_once(*_arguments, **_options):
        monkeypatch.undo()
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(scratch.os, "open", fails_once)
    with pytest.raises(OSError, match="Too many"):
        scratch.make(str(tmp_path))
    assert os.listdir(str(tmp_path)) == []
