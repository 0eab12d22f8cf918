# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which accounts login files can tell from others."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _classes
from ansible_collections.curfew.session.plugins.module_utils._accounts import Account
from ansible_collections.curfew.session.plugins.module_utils._identities import Group, Person
from ansible_collections.curfew.session.plugins.module_utils._shell import dropin

STRANGER = Person(None, 65534, 65534)
STAFF = Group("staff", 50)


def classes(accounts, marks, stranger, groups):
    """As on a host of very many accounts, where not each of them is asked for itself."""
    marks = marks._replace(personal=False)
    return _classes.classes(
        accounts, {account.shell: marks for account in accounts}, stranger, groups
    )


ACCOUNTS = [
    Account("root", "/bin/bash", 0, 0),
    Account("ann", "/bin/bash", 1001, 1001),
    Account("bob", "/bin/bash", 1002, 1002),
    Account("cyn", "/bin/zsh", 1003, 50),
    Account("dan", "/bin/bash", 4202, 4202),
]
GROUPS = {
    "root": (Group("root", 0),),
    "ann": (Group("ann", 1001), STAFF),
    "bob": (Group("bob", 1002), STAFF),
    "cyn": (STAFF,),
    "dan": (Group("dan", 4202),),
}
STOCK = 'if [ "$(id -u)" -eq 0 ]; then\n  PATH=/sbin:/bin\nfi\n'
ROOT = ["root"]
# what login files say, and who is told from strangers, in classes
LOOKING = [
    ("", [ROOT]),
    (STOCK, [ROOT]),
    ("# ann and staff\n", [ROOT]),
    ('case "$(id -un)" in ann|dan) TMOUT=60 ;; esac\n', [ROOT, ["ann"], ["dan"]]),
    ('[ "$USER" = bob ] && TMOUT=0\n', [ROOT, ["bob"]]),
    ('for g in $(id -Gn); do [ "$g" = staff ] && L=1; done\n', [ROOT, ["ann", "bob"], ["cyn"]]),
    ('case " $(groups) " in *" sta"*) TMOUT=1;; esac\n', [ROOT]),
    ('case " $(groups) " in *sta*) TMOUT=1;; esac\n', [ROOT, ["ann", "bob"], ["cyn"]]),
    ('[ "$(id -g)" = 50 ] && TMOUT=1\n', [ROOT, ["ann", "bob"], ["cyn"]]),
    ('[ "$(id -u)" -ge 2000 ] && TMOUT=1\n', [ROOT, ["ann", "bob"], ["cyn"]]),
    ("(( UID > 4202 )) && TMOUT=1\n", [ROOT, ["ann", "bob"], ["cyn"], ["dan"]]),
    ("[ $(id -u) = 4202 ] && TMOUT=1\n", [ROOT, ["ann", "bob"], ["cyn"], ["dan"]]),
    ("case $UID in 1002) TMOUT=1;; esac\n", [ROOT, ["ann"], ["bob"]]),
    ('[ "$(id -gn)" = "$(id -un)" ] && umask 002\n', [ROOT, ["ann", "bob", "dan"]]),
    ('case "$USER" in b*) TMOUT=60 ;; esac\n', [ROOT, ["bob"]]),
    ('case "$USER" in [bc]*) TMOUT=60 ;; esac\n', [ROOT, ["bob"], ["cyn"]]),
    ('case "$USER" in [^a-c]an) TMOUT=60 ;; esac\n', [ROOT, ["dan"]]),
    ('case "$USER" in [z-a]an) TMOUT=60 ;; esac\n', [ROOT]),
    ("[[ $USER =~ ^a ]] && TMOUT=60\n", [ROOT, ["ann"]]),
    ('[ "${USER%%an}" = "$USER" ] || TMOUT=60\n', [ROOT, ["dan"]]),
    ('[ "${USER#bo}" = "$USER" ] || TMOUT=60\n', [ROOT, ["bob"]]),
    ("printf %n%b\\n x\n", [ROOT]),
    ('case "$-" in *i*) PS1=x ;; esac; [ "${-#*i}" != "$-" ]\n', [ROOT]),
    ("perl -e 'exit((getgrnam q(staff))[2] != $()' && TMOUT=1\n", [ROOT, ["ann", "bob"], ["cyn"]]),
]


@pytest.mark.parametrize("text, expected", LOOKING)
def test_who_is_told_from_strangers(text, expected):
    found = classes(ACCOUNTS, _classes.marks_of({"/etc/x": text}), STRANGER, lambda: GROUPS)
    assert [list(one.users) for one in found.known] == expected
    for index, one in enumerate(found.known):
        assert one.members == len(one.users) and one.person.user == one.users[0]
        assert all(found.of(user) is found.known[index] for user in one.users)


# Stock files of Debian and of RHEL.
USUAL = """if [ -x /usr/bin/id ]; then
    if [ -z "$EUID" ]; then
        EUID=`/usr/bin/id -u`
        UID=`/usr/bin/id -ru`
    fi
    USER="`/usr/bin/id -un`"
    LOGNAME=$USER
    MAIL="/var/spool/mail/$USER"
fi
if [ "$EUID" = "0" ] || [ "$(id -u)" -eq 0 ] || [ "${UID:-0}" -gt 199 ]; then
    pathmunge /usr/sbin
fi
if [ $UID -gt 199 ] && [ "`/usr/bin/id -gn`" = "`/usr/bin/id -un`" ]; then
    umask 002
fi
export PATH USER LOGNAME MAIL HOSTNAME HISTSIZE HISTCONTROL
[ -r "$i" ] && . "$i"
"""
# How names, groups and rights are looked at in ways that no text tells.
PERSONAL = [
    '[ "${USER:0:2}" = al ]',
    "[ ${#LOGNAME} -gt 4 ]",
    '[ "$(id -G | wc -w)" -gt 1 ]',
    'getent passwd "$u" | grep -q Contractor',
    "[ $(whoami | cut -c1) = a ]",
    "(( UID % 2 ))",
    "case $UID in 1*) : ;; esac",
    "[ -w /srv/app ]",
    "[ -r /srv/app/free ]",
    "[ -O /etc/x ]",
    "set -- $(id)",
    "perl -e 'exit getpwuid $<'",
    "env | grep -q ^USER=al",
    'grep -q "$x" /etc/group',
]


@pytest.mark.parametrize("text", PERSONAL)
def test_of_few_accounts_each_is_asked_where_a_text_may_look_at_it_in_any_way(text):
    marks = {"/bin/bash": _classes.marks_of({"/etc/x": USUAL + text + " && TMOUT=0\n"})}
    users = [account for account in ACCOUNTS if account.shell == "/bin/bash"]
    found = _classes.classes(users, marks, STRANGER, lambda: GROUPS)
    assert [list(one.users) for one in found.known] == [ROOT, ["ann"], ["bob"], ["dan"]]
    assert len(_classes.classes(crowd(90), marks, STRANGER, dict).known) < 4


def test_usual_files_and_ours_look_at_nobody():
    ours = dropin.render(60, exempt_users=["ann"], exempt_groups=["staff"])
    assert not _classes.marks_of({"/etc/x": USUAL, "/etc/y": ours}).personal


def test_the_one_who_is_asked_has_all_the_groups():
    found = classes(ACCOUNTS, _classes.marks_of({"/etc/x": "staff"}), STRANGER, lambda: GROUPS)
    assert found.of("ann").person == Person("ann", 1001, 1001, (1001, 50))
    assert found.of("ann").groups == ("ann", "staff") and found.of("dan") is None


HOMES = [
    Account("root", "/bin/bash", 0, 0, "", "/root"),
    Account("ann", "/bin/bash", 1001, 1001, "", "/home/ann"),
    Account("bob", "/bin/bash", 1002, 1002, "", "/home/bob"),
    Account("job", "/bin/bash", 901, 901, "", "/srv/job"),
]
# what login files say of homes, and who is told from strangers
AT_HOME = [
    ("case $HOME in /home/*) TMOUT=60 ;; esac\n", [["root"], ["ann", "bob"]]),
    ("[[ $HOME == /home/?n* ]] && TMOUT=60\n", [["root"], ["ann"]]),
    ("[[ $HOME =~ ^/srv/ ]] && TMOUT=60\n", [["root"], ["job"]]),
    ('[ "${HOME#/srv}" = "$HOME" ] || TMOUT=60\n', [["root"], ["job"]]),
    ('[ ~ = "/home/bob" ] && TMOUT=60\n', [["root"], ["bob"]]),
    ("PATH=/home/bin:/usr/bin\n", [["root"]]),
    ("cd; case `pwd` in /srv/*) : ;; esac; case $PWD in /srv*) x ;; esac\n", [["root"], ["job"]]),
]


@pytest.mark.parametrize("text, expected", AT_HOME)
def test_who_is_told_by_the_place_of_the_home(text, expected):
    found = classes(HOMES, _classes.marks_of({"/etc/x": text}), STRANGER, dict)
    assert [list(one.users) for one in found.known] == expected
    assert [one.person.home for one in found.known][0] == "/root"


def test_files_that_are_not_for_all_to_read(tmp_path):
    path = tmp_path / "tmout.sh"
    path.write_text("TMOUT=60\n")
    tmp_path.chmod(0o755)
    for mode, owner, expected in (
        (0o644, (4202, 50), [ROOT]),
        (0o640, (0, 50), [ROOT, ["ann", "bob"], ["cyn"]]),
        (0o600, (4202, 0), [ROOT, ["dan"]]),
    ):
        os.chown(str(path), *owner)
        path.chmod(mode)
        marks = _classes.marks_of({str(path): "TMOUT=60\n"})
        found = classes(ACCOUNTS, marks, STRANGER, lambda: GROUPS)
        assert [list(one.users) for one in found.known] == expected
    path.chmod(0o644)
    tmp_path.chmod(0o750)
    os.chown(str(tmp_path), 0, 50)
    marks = _classes.marks_of({str(path): "TMOUT=60\n"})
    assert len(classes(ACCOUNTS, marks, STRANGER, lambda: GROUPS).known) == 3


def test_files_with_names_in_them(tmp_path, monkeypatch):
    (tmp_path / "ann").write_text("")
    text = f'[ -e "{tmp_path}/$USER" ] && TMOUT=0\n[ -e {tmp_path}/$(id -un) ] && TMOUT=0\n'
    marks = _classes.marks_of({"/etc/x": text})
    found = classes(ACCOUNTS, marks, STRANGER, lambda: GROUPS)
    assert [list(one.users) for one in found.known] == [ROOT, ["ann"]]
    listed = tmp_path / "list"
    listed.write_text("# who is left alone\ndan\n")
    monkeypatch.setattr(_classes, "_NAMED", _classes.re.compile(r"/\S*list"))
    for text in (f"grep -qx $USER {listed} && TMOUT=0\n", f"cd {listed}\n"):
        marks = _classes.marks_of({"/etc/x": text})
        found = classes(ACCOUNTS, marks, STRANGER, lambda: GROUPS)
        assert [list(one.users) for one in found.known] == [ROOT, ["dan"]]
    listed.unlink()
    listed.mkdir()
    (listed / "part").write_text("for g in $(id -Gn); do test $g = staff && TMOUT=0; done\n")
    marks = _classes.marks_of({"/etc/x": f"for part in part; do . {listed}; done\n"})
    found = classes(ACCOUNTS, marks, STRANGER, lambda: GROUPS)
    assert [list(one.users) for one in found.known] == [ROOT, ["ann", "bob"], ["cyn"]]
    (listed / "part").rename(listed / "staff.conf")
    (listed / "staff.conf").write_text("TMOUT=0\n")
    marks = _classes.marks_of({"/etc/x": f"for g in $(id -Gn); do . {listed}/$g.conf; done\n"})
    found = classes(ACCOUNTS, marks, STRANGER, lambda: GROUPS)
    assert [list(one.users) for one in found.known] == [ROOT, ["ann", "bob"], ["cyn"]]


def test_a_class_of_many_names_ten():
    many = [Account(f"u{number}", "/bin/sh", 0, 0) for number in range(40)]
    (one,) = classes(many, _classes.marks_of({}), STRANGER, dict).known
    assert one.members == 40 and one.users == tuple(f"u{number}" for number in range(10))


def test_who_reads_other_files_is_told_by_those():
    marks = {"/bin/bash": _classes.marks_of({}), "/bin/zsh": _classes.marks_of({"/etc/x": "staff"})}
    found = _classes.classes(ACCOUNTS, marks, STRANGER, lambda: GROUPS)
    assert [list(one.users) for one in found.known] == [ROOT, ["cyn"]]
    found = _classes.classes(ACCOUNTS, {"/bin/zsh": marks["/bin/zsh"]}, STRANGER, lambda: GROUPS)
    assert [list(one.users) for one in found.known] == [["cyn"]]


def test_a_shell_that_not_everybody_may_start(tmp_path):
    shell = tmp_path / "shell"
    shell.write_text("")
    os.chown(str(shell), 0, 50)
    shell.chmod(0o750)
    found = classes(ACCOUNTS, _classes.marks_of({}, [str(shell)]), STRANGER, lambda: GROUPS)
    assert [list(one.users) for one in found.known] == [ROOT, ["ann", "bob"], ["cyn"]]


def crowd(number):
    return [Account(f"u{index}", "/bin/sh", 1000 + index, 100) for index in range(number)]


# what login files say, what a file that they name holds, and how many classes 90 accounts are in
LISTS = [
    ("case $USER in u1*) TMOUT=1 ;; esac", "", 2),  # one has the whole word as his name
    ("case $USER in u1*|u11) TMOUT=1 ;; esac", "", 3),
    ("grep -qx $USER {list} && TMOUT=1", "u1\nu2\nu3\nu99\n", 1),
    ("grep $USER {list} && TMOUT=1", "u1:60\nu2:60\nu3:900\n", 2),
    ("grep $USER {list} && TMOUT=1", "no u4 u5\n", 2),
    ("grep $(id -u) {list} && TMOUT=1", "1001\n1002\n", 1),
    ("grep -w $USER {list} && TMOUT=1", " ".join(f"u{n}" for n in range(0, 90, 2)), 1),
]


@pytest.mark.parametrize("text, content, number", LISTS)
def test_who_is_on_one_list_is_of_one_class(text, content, number, tmp_path, monkeypatch):
    listed = tmp_path / "list"
    listed.write_text(content)
    monkeypatch.setattr(_classes, "_NAMED", _classes.re.compile(r"/\S*list"))
    marks = _classes.marks_of({"/etc/x": text.format(list=listed)})
    found = classes(crowd(90), marks, STRANGER, dict)
    assert len(found.known) == number and not found.left_out


def test_groups_that_one_pattern_means_are_alike():
    groups = {f"u{index}": (Group(f"u{index}", 1000 + index),) for index in range(90)}
    marks = _classes.marks_of({"/etc/x": 'case " $(id -Gn) " in *u1?*) TMOUT=1 ;; esac'})
    found = classes(crowd(90), marks, STRANGER, lambda: groups)
    assert [one.members for one in found.known] == [1, 10]


def test_what_the_files_of_accounts_say_is_known():
    marks = _classes.marks_of({"/etc/x": "grep ^$USER: /etc/passwd /etc/group"})
    assert not marks.listed


def test_of_too_many_classes_the_smallest_are_left_out(monkeypatch):
    monkeypatch.setattr(_classes, "MOST_CLASSES", 3)
    users = [*crowd(6), Account("root", "/bin/sh", 0, 0), Account("u9", "/bin/sh", 5000, 100)]
    text = "".join(f"[ $USER = u{index} ] && TMOUT={index}\n" for index in range(6))
    marks = _classes.marks_of({"/etc/x": text + "[ $(id -u) -eq 5000 ]; [ $USER = u9 ]\n"})
    users += [Account("u9", "/bin/sh", 5000, 100)] * 2
    found = classes(users, marks, STRANGER, dict)
    assert [one.users[0] for one in found.known] == ["u0", "root", "u9"]
    assert all(found.of(one.users[0]) is one for one in found.known)
    assert found.left_out == {"u1", "u2", "u3", "u4", "u5"}
    assert found.of("u1") is None
