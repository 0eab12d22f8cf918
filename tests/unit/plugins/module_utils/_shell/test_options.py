# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of shell_tmout mean, and which make no sense."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._refusal import BadOption
from ansible_collections.curfew.session.plugins.module_utils._shell import conflicts, options
from ansible_collections.curfew.session.plugins.module_utils._shell.definitions import Definition

GIVEN = {name: option.get("default") for name, option in options.spec().items()}

# what is given, and what is to be in force then
WANTED = [
    ({"timeout": 900}, (900, True, True, False)),
    ({"timeout": "15m", "readonly": False}, (900, False, True, False)),
    ({"timeout": 1, "export": False, "interactive_only": True}, (1, True, False, True)),
    ({"timeout": 900, "exempt_users": ["a"]}, (900, True, True, True)),
    ({"timeout": 900, "exempt_groups": ["a"]}, (900, True, True, True)),
    ({"state": "absent"}, None),
]

# what is given, the option that is wrong, and how the sentence about it begins
REFUSED = [
    ({}, "timeout", "is needed"),
    ({"timeout": 0}, "timeout", "0 is out of range"),
    ({"timeout": True}, "timeout", "True is a boolean"),
    ({"timeout": 900, "state": "absent"}, "timeout", "has no meaning"),
    ({"timeout": 900, "exempt_users": ["a b"]}, "exempt_users", "'a b' is not a name"),
    ({"timeout": 900, "path": "tmout.sh"}, "path", "'tmout.sh' is not the absolute path"),
    ({"timeout": 900, "path": "/etc/tmout"}, "path", "'/etc/tmout' is not the absolute path"),
    ({"timeout": 900, "path": "/etc/.tmout.sh"}, "path", "'/etc/.tmout.sh' is not the absolute"),
    ({"timeout": 900, "path": "/a\0b/tmout.sh"}, "path", "'/a\\x00b/tmout.sh' is not the absolute"),
]


@pytest.mark.parametrize("given, wanted", WANTED, ids=str)
def test_what_is_wanted(given, wanted):
    asked_for = options.from_params(dict(GIVEN, **given))
    assert asked_for.wanted == (wanted and conflicts.Wanted(*wanted))
    assert (asked_for.text is None) == (wanted is None)
    assert (asked_for.path, asked_for.verify) == ("/etc/profile.d/tmout.sh", True)


@pytest.mark.parametrize("given, option, problem", REFUSED, ids=str)
def test_what_makes_no_sense(given, option, problem):
    with pytest.raises(BadOption) as caught:
        options.from_params(dict(GIVEN, **given))
    assert str(caught.value).startswith(f"Option {option}: {problem}")
    assert (caught.value.option, caught.value.problem[: len(problem)]) == (option, problem)


def test_what_a_plan_leaves_in_place():
    found = [
        conflicts.Conflict(
            "/a",
            Definition(1, "TMOUT=1", "assign", "1", False, False, False, False, offset),
            "login shells",
            ("bash",),
            True,
            True,
            True,
        )
        for offset in (0, 8)
    ]
    plan = options.Plan([], {("/a", 8)})
    assert plan.left_in_place(found) == found[:1]
