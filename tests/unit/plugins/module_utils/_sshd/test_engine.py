# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed run says."""

from ansible_collections.curfew.session.plugins.module_utils._sshd import engine


def test_an_error_is_one_line_of_text():
    error = engine.ChangeError("/a\nb\x1b[2J\udcff is not there.")
    assert str(error) == "/a\\nb\\x1b[2J\ufffd is not there."
