# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trees of login files that exist in a dictionary only."""

import os

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._shell import files


class Tree(files.HostFiles):
    def __init__(self, files):
        super().__init__()
        self._files = files

    def snapshot(self, path):
        data = self._files.get(path)
        return None if data is None else reading.Snapshot(path, path, data.encode(), None)

    def names(self, folder):
        return [os.path.basename(p) for p in self._files if os.path.dirname(p) == folder]

    def real(self, path):
        return path
