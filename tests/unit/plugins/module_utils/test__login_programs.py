# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the program is that stands as a login shell."""

import os
import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _login_programs as programs

ELF = b"\x7fELF"
NOLOGIN = b"This account is currently not available"
FALSE = b"Exit with a status code indicating failure"
TRUE = b"Exit with a status code indicating success"
FISH = b"__fish_ " + "__fish_".encode("utf-32-le")
BUSYBOX = b"BusyBox v1.35 " + NOLOGIN
DASH = b"\0OPTIND=1\0 \0PS4=+ \0 PPID"
SYSTEMCTL = b"systemctl poweroff"

# what a program holds, its name, then its kind and family
CONTENT = [
    (b"@(#)Bash version 5", "false", programs.SHELL, "bash"),
    (b"@(#)Bash version 5", "rbash", programs.SHELL, "bash"),
    (DASH, "sh", programs.SHELL, "dash"),
    (FISH, "fish", programs.DEAF, "fish"),
    (FISH, "bash", programs.DEAF, "fish"),
    (b"__fish_", "fish", programs.UNKNOWN, None),
    (BUSYBOX, "sh", programs.DEAF, "busybox"),
    (BUSYBOX + DASH, "ash", programs.DEAF, "busybox"),
    (BUSYBOX + b"auto-logout", "sh", programs.UNKNOWN, None),
    (BUSYBOX, "nologin", programs.NO_SESSION, None),
    (BUSYBOX, "busybox", programs.UNKNOWN, None),
    (BUSYBOX, "vi", programs.UNKNOWN, None),
    (b"toybox", "false", programs.NO_SESSION, None),
    (b"toybox", "sh", programs.UNKNOWN, None),
    (b"uucore", "true", programs.NO_SESSION, None),
    (b"Interactive git shell is not enabled", "bash", programs.GIT_SHELL, None),
    (NOLOGIN, "nologin", programs.NO_SESSION, None),
    (NOLOGIN, "bash", programs.NO_SESSION, None),
    (FALSE, "deny", programs.NO_SESSION, None),
    (FALSE + TRUE, "true", programs.NO_SESSION, None),
    (FALSE + TRUE, "cat", programs.UNKNOWN, None),
    (SYSTEMCTL, "shutdown", programs.NO_SESSION, None),
    (SYSTEMCTL, "systemctl", programs.UNKNOWN, None),
    (b"", "nologin", programs.UNKNOWN, None),
    (b"", "python3", programs.UNKNOWN, None),
]


@pytest.mark.parametrize("content, name, kind, family", CONTENT)
def test_told_by_its_content(content, name, kind, family, tmp_path):
    path = tmp_path / name
    path.write_bytes(ELF + content)
    path.chmod(0o755)
    program = programs.program_at(str(path))
    assert (program.kind, program.family) == (kind, family)
    assert program.real_path == str(path) and bool(program.why) == (kind != programs.SHELL)


def test_a_script_is_what_it_runs(tmp_path):
    path = tmp_path / "menu"
    path.write_bytes(b"#!/bin/sh\n" + NOLOGIN)
    path.chmod(0o755)
    assert programs.program_at(str(path)).kind == programs.UNKNOWN


def test_another_program_in_its_place_is_seen(tmp_path):
    path = tmp_path / "shell"
    for content, kind in ((b"@(#)Bash version ", programs.SHELL), (NOLOGIN, programs.NO_SESSION)):
        path.write_bytes(ELF + content)
        path.chmod(0o755)
        assert programs.program_at(str(path)).kind == kind


def test_what_others_can_change_is_unknown(tmp_path):
    path = tmp_path / "false"
    path.write_bytes(ELF + FALSE)
    path.chmod(0o757)
    assert programs.program_at(str(path)).kind == programs.UNKNOWN


def test_not_there(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    (tmp_path / "shell").write_text("")
    for name in ("nothing", "link", "shell/x", "shell\r"):
        program = programs.program_at(str(tmp_path / name))
        assert (program.kind, program.why) == (programs.NO_SESSION, "does not exist")
    program = programs.program_at(str(tmp_path / "shell -l"))
    assert program.kind == programs.NOT_OVER_SSH and "arguments" in program.why


MODES = [
    (0o755, 0o755, True),
    (0o711, 0o711, True),
    (0o755, 0o750, False),
    (0o755, 0o705, False),
    (0o755, 0o655, False),
    (0o750, 0o755, False),
]


@pytest.mark.parametrize("folder, mode, free", MODES)
def test_for_everybody(folder, mode, free, tmp_path, monkeypatch):
    # Tests may run in a folder that is not for everybody: what is above is passed over.
    home = tmp_path / "bin"
    home.mkdir()
    path = home / "shell"
    path.write_bytes(ELF)
    link = tmp_path / "link"
    link.symlink_to(path)
    path.chmod(mode)
    home.chmod(folder)
    stat = os.stat
    above = {str(parent) for parent in home.parents}
    monkeypatch.setattr(
        programs.os, "stat", lambda place, **more: stat("/" if place in above else place, **more)
    )
    for each in (path, link):
        program = programs.Program(programs.UNKNOWN, None, str(each), str(path), "")
        assert programs.is_for_everybody(program) == free


KNOWN = ["bash", "dash", "zsh", "ksh93", "mksh", "tcsh"]
OTHERS = ["true", "sleep", "env", "python3", "perl", "tmux", "vim", "busybox", "ls"]


def _family_of(path):
    program = programs.program_at(path)
    return (program.family if program.kind == programs.SHELL else None), program.real_path


@pytest.mark.parametrize("name", KNOWN)
def test_known_by_what_it_is(name, tmp_path):
    real = shutil.which(name)
    if not real:
        pytest.skip(name + " is not installed")
    assert _family_of(real) == (name, os.path.realpath(real))
    renamed = tmp_path / "greeter"
    shutil.copy(real, str(renamed))
    assert _family_of(str(renamed))[0] == name
    link = tmp_path / "link"
    link.symlink_to(renamed)
    assert _family_of(str(link)) == (name, str(renamed))
    renamed.chmod(0o777)
    assert _family_of(str(renamed))[0] is None


@pytest.mark.parametrize("name", OTHERS)
def test_other_programs_are_unknown(name, tmp_path):
    real = shutil.which(name)
    if not real:
        pytest.skip(name + " is not installed")
    assert _family_of(real)[0] is None
    disguised = tmp_path / "bash"
    shutil.copy(os.path.realpath(real), str(disguised))
    assert _family_of(str(disguised))[0] is None


def test_what_is_no_program(tmp_path):
    script = tmp_path / "zsh"
    script.write_text("#!/bin/sh\n# @(#)Bash version ZSH_EVAL_CONTEXT zsh_eval_context\n")
    assert _family_of(str(script))[0] is None
    script.chmod(0o755)
    assert _family_of(str(script))[0] is None
    os.mkfifo(str(tmp_path / "fifo"), 0o755)
    for path in ("fifo", "nothing", "."):
        assert _family_of(str(tmp_path / path))[0] is None
    assert _family_of("bash")[0] is None
