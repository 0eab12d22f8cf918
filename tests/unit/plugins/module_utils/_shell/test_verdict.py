# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What answers prove: problems, warnings, and shells that have no timeout."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._accounts import Shell
from ansible_collections.curfew.session.plugins.module_utils._identities import Person
from ansible_collections.curfew.session.plugins.module_utils._shell import conflicts, verdict
from ansible_collections.curfew.session.plugins.module_utils._shell.asking import Answer, Asker
from ansible_collections.curfew.session.plugins.module_utils._shell.definitions import Definition

PATH = "/etc/profile.d/tmout.sh"
WANTED = conflicts.Wanted(900, True, True)
STRANGER = Person(None, 65534, 65534)
ROOT = Person("root", 0, 0, (0,))


def shell(family, path=None):
    return Shell(path or "/bin/" + family, "/bin/" + family, family, False)


def answer(
    family="bash", tmout="900", status="answered", output="", fixed=True, path=None, person=STRANGER
):
    return Answer(Asker(shell(family, path), person), status, 0, output, tmout, fixed, fixed, {})


def conflict(
    text, value=None, against=True, stops=(), at_prompts=False, families=("bash", "ksh93")
):
    definition = Definition(
        3, text, "assign", value, False, False, False, False, 0, at_prompts=at_prompts
    )
    return conflicts.Conflict("/a", definition, "", families, True, against, True, stops)


def compare(before, after, wanted=WANTED, readers=None, elsewhere=(), spared=()):
    asked = [one.asker for one in after]
    reading = [one for one in asked if readers is None or one.shell.path in readers]
    standard = verdict.Standard(wanted, reading, spared, PATH, elsewhere)
    result = verdict.compare(before, after, standard)
    missed = {verdict.named(asker): why for asker, why in result.missed.items()}
    return verdict.sentences(result.problems), result.warnings, missed


FIVE = conflict("TMOUT=5", "5")
# what it was, what it is, definitions elsewhere, what is wrong with it
PROBLEMS = [
    (answer(), answer(), (), []),
    (
        answer(),
        answer(tmout="5"),
        (FIVE,),
        ["TMOUT would be 5 in /bin/bash, not 900 because of /a, line 3: TMOUT=5."],
    ),
    (
        answer(),
        answer(tmout="5"),
        (conflict("TMOUT=7", "7"),),
        [
            "TMOUT would be 5 in /bin/bash, not 900; nothing that can be told from the text of its"
            " login files explains it; in the way too: /a, line 3: TMOUT=7."
        ],
    ),
    (
        answer(),
        answer(fixed=False),
        (),
        [
            "TMOUT would be 900 and not readonly and not exported in /bin/bash, not 900; nothing"
            " that can be told from the text of its login files explains it."
        ],
    ),
    (
        answer(),
        answer(status="hangs", output="tty fd\nlast words\n"),
        (),
        [
            "/bin/bash would be broken: it does not come to its prompt in time, and said"
            " 'last words'."
        ],
    ),
    (
        answer(status="exits"),
        answer(status="exits"),
        (),
        ["/bin/bash cannot be asked: it ends before its prompt; mend its login files."],
    ),
    (
        answer(output="at 12:30\n"),
        answer(output="at 12:31\nTMOUT: readonly variable\n"),
        (),
        ["/bin/bash would print at every login: 'TMOUT: readonly variable'."],
    ),
    (
        answer("ksh93"),
        answer("ksh93"),
        (conflict("unset TMOUT", stops=("ksh93",)),),
        [
            "/bin/ksh93 would show the right TMOUT and never obey it because of /a, line 3: unset"
            " TMOUT."
        ],
    ),
    (
        answer(),
        answer(),
        (conflict("PROMPT_COMMAND=x", at_prompts=True),),
        [
            "/bin/bash would set TMOUT again at every prompt because of /a, line 3:"
            " PROMPT_COMMAND=x."
        ],
    ),
]


@pytest.mark.parametrize("before, after, elsewhere, expected", PROBLEMS)
def test_problems(before, after, elsewhere, expected):
    assert compare([before], [after], elsewhere=elsewhere) == (expected, [], {})


def test_what_does_not_read_ours():
    problems, warnings, missed = compare([], [answer(), answer("zsh", None)], readers=["/bin/bash"])
    assert (problems, warnings) == ([], [])
    assert missed == {"/bin/zsh": f"zsh does not read {PATH} on this host"}
    sentence = "TMOUT would be unset and not readonly and not exported in /bin/bash, not 900:"
    sentence += f" it does not read {PATH} (its loop, its name or its rights)."
    assert compare([], [answer(tmout=None, fixed=False)], readers=[])[0] == [sentence]


def test_what_never_obeys():
    _problems, _warnings, missed = compare([], [answer(), answer("dash"), answer("tcsh", None)])
    assert missed == {
        "/bin/dash": "dash knows no idle timeout",
        "/bin/tcsh": "csh shells never obey TMOUT, only their own autologout",
    }


def test_what_cannot_be_asked_and_does_not_read_ours():
    problems, warnings, missed = compare([], [answer(), answer("zsh", status="floods")], readers=[])
    assert (problems, warnings) == ([], ["/bin/zsh cannot be asked: it prints without end."])
    assert missed == {"/bin/zsh": "it prints without end, so that it cannot be asked"}


def test_nobody_reads_ours():
    after = [answer("zsh", None), answer("dash")]
    assert compare([], after[:1], readers=[])[0] == [f"No login shell of this host reads {PATH}."]
    assert compare([], after, readers=["/bin/dash"])[0] == []


def test_where_nothing_is_wanted_problems_are_warnings():
    said = compare([answer()], [answer(output="x\n")], wanted=None)
    assert said == ([], ["/bin/bash would print at every login: 'x'."], {})


def test_each_thing_is_said_once():
    after = [answer(tmout="5"), answer(tmout="5", path="/bin/bash2")]
    (sentence,) = compare([], after, elsewhere=(FIVE,))[0]
    assert sentence.startswith("TMOUT would be 5 in /bin/bash, /bin/bash2, not 900")


def test_which_answers_are_not_what_is_wanted():
    answers = [answer(), answer(tmout="5"), answer("tcsh", None), answer("ksh93", fixed=False)]
    assert verdict.mismatched(answers, WANTED) == [answers[1], answers[3]]


def test_what_is_true_of_everybody_in_a_shell_is_said_of_the_shell():
    for people, named in (
        ([STRANGER, ROOT], "/bin/bash"),
        ([ROOT], "/bin/bash of root"),
    ):
        answers = [answer(tmout="5", person=person) for person in people]
        (sentence,), _warnings, _missed = compare(answers, answers)
        assert sentence.startswith(f"TMOUT would be 5 in {named}, not 900;")


def test_who_is_spared_may_have_another_value_and_no_broken_shell():
    other = answer(tmout="5", person=ROOT)
    spared = [other.asker]
    assert compare([answer()], [answer(), other], spared=spared)[0] == []
    broken = other._replace(status="exits", output="")
    assert compare([other], [answer(), broken], spared=spared)[0] == [
        "/bin/bash of root would be broken: it ends before its prompt."
    ]
