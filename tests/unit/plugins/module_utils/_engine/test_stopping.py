# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a run that cannot do what it was asked for."""

import types

import pytest

from ansible_collections.curfew.session.plugins.module_utils._engine.stopping import (
    Stopped,
    stopping,
)
from ansible_collections.curfew.session.plugins.module_utils._refusal import BadOption, Refusal


def reached(**known):
    return {name: types.SimpleNamespace(known=values) for name, values in known.items()}


# what ends a run, and what is said
SENTENCES = [
    (Refusal("It is so."), "It is so."),
    (Refusal("/a\nb\x1b[2J\udcff\x7f is not there."), "/a\\nb\\x1b[2J\\xff\\x7f is not there."),
    (OSError(5, "Input/output error", "/proc\t1"), "/proc\\t1: Input/output error."),
    (BadOption("text", "'\x00' is odd."), "Option text: '\\x00' is odd."),
]


@pytest.mark.parametrize("error, sentence", SENTENCES)
def test_it_is_one_line_of_text(error, sentence):
    stopped = Stopped(error, "first", reached(first={}))
    assert str(stopped) == sentence
    assert (stopped.undone, stopped.changed, stopped.notes) == (False, False, [])


def test_what_is_known_is_that_of_all_and_what_the_error_tells_of_one():
    steps = reached(first={"a": 1, "b": 1}, second={"a": 2})
    stopped = Stopped(Refusal("", {"b": 3}), "first", steps)
    assert stopped.reached == {"first": {"a": 1, "b": 3}, "second": {"a": 2}}
    assert steps["first"].known == {"a": 1, "b": 1}
    assert Stopped(Refusal("", {"b": 3}), None, steps).reached["first"] == {"a": 1, "b": 1}


def test_the_option_that_makes_no_sense():
    bad = BadOption("text", "is odd.")
    assert Stopped(bad, "first", reached(first={})).option is bad
    assert Stopped(Refusal("is odd."), "first", reached(first={})).option is None


def test_what_became_of_the_files():
    stopped = Stopped(Refusal("It is so."), "first", reached(first={"a": 1}))
    told = stopped.after_undo("It\nis so. Then: no.", True)
    assert told is stopped and str(told) == "It\\nis so. Then: no."
    assert (told.undone, told.changed, told.mechanism) == (True, True, "first")


@pytest.mark.parametrize("error", [Refusal("It is so."), OSError(5, "It is so")])
def test_whoever_ends_it_is_told_of_once(error):
    def end():
        outside = stopping(None, reached(first={}))
        with outside, stopping("first", reached(first={"a": 1})):
            raise error

    with pytest.raises(Stopped) as caught:
        end()
    assert caught.value.mechanism == "first" and caught.value.reached == {"first": {"a": 1}}
    assert caught.value.__cause__ is error


def test_a_bug_is_none_of_its_business():
    with pytest.raises(KeyError), stopping("first", reached(first={})):
        raise KeyError("a bug")


def test_nobody_is_asked_what_is_known_where_all_is_well():
    with stopping("first", {"first": None}):
        pass
