# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What belongs to a file besides its bytes."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import writing
from ansible_collections.curfew.session.tests.unit.plugins.module_utils._files.trees import (
    as_root,
    make,
)


@as_root
def test_labels_that_the_system_gave_a_new_file_stay(tmp_path):
    """SELinux lets nobody take one away; other attributes are those of the old file."""
    old, new = make(tmp_path / "old"), make(tmp_path / "new")
    given = {"user.note": b"theirs", "security.selinux": b"system_u:object_r:etc_t:s0\0"}
    for name, value in given.items():
        os.setxattr(new, name, value)
    with open(old, "rb") as source, open(new, "wb") as target:
        writing.copy_attributes(source.fileno(), target.fileno())
    assert os.listxattr(new) == ["security.selinux"]


def test_what_is_created_is_new_and_private(tmp_path):
    path = str(tmp_path / "f")
    os.close(writing.create_private(path))
    assert os.stat(path).st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        writing.create_private(path)


def test_every_byte_is_written(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    descriptor = writing.create_private(str(tmp_path / "f"))
    writing.write_all(descriptor, b"0123456789")
    os.close(descriptor)
    assert (tmp_path / "f").read_bytes() == b"0123456789"
