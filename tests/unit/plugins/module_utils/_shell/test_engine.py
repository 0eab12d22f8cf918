"""What a run that changes files takes for missing, and in which order it writes."""

import errno
import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._files.reading import FilesError
from ansible_collections.curfew.session.plugins.module_utils._shell import engine

PASSED_OVER = [errno.EACCES, errno.EPERM]
FAILURES = [errno.EIO, errno.EMFILE, errno.ESTALE]


def failing(number):
    def fail(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    return fail


def test_what_is_not_there_is_passed_over(tmp_path):
    files = engine._SureFiles()
    assert files.snapshot(str(tmp_path / "file")) is None
    assert files.names(str(tmp_path / "folder")) is None
    assert files.names(str(tmp_path)) == []


@pytest.mark.parametrize("number", PASSED_OVER)
def test_what_must_not_be_read_is_passed_over_as_shells_do(tmp_path, monkeypatch, number):
    (tmp_path / "file").write_text("TMOUT=5\n")
    files = engine._SureFiles()
    monkeypatch.setattr(os, "open", failing(number))
    monkeypatch.setattr(os, "listdir", failing(number))
    assert files.snapshot(str(tmp_path / "file")) is None
    assert files.names(str(tmp_path)) is None


@pytest.mark.parametrize("number", FAILURES)
def test_a_disk_that_fails_is_a_failure(tmp_path, monkeypatch, number):
    (tmp_path / "file").write_text("TMOUT=5\n")
    files = engine._SureFiles()
    monkeypatch.setattr(os, "open", failing(number))
    monkeypatch.setattr(os, "listdir", failing(number))
    with pytest.raises(FilesError, match=os.strerror(number)):
        files.snapshot(str(tmp_path / "file"))
    with pytest.raises(FilesError, match=os.strerror(number)):
        files.names(str(tmp_path))


SOFT = [
    ("TMOUT=900\nexport TMOUT\n", True),
    ("", True),
    ("TMOUT=900\nreadonly TMOUT\n", False),
    ("typeset -xr TMOUT=900\n", False),
]


@pytest.mark.parametrize("text, soft", SOFT)
def test_only_what_is_not_readonly_may_stand_beside_what_contradicts(tmp_path, text, soft):
    path = tmp_path / "tmout.sh"
    path.write_text(text)
    assert engine._is_soft(reading.read(str(path))) == soft
