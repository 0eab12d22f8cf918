# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors as people are told them."""

import errno

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _durations, _refusal

SENTENCES = [
    (_refusal.Refusal("It is so."), "It is so."),
    (_refusal.BadOption("timeout", "no."), "Option timeout: no."),
    (_durations.DurationError("timeout", "no."), "Option timeout: no."),
    (OSError(errno.EACCES, "Permission denied", "/etc/x"), "/etc/x: Permission denied."),
    (OSError(errno.EIO, "Input/output error"), "The system says: Input/output error."),
    (OSError("odd"), "odd"),
]


@pytest.mark.parametrize("error, sentence", SENTENCES)
def test_sentence(error, sentence):
    assert _refusal.sentence(error) == sentence
