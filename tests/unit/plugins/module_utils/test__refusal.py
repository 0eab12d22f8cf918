# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an error says to people."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files.reading import FilesError
from ansible_collections.curfew.session.plugins.module_utils._refusal import sentence

SENTENCES = [
    (OSError(5, "Input/output error", "/etc/ssh/d"), "/etc/ssh/d: Input/output error."),
    (OSError(24, "Too many open files"), "The system says: Too many open files."),
    (OSError("odd"), "odd"),
    (FilesError("/etc/a does not exist."), "/etc/a does not exist."),
]


@pytest.mark.parametrize("error, expected", SENTENCES)
def test_sentence(error, expected):
    assert sentence(error) == expected
