# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order a run writes, and which rights of the drop-in it mends."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._shell import engine

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


REPAIRED = [(0o644, False), (0o600, True), (0o666, True), (0o755, True)]


@pytest.mark.parametrize("mode, repaired", REPAIRED)
def test_rights_that_are_mended(tmp_path, mode, repaired):
    path = tmp_path / "tmout.sh"
    path.write_text("")
    path.chmod(mode)
    assert engine._needs_repair(reading.read(str(path))) is repaired


def test_what_is_not_there_needs_no_other_rights(tmp_path):
    snapshot = reading.read(str(tmp_path / "tmout.sh"), missing_ok=True)
    assert engine._needs_repair(snapshot) is False


def test_a_link_is_emptied_and_a_file_removed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "tmout.sh"
    target.write_text("TMOUT=5\n")
    os.symlink("target", str(link))
    absent = engine.shell_options.Options(None, None, str(link), False, True, False, (0, 0))
    assert engine._content(absent, reading.read(str(link))) == b""
    assert engine._content(absent._replace(path=str(target)), reading.read(str(target))) is None
