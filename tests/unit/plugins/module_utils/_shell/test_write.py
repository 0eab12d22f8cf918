# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run says that fails after it has written: why first, then what has become of the files."""

import os
import stat

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import changes as files_changes
from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._files.reading import (
    Change,
    FilesError,
)
from ansible_collections.curfew.session.plugins.module_utils._shell import (
    asking,
    options,
    proof,
    verdict,
)
from ansible_collections.curfew.session.plugins.module_utils._shell import write as shell_write

OLD, NEW = b"TMOUT=5\n", b"TMOUT=900\n"
BACK = "Every file has its old bytes back."
WRONG = verdict.Verdict([verdict.Problem("bash", "It is wrong.", "", "")], [], {})


@pytest.fixture
def path(tmp_path, monkeypatch):
    tmp_path.chmod(0o755)
    path = tmp_path / "tmout.sh"
    path.write_bytes(OLD)
    path.chmod(0o600)
    monkeypatch.setattr(proof, "ask_now", lambda _options, _host: [])
    monkeypatch.setattr(proof, "judge", lambda *_arguments: WRONG)
    return path


def write(path, after):
    drop_in = reading.read(str(path))
    changes = [Change(drop_in, after)] if after != OLD else []
    plan = options.Plan(changes, set(), drop_in, True)
    asked_for = options.Options(None, None, str(path), False, True, False, (0, 0))
    host = options.Host(None, [], [], {}, {}, [])
    with pytest.raises(options.NotInForce) as caught:
        shell_write.write(asked_for, host, plan, [])
    return caught.value


def refuse(*_arguments, **_options):
    raise PermissionError(1, "Operation not permitted")


def undo_fails(_self):
    raise FilesError("/etc/profile could not be put back.")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("after", [OLD, NEW])
def test_all_is_brought_back(path, after):
    error = write(path, after)
    assert str(error) == "It is wrong. " + BACK
    assert error.changed is False
    assert (path.read_bytes(), mode(path)) == (OLD, 0o600)


def test_files_that_cannot_be_brought_back(path, monkeypatch):
    monkeypatch.setattr(files_changes.Transaction, "undo", undo_fails)
    error = write(path, NEW)
    assert str(error) == "It is wrong. Then: /etc/profile could not be put back."
    assert error.changed is True


def test_rights_that_cannot_be_brought_back(path, monkeypatch):
    monkeypatch.setattr(os, "chmod", refuse)
    error = write(path, OLD)
    assert str(error).startswith(f"It is wrong. Then: {path} could not be given")
    assert error.changed is True and mode(path) == 0o644


def test_rights_of_a_file_that_is_written_anew_come_back_with_it(path, monkeypatch):
    monkeypatch.setattr(os, "chmod", refuse)
    assert str(write(path, NEW)) == "It is wrong. " + BACK
    assert (path.read_bytes(), mode(path)) == (OLD, 0o600)


def test_shells_that_cannot_be_asked(path, monkeypatch):
    def ask(_options, _host):
        raise asking.AskError("a login shell cannot be started: why")

    monkeypatch.setattr(proof, "ask_now", ask)
    monkeypatch.setattr(files_changes.Transaction, "undo", undo_fails)
    said = "a login shell cannot be started: why. Then: /etc/profile could not be put back."
    assert str(write(path, NEW)) == said
