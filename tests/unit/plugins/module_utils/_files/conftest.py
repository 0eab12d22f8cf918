# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest


@pytest.fixture
def tree(tmp_path):
    # Not at the top: that is read before the collection can be imported.
    from ansible_collections.curfew.session.tests.unit.plugins.module_utils._files import trees

    return trees.make_tree(tmp_path)
