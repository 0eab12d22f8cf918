# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking sshd: with programs that stand in for one, and lack what real hosts lack."""

import os
import shutil
import tempfile
import time

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    asking,
    config,
    match,
    staging,
)

CONNECTION = match.Connection("u", "h", "192.0.2.1", "127.0.0.1", 22)
# Prints its words, then the files that it was given; $refusal comes first where it applies.
STAND_IN = """#!/bin/sh
%s
for word; do case $last in -f) config=$word;; esac; last=$word; done
echo "words $*"
sed 's/^/line /' "$config"
"""
LACKING = """case "$*" in *-T*) ;; *)
echo "Config test connection parameter (-C) provided without test mode (-T)" >&2; exit 1;; esac
case " $* " in *' -G '*|*' -h '*) ;; *)
echo "Missing privilege separation directory: /run/sshd" >&2; exit 255;; esac"""
NEVER = 'echo "sshd: no hostkeys available -- exiting." >&2; exit 1'
BAD_LINE = """for word; do case $last in -f) config=$word;; esac; last=$word; done
echo "$config line 3: Bad configuration option: x" >&2
echo "$config: terminating, 1 bad configuration options" >&2; exit 255"""


@pytest.fixture
def stand_in():
    """In a folder that everybody can enter: it may be run as a user that nobody is."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)

        def write(refusal=""):
            path = os.path.join(folder, "sshd")
            with open(path, "w") as program:
                program.write(STAND_IN % refusal)
            os.chmod(path, 0o755)
            return path

        yield write


def trees(tmp_path):
    """A tree on disk, and what is planned of it."""
    main, drop_in = str(tmp_path / "main"), str(tmp_path / "a.conf")
    texts = {main: f"Include {drop_in}\nUseDNS no\n", drop_in: "PermitTTY no\n"}
    for path, text in texts.items():
        with open(path, "w") as file:
            file.write(text)

    def read(now):
        return config.read_tree(main, lambda path, by: now[path], lambda name: [name], ())

    return read(texts), read(dict(texts, **{drop_in: "PermitTTY yes\n"}))


def ask(binary, tree, planned, release=(10, 0), connection=CONNECTION, options=()):
    with asking.Prover(binary, release, options) as prover:
        answer = prover.ask([asking.Question(tree, connection, planned)])[0]
        return answer, prover


def test_asks_the_real_files_where_nothing_is_planned(stand_in, tmp_path):
    tree, _planned = trees(tmp_path)
    answer, _prover = ask(stand_in(), tree, False, options=["-o", "X=1"])
    assert answer["words"] == [
        f"-T -f {tree.main} -C user=u,host=h,addr=192.0.2.1,laddr=127.0.0.1,lport=22 -o X=1"
    ]


def test_asks_a_copy_of_what_is_planned_and_leaves_none_behind(stand_in, tmp_path):
    _tree, planned = trees(tmp_path)
    answer, _prover = ask(stand_in(), planned, True)
    include, neighbour = answer["line"][:2]
    assert neighbour == "UseDNS no"
    staged = include.split('"')[1]
    assert staged != str(tmp_path / "a.conf") and not os.path.exists(os.path.dirname(staged))


# release, what is asked where the host lacks what -T wants
BARE = [((10, 0), "-G -T -f "), ((9, 3), "-G -T -f "), ((9, 2), "-T -h "), ((8, 4), "-T -h ")]


@pytest.mark.parametrize("release, words", BARE)
def test_does_without_host_keys_and_folder(stand_in, tmp_path, release, words):
    tree, planned = trees(tmp_path)
    for which, is_planned in ((tree, False), (planned, True)):
        answer, prover = ask(stand_in(LACKING), which, is_planned, release)
        assert answer["words"][0].startswith(words)
        assert prover.bare


def test_says_what_is_missing_where_nothing_helps(stand_in, tmp_path):
    tree, _planned = trees(tmp_path)
    with pytest.raises(asking.SshdError, match="^sshd cannot be asked on this host: .*keys"):
        ask(stand_in(NEVER), tree, False)


def test_a_refusal_names_the_real_file(stand_in, tmp_path):
    _tree, planned = trees(tmp_path)
    answer, _prover = ask(stand_in(BAD_LINE), planned, True)
    assert isinstance(answer, asking.Rejected)
    assert str(answer) == (
        f"sshd refuses the configuration: {planned.main} line 3: Bad configuration option: x."
    )


INVALID = [
    ((9, 8), True, False),
    ((9, 8), False, False),
    ((9, 9), True, False),
    ((9, 9), False, True),
]


@pytest.mark.parametrize("release, exists, told", INVALID)
def test_tells_of_an_invalid_user_where_sshd_knows_the_word(
    stand_in, tmp_path, release, exists, told
):
    tree, _planned = trees(tmp_path)
    connection = CONNECTION._replace(user_exists=exists)
    answer, _prover = ask(stand_in(), tree, False, release, connection)
    assert answer["words"][0].endswith(",invalid-user") is told


def test_keys_are_compared_in_lower_case(stand_in, tmp_path):
    tree, _planned = trees(tmp_path)
    answer, _prover = ask(stand_in("echo ClientAliveInterval 5"), tree, False)
    assert answer["clientaliveinterval"] == ["5"]


def test_one_that_hangs_is_given_up(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "TIMEOUT_SECONDS", 1)
    tree, _planned = trees(tmp_path)
    with pytest.raises(asking.SshdError, match="did not answer within 1 seconds"):
        ask(stand_in("exec sleep 60"), tree, False)


def test_names_the_line_that_may_be_why(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "TIMEOUT_SECONDS", 1)
    (tmp_path / "m").write_text("#\n#%s\n#\n" % ("x" * 20000))
    tree = config.read_tree(
        str(tmp_path / "m"), lambda path, by: (tmp_path / "m").read_text(), lambda name: [], ()
    )
    sentence = "m line 2 has 20001 characters"
    with pytest.raises(asking.SshdError, match=sentence):
        ask(stand_in("exec sleep 60"), tree, False)
    refusal = "echo 'xcalloc: out of memory (allocating 680658 bytes)' >&2; exit 255"
    for planned in (False, True):
        answer, _prover = ask(stand_in(refusal), tree, planned)
        assert sentence in str(answer)


def test_one_that_wants_the_whole_memory_does_not_get_it(stand_in, tmp_path):
    tree, _planned = trees(tmp_path)
    answer, _prover = ask(stand_in("sleep 0.3; ulimit -d"), tree, False)
    assert list(answer)[0] == str(asking.MEMORY_BYTES // 1024)


# Each leaves its own name while it runs, and tells how many others there are.
COUNTING = """mkdir "$0.d" 2>/dev/null; : >"$0.d/$$"; sleep 0.1
ls "$0.d" | wc -l >>"$0.seen"; rm "$0.d/$$" """


def test_asks_some_at_once_and_never_all(stand_in, tmp_path):
    tree, _planned = trees(tmp_path)
    binary = stand_in(COUNTING)
    os.chmod(os.path.dirname(binary), 0o777)
    questions = [
        asking.Question(tree, CONNECTION._replace(user=f"u{number}"), False)
        for number in range(30)]  # fmt: skip
    with asking.Prover(binary, (10, 0)) as prover:
        answers = prover.ask(questions)
    assert [answer["words"][0].split("user=u")[1].split(",")[0] for answer in answers] == [
        str(number) for number in range(30)]  # fmt: skip
    with open(binary + ".seen") as seen:
        most = max(int(line) for line in seen)
    assert 1 < most <= asking.AT_ONCE


def test_leaves_nobody_running_when_it_gives_up(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "TIMEOUT_SECONDS", 1)
    tree, _planned = trees(tmp_path)
    binary = stand_in('echo $$ >>"$0.pids"; exec sleep 60')
    os.chmod(os.path.dirname(binary), 0o777)
    with asking.Prover(binary, (10, 0)) as prover, pytest.raises(asking.SshdError):
        prover.ask([asking.Question(tree, CONNECTION, False)] * 3)
    with open(binary + ".pids") as pids:
        assert [pid for pid in pids if os.path.exists(f"/proc/{int(pid)}")] == []


def test_a_stage_that_cannot_be_written_is_one_sentence(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr(staging.scratch, "make", failing)
    _tree, planned = trees(tmp_path)
    with pytest.raises(asking.SshdError, match="cannot be written: No space left"):
        ask(stand_in(), planned, True)


def failing():
    raise OSError(28, "No space left on device")


VERSIONS = [
    (
        "OpenSSH_8.4p1 Debian-5+deb11u3, OpenSSL 1.1.1w",
        "OpenSSH_8.4p1",
        (8, 4),
        "OpenSSH_8.4p1 Debian-5+deb11u3",
    ),
    ("OpenSSH_9.2, OpenSSL 3.0.19", "OpenSSH_9.2", (9, 2), "OpenSSH_9.2"),
    ("unknown option -- V\nOpenSSH_8.0p1, OpenSSL", "OpenSSH_8.0p1", (8, 0), "OpenSSH_8.0p1"),
    ("OpenSSH_10.0p2 Debian-7", "OpenSSH_10.0p2", (10, 0), "OpenSSH_10.0p2 Debian-7"),
]


@pytest.mark.parametrize("said, text, release, whole", VERSIONS)
def test_version(stand_in, said, text, release, whole):
    found = asking.version(stand_in(f"printf '%s\\n' '{said}' >&2; exit 1"))
    assert found == (text, release, whole)


def test_a_program_that_is_no_sshd(stand_in):
    with pytest.raises(asking.SshdError, match="does not tell its OpenSSH version"):
        asking.version(stand_in("exit 0"))


@pytest.mark.parametrize("given", ["sshd", "/etc", "/nowhere/sshd", "/etc/passwd"])
def test_refuses_what_is_no_program(given):
    with pytest.raises(asking.SshdError, match="^Option sshd: "):
        asking.find_binary(given, None)


# Owner and mode of the folder and of the program in it; why root does not run that, or nothing.
PROGRAMS = [
    ((0, 0o755), (0, 0o755), None),
    ((0, 0o1777), (0, 0o755), None),
    ((0, 0o755), (0, 0o775), "because it can be written by others than root"),
    ((0, 0o755), (0, 0o757), "because it can be written by others than root"),
    ((0, 0o755), (1000, 0o755), "because it belongs to user 1000"),
    ((0, 0o1777), (1000, 0o755), "because the folder /.* can be written by others than root"),
    ((0, 0o775), (0, 0o755), "because the folder /.* can be written by others than root"),
    ((1000, 0o755), (0, 0o755), "because the folder /.* belongs to user 1000"),
]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs what others must not write")
@pytest.mark.parametrize("folder, program, danger", PROGRAMS)
@pytest.mark.parametrize("link", [False, True])
def test_root_runs_no_program_that_somebody_else_could_write(
    stand_in, folder, program, danger, link
):
    outer = os.path.dirname(stand_in())
    home = os.path.join(outer, "inner")
    os.mkdir(home)
    path = shutil.move(os.path.join(outer, "sshd"), os.path.join(home, "sshd"))
    named = path
    if link:
        named = os.path.join(outer, "link")
        os.symlink(path, named)
    for name, (owner, mode) in ((home, folder), (path, program)):
        os.chown(name, owner, 0)
        os.chmod(name, mode)
    for given, running, subject in [
        (named, None, "Option sshd: %s is not run"),
        (None, named, "The program of the running sshd, %s, is not run"),
    ]:
        if danger is None:
            assert asking.find_binary(given, running) == named
            continue
        with pytest.raises(asking.SshdError, match=subject % named + ".*" + danger):
            asking.find_binary(given, running)


def test_the_limit_holds_though_a_child_keeps_the_pipe(stand_in, monkeypatch):
    monkeypatch.setattr(asking, "TIMEOUT_SECONDS", 0.5)
    began = time.time()
    with pytest.raises(asking.SshdError, match="did not answer within"):
        asking.version(stand_in("sleep 20 & exit 0"))
    assert time.time() - began < 5
