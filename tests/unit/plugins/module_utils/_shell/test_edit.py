# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What disabling definitions leaves of a text, and that enabling brings all of it back."""

import shutil
import subprocess

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import conflicts
from ansible_collections.curfew.session.plugins.module_utils._shell import definitions as script
from ansible_collections.curfew.session.plugins.module_utils._shell import edit as edits
from ansible_collections.curfew.session.tests.unit.plugins.module_utils._shell.trees import Tree

DROP_IN = "/etc/profile.d/tmout.sh"
LOOP = "for i in /etc/profile.d/*.sh; do . $i; done\n"
FIXED = conflicts.Wanted(900, True, True)

# text, what stands there after disabling all of it
DISABLED = [
    ("TMOUT=60\n", "#curfew.session# TMOUT=60\n"),
    ("TMOUT=60", "#curfew.session# TMOUT=60"),
    ("TMOUT=60\r\n", "#curfew.session# TMOUT=60\r\n"),
    ("a=1\n  export TMOUT=60 # why\nb=2\n", "a=1\n#curfew.session#   export TMOUT=60 # why\nb=2\n"),
    (
        "TMOUT=60; readonly TMOUT; export TMOUT\n",
        "#curfew.session# TMOUT=60; readonly TMOUT; export TMOUT\n",
    ),
    (
        "umask 022; export TMOUT=60\n",
        "#curfew.session# umask 022; export TMOUT=60\numask 022; : #curfew.session#\n",
    ),
    (
        "umask 022; export TMOUT=60\r\n",
        "#curfew.session# umask 022; export TMOUT=60\r\numask 022; : #curfew.session#\r\n",
    ),
    (
        "export HISTSIZE=1 TMOUT=60",
        "#curfew.session# export HISTSIZE=1 TMOUT=60\nexport HISTSIZE=1 #curfew.session#",
    ),
    (
        "export TMOUT=60 HISTSIZE=1 # c\n",
        "#curfew.session# export TMOUT=60 HISTSIZE=1 # c\nexport HISTSIZE=1 # c #curfew.session#\n",
    ),
    (
        "readonly TMOUT export PATH\n",
        "#curfew.session# readonly TMOUT export PATH\nreadonly export PATH #curfew.session#\n",
    ),
    ("TMOUT=60 A=1\n", "#curfew.session# TMOUT=60 A=1\nA=1 #curfew.session#\n"),
    (
        "export A=1 \\\n  TMOUT=60 \\\n  B=2\n",
        "#curfew.session# export A=1 \\\n#curfew.session#   TMOUT=60 \\\n#curfew.session#   B=2\n"
        "export A=1   B=2 #curfew.session#\n",
    ),
    ("export \\\n  TMOUT=60\n", "#curfew.session# export \\\n#curfew.session#   TMOUT=60\n"),
    (
        "if [ 1 ]; then\n  TMOUT=60\nfi\n",
        "if [ 1 ]; then\n#curfew.session#   TMOUT=60\n  : #curfew.session#\nfi\n",
    ),
    (
        "if [ 1 ]; then TMOUT=60; A=1; fi\n",
        "#curfew.session# if [ 1 ]; then TMOUT=60; A=1; fi\n"
        "if [ 1 ]; then :; A=1; fi #curfew.session#\n",
    ),
    (
        "case x in x) TMOUT=60;; esac\n",
        "#curfew.session# case x in x) TMOUT=60;; esac\ncase x in x) :;; esac #curfew.session#\n",
    ),
    ("true && TMOUT=60\n", "#curfew.session# true && TMOUT=60\ntrue && : #curfew.session#\n"),
    ("true &&\n  TMOUT=60\n", "true &&\n#curfew.session#   TMOUT=60\n  : #curfew.session#\n"),
    (
        "cat >/dev/null <<A; TMOUT=60\nTMOUT=1\nA\nB=1\n",
        "#curfew.session# cat >/dev/null <<A; TMOUT=60\ncat >/dev/null <<A; : #curfew.session#\n"
        "TMOUT=1\nA\nB=1\n",
    ),
    ("A='x\ny'; B=1\nTMOUT=60\n", "A='x\ny'; B=1\n#curfew.session# TMOUT=60\n"),
    (
        "f() { TMOUT=60; }\nf\n",
        "#curfew.session# f() { TMOUT=60; }\nf() { :; } #curfew.session#\nf\n",
    ),
    (
        "{ TMOUT=60; } 2>/dev/null\n",
        "#curfew.session# { TMOUT=60; } 2>/dev/null\n{ :; } 2>/dev/null #curfew.session#\n",
    ),
    (": ${TMOUT:=60}\n", "#curfew.session# : ${TMOUT:=60}\n"),
    ("export TMOUT=60 >/dev/null 2>&1\n", "#curfew.session# export TMOUT=60 >/dev/null 2>&1\n"),
    (
        "A=1; TMOUT=60 # it's\n",
        "#curfew.session# A=1; TMOUT=60 # it's\nA=1; : # it's #curfew.session#\n",
    ),
    ("unset A TMOUT B\n", "#curfew.session# unset A TMOUT B\nunset A B #curfew.session#\n"),
    ("A=1\nunset TMOUT\n", "A=1\n#curfew.session# unset TMOUT\n"),
    ("mesg n\nunset TMOUT\n", "mesg n\n#curfew.session# unset TMOUT\n: #curfew.session#\n"),
    ("A=$(false)\nTMOUT=5\n", "A=$(false)\n#curfew.session# TMOUT=5\n: #curfew.session#\n"),
    (
        "if [ x ]; then\n  B=1\nfi\nTMOUT=5\n",
        "if [ x ]; then\n  B=1\nfi\n#curfew.session# TMOUT=5\n",
    ),
    # A file whose last command failed would end a `set -e` script that reads it.
    ("[ -z x ] && A=1\nTMOUT=60", "[ -z x ] && A=1\n#curfew.session# TMOUT=60\n: #curfew.session#"),
    (
        "false\nTMOUT=60\nexport TMOUT\n#\n",
        "false\n#curfew.session# TMOUT=60\n#curfew.session# export TMOUT\n: #curfew.session#\n#\n",
    ),
    ("false\r\nTMOUT=60;\r\n", "false\r\n#curfew.session# TMOUT=60;\r\n: #curfew.session#\r\n"),
    ("false\nTMOUT=60\nreturn\n", "false\n#curfew.session# TMOUT=60\n: #curfew.session#\nreturn\n"),
    ("false\nTMOUT=60\nA=$?\n", "false\n#curfew.session# TMOUT=60\n: #curfew.session#\nA=$?\n"),
    (
        "false\nTMOUT=60\nA=1\nexport \\\nTMOUT",
        "false\n#curfew.session# TMOUT=60\nA=1\n#curfew.session# export \\\n#curfew.session# TMOUT",
    ),
    ("TMOUT=60\nreadonly TMOUT\n", "#curfew.session# TMOUT=60\n#curfew.session# readonly TMOUT\n"),
    (
        "[ -n x ] && readonly TMOUT=60\nexport TMOUT\n",
        "#curfew.session# [ -n x ] && readonly TMOUT=60\n[ -n x ] && : #curfew.session#\n"
        "#curfew.session# export TMOUT\n: #curfew.session#\n",
    ),
    (
        "TMOUT=60 export A=1\n",
        "#curfew.session# TMOUT=60 export A=1\nexport A=1 #curfew.session#\n",
    ),
    (
        "B=1 TMOUT=60 eval A='$B'\n",
        "#curfew.session# B=1 TMOUT=60 eval A='$B'\nB=1 eval A='$B' #curfew.session#\n",
    ),
    ("TMOUT=60 export TMOUT\n", "#curfew.session# TMOUT=60 export TMOUT\n"),
    ("{ TMOUT=60 :; }\n", "#curfew.session# { TMOUT=60 :; }\n{ :; } #curfew.session#\n"),
    ("A=1; let TMOUT=60\n", "#curfew.session# A=1; let TMOUT=60\nA=1; : #curfew.session#\n"),
    ("((TMOUT=60))\n", "#curfew.session# ((TMOUT=60))\n"),
    ("A=${TMOUT:=60}\n", None),
    (": ${TMOUT:=60} ${A:=1}\n", None),
    (": ${TMOUT:=60}${A:=1}\n", None),
    ("A=1 let TMOUT=60 A=2\n", None),
    ("((TMOUT=60, A=1))\n", None),
    ("for TMOUT in 60; do :; done\n", None),
    ("case ${TMOUT:=60} in *) A=1;; esac\n", None),
    ("[[ -n ${TMOUT:=60} ]]\n", None),
    ("read TMOUT </x\n", None),
    ("eval TMOUT=60\n", None),
    ("echo ${TMOUT:=60}\n", None),
    ("A='x\ny' TMOUT=60\n", None),
    ("TMOUT=60\nif true\n", None),
]


def survey(files, wanted):
    return conflicts.survey(Tree(files), ["bash"], DROP_IN, wanted)[1]


def test_a_text_that_is_not_understood_is_not_said_to_be_broken():
    text = "[[ -n $X ]] && { export FOO=1 }\nTMOUT=60\n"
    with pytest.raises(edits.EditRefused, match="in a way that is not understood"):
        edits.disable(text, script.find(text))


@pytest.mark.parametrize("text, expected", DISABLED)
def test_disable_and_enable(text, expected):
    if expected is None:
        with pytest.raises(edits.EditRefused) as caught:
            edits.disable(text, script.find(text))
        assert caught.value.line >= 1
        return
    disabled = edits.disable(text, script.find(text))
    assert disabled == expected
    assert edits.enable(disabled) == text
    assert edits.disable(disabled, script.find(disabled)) == disabled


# dash has no let.
ASKED = [
    (shell, row[0])
    for shell in ("bash", "dash", "zsh", "ksh93", "mksh")
    for row in DISABLED
    if row[1] and "\r" not in row[0] and not (shell == "dash" and "let " in row[0])
]


@pytest.mark.parametrize("shell, text", ASKED)
def test_disabled_text_means_the_same_otherwise(shell, text, tmp_path):
    if not shutil.which(shell):
        pytest.skip(shell + " is not installed")
    disabled = edits.disable(text, script.find(text))
    prefix = "" if shell in ("ksh93", "mksh") else "unset TMOUT; "
    shown = 'echo "$?|$A|$B|$HISTSIZE|$(umask)"'
    results = []
    for number, body in enumerate((text, disabled)):
        login_file = tmp_path / str(number)
        login_file.write_bytes(body.encode())
        command = f'{prefix}. {login_file}; {shown}; echo "<$TMOUT>"'
        done = subprocess.run(
            [shell, "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=10,
            check=False,
        )
        results.append(done.stdout.decode().split("\n"))
    assert results[0][:-2] == results[1][:-2]
    if "readonly export" not in disabled and "unset" not in text:
        assert results[1][-2] in ("<>", "<0>")


def test_only_what_is_asked_for_is_disabled():
    text = "TMOUT=1\nTMOUT=2\n"
    assert edits.disable(text, script.find(text)[1:]) == ("TMOUT=1\n#curfew.session# TMOUT=2\n")
    assert edits.disable(text, []) == text


def test_bytes_that_are_no_text_survive():
    raw = b"A=\xff\xfe; TMOUT=60\n\x85\n"
    text = raw.decode("utf-8", "surrogateescape")
    disabled = edits.disable(text, script.find(text))
    assert edits.enable(disabled).encode("utf-8", "surrogateescape") == raw


def test_what_cannot_be_told_and_not_be_taken_out_is_left_to_the_proof():
    text = "eval 'OPTS=(a TMOUT=5 b)'\nTMOUT=6\nA=1\n"
    tree = Tree({"/etc/profile": LOOP + text})
    changes, done = edits.disabling(tree, survey(tree._files, FIXED))
    assert [one.after.decode() for one in changes] == [
        LOOP + text.replace("TMOUT=6", "#curfew.session# TMOUT=6")
    ]
    assert len(done) == 1
    files = {"/etc/profile": LOOP + "read TMOUT\n"}
    assert edits.disabling(Tree(files), survey(files, FIXED)) == ([], set())


def test_disabling_takes_out_what_is_against_ours_and_no_more():
    files = {"/etc/profile": "A=1\nexport TMOUT=5\n" + LOOP + ": ${TMOUT:=7}\nTMOUT=6\nB=1\n"}
    tree = Tree(files)
    changes, done = edits.disabling(tree, survey(files, FIXED))
    assert [one.after.decode() for one in changes] == [
        files["/etc/profile"].replace("TMOUT=6", "#curfew.session# TMOUT=6")
    ]
    assert [path for path, _offset in done] == ["/etc/profile"]
