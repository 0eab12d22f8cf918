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
    with pytest.raises(_durations.DurationError, match="^timeout: .*\\.$") as caught:
        _durations.parse(value, "timeout")
    assert "15m" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value, minimum", OUT_OF_RANGE)
def test_refuses_what_is_out_of_range(value, minimum):
    with pytest.raises(_durations.DurationError, match="^interval: .* out of range") as caught:
        _durations.parse(value, "interval", minimum=minimum)
    assert f"{minimum} to 2147483647" in str(caught.value)
    assert len(str(caught.value)) < 200
