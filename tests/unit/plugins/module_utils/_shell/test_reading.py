# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which login files are read, over trees of files that exist in a dictionary only."""

import os
import random

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import parser
from ansible_collections.curfew.session.plugins.module_utils._shell import reading as login_files

DROP_IN = "/etc/profile.d/tmout.sh"
DEBIAN = """if [ -d /etc/profile.d ]; then
  for i in $(run-parts --list --regex '^[a-zA-Z0-9_][a-zA-Z0-9._-]*\\.sh$' /etc/profile.d); do
    if [ -r $i ]; then
      . $i
    fi
  done
fi
"""
FEDORA = 'for i in /etc/profile.d/*.sh /etc/profile.d/sh.local ; do\n  . "$i" >/dev/null\ndone\n'
SUSE = "for s in /etc/profile.d/*.sh; do\n test -r $s && . $s\ndone\n"
GUARDED = "test -s /etc/profile.local && . /etc/profile.local\n"

# files, then (path, line, before, after) as bash reads them
ORDERS = [
    (
        {"/etc/profile": "TMOUT=1\n" + DEBIAN + "TMOUT=2\n"},
        [("/etc/profile", 1, True, False), ("/etc/profile", 9, False, True)],
    ),
    (
        {
            "/etc/profile": FEDORA,
            "/etc/profile.d/a.sh": "TMOUT=1\n",
            "/etc/profile.d/z.sh": "TMOUT=2",
            "/etc/profile.d/sh.local": "TMOUT=3",
            "/etc/profile.d/b.csh": "TMOUT=4",
        },
        [
            ("/etc/profile.d/a.sh", 1, True, False),
            ("/etc/profile.d/z.sh", 1, False, True),
            ("/etc/profile.d/sh.local", 1, False, True),
        ],
    ),
    (
        {"/etc/profile": SUSE + GUARDED, "/etc/profile.local": "\nTMOUT=1\n"},
        [("/etc/profile.local", 2, False, True)],
    ),
    (
        {"/etc/profile": GUARDED + SUSE, "/etc/profile.local": "TMOUT=1\n"},
        [("/etc/profile.local", 1, True, False)],
    ),
    # In one language Z comes before t, in another after it.
    (
        {"/etc/profile": SUSE, "/etc/profile.d/Z.sh": "TMOUT=1\n"},
        [("/etc/profile.d/Z.sh", 1, True, True)],
    ),
    (
        {
            "/etc/profile": DEBIAN,
            "/etc/profile.d/x.sh.dpkg-old": "TMOUT=1\n",
            "/etc/profile.d/x": "TMOUT=1",
        },
        [],
    ),
    ({"/etc/profile": SUSE, "/etc/bashrc": "TMOUT=1\n"}, [("/etc/bashrc", 1, False, True)]),
    # Where a variable has one path in the whole file, that is read.
    (
        {
            "/etc/profile": 'D=/etc\nexport P="/etc/profile.d"\n. $D/x\n. "${D}/y"\n'
            + SUSE.replace("/etc/profile.d", '"$P"'),
            "/etc/x": "TMOUT=1\n",
            "/etc/y": "TMOUT=2\n",
            "/etc/profile.d/z.sh": "TMOUT=3\n",
        },
        [
            ("/etc/x", 1, True, False),
            ("/etc/y", 1, True, False),
            ("/etc/profile.d/z.sh", 1, False, True),
        ],
    ),
    (
        {
            "/etc/profile": "D=/etc\n. ${D:-/z}/x\n. '$D/x'\n. \\$D/x\n. $DD/x\n"
            "E=/etc\nE=/opt\n. $E/x\n"
            "F=etc\n. /$F/x\nG=/etc\nG+=x\n. $G/x\n" + SUSE,
            "/etc/x": "TMOUT=1\n",
        },
        [],
    ),
    # A shell that a login shell starts reads that alone.
    (
        {
            "/etc/profile": ". /etc/bash.bashrc\n" + SUSE,
            "/etc/bash.bashrc": "TMOUT=1\n. /etc/x\n",
            "/etc/x": "TMOUT=2\n",
        },
        [("/etc/bash.bashrc", 1, True, True), ("/etc/x", 1, True, True)],
    ),
    (
        {
            "/etc/profile": ". /etc/bashrc\n",
            "/etc/bashrc": "TMOUT=1\n" + SUSE + "TMOUT=2\n",
            "/etc/profile.d/a.sh": "TMOUT=3\n",
        },
        [
            ("/etc/bashrc", 1, True, False),
            ("/etc/bashrc", 5, False, True),
            ("/etc/profile.d/a.sh", 1, True, False),
        ],
    ),
    (
        {"/etc/profile": "TMOUT=1\n", "/etc/bashrc": "TMOUT=1\n"},
        [("/etc/profile", 1, True, False), ("/etc/bashrc", 1, True, False)],
    ),
    (
        {"/etc/profile": "PROMPT_COMMAND='TMOUT=1'\ntrap 'TMOUT=1' DEBUG\n" + SUSE},
        [("/etc/profile", 1, True, True), ("/etc/profile", 2, True, True)],
    ),
    (
        {"/etc/profile": "f() {\n . /etc/x\n}\n" + SUSE, "/etc/x": "TMOUT=1"},
        [("/etc/x", 1, True, False)],
    ),
    (
        {"/etc/profile": ". /etc/x\n" + SUSE, "/etc/x": ". /etc/profile\n. /etc/x\nTMOUT=1"},
        [("/etc/x", 3, True, False)],
    ),
    # No name is in a range from z to a.
    (
        {"/etc/profile": ". /etc/[z-a]*\n. /etc/[+-*]\n. /etc/[x-z]\n" + SUSE, "/etc/x": "TMOUT=1"},
        [("/etc/x", 1, True, False)],
    ),
    ({"/etc/profile": "(. /etc/x)\necho . /etc/x\n" + SUSE, "/etc/x": "TMOUT=1"}, []),
    ({"/etc/profile": SUSE + ". $HOME/x\n. x\n. $(tput x)\n"}, []),
    ({}, []),
]

# files, family, whether it reads the drop-in
READERS = [
    ({"/etc/profile": DEBIAN}, "bash", True),
    ({"/etc/profile": FEDORA}, "mksh", True),
    ({"/etc/profile": "umask 022\n"}, "bash", False),
    ({"/etc/profile": DEBIAN, "/etc/zsh/zprofile": "# empty\n"}, "zsh", False),
    (
        {"/etc/profile": FEDORA, "/etc/zprofile": "_f() {\n source /etc/profile\n}\n_f\n"},
        "zsh",
        True,
    ),
    (
        {"/etc/profile": DEBIAN, "/etc/zsh/zprofile": "emulate sh -c '. /etc/profile'\n"},
        "zsh",
        True,
    ),
    ({"/etc/profile": ". /etc/profile.d/tmout.sh\n"}, "dash", True),
    ({"/etc/profile": "i=/etc\n" + SUSE.replace("s in", "i in").replace("$s", "$i")}, "bash", True),
    ({"/etc/profile": "D=/etc/profile.d\nfor i in $D/*.sh; do . $i; done\n"}, "bash", True),
    ({"/etc/profile": "D=/etc/profile.d\nfor i in $(ls $D/*.sh); do . $i; done\n"}, "bash", True),
    ({"/etc/profile": DEBIAN}, "tcsh", False),
]


class Tree(login_files.Files):
    def __init__(self, files):
        self._files = dict({"/etc/profile.d/other": ""}, **files)

    def text(self, path):
        return self._files.get(path)

    def names(self, folder):
        found = [os.path.basename(p) for p in self._files if os.path.dirname(p) == folder]
        return found or None

    def real(self, path):
        return path


@pytest.mark.parametrize("files, expected", ORDERS)
def test_order(files, expected):
    reading = login_files.follow(Tree(files), "bash", DROP_IN)
    found = [(p.path, p.definition.line, p.before, p.after) for p in reading.places]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("files, family, reads", READERS)
def test_who_reads_the_drop_in(files, family, reads):
    assert login_files.follow(Tree(files), family, DROP_IN).reads_drop_in is reads


def test_files_that_include_each_other_end():
    names = [f"/etc/f{number}" for number in range(30)]
    text = "".join(f". {name}\n" for name in names)
    files = dict.fromkeys(names, text)
    files["/etc/profile"] = text
    assert len(login_files.follow(Tree(files), "bash", DROP_IN).files) == 31


WORDS = (
    """. source if then elif else fi while until do done case esac in x) ;; for select { } ( )
 [[ ]] && || | & ; ! time coproc builtin command function f() eval emulate sh -c export TMOUT=1 X=1
 /etc/x "/etc/x" '/etc/x' $i "$i" $( ) ` <&- >x 2>/dev/null <<< <<E E # \\ -""".split()
    + [
        "\n",
        "\r\n",
        "\\\n",
        "'",
        '"',
        "emulate sh -c '. /etc/x'",
        ". /etc/x",
        "for i in /etc/*.sh; do",
        "\n. /etc/x\n",
        "source $i",
        "((1))",
        "$((1))",
        "${x}",
        "x=(a b)",
    ]
)


def test_the_glance_never_misses_what_the_walk_finds():
    rng = random.Random(20)
    sourcing = 0
    for _turn in range(20000):
        count = rng.randrange(1, 9)
        text = "".join(
            rng.choice(WORDS) + rng.choice([" ", " ", "\t", "\n", ""]) for _word in range(count)
        )
        if login_files._sourced(parser.parse(text)):
            sourcing += 1
            assert login_files._may_source(text), text
    assert sourcing > 1000


NO_SOURCE = [
    "",
    "# source of all evil. And so on . here\n",
    "#\n# see zshall(1). Or\n",
    "realpath . 2>/dev/null\n",
    "\\chpwd .\ncd\n",
    "set -- . : break source x\n",
    "echo a. b\n",
]


@pytest.mark.parametrize("text", NO_SOURCE)
def test_the_glance_spares_the_walk(text):
    assert not login_files._may_source(text)
