# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What decides about TMOUT in login files, by their text."""

import re

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import conditions, doubts
from ansible_collections.curfew.session.plugins.module_utils._shell import definitions

# Any kind of word can be followed; here one of which there are many ways to look at it.
WHO = re.compile(
    r"(?<![\w.$-])(?:id|whoami|groups|logname|getent)\b"
    r"|\$\{?(?:USER|LOGNAME|UID|EUID|GROUPS)\b"
)
STOCK = """if [ "$(id -u)" -eq 0 ]; then
  PATH=/sbin:/bin
else
  PATH=/bin
fi
export PATH
if [ "${PS1-}" ]; then
  if [ "${BASH-}" ]; then
    . /b
  else
    if [ "$(id -u)" -eq 0 ]; then PS1='# '; else PS1='$ '; fi
  fi
fi
"""
LOOP = """for i in /d/*.sh; do
  if [ -r "$i" ]; then . "$i"; fi
done
"""

# files in reading order, and path, line and word of what decides; None: nothing does
BECAUSE = [
    ({"/a": "TMOUT=300\n"}, None),
    # No file's name is in such a range, and before Python 3.11 it is an error to the library.
    ({"/a": 'if [ "$(id -u)" -ne 0 ]; then . /d/[z-a]*.sh; fi\n', "/d/b.sh": "TMOUT=300\n"}, None),
    ({"/a": '[ "$(id -u)" -eq 0 ] && return\nTMOUT=300\n'}, ("/a", 1, "id")),
    ({"/a": 'case "$USER" in root|alice) return 0;; esac\nTMOUT=300\n'}, ("/a", 1, "$USER")),
    ({"/a": '\nif [ "$(id -u)" -eq 0 ]; then IDLE=0; else IDLE=600; fi\nTMOUT=$IDLE\n'},
     ("/a", 2, "id")),
    ({"/a": 'if [ "$(id -u)" -ne 0 ]; then . /b; fi\n', "/b": "TMOUT=300\n"}, ("/a", 1, "id")),
    ({"/a": 'if [ "$(id -u)" -ne 0 ]; then . /b; fi\n', "/b": ". /c\n", "/c": "TMOUT=300\n"},
     ("/a", 1, "id")),
    ({"/a": 'if [ "$(id -u)" -ne 0 ]; then . /b; fi\n', "/b": "", "/c": "TMOUT=300\n"}, None),
    ({"/a": 'if [ "$(id -u)" -ne 0 ]; then\n' + LOOP + "fi\n", "/d/x.sh": "TMOUT=300\n"},
     ("/a", 1, "id")),
    ({"/a": '[ "$UID" = 0 ] ||\n  TMOUT=300\n'}, ("/a", 1, "$UID")),
    ({"/a": 'id -Gn | grep -q wheel || TMOUT=300\n'}, ("/a", 1, "id")),
    ({"/a": 'if [ -n "$A" ]; then :; elif [ "$UID" = 0 ]; then TMOUT=300; fi\n'},
     ("/a", 1, "$UID")),
    ({"/a": 'if [ "$UID" = 0 ]; then :; else TMOUT=300; fi\n'}, ("/a", 1, "$UID")),
    ({"/a": '{ [ -n "$A" ] || [ "$UID" = 0 ]; } && TMOUT=300\n'}, ("/a", 1, "$UID")),
    ({"/a": '[ "$UID" = 0 ] || { A=1; TMOUT=300; }\n'}, ("/a", 1, "$UID")),
    ({"/a": 'for g in $(id -Gn); do\n  [ "$g" = wheel ] && TMOUT=300\ndone\n'}, ("/a", 1, "id")),
    ({"/a": 'is_root() { [ "$(id -u)" -eq 0 ]; }\nis_root || TMOUT=300\n'}, ("/a", 1, "id")),
    ({"/a": 'set_it() { TMOUT=300; }\n[ "$UID" = 0 ] || set_it\n'}, ("/a", 2, "$UID")),
    ({"/a": 'function set_it {\n  [ "$UID" = 0 ] && return\n  TMOUT=300\n}\nset_it\n'},
     ("/a", 2, "$UID")),
    ({"/a": 'case x in\n  x) [ "$UID" = 0 ] && exit ;;\nesac\n', "/b": "TMOUT=300\n"},
     ("/a", 2, "$UID")),
    ({"/a": 'me=$(whoami)\n', "/b": '[ "$me" = root ] || TMOUT=300\n'}, ("/a", 1, "whoami")),
    ({"/a": "TMOUT=$(lookup $USER)\n"}, ("/a", 1, "$USER")),
    ({"/a": '[ "$UID" = 0 ] || unset TMOUT\n'}, ("/a", 1, "$UID")),
    ({"/a": STOCK + LOOP, "/b": '[ -z "$PS1" ] && return\n', "/d/x.sh": "TMOUT=300\n"}, None),
    ({"/a": STOCK + '[ -z "$A" ] && TMOUT=300\n'}, None),
    ({"/a": 'f() { [ "$UID" = 0 ] && return; }\nf\nTMOUT=300\n'}, None),
    ({"/a": '( [ "$UID" = 0 ] && exit )\nTMOUT=300\n'}, None),
    ({"/a": '[ "$UID" = 0 ] && exec 2>/dev/null\nTMOUT=300\n'}, None),
    ({"/a": '[ "$UID" = 0 ] && A=1\n[ -n "$B" ] && TMOUT=300\n'}, None),
    ({"/a": '# [ "$UID" = 0 ] &&\nTMOUT=300\n'}, None),
    ({"/a": '[ "$UID" = 0 ] && return\n', "/b": "TMOUT=300\n"}, None),
    ({"/a": 'TMOUT=300\n[ "$UID" = 0 ] && return\n'}, None),
    ({"/a": 'if [ "$UID" = 0 ]; then\nTMOUT=300\n'}, ("/a", 1, "$UID")),
    ({"/a": "TMOUT=300\n" + ": x x x\n" * 90000 + 'echo "$UID"\n'}, ("/a", 90002, "$UID")),
]  # fmt: skip


def because(texts, pattern):
    offsets = {
        path: [one.offset for one in definitions.find(text)]
        for path, text in texts.items()
        if "TMOUT" in text and len(text) < 9999
    }
    offsets = {path: offsets.get(path, [0]) for path in texts if "TMOUT" in texts[path]}
    return conditions.Texts(texts).because(offsets, pattern)


@pytest.mark.parametrize("texts, expected", BECAUSE, ids=range(len(BECAUSE)))
def test_because(texts, expected):
    assert because(texts, WHO) == expected


# a file of tests that are as long as they are many
def test_no_text_takes_long():
    text = (
        'if [ -n "$A" ]; then\n'
        + "".join("[ -n '%s' ] &&\n" % ("x" * 90) for _number in range(20000))
        + "TMOUT=3; fi\n: $UID\n"
    )
    assert because({"/a": text}, WHO).line == 20003


@pytest.mark.parametrize(
    "text",
    [
        "[ -t 0 ] && TMOUT=300\n",
        "tty -s || return\nTMOUT=300\n",
        "is_tty() { [ -t 0 ]; }\nis_tty && TMOUT=300\n",
        '[ "$TERM" = dumb ] && return\nTMOUT=300\n',
    ],
)
def test_a_terminal_decides(text):
    assert because({"/a": text}, doubts._TERMINAL).line == 1
    assert because({"/a": text}, doubts._UNKNOWABLE) is None


@pytest.mark.parametrize("word", ["$PPID", "who am i", "${SSH_CLIENT", "$XDG_SESSION_ID", "$HOME"])
def test_nobody_can_know(word):
    text = 'case "$(echo %s)" in x) TMOUT=300 ;; esac\n' % (word + "}" * ("{" in word))
    found = because({"/a": text}, doubts._UNKNOWABLE)
    assert re.sub(r"\W", "", found.word) == re.sub(r"\W", "", word)
