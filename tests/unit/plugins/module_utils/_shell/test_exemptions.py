# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a file that holds TMOUT alone leaves alone, in whatever spelling."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._shell import dropin, exemptions

SET = "TMOUT=600; readonly TMOUT; export TMOUT"

# conditions that leave somebody alone, or some way to log in
SOMEBODYS = [
    '[ "$USER" = bob ] || ',
    '[ "$LOGNAME" != bob ] && ',
    "[ $UID -eq 0 ] || ",
    '[ "${EUID:-0}" -ne 1001 ] && ',
    "[[ EUID -eq 0 ]] || ",
    "[[ 1000 -lt UID ]] && ",
    "[[ $USER == @(bob|ann) ]] || ",
    '[[ " ${GROUPS[*]} " = *" 50 "* ]] || ',
    'test "x$USER" = xbob || ',
    '[ -n "$SSH_CONNECTION" ] && ',
    '[ -z "${SSH_TTY-}" ] || ',
    "[[ -v SSH_TTY ]] && ",
    '[ -z "$TMUX$STY" ] && ',
    '[ -z "$DISPLAY" ] && ',
    '[ "$SHLVL" = 1 ] && ',
    '[ "$TERM" = dumb ] || ',
    '[ "$HOME" = /root ] || ',
    '[ "$SHELL" = /bin/rbash ] || ',
    '[ "$(id -u)" = 0 ] || ',
    "[ `id -u` = 0 ] || ",
    "[ -t 0 ] && ",
    "! [ -t 1 ] || ",
    "[ -f /etc/no-timeout ] || ",
    "[ -e ~/.no-timeout ] || ",
    "[ -a /etc/no-timeout ] || ",
    "test -O /run/x || ",
    "[ /dev/stdin -ef /dev/tty1 ] || ",
    '[ -n "$1" ] || ',
    '[ "$PPID" -gt 9 ] && ',
    "[[ -o restricted ]] || ",
]

# what everybody's file may ask for
EVERYBODYS = [
    "",
    '[ -z "$TMOUT" ] && ',
    '[ -z "${TMOUT-}" ] && ',
    '[ "${TMOUT:-0}" -gt 900 ] && ',
    '[ "$TMOUT" != 600 ] && ',
    "[[ -v TMOUT ]] || ",
    '[ -n "$PS1" ] && ',
    "[[ $- == *i* ]] && ",
    "[[ -o interactive ]] && ",
    '[ -n "$BASH_VERSION" ] && ',
    '[ "${0##*/}" = bash ] && ',
    '[ "$BASH" != "/bin/sh" ] && ',
    '[ -n "$KSH_VERSION" -o -n "$ZSH_VERSION" ] || ',
    "( unset TMOUT ) 2>/dev/null && ",
    "readonly -p | grep -q TMOUT || ",
    "readonly -p | grep -Eq '^declare -[a-z]*r[a-z]* TMOUT=' || ",
    "true && ",
]

# whole files, and the line in which somebody is left alone
FILES = [
    ('if [ -n "$SSH_CONNECTION" ] && [ -z "$TMUX$STY" ]; then\n  TMOUT=600\nfi\n', 1),
    ('# c\ncase "$USER" in\n  bob) ;;\n  *) TMOUT=600 ;;\nesac\n', 2),
    ("case $- in *i*)\n  case $LOGNAME in bob) ;; *) TMOUT=600;; esac;; esac\n", 2),
    ('[ "$USER" = bob ] && return\nTMOUT=600\n', 1),
    ('if [ "$USER" = bob ]\nthen\n  return 0\nfi\nTMOUT=600\n', 1),
    ("TMOUT=600\nif [ $UID = 0 ]; then unset TMOUT; fi\n", 2),
    ("TMOUT=600\n[ $UID = 0 ] && TMOUT=0\n", 2),
    ('TMOUT=600\n[ "$USER" = bob ] || readonly TMOUT\n', 2),
    ("TMOUT=${SSH_TTY:+600}\n", 1),
    ("TMOUT=${MY_TMOUT:-600}\n", 1),
    ("TMOUT=$((UID ? 600 : 0))\n", 1),
    ("TMOUT=$(( $UID > 0 ? 600 : 0 ))\n", 1),
    ("declare -i TMOUT=UID\n", 1),
    ("let TMOUT=UID*600\n", 1),
    ("((TMOUT=UID))\n", 1),
    ('for u in bob ann; do\n  [ "$u" = "$USER" ] && return\ndone\nTMOUT=600\n', 2),
    ('f() {\n  [ "$USER" = bob ] && return\n  TMOUT=600\n}\n', 2),
    ('while [ "$USER" != bob ]; do\n  TMOUT=600; return\ndone\n', 1),
    # Everybody's: what scanners' remediations and benchmarks write.
    ("", None),
    ("TMOUT=600\nreadonly TMOUT\nexport TMOUT\n", None),
    ("typeset -xr TMOUT=600\n", None),
    ("declare -xr TMOUT=600\n", None),
    ("TMOUT=900\nreadonly TMOUT export TMOUT\n", None),
    ("readonly TMOUT=900 ; export TMOUT\n", None),
    (": ${TMOUT:=600}\n", None),
    ("TMOUT=${TMOUT:-600}\n", None),
    ("TMOUT=$((60 * 10))\n", None),
    ("# [ $USER = bob ] || TMOUT=0\nTMOUT=600\n", None),
    ("TMOUT='$USER'\n", None),
    ('if [ -z "$PS1" ]; then return; fi\nTMOUT=600\n', None),
    ("case $- in *i*) TMOUT=600;; esac\n", None),
]


def test_too_much_to_be_read():
    text = '[ "$USER" = bob ] || TMOUT=600\n' + ": x x x\n" * 60000
    assert exemptions.first_exemption(text) is None
    assert dropin.first_foreign_line(text)[0] == 1


# mode, group, and who alone reads it
MODES = [(0o644, 50, None), (0o640, 50, 50), (0o750, 50, 50), (0o640, 0, None), (0o600, 50, None)]


@pytest.mark.parametrize("mode, group, alone", MODES)
def test_a_mode_leaves_others_alone(mode, group, alone):
    snapshot = reading.Snapshot("/x", "/x", b"", (1, 2, 0o100000 | mode, 0, group, 0, 0))
    assert exemptions.reading_group(snapshot) == alone
    assert exemptions.reading_group(snapshot._replace(data=None, identity=None)) is None


OURS = [
    {},
    {"exempt_users": ["bob"]},
    {"exempt_groups": ["staff"]},
    {"exempt_users": ["bob"], "exempt_groups": ["staff"], "interactive_only": True},
    {"readonly": False, "export": False},
]


@pytest.mark.parametrize("condition", SOMEBODYS)
def test_somebody_is_left_alone(condition):
    text = f"# c\n{condition}{{ {SET}; }}\n"
    assert exemptions.first_exemption(text) == (2, text.split("\n")[1])
    assert exemptions.first_exemption(dropin.HEADER + "\n" + text)[0] == 3
    nested = f"if true; then\n  if {condition}false; then :; fi\n  {SET}\nfi\n"
    assert exemptions.first_exemption(nested)[0] == 2


@pytest.mark.parametrize("condition", EVERYBODYS)
def test_everybody_is_asked_the_same(condition):
    text = f"{condition}{{ {SET}; }}\n"
    assert exemptions.first_exemption(text) is None
    assert dropin.first_foreign_line(text) is None


@pytest.mark.parametrize("text, line", FILES)
def test_first_exemption(text, line):
    found = exemptions.first_exemption(text)
    assert (found and found[0]) == line
    if line is None:
        assert dropin.first_foreign_line(text) is None


@pytest.mark.parametrize("options", OURS, ids=str)
def test_our_own_questions_are_ours(options):
    text = dropin.render(900, **options)
    assert exemptions.first_exemption(text) is None
    # In a file that is not ours they are somebody's.
    theirs = exemptions.first_exemption(text.split("\n", 1)[1])
    spares = {"exempt_users", "exempt_groups"} & set(options)
    assert bool(theirs) == bool(spares)
