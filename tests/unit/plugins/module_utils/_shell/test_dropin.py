# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drop-in: what every shell makes of it, and what the scanners see in it."""

import re
import shutil
import subprocess

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import dropin

SHELLS = [
    ["bash"],
    ["bash", "--posix"],
    ["dash"],
    ["zsh"],
    ["zsh", "--emulate", "sh"],
    ["zsh", "--emulate", "ksh"],
    ["ksh93"],
    ["mksh"],
]
FLAGS = [[], ["-e"], ["-u"], ["-eu"]]
VARIANTS = [
    {},
    {"readonly": False},
    {"export": False},
    {"readonly": False, "export": False},
    {"exempt_users": ["nobody-else", "DOM\\me", "svc$"], "exempt_groups": ["no-such", "a.b"]},
]
TWICE = [". {0}; . {0}", "f() {{ . {0}; }}; f; f", ". {0}; f() {{ . {0}; }}; f"]

# What scanners look for with their own expressions, in their own words: see docs.
SCANNERS = [
    r"(?m)^[\s]*declare[\s]+-xr[\s]+TMOUT=([\w$]+).*$",
    r"(?m)^[\s]*(?:typeset|declare)[\s]+-xr[\s]+TMOUT=([\w$]+).*$",
    r"(?m)^[\s]*TMOUT=([\w$]+)[\s]*readonly TMOUT[\s]*export TMOUT$",
    r"(?m)^TMOUT=|^\s*([^#]+\s+)?TMOUT=(900|[1-8][0-9][0-9]|[1-9][0-9]|[1-9])\b",
    r"(?m)^\s*([^#]+;\s*)?readonly\s+TMOUT(\s+|\s*;|\s*$|=(900|[1-8][0-9][0-9]))\b",
    r"(?m)^\s*([^#]+;\s*)?export\s+TMOUT(\s+|\s*;|\s*$|=(900|[1-8][0-9][0-9]))\b",
]

BAD_NAMES = [
    "",
    " ",
    "a b",
    "a'b",
    'a"b',
    "a\nb",
    "$(id)",
    "`id`",
    "a;b",
    "a|b",
    "*",
    "-x",
    "a)",
    "\u00e9",
    None,
    5,
    "a$b",
    "root\n",
]

# text, then the first foreign line, if any
FOREIGN = [
    ("", None),
    ("# a comment\n\n", None),
    ("TMOUT=60\nreadonly TMOUT\nexport TMOUT\n", None),
    ("TMOUT=60; readonly TMOUT; export TMOUT # c\n", None),
    ("declare -xr TMOUT=600\r\n", None),
    ('if [ "$PS1" ]; then\n  export TMOUT=60\nfi\n', None),
    ("case $- in *i*) TMOUT=60;; esac\n", None),
    ("#curfew.session# TMOUT=60\n", None),
    ("TMOUT=60\numask 077\n", (2, "umask 077")),
    ("TMOUT=60; umask 077\n", (1, "TMOUT=60; umask 077")),
    ("TMOUT=60\nexport A=1 TMOUT\n", (2, "export A=1 TMOUT")),
    ("T=60\nTMOUT=$T\n", (1, "T=60")),
    ("TMOUT=$(cat /x)\n", (1, "TMOUT=$(cat /x)")),
    ("(rm x)\n", (1, "(rm x)")),
    ("[ `id -u` = 0 ] || TMOUT=60\n", (1, "[ `id -u` = 0 ] || TMOUT=60")),
    ("TMOUT=60\nif x\n", (2, "if x")),
    ("TMOUT=60\nx='\n", (2, "x='")),
    ("TMOUT=60 >/etc/x\n", (1, "TMOUT=60 >/etc/x")),
]


def _run(shell, command):
    done = subprocess.run(
        shell + ["-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=10,
        check=False,
    )
    return done.stdout.decode()


@pytest.mark.thorough
@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_every_shell_reads_it_twice(shell, flags, options, tmp_path):
    if not shutil.which(shell[0]):
        pytest.skip(shell[0] + " is not installed")
    text = dropin.render(900, **options)
    path = tmp_path / "tmout.sh"
    path.write_text(text)
    readonly = "no" if options.get("readonly") is False else "yes"
    exported = "no" if options.get("export") is False else "yes"
    asked = "( unset TMOUT ) 2>/dev/null && r=no || r=yes; "
    asked += "env | grep -q ^TMOUT=900 && e=yes || e=no; echo $TMOUT $r $e"
    for twice in TWICE:
        said = _run(shell + flags, twice.format(path) + "; " + asked)
        assert said == f"900 {readonly} {exported}\n", twice


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_exempt_are_left_alone(shell, tmp_path):
    if not shutil.which(shell[0]):
        pytest.skip(shell[0] + " is not installed")
    user, group = (
        subprocess.check_output(["id", flag]).decode().strip() for flag in ("-un", "-gn")
    )
    for options in ({"exempt_users": ["x", user]}, {"exempt_groups": [group]}):
        path = tmp_path / "tmout.sh"
        path.write_text(dropin.render(900, **options))
        said = _run(shell, f'id() {{ echo x; }}; USER=x; . {path}; echo "<$TMOUT>"')
        assert said in ("<>\n", "<0>\n")


def test_exempt_group_is_a_whole_name(tmp_path):
    group = subprocess.check_output(["id", "-gn"]).decode().strip()
    path = tmp_path / "tmout.sh"
    path.write_text(dropin.render(900, exempt_groups=[group[:-1], group + "x"]))
    assert _run(["dash"], f". {path}; echo $TMOUT") == "900\n"


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_interactive_only(shell, tmp_path):
    if not shutil.which(shell[0]):
        pytest.skip(shell[0] + " is not installed")
    path = tmp_path / "tmout.sh"
    path.write_text(dropin.render(900, interactive_only=True))
    command = f'. {path}; . {path}; echo "<$TMOUT>"'
    assert _run(shell, command) in ("<>\n", "<0>\n")
    interactive = subprocess.run(
        shell + ["-i", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        start_new_session=True,
        timeout=10,
        check=False,
    )
    assert interactive.stdout.decode() == "<900>\n"


@pytest.mark.parametrize("options", [{}, {"interactive_only": True}, VARIANTS[-1]], ids=str)
def test_scanners_accept_it(options):
    text = dropin.render(900, **options)
    assert [s for s in SCANNERS if not re.search(s, text)] == []
    assert "\nTMOUT=900\nreadonly TMOUT\nexport TMOUT\n" in re.sub(r"(?m)^ +", "", text)
    bare = re.compile(r"\s*(declare -xr )?TMOUT=900\Z")
    assert all(bare.match(line) for line in text.split("\n") if "TMOUT=" in line)


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_names_that_are_none(name):
    for option in ("exempt_users", "exempt_groups"):
        with pytest.raises(dropin.NameRefused, match="^Option " + option):
            dropin.render(900, **{option: [name]})


@pytest.mark.parametrize("text, foreign", FOREIGN)
def test_first_foreign_line(text, foreign):
    assert dropin.first_foreign_line(text) == foreign


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_exempt_names_are_read_back(options):
    expected = tuple(frozenset(options.get(key, ())) for key in ("exempt_users", "exempt_groups"))
    assert dropin.exempt(dropin.render(900, **options)) == expected


@pytest.mark.parametrize("options", VARIANTS + [{"interactive_only": True}], ids=str)
def test_our_own_text_is_not_foreign(options):
    text = dropin.render(900, **options)
    assert dropin.first_foreign_line(text) is None
    assert dropin.first_foreign_line(text + "umask 077\n") == (text.count("\n") + 1, "umask 077")


def test_ksh93_must_fork_before_tmout_is_touched():
    # Without the limit no idle ksh93 of Debian 12 and 13 ever ended; tests/hosts shows it live.
    guards = [line for line in dropin.render(900).split("\n") if "unset TMOUT" in line]
    assert guards == ["if ( ulimit -c 0; unset TMOUT ) 2>/dev/null; then"]
    plain = dropin.render(900).replace("ulimit -c 0; ", "")
    assert dropin.first_foreign_line(plain) is None


def test_names_of_exemptions():
    text = dropin.render(900, exempt_users=["a", "b.c"], exempt_groups=["wheel", "x"])
    assert dropin.exempt(text) == ({"a", "b.c"}, {"wheel", "x"})
