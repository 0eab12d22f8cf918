# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several ask of a host is asked once in a run."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._once import Once


class Asked:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.questions = []

    def __call__(self, *question):
        self.questions.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("answer", ["yes", None, 0, []])
def test_who_asks_second_gets_the_first_ones_answer(answer):
    once, ask = Once(), Asked(answer)
    assert once(ask) is answer and once(ask) is answer
    assert ask.questions == [()]


def test_another_question_is_asked():
    once, ask, other = Once(), Asked(1, 2, 3), Asked(4)
    answers = [once(ask), once(ask, "a"), once(ask, "b"), once(ask, "a"), once(other)]
    assert answers == [1, 2, 3, 2, 4]
    assert ask.questions == [(), ("a",), ("b",)]


def test_an_error_is_no_answer():
    once, ask = Once(), Asked(OSError("busy"), "yes")
    with pytest.raises(OSError):
        once(ask)
    assert once(ask) == "yes"


def test_another_run_asks_anew():
    ask = Asked(1, 2)
    assert [Once()(ask), Once()(ask)] == [1, 2]
