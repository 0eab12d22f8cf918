# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who gets in with a shell that is not for everybody, asked of the kernel itself."""

import os
import shutil
import subprocess

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _admission, _identities

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask for others")
STAFF, OTHERS = 50, 65534


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Return a shell in a folder that everybody can reach; ann is in the group staff."""
    (tmp_path / "group").write_text(f"staff:x:{STAFF}:ann\n")
    (tmp_path / "passwd").write_text("ann:x:1001:1001::/:/bin/sh\n")
    monkeypatch.setattr(_identities, "GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(_identities, "PASSWD", str(tmp_path / "passwd"))
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    path = tmp_path / "bin" / "shell"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    os.chown(str(path), 0, STAFF)
    return path


def bars(shell, git=False):
    people = (("root", 0, 0), ("ann", 1001, 1001), ("bob", 1002, 1002), ("cid", 1003, STAFF))
    return set(_admission.bars([_admission.Entry(n, str(shell), u, g, git) for n, u, g in people]))


# mode of the folder, of the shell, and who is kept out
MODES = [
    (0o755, 0o755, set()),
    (0o755, 0o750, {"bob"}),
    (0o755, 0o705, {"ann", "cid"}),
    (0o755, 0o700, {"ann", "bob", "cid"}),
    (0o700, 0o755, {"ann", "bob", "cid"}),
    (0o711, 0o755, set()),
    (0o755, 0o644, {"root", "ann", "bob", "cid"}),
]


@pytest.mark.parametrize("folder, mode, out", MODES)
def test_modes(folder, mode, out, shell):
    shell.chmod(mode)
    shell.parent.chmod(folder)
    assert bars(shell) == out


def test_a_list_of_access(shell):
    if not shutil.which("setfacl"):
        pytest.skip("setfacl is not installed")
    shell.chmod(0o755)
    done = subprocess.run(["setfacl", "-m", "u:1002:r", str(shell)], check=False)
    if done.returncode:
        pytest.skip("no lists of access here")
    assert bars(shell) == {"bob"}


def test_who_belongs_to_a_group_of_a_directory(shell, monkeypatch):
    shell.chmod(0o750)
    monkeypatch.setattr(_admission.os, "getgrouplist", lambda user, gid: [gid, STAFF])
    assert bars(shell) == set()


def test_git_shell(shell, monkeypatch, tmp_path):
    homes = {name: str(tmp_path / name) for name in ("root", "ann", "bob", "cid")}
    (tmp_path / "ann" / "git-shell-commands").mkdir(parents=True)
    monkeypatch.setattr(_admission, "_home", homes.__getitem__)
    shell.chmod(0o755)
    assert bars(shell, git=True) == {"root", "bob", "cid"}


def test_what_does_not_answer_bars_nobody(shell, monkeypatch):
    shell.chmod(0o700)
    monkeypatch.setattr(_admission._programs, "answer", lambda work, limit: None)
    assert bars(shell) == set()
