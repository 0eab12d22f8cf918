# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the login files cannot be seen by asking a shell."""

import os
import signal
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import effects, shells
from ansible_collections.curfew.session.plugins.module_utils._shell import dropin

# a login file, and whether it switches the timer of ksh93u+m off
SPOILING = [
    ("if ( unset TMOUT ) 2>/dev/null; then TMOUT=5; fi\n", True),
    ("( TMOUT=1 )\n", True),
    ("(readonly TMOUT)\n", True),
    ("if ( ulimit -c 0; unset TMOUT ) 2>/dev/null; then TMOUT=5; fi\n", False),
    ("TMOUT=5\nreadonly TMOUT\nexport TMOUT\n", False),
    ("unset TMOUT\n", False),
    ("( unset OTHER )\nTMOUT=5\n", False),
    ("# ( unset TMOUT )\n", False),
    ("", False),
]


@pytest.mark.parametrize("text, spoils", SPOILING)
def test_spoils_timer(text, spoils):
    assert effects.spoils_timer(text) == spoils


@pytest.mark.parametrize("options", [{}, {"readonly": False}, {"exempt_users": ["root"]}])
def test_our_own_drop_in_does_not(options):
    assert not effects.spoils_timer(dropin.render(900, **options))


# After these ksh93 and mksh go by the value that TMOUT had before.
UNSETTING = [
    ("TMOUT=3\nunset TMOUT\n", True),
    ("unset -v A TMOUT\n", True),
    ('[ -n "$A" ] && unset TMOUT\n', True),
    ("( unset TMOUT )\n", False),
    ("unset TMOUTS; TMOUT=3\n", False),
    ("# unset TMOUT\n", False),
    (dropin.render(900), False),
]


@pytest.mark.parametrize("text, expected", UNSETTING)
def test_unsets(text, expected):
    assert effects.unsets(text) == expected


# login files by path, and what they do to the timer of ksh93
UNSET, SPOILING_ONE, LONG = "unset TMOUT\n", "( TMOUT=1 )\n", "TMOUT=1\n" + "x " * 250000
EFFECTS = [
    ({"/a": "TMOUT=1\n"}, (False, "", "")),
    ({"/a": UNSET, "/b": SPOILING_ONE}, (True, "/b", "")),
    ({"/a": SPOILING_ONE, "/b": SPOILING_ONE}, (False, "/a", "")),
    ({"/a": LONG, "/b": UNSET}, (True, "", "/a")),
    ({}, (False, "", "")),
]


@pytest.mark.parametrize("texts, expected", EFFECTS, ids=range(len(EFFECTS)))
def test_effects_of_login_files(texts, expected):
    assert effects.effects_of(texts, "ksh93") == expected


def test_a_subshell_spoils_no_timer_but_that_of_ksh93():
    assert effects.effects_of({"/a": SPOILING_ONE}, "mksh") == (False, "", "")


def test_names_of_exemptions():
    text = dropin.render(900, exempt_users=["a", "b.c"], exempt_groups=["wheel", "x"])
    assert shells._names(shells._EXEMPT_USERS, text) == {"a", "b.c"}
    assert shells._names(shells._EXEMPT_GROUPS, text) == {"wheel", "x"}


# what a child that is somebody else may say
NOT_ANSWERS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff",
    b'{"tmout_seconds": "5"}',
    b'{"tmout_seconds": 5, "logout_seconds": 5, "readonly": 1}',
    b'{"tmout_seconds": true, "logout_seconds": 5, "readonly": true}',
]


@pytest.mark.parametrize("said", NOT_ANSWERS)
def test_not_an_answer(said):
    assert shells._checked(said) is None


def test_what_nests_too_deeply_is_no_answer():
    assert shells._checked(b"[" * 60000) is None


def test_an_answer():
    said = b'{"tmout_seconds": 5, "logout_seconds": null, "readonly": true}'
    assert shells._checked(said)["tmout_seconds"] == 5


NOBODY = shells._Identity(65534, 65534, (65534,), ())
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")


def stops():
    os.kill(os.getpid(), signal.SIGSTOP)


@needs_root
def test_asked_as_somebody_else():
    def work():
        return {"tmout_seconds": os.geteuid(), "logout_seconds": None, "readonly": None}

    assert shells._within(NOBODY, work, 20)["tmout_seconds"] == 65534


@needs_root
def test_who_stops_what_asks_does_not_stop_the_run():
    begun = time.monotonic()
    assert shells._within(NOBODY, stops, 0.3) is None
    assert time.monotonic() - begun < 20
