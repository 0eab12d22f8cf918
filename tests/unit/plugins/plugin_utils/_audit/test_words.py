# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.curfew.session.plugins.plugin_utils._audit import words

SPANS = [
    (0, "0 seconds", "0 s"),
    (1, "1 second", "1 s"),
    (60, "1 minute", "1 min"),
    (900, "15 minutes", "15 min"),
    (5400, "1 hour 30 minutes", "1 h 30 min"),
    (86461, "1 day 1 minute 1 second", "1 d 1 min 1 s"),
]
RANGES = [
    (180, 240, "3 to 4 minutes", "3 to 4 min"),
    (60, 120, "1 to 2 minutes", "1 to 2 min"),
    (50, 60, "50 seconds to 1 minute", "50 s to 1 min"),
    (3, 6, "3 to 6 seconds", "3 to 6 s"),
    (90, 180, "1 minute 30 seconds to 3 minutes", "1 min 30 s to 3 min"),
    (60, 60, "1 minute", "1 min"),
]
NAMES = [
    ([], ""),
    (["a"], "a"),
    (["a", "b"], "a and b"),
    (["a", "b", "c"], "a, b and c"),
    (list("abcdefg"), "a, b, c, d, e and 2 more"),
]


@pytest.mark.parametrize("seconds, long, short", SPANS)
def test_span(seconds, long, short):
    assert (words.span(seconds), words.short(seconds)) == (long, short)


@pytest.mark.parametrize("first, last, long, short", RANGES)
def test_within(first, last, long, short):
    assert (words.within(first, last), words.short_within(first, last)) == (long, short)


def test_never():
    assert words.short(None) == words.short_within(None, None) == "never"


@pytest.mark.parametrize("items, text", NAMES)
def test_names(items, text):
    assert words.names(items) == text


def test_count():
    assert [words.count(n, "host") for n in (0, 1, 2000)] == ["0 hosts", "1 host", "2,000 hosts"]
