# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Idle shells are seen to end, or to stay, with one second in the place of the number."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import living
from ansible_collections.curfew.session.plugins.module_utils._shell.tracing import Lost

from .one_etc import ROOT, asker, needs_namespaces, planned

pytestmark = [needs_namespaces, pytest.mark.waits]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(living, "STAYS_SECONDS", 2.5)


SET = "TMOUT=900\nexport TMOUT\n"
READS = "f() { while read -r _; do :; done <<X\none\nX\n}\nPROMPT_COMMAND=f\nset -o posix\n"
# shell, what /etc/profile holds, whether its idle shell ends (None: that says nothing)
LIVES = [
    ("bash", SET, True),
    ("bash", 'TMOUT="900"\n', True),
    ("mksh", SET, True),
    ("bash", "sleep 2\n" + SET, True),
    ("bash", SET + READS, False),
    ("bash", SET + '[ -n "$SSH_TTY" ] && exec sleep 60\n', False),
    ("bash", SET + "exit 3\n", None),
    ("bash", "TMOUT=$((15*60))\n# TMOUT=900\n", None),
]


@pytest.mark.parametrize("name, text, ends", LIVES)
def test_an_idle_shell(name, text, ends):
    changes, files = planned(text)
    one = asker(name)
    assert living.live([one], files, changes, 900)[one].ended is ends


def test_root_is_left_alone_too():
    changes, files = planned(SET)
    one = asker("bash", ROOT)
    assert living.live([one], files, changes, 900) == {one: (True, 0, False)}


ASKS = '[ -n "$SSH_CLIENT" ] && { read -r reply; [ "$reply" = y ] || exit; }\n' + SET


def test_a_question_before_the_prompt():
    changes, files = planned(ASKS)
    one = asker("bash")
    assert living.live([one], files, changes, 900)[one].ended is False
    assert living.live([one], files, changes, 900, answering=True)[one] == (True, 1, False)


def test_a_question_at_the_logout():
    changes, files = planned(SET + "trap 'read -t 60 -r x' EXIT\n")
    one = asker("bash")
    assert living.live([one], files, changes, 900, answering=True)[one].ended is False
    assert "trap 'read" in living.cause(files, ["/etc/profile"], None)


def test_a_program_that_goes_on_and_on(monkeypatch):
    monkeypatch.setattr(living, "_LIMIT_SECONDS", 4)
    changes, files = planned(SET + '[ -n "$SSH_TTY" ] && sleep 60\n')
    one = asker("bash")
    assert living.live([one], files, changes, 900)[one] == (False, 0, True)


def test_where_no_number_stands_nobody_is_tried():
    changes, files = planned("TMOUT=$N\n")
    assert living.live([asker("bash")], files, changes, 900) == {}
    changes, files = planned("XTMOUT=900\nTMOUT=9000\n")
    assert living.live([asker("bash")], files, changes, 900) == {}


def test_who_tells_nothing_by_a_second():
    some = [asker(name) for name in ("bash", "dash", "ksh93", "zsh")]
    assert [one.shell.family for one in living.obedient(some)] == ["bash", "zsh"]


def test_what_may_be_why():
    _changes, files = planned("# PROMPT_COMMAND\nA=1\ntrap : ALRM\n")
    assert living.cause(files, ["/etc/profile"], None) == (
        "; what may be why: /etc/profile, line 3: trap : ALRM"
    )
    place = Lost("/x", 3, "[ -t 0 ] && exec fish")
    assert living.cause(files, [], place) == " because of /x, line 3: [ -t 0 ] && exec fish"
    assert living.cause(files, [], Lost("/x", 3, "exec >/dev/null")) == ""
    said = living.cause(files, [], Lost("/x", 3, "[ -t 0 ] && tmux"), busy=True)
    assert said == "; what may be why: /x, line 3: [ -t 0 ] && tmux"
