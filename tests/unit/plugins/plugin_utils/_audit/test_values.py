# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts may say anything; what comes out can be written, shown and counted."""

import json

import pytest

from ansible_collections.curfew.session.plugins.plugin_utils._audit import values


class Tagged(str):
    """Text as Ansible hands it out."""


# what a host said, and the copy of it
PLAIN = [
    (None, None),
    (True, True),
    (3, 3),
    (2**53, "9007199254740992"),
    (1.5, 1.5),
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    ("a\udcffb", "a\\xffb"),
    ("x" * 3000, "x" * 2000 + "..."),
    ((1, "a"), [1, "a"]),
    ({1: [Tagged("a")], "\udcff": None}, {"1": ["a"], "\\xff": None}),
    ({"a": {1, 2} & {1}}, {"a": "{1}"}),
]


@pytest.mark.parametrize("said, copy", PLAIN)
def test_plain(said, copy):
    assert values.plain(said) == copy
    json.dumps(values.plain(said), allow_nan=False).encode("utf-8")


def test_plain_has_no_tags_and_an_end():
    assert not isinstance(values.plain(Tagged("a")), Tagged)
    deep = []
    for _level in range(100):
        deep = [deep]
    assert len(json.dumps(values.plain(deep))) < 300


# what a host said, and what it is as a dictionary, as a list of them, and as a number
SHAPES = [
    ({"a": 1}, {"a": 1}, [], None),
    ([{"a": 1}, 2], {}, [{"a": 1}], None),
    ("x", {}, [], None),
    (None, {}, [], None),
    (0, {}, [], 0),
    (5, {}, [], 5),
    (-5, {}, [], None),
    (True, {}, [], None),
    (5.0, {}, [], None),
]


@pytest.mark.parametrize("said, mapping, mappings, number", SHAPES)
def test_shapes(said, mapping, mappings, number):
    assert values.mapping(said) == mapping
    assert values.mappings(said) == mappings
    assert values.number(said) == number


NAMES = [
    ([], ""),
    (["a"], "a"),
    (["a", "b"], "a and b"),
    (["a", "b", "c"], "a, b and c"),
    (list("abcdefg"), "a, b, c, d, e and 2 more"),
]


@pytest.mark.parametrize("items, text", NAMES)
def test_names(items, text):
    assert values.names(items) == text
