# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What contradicts a request."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import conflicts

from .situations import MATCH_ALL, situation

# The file, the daemon's options, those that contradict, and whether they win
OPTIONS = [
    ("", ["60"], []),
    ("", ["5"], [("-o ClientAliveInterval=5", True)]),
    ("", ["60", "5"], [("-o ClientAliveInterval=5", False)]),
    (MATCH_ALL, ["5"], [("-o ClientAliveInterval=5", False)]),
]


@pytest.mark.parametrize("text, values, expected", OPTIONS)
def test_options_of_the_daemon(text, values, expected):
    found = conflicts.contradictions(*situation(text, values), refused=False)
    assert [(item.text, item.wins) for item in found] == expected


def test_what_is_returned_of_a_contradiction():
    (found,) = conflicts.contradictions(*situation("", ["5"]), refused=False)
    assert found.conditional is False
    assert found.returned() == {
        "path": None,
        "line": None,
        "text": "-o ClientAliveInterval=5",
        "scope": "command line",
        "wins": True,
        "disabled": False,
        "accounts": None,
    }


def test_nothing_contradicts_that_directives_are_gone():
    given = situation("ClientAliveInterval 9\n", ["5"], state="absent")
    assert conflicts.contradictions(*given, refused=False) == []
