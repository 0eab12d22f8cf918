# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest


class Homes:
    """Two folders, with a file in each."""

    def __init__(self, folder):
        self.ssh, self.profile = folder / "ssh", folder / "profile.d"
        for home in (self.ssh, self.profile):
            home.mkdir()
            home.chmod(0o755)
            (home / "file").write_text("old\n")

    def __iter__(self):
        return iter([self.ssh, self.profile])

    def files(self):
        return [home / "file" for home in self]

    def state(self):
        """All that there is, with what tells whether anybody touched it."""
        found = {}
        for home in self:
            for name in sorted(os.listdir(str(home))):
                about = os.lstat(str(home / name))
                data = (home / name).read_bytes()
                found[f"{home.name}/{name}"] = (
                    data,
                    about.st_ino,
                    about.st_mode,
                    about.st_mtime_ns,
                )
        return found


@pytest.fixture
def homes(tmp_path):
    tmp_path.chmod(0o755)
    return Homes(tmp_path)
