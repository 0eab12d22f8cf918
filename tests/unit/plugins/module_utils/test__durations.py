# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations: every accepted spelling, every refused one."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _durations

DURATIONS = [
    (900, 900),
    ("900", 900),
    ("0900", 900),
    ("15m", 900),
    ("15M", 900),
    ("1h30m", 5400),
    ("1H30M", 5400),
    ("1h30", 3630),
    ("90s", 90),
    ("1d", 86400),
    ("2w", 1209600),
    ("1w2d3h4m5s", 788645),
    (0, 0),
    ("0", 0),
    (2147483647, 2147483647),
    ("2147483647", 2147483647),
]

NOT_DURATIONS = [
    True,
    False,
    None,
    1.5,
    900.0,
    [900],
    {"seconds": 900},
    "",
    " ",
    " 900",
    "900 ",
    "15 m",
    "1h 30m",
    "900\n",
    "\n900",
    "15m\n",
    "-1",
    "+1",
    "1.5",
    "0x12c",
    "15min",
    "m",
    "m15",
    "900;id",
    "$(id)",
    "'900'",
    "\u0663",  # an Arabic digit: int() would take it
    "yes",
    "none",
]

OUT_OF_RANGE = [
    (-1, 0),
    (0, 1),
    ("0", 1),
    (2147483648, 0),
    ("2147483648", 0),
    ("3551w", 0),
    ("9" * 5000, 0),
    (10**30, 0),
]


@pytest.mark.parametrize("value, seconds", DURATIONS)
def test_parse(value, seconds):
    assert _durations.parse(value, "timeout") == seconds


@pytest.mark.parametrize("value", NOT_DURATIONS)
def test_refuses_what_is_no_duration(value):
    with pytest.raises(_durations.DurationError, match="^Option timeout: .*\\.$") as caught:
        _durations.parse(value, "timeout")
    assert "15m" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value, minimum", OUT_OF_RANGE)
def test_refuses_what_is_out_of_range(value, minimum):
    with pytest.raises(
        _durations.DurationError, match="^Option interval: .* out of range"
    ) as caught:
        _durations.parse(value, "interval", minimum=minimum)
    assert f"{minimum} to 2147483647" in str(caught.value)
    assert len(str(caught.value)) < 200


SPELLED = [
    (0, "0 seconds"),
    (1, "1 second"),
    (60, "1 minute"),
    (900, "15 minutes"),
    (5400, "1 hour 30 minutes"),
    (86461, "1 day 1 minute 1 second"),
    (86400000, "1,000 days"),
]
BETWEEN = [
    (180, 240, "3 to 4 minutes"),
    (60, 120, "1 to 2 minutes"),
    (50, 60, "50 seconds to 1 minute"),
    (3, 6, "3 to 6 seconds"),
    (90, 180, "1 minute 30 seconds to 3 minutes"),
    (60, 60, "1 minute"),
]
# a list, the word before its last item, and how many are named at most
LISTED = [
    ([], "and", None, ""),
    (["a"], "and", None, "a"),
    (["a", "b"], "and", None, "a and b"),
    (["a", "b", "c"], "and", None, "a, b and c"),
    (["a", "b", "c"], "or", 3, "a, b or c"),
    (list("abcdefg"), "and", 5, "a, b, c, d, e and 2 more"),
]


@pytest.mark.parametrize("seconds, text", SPELLED)
def test_spelled(seconds, text):
    assert _durations.spelled(seconds) == text


def test_spelled_without_commas():
    assert _durations.spelled(86400000, "d") == "1000 days"


@pytest.mark.parametrize("first, last, text", BETWEEN)
def test_between(first, last, text):
    assert _durations.between(_durations.spelled(first), _durations.spelled(last)) == text


@pytest.mark.parametrize("items, last, most, text", LISTED)
def test_listed(items, last, most, text):
    assert _durations.listed(items, last, most) == text


def test_count():
    texts = [_durations.count(number, "host") for number in (0, 1, 2000)]
    assert texts == ["0 hosts", "1 host", "2,000 hosts"]
