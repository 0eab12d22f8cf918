# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What login files do beside setting TMOUT, and for whom an answer may not hold."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import doubts
from ansible_collections.curfew.session.plugins.module_utils._shell import definitions, dropin

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
    assert doubts.spoils_timer(text) == spoils


@pytest.mark.parametrize("options", [{}, {"readonly": False}, {"exempt_users": ["root"]}])
def test_our_own_drop_in_does_not(options):
    assert not doubts.spoils_timer(dropin.render(900, **options))


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
    assert doubts.unsets(text) == expected


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
    assert doubts.effects_of(texts, "ksh93") == expected


def test_a_subshell_spoils_no_timer_but_that_of_ksh93():
    assert doubts.effects_of({"/a": SPOILING_ONE}, "mksh") == (False, "", "")


OURS = dropin.render(900, exempt_users=["a"])
# login files by path, the family, whether it was asked without a terminal; and the doubts by name
DOUBTS = [
    ({"/a": "TMOUT=9\n"}, "bash", False, {}),
    ({"/a": OURS}, "bash", False, {"ours": ["/a"]}),
    ({"/a": dropin.render(900)}, "bash", False, {}),
    ({"/a": "readonly TMOUT\n"}, "bash", False, {}),
    ({"/a": '[ "$UID" = 0 ] || TMOUT=9\n'}, "bash", False, {}),
    ({"/a": '[ -n "$SSH_TTY" ] && TMOUT=9\n'}, "bash", False, {}),
    ({"/a": '[ -n "$SSH_TTY" ] && TMOUT=9\n'}, "bash", True,
     {"how": ("/a", 1, "$SSH_TTY")}),
    ({"/a": '[ "$PPID" = 1 ] && TMOUT=9\n'}, "bash", False,
     {"how": ("/a", 1, "$PPID")}),
    ({"/a": "PROMPT_COMMAND='TMOUT=9'\n"}, "bash", False,
     {"prompts": "/a line 1"}),
    ({"/a": "PROMPT_COMMAND='TMOUT=9'\n"}, "ksh93", False,
     {}),
    ({"/a": "A=1\n"}, "bash", False, {}),
]  # fmt: skip


@pytest.mark.parametrize("texts, family, detached, expected", DOUBTS, ids=range(len(DOUBTS)))
def test_doubts(texts, family, detached, expected):
    places = [(path, item) for path, text in texts.items() for item in definitions.find(text)]
    none = doubts.Doubts([], None, "")
    assert doubts.doubts_of(texts, places, family, detached) == none._replace(**expected)


# what a file tests before it sets TMOUT, and what of that nobody knows before the login
CHANGING = [
    ("$((RANDOM % 2)) = 1", "RANDOM"),
    ('"$PWD" = /home/ops', "$PWD"),
    ('"$(pwd)" = /home/ops', "$(pwd"),
    ("$(date +%H) -ge 18", "$(date"),
    ("$(cut -d. -f1 /proc/loadavg) -gt 90", "/proc/loadavg"),
    ('"$LC_IDLE" = long', "$LC_IDLE"),
    ("$UPDATE = 1", None),
]


@pytest.mark.parametrize("test, word", CHANGING)
def test_what_is_otherwise_at_another_time(test, word):
    text = f"[ {test} ] && TMOUT=60\n"
    places = [("/a", definition) for definition in definitions.find(text)]
    how = doubts.doubts_of({"/a": text}, places, "bash", False).how
    assert (how and how.word) == word
