# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Definitions of TMOUT in login files: which count."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import definitions as script

# text, then for each definition: line, value, readonly, exported, conditional
DEFINITIONS = [
    ("TMOUT=900\n", [(1, "900", False, False, False)]),
    ("  TMOUT=900", [(1, "900", False, False, False)]),
    ("TMOUT=900\r\n", [(1, "900", False, False, False)]),
    ("TMOUT='900'\n", [(1, "900", False, False, False)]),
    ('TMOUT="900"\n', [(1, "900", False, False, False)]),
    ("TMOUT=15m\n", [(1, "15m", False, False, False)]),
    ("TMOUT=$((15*60))\n", [(1, "900", False, False, False)]),
    ('export TMOUT="$(( 15 * 60 ))"\n', [(1, "900", False, True, False)]),
    ("TMOUT=$X\n", [(1, None, False, False, False)]),
    ("TMOUT=$(cat /x)\n", [(1, None, False, False, False)]),
    ("TMOUT+=5\n", [(1, None, False, False, False)]),
    ("export TMOUT=60\n", [(1, "60", False, True, False)]),
    ("readonly TMOUT=60\n", [(1, "60", True, False, False)]),
    ("typeset -xr TMOUT=60\n", [(1, "60", True, True, False)]),
    ("typeset -x -r TMOUT=60\n", [(1, "60", True, True, False)]),
    ("declare -irx TMOUT=60\n", [(1, "60", True, True, False)]),
    ("declare -r TMOUT=60 -x\n", [(1, "60", True, False, False)]),
    ("declare +x TMOUT=60\n", [(1, "60", False, False, False)]),
    ("integer -r TMOUT=60\n", [(1, "60", True, False, False)]),
    ("export 'TMOUT=60'\n", [(1, "60", False, True, False)]),
    ("\\export TMOUT=60\n", [(1, "60", False, True, False)]),
    ("command export TMOUT=60\n", [(1, "60", False, True, False)]),
    ("builtin readonly TMOUT=60\n", [(1, "60", True, False, False)]),
    ("export readonly TMOUT=900\n", [(1, "900", False, True, False)]),
    ("export A=1 TMOUT=60 B=2\n", [(1, "60", False, True, False)]),
    ("umask 022; export TMOUT=60\n", [(1, "60", False, True, False)]),
    ("export HISTSIZE=1 \\\n  TMOUT=60\n", [(2, "60", False, True, False)]),
    ('if [ "$PS1" ]; then TMOUT=60; fi\n', [(1, "60", False, False, True)]),
    (
        "if x\nthen\n\tTMOUT=1\nelse\n\tTMOUT=2\nfi\n",
        [(3, "1", False, False, True), (5, "2", False, False, True)],
    ),
    ("case $- in *i*) TMOUT=60;; esac\n", [(1, "60", False, False, True)]),
    ("case x in\n(a|b)\n TMOUT=60\nesac\n", [(3, "60", False, False, True)]),
    ("[ -t 0 ] && TMOUT=60\n", [(1, "60", False, False, True)]),
    ("false || export TMOUT=60\n", [(1, "60", False, True, True)]),
    ("true &&\n  TMOUT=60\n", [(2, "60", False, False, True)]),
    ("true && x\nTMOUT=60\n", [(2, "60", False, False, False)]),
    ("while read l; do TMOUT=1; done </dev/null\n", [(1, "1", False, False, True)]),
    ("f() { TMOUT=60; }\n", [(1, "60", False, False, True)]),
    ("function f { TMOUT=60; }\n", [(1, "60", False, False, True)]),
    ("{ TMOUT=60; } 2>/dev/null\n", [(1, "60", False, False, False)]),
    ("[[ -n $x && ( $y < 3 ) ]]; TMOUT=60\n", [(1, "60", False, False, False)]),
    ("(( x = 1 )); TMOUT=60\n", [(1, "60", False, False, False)]),
    ("a=(1 2); TMOUT=60\n", [(1, "60", False, False, False)]),
    # Before a special builtin: it stays in every shell but bash.
    ("TMOUT=60 export A=1\n", [(1, "60", False, False, True)]),
    ("A=1 TMOUT=60 readonly B\n", [(1, "60", False, False, True)]),
    ("TMOUT=60 :\n", [(1, "60", False, False, True)]),
    ("TMOUT=60 command eval true\n", [(1, "60", False, False, True)]),
    ("TMOUT=60 source /x\n", [(1, "60", False, False, True)]),
    ("TMOUT=60 $X\n", [(1, "60", False, False, True)]),
    ("TMOUT=(60)\n", [(1, None, False, False, False)]),
    ("TMOUT[1]=60\n", [(1, None, False, False, False)]),
    (
        "cat <<A; TMOUT=60\nTMOUT=1\nA\nTMOUT=2\n",
        [(1, "60", False, False, False), (4, "2", False, False, False)],
    ),
    ("cat <<-'E'\n\tTMOUT=1\n\tE\nTMOUT=2\n", [(4, "2", False, False, False)]),
    ("x=`echo '#'` TMOUT=60\n", [(1, "60", False, False, False)]),
    ("echo ${#x} a#b; TMOUT=60 # TMOUT=1\n", [(1, "60", False, False, False)]),
    ("x=\"$(case a in a) echo ')';; esac)\"; TMOUT=60\n", [(1, "60", False, False, False)]),
    ("\xa0\x85\x0b\x0c\nTMOUT=60\n", [(2, "60", False, False, False)]),
]

NO_DEFINITIONS = [
    "# TMOUT=900\n",
    "echo 'TMOUT=900'\n",
    "echo TMOUT=900\n",
    "x='\nTMOUT=900\n'\n",
    'x="\nexport TMOUT=900\n"\n',
    "cat <<E\nTMOUT=900\nE\n",
    "cat <<\\E\nTMOUT=900\nE\n",
    'cat <<"A B"\nTMOUT=900\nA B\n',
    "cat <<E\n\\\nTMOUT=900\nE\n",
    "MYTMOUT=900\n",
    "TMOUT_X=900\n",
    "xTMOUT=1; export TMOUTS=2\n",
    "TMOUT=900 sleep 1\n",
    "TMOUT = 900\n",
    "(TMOUT=900)\n",
    "x=$(TMOUT=900; echo)\n",
    "TMOUT=900 | cat\n",
    "TMOUT=900 &\n",
    "{ TMOUT=900; } | cat\n",
    "if x; then\n TMOUT=900\nfi 2>/dev/null &\n",
    "while :; do TMOUT=900; break; done >/x 2>&1 | cat\n",
    "TMOUT=900 sleep 1; TMOUT=9 alias a=b\n",
    "(( TMOUT == 5 || TMOUT <= 3 || $TMOUT != 4 ))\n",
    ": $((TMOUT + 1)) ${#TMOUT} ${TMOUT:-5} ${TMOUT+5} ${A:-TMOUT=5} ${TMOUT:?=}\n",
    "A='${TMOUT:=5}' B=\\${TMOUT:=5} C=$(echo ${TMOUT:=5}) D=`echo ${TMOUT:=5}`\n",
    "printf %s TMOUT\nread A <TMOUT\nset -- -v TMOUT\ngetopts TMOUTS A\n",
    "for i in TMOUT TMOUT=5; do :; done\ncase TMOUT in TMOUT) ;; esac\n",
    "eval 'echo $TMOUT ${TMOUT}'\nPROMPT_COMMAND='echo $TMOUT'\n",
    "[ $TMOUT = 900 ]\n",
    'echo "$TMOUT"\n',
    "declare -p TMOUT\n",
    "export -p\n",
    "#curfew.session# TMOUT=60\n",
]

OTHER_KINDS = [
    ("unset TMOUT\n", "unset"),
    ("unset -v TMOUT\n", "unset"),
    ("readonly TMOUT\n", "attribute"),
    ("export TMOUT\n", "attribute"),
    ("eval 'export TMOUT=60'\n", "opaque"),
    ("let TMOUT=60\n", "opaque"),
    ("read -r TMOUT </x\n", "opaque"),
    ("printf -v TMOUT %s 60\n", "opaque"),
    ("eval 'read TMOUT'\n", "opaque"),
    ("trap 'TMOUT=60' EXIT\n", "opaque"),
    ("PROMPT_COMMAND='TMOUT=60'\n", "opaque"),
    ("export PROMPT_COMMAND='a; TMOUT=60'\n", "opaque"),
    ("((TMOUT=60))\n", "opaque"),
    ("(( A = TMOUT += 60 ))\n", "opaque"),
    ("((TMOUT++))\n", "opaque"),
    (": $((TMOUT=60))\n", "opaque"),
    ('A="x $((TMOUT = 60))"\n', "opaque"),
    ("let A=1 TMOUT=60\n", "opaque"),
    ("let 'TMOUT = 60'\n", "opaque"),
    ("for TMOUT in 60; do :; done\n", "opaque"),
    ("select TMOUT in 60; do break; done\n", "opaque"),
    ("for ((TMOUT=60; TMOUT<61; )); do :; done\n", "opaque"),
    ("getopts a: TMOUT -a 60\n", "opaque"),
    ("read A TMOUT <<X\n1 60\nX\n", "opaque"),
    ("echo 60 | read TMOUT\n", "opaque"),
    ("mapfile -t TMOUT </x\n", "opaque"),
    ("set -A TMOUT 60\n", "opaque"),
    ("typeset -n A=TMOUT\n", "opaque"),
    ("nameref A=TMOUT\n", "opaque"),
    ("wait -n -p TMOUT\n", "opaque"),
    (": ${TMOUT::=60}\n", "opaque"),
]

# What gives TMOUT a value only where it has none, and the value
DEFAULTS = [
    (': "${TMOUT:=60}"\n', "60"),
    (": ${TMOUT=60}\n", "60"),
    ("A=${TMOUT:=60}\n", "60"),
    ('export A="x${TMOUT:=60}y"\n', "60"),
    ("echo ${TMOUT:=$((2*30))} ; x\n", "60"),
    ("A=${A:-${TMOUT:=60}}\n", "60"),
    ("[ -n ${TMOUT:=60} ]\n", "60"),
    ("[[ -n ${TMOUT:=60} ]]\n", "60"),
    ("case ${TMOUT:=60} in *) ;; esac\n", "60"),
    ("for i in ${TMOUT:=60}; do :; done\n", "60"),
    (": ${TMOUT:=$X}\n", None),
]

OTHER_SYNTAXES = [
    ("csh", "setenv TMOUT 60\n", ["60"]),
    ("csh", "set -r autologout=15\n", ["15"]),
    ("csh", "if ( 1 ) then\n  set autologout = 15 # c\nendif\n", ["15"]),
    ("csh", "# setenv TMOUT 60\nsetenv TMOUTS 1\nunset autologout\n", []),
    ("environment", "TMOUT=60\n", ["60"]),
    ("environment", 'export TMOUT="60"\n', ["60"]),
    ("environment", "#TMOUT=60\nXTMOUT=1\n", []),
    ("pam_env", "TMOUT DEFAULT=60\n", ["60"]),
    ("pam_env", "TMOUT DEFAULT= OVERRIDE=${X}\n", [""]),
    ("pam_env", "# TMOUT DEFAULT=60\nTMOUTS DEFAULT=1\n", []),
]


@pytest.mark.parametrize("text, expected", DEFINITIONS)
def test_finds(text, expected):
    found = [(d.line, d.value, d.readonly, d.exported, d.conditional) for d in script.find(text)]
    assert found == expected
    assert all(d.kind == "assign" and "TMOUT" in d.text for d in script.find(text))


@pytest.mark.parametrize("text", NO_DEFINITIONS)
def test_finds_nothing(text):
    assert script.find(text) == []


@pytest.mark.parametrize("text, kind", OTHER_KINDS)
def test_finds_what_is_no_plain_assignment(text, kind):
    assert [d.kind for d in script.find(text)] == [kind]


# text, and of each definition: whether it takes the export away, is run later, and at prompts
ASIDE = [
    ("export TMOUT\n", [(False, False, False)]),
    ("export -n TMOUT\n", [(True, False, False)]),
    ("declare +x TMOUT\n", [(True, False, False)]),
    ("typeset +x TMOUT=60\n", [(True, False, False)]),
    ("trap 'TMOUT=60' DEBUG\n", [(False, True, False)]),
    ("PROMPT_COMMAND='TMOUT=60'\n", [(False, True, True)]),
    ('PROMPT_COMMAND="TMOUT=60; $PROMPT_COMMAND"\n', [(False, True, True)]),
    ("[ $A ] && PROMPT_COMMAND='TMOUT=60'\n", [(False, True, False)]),
    ("PROMPT_COMMAND='[ $A ] && TMOUT=60'\n", [(False, True, False)]),
    ("PROMPT_COMMAND='echo TMOUT'\n", [(False, True, False)]),
]


@pytest.mark.parametrize("text, expected", ASIDE)
def test_finds_what_a_definition_does_besides(text, expected):
    assert [(d.hides, d.later, d.at_prompts) for d in script.find(text)] == expected


@pytest.mark.parametrize("text, value", DEFAULTS)
def test_a_default_is_conditional_by_itself(text, value):
    assert [(d.kind, d.value, d.conditional) for d in script.find(text)] == [
        ("default", value, True)
    ]


@pytest.mark.parametrize("syntax, text, values", OTHER_SYNTAXES)
def test_finds_in_other_syntaxes(syntax, text, values):
    assert [d.value for d in script.find(text, syntax)] == values
