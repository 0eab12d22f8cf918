# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which definitions elsewhere contradict ours, and which of them win."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import conflicts
from ansible_collections.curfew.session.tests.unit.plugins.module_utils._shell.trees import Tree

DROP_IN = "/etc/profile.d/tmout.sh"
LOOP = "for i in /etc/profile.d/*.sh; do . $i; done\n"
FIXED = conflicts.Wanted(900, True, True)
OPEN = conflicts.Wanted(900, False, True)
HIDDEN = conflicts.Wanted(900, False, False)
NONE = conflicts.Wanted(None, False, False)
SPARING = conflicts.Wanted(900, True, True, spares=True)

# text before the loop, text behind it, what is wanted,
# then for each conflict, in order: its text, whether it wins, whether it is against ours
JUDGED = [
    ("TMOUT=5\n", "", FIXED, [("TMOUT=5", False, False)]),
    ("", "TMOUT=5\n", FIXED, [("TMOUT=5", False, True)]),
    ("", "TMOUT=5\n", OPEN, [("TMOUT=5", True, True)]),
    ("", "TMOUT=900\n", FIXED, [("TMOUT=900", False, True)]),
    ("", "TMOUT=900\n", OPEN, [("TMOUT=900", False, False)]),
    ("readonly TMOUT=5\n", "", FIXED, [("readonly TMOUT=5", True, True)]),
    (
        "TMOUT=5\nA=1\nreadonly TMOUT\n",
        "",
        FIXED,
        [("TMOUT=5", True, False), ("readonly TMOUT", True, True)],
    ),
    (
        "readonly TMOUT\nTMOUT=5\n",
        "",
        FIXED,
        [("readonly TMOUT", True, True), ("TMOUT=5", False, False)],
    ),
    (
        ": ${TMOUT:=5}\nreadonly TMOUT\n",
        "",
        FIXED,
        [(": ${TMOUT:=5}", True, False), ("readonly TMOUT", True, True)],
    ),
    # A default that is read after ours finds a value there.
    ("", ": ${TMOUT:=5}\n", FIXED, [(": ${TMOUT:=5}", False, False)]),
    ("", ": ${TMOUT:=5}\n", NONE, [(": ${TMOUT:=5}", True, True)]),
    ("", "A=${TMOUT:=5}\n", OPEN, [("A=${TMOUT:=5}", False, False)]),
    ("", "((TMOUT=5))\n", OPEN, [("((TMOUT=5))", True, True)]),
    ("", "TMOUT=5 :\n", FIXED, [("TMOUT=5 :", False, True)]),
    # What is exported once stays so.
    ("export TMOUT\n", "", HIDDEN, [("export TMOUT", False, True)]),
    ("export TMOUT=5\n", "", HIDDEN, [("export TMOUT=5", False, True)]),
    ("export TMOUT\n", "", OPEN, []),
    ("export TMOUT=5\n", "", OPEN, [("export TMOUT=5", False, False)]),
    ("", "export TMOUT=900\n", HIDDEN, [("export TMOUT=900", True, True)]),
    ("", "export TMOUT\n", HIDDEN, [("export TMOUT", True, True)]),
    ("", "readonly TMOUT=900\n", OPEN, [("readonly TMOUT=900", True, True)]),
    ("", "unset TMOUT\n", FIXED, [("unset TMOUT", False, True)]),
    ("unset TMOUT\n", "", FIXED, []),
    # What takes away that it is exported; also where it is readonly.
    ("", "export -n TMOUT\n", FIXED, [("export -n TMOUT", False, True)]),
    ("", "declare +x TMOUT\n", OPEN, [("declare +x TMOUT", True, True)]),
    ("", "typeset +x TMOUT=900\n", OPEN, [("typeset +x TMOUT=900", True, True)]),
    ("", "export -n TMOUT\n", HIDDEN, []),
    ("export -n TMOUT\n", "", FIXED, []),
    # At prompts it comes after ours, wherever it stands.
    ("PROMPT_COMMAND='TMOUT=60'\n", "", OPEN, [("PROMPT_COMMAND='TMOUT=60'", True, True)]),
    ("trap 'TMOUT=60' DEBUG\n", "", FIXED, [("trap 'TMOUT=60' DEBUG", False, True)]),
    # Whoever has not ours would have nothing, for good.
    ("", "readonly TMOUT\n", FIXED, [("readonly TMOUT", False, False)]),
    ("", "readonly TMOUT\n", SPARING, [("readonly TMOUT", False, True)]),
    ("", "export TMOUT\n", SPARING, []),
]


def survey(files, wanted):
    return conflicts.survey(Tree(files), ["bash"], DROP_IN, wanted)[1]


@pytest.mark.parametrize("before, after, wanted, expected", JUDGED)
def test_judges(before, after, wanted, expected):
    found = survey({"/etc/profile": before + LOOP + after}, wanted)
    assert [(one.definition.text, one.wins, one.against) for one in found] == expected


STOPPED = [
    ("bash", "unset TMOUT\n", FIXED, None),
    ("zsh", "unset TMOUT\n", FIXED, None),
    ("mksh", "unset TMOUT\n", FIXED, (True, True)),
    ("ksh93", "unset TMOUT\n", FIXED, (True, True)),
    ("ksh93", "[ -z $A ] || unset TMOUT\n", OPEN, (True, True)),
    ("ksh93", "unset TMOUT\n", NONE, None),
    ("mksh", "unset OTHER\n", FIXED, None),
]


@pytest.mark.parametrize("family, text, wanted, expected", STOPPED)
def test_an_unset_stops_the_timer_of_some_shells_for_good(family, text, wanted, expected):
    files = {"/etc/profile": text + LOOP}
    found = conflicts.survey(Tree(files), [family], DROP_IN, wanted)[1]
    assert [(one.wins, one.against) for one in found] == ([expected] if expected else [])


def test_an_unset_behind_ours_stops_no_timer():
    """It fails where ours is readonly, and what is asked shows it where ours is not."""
    files = {"/etc/profile": "unset TMOUT\n" + LOOP + "unset TMOUT\n"}
    found = conflicts.survey(Tree(files), ["bash", "ksh93", "mksh"], DROP_IN, FIXED)[1]
    assert [one.stops for one in found] == [("ksh93", "mksh"), ()]


def test_a_value_wins_that_another_file_makes_readonly():
    files = {
        "/etc/profile": LOOP,
        "/etc/profile.d/a.sh": "TMOUT=5\n",
        "/etc/profile.d/b.sh": "readonly TMOUT\n",
        "/etc/profile.d/c.sh": "TMOUT=6\n",
    }
    found = {one.path[-4:]: one.wins for one in survey(files, FIXED)}
    assert found == {"a.sh": True, "b.sh": True, "c.sh": False}
