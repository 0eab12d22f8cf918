# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What real daemons on the machine of the tests cannot show: other releases, other managers."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import gather
from ansible_collections.curfew.session.plugins.module_utils._info import sshd as info_sshd
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service

HIDDEN = "Options on the command line of a running sshd are for root to see"
# Whose run it is, the manager, whether it says that sshd runs; and what is told: whether it runs,
# whether a reload is needed, and a sentence.
LISTENERS = [
    (0, None, False, False, False, None),
    (1000, None, False, None, None, HIDDEN + "."),
    (1000, "openrc", False, None, None, HIDDEN + "."),
    (1000, "systemd", True, True, None, HIDDEN + "; those that its unit gives are counted."),
    (1000, "systemd", False, False, False, None),
]


@pytest.mark.parametrize("uid, manager, runs, running, reload_needed, sentence", LISTENERS)
def test_unseen_listener(
    tmp_path, monkeypatch, uid, manager, runs, running, reload_needed, sentence
):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 60\n")
    service = sshd_service.Service("ssh", manager, runs)
    words = sshd_service.CommandLine(config=str(main))
    monkeypatch.setattr(sshd_service, "find", lambda: (service, None, words))
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    look = info_sshd._Look(None, [])
    look.read()
    assert look.result["service"]["running"] is running
    assert look.result["reload_needed"] is reload_needed
    assert look.unseen == ([sentence] if sentence else [])


# A line, and what it gives a session, whatever the release.
SET_ENV = [
    ("SetEnv TMOUT=60", {"TMOUT": "60"}),
    ("SetEnv A=1 TMOUT=60 A=2", {"A": "1", "TMOUT": "60"}),
    ("setenv   TMOUT=60 # so", {"TMOUT": "60"}),
    ("SetEnv TMOUT=60\nSetEnv TMOUT=70", {"TMOUT": "60"}),
    ("Match User root\nSetEnv TMOUT=60", {"TMOUT": "60"}),
    ("SetEnv TMOUT=60\nMatch User root\nSetEnv B=1", {"B": "1"}),
    ("Match User somebody-else\nSetEnv TMOUT=60", {}),
]


@pytest.mark.parametrize("release", [(8, 4), (9, 2), (10, 5)])
@pytest.mark.parametrize("text, expected", SET_ENV)
def test_set_env(tmp_path, text, expected, release):
    main = tmp_path / "sshd_config"
    main.write_text(text + "\n")
    look = info_sshd._Look(str(main), [])
    look.release = release
    look.read()
    look.result["connections"] = [{}]
    assert look.look_at("root").environment == expected


def k(value):
    return f"ClientAliveInterval {value}\n"


ALL = "Match all\n" + k(9)
INC = "Include @ROOT@/d\n"
# The daemon's options, the file, the one that it can include; and what beats each definition.
BEATEN = [
    (["5"], k(6), "", [None, "the daemon's command line"]),
    (["5", "6"], "", "", [None, "an earlier option"]),
    (["5"], k(6) + ALL, "", ["@ROOT@/m line 3", "@ROOT@/m line 3", None]),
    ([], k(6) + ALL, "", ["@ROOT@/m line 3", None]),
    (
        ["5"],
        "Match User *,!root\n" + k(6) + "Match User bob\n" + k(7),
        "",
        [None, None, "@ROOT@/m line 2"],
    ),
    (
        [],
        "Match Address 10.0.0.0/8\n" + k(6) + "Match Address 10.1.0.0/16\n" + k(7),
        "",
        [None, "@ROOT@/m line 2"],
    ),
    ([], "Match Address 10.0.0.1\n" + k(6) + "Match Address 10.0.0.0/8\n" + k(7), "", [None, None]),
    ([], INC + INC, k(6), [None, None]),
    ([], INC + "Match User bob\n" + INC, k(6), [None, None]),
    ([], k(5) + INC + "Match User bob\n" + INC, k(6), [None, "@ROOT@/m line 1", None]),
    ([], INC + "Match all\n" + INC, k(6), ["the same line, in the scope Match all", None]),
]


@pytest.mark.parametrize("options, text, included, beaten", BEATEN)
def test_what_beats_a_definition(tmp_path, monkeypatch, options, text, included, beaten):
    (tmp_path / "m").write_text(text.replace("@ROOT@", str(tmp_path)))
    (tmp_path / "d").write_text(included)
    words = sshd_service.CommandLine(
        config=str(tmp_path / "m"),
        options=tuple("ClientAliveInterval=" + value for value in options),
    )
    monkeypatch.setattr(
        sshd_service, "find", lambda: (sshd_service.Service("ssh", None, False), None, words)
    )
    look = info_sshd._Look(None, [])
    look.read()
    found = look.result["definitions"]
    assert [one["beaten_by"] for one in found] == [
        by and by.replace("@ROOT@", str(tmp_path)) for by in beaten
    ]
    assert [one["wins"] for one in found] == [by is None for by in beaten]


# Whether sshd runs, and whether it is told that nobody knows what it has read.
READ = [(True, True), (None, True), (False, False)]


@pytest.mark.parametrize("running, told", READ)
def test_an_sshd_that_does_not_run_has_nothing_to_read(running, told):
    sshd = {"version": "OpenSSH_9.2", "reload_needed": None, "sessions": {},
            "service": {"running": running}}  # fmt: skip
    assert bool(gather._not_seen(sshd)) == told
