# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from shells that do not end."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._classes import Classes
from ansible_collections.curfew.session.plugins.module_utils._shell import (
    asking,
    living,
    obedience,
    options,
    tracing,
    verdict,
)
from ansible_collections.curfew.session.plugins.module_utils._shell.reading import Reading

from .one_etc import asker, planned

BASH, ZSH = asker("bash"), asker("zsh")
PLACE = tracing.Lost("/a", 3, "exec fish")


@pytest.fixture
def observed(monkeypatch):
    """observed(first, second): what is concluded from what was lived without and with answers."""

    def observe(first, second=None):
        lives = iter([first, second])
        monkeypatch.setattr(living, "live", lambda *_given, **_how: next(lives))
        monkeypatch.setattr(
            tracing, "last_lines", lambda some, *_g, **_h: dict.fromkeys(some, PLACE)
        )
        _changes, files = planned("A=1\n")
        read = {"bash": Reading(["/etc/profile"], True, [])}
        host = options.Host(files, [], [], {}, read, [], [BASH, ZSH], Classes([], {}), BASH.person)
        answers = [asking.Answer(one, "answered", 0, "", "900", True, True, {}) for one in first]
        return obedience.observe(host, (), answers, 900)

    return observe


def test_all_end(observed):
    seen = observed({BASH: living.Lived(True, 0)})
    assert seen == (([], [], {}), [BASH])


def test_bash_that_stays_is_refused(observed):
    seen = observed({BASH: living.Lived(False, 0)}, {BASH: living.Lived(False, 0)})
    (sentence,) = verdict.sentences(seen.verdict.problems)
    assert sentence == (
        "/bin/bash would show the right TMOUT and never obey it: with one second in its place an"
        " idle session stays because of /a, line 3: exec fish."
    )


def test_another_shell_that_stays_is_not_covered(observed):
    seen = observed({ZSH: living.Lived(False, 0)}, {ZSH: living.Lived(False, 3)})
    assert seen.verdict.problems == [] and list(seen.verdict.missed) == [ZSH]


def test_a_question_before_the_prompt_is_a_warning(observed):
    seen = observed({BASH: living.Lived(False, 0)}, {BASH: living.Lived(True, 1)})
    (warning,) = seen.verdict.warnings
    assert seen.verdict.problems == [] and "waits for an answer" in warning
    assert "/a, line 3" in warning


def test_a_program_that_never_ends_is_refused(observed):
    seen = observed({BASH: living.Lived(False, 0, busy=True)}, {})
    assert "stays because of /a, line 3" in verdict.sentences(seen.verdict.problems)[0]


def test_what_nobody_knows_is_no_problem(observed):
    assert observed({BASH: living.Lived(None, 0)}) == (([], [], {}), [])
