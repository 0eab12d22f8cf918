# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options, and what is made of a shell where sshd, PAM or logind have their say."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import facts as info_facts
from ansible_collections.curfew.session.plugins.module_utils._info import gather
from ansible_collections.curfew.session.plugins.module_utils._info import sshd as info_sshd
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import Service

# options that are refused, and how the sentence begins
REFUSED = [
    ({"path": "etc/sshd"}, "Option path: 'etc/sshd' is not an absolute path."),
    ({"sshd": "sshd"}, "Option sshd: 'sshd' is not an absolute path."),
    ({"path": "/etc/ssh/"}, "Option path: '/etc/ssh/' is the name of a folder."),
    ({"path": "/a\0"}, "Option path: "),
]


@pytest.mark.parametrize("options, sentence", REFUSED)
def test_refused(options, sentence):
    params = dict({"path": None, "connections": [], "sshd": None}, **options)
    with pytest.raises(Refusal) as caught:
        gather.gather(params)
    assert str(caught.value).startswith(sentence)


# Whether sshd runs, and whether it is told that nobody knows what it has read.
READ = [(True, True), (None, True), (False, False)]


@pytest.mark.parametrize("running, told", READ)
def test_an_sshd_that_does_not_run_has_nothing_to_read(running, told):
    sshd = info_facts.SshdTimeouts(
        "/etc/ssh/sshd_config",
        "OpenSSH_9.2",
        Service(None, None, running),
        [],
        None,
        [],
        [],
        None,
        {},
    )
    assert bool(gather._not_seen(sshd)) == told


PLAIN = info_facts.AccountShell("a", "/bin/bash", "bash", "told", "", None, None, None)
SET = info_facts.TmoutDefinition("/etc/profile", 1, "TMOUT=9", "login shells")
# the family, ForceCommand, SetEnv, PAM's value, whether login files define one; and what is made
# of it: state, seconds to the logout, detail
OVER_SSHD = [
    ("bash", None, {}, None, False, ("told", None, "")),
    ("bash", "/bin/x", {"TMOUT": "5"}, None, False,
     ("unknown", None, "sshd starts its ForceCommand `/bin/x` instead of the shell")),
    ("bash", None, {"TMOUT": "5"}, "6", False, ("told", 5, "sshd's SetEnv")),
    ("bash", None, {"A": "5"}, "6", False, ("told", 6, "/etc/environment")),
    ("ksh93", None, {}, "6", False, ("told", 66, "/etc/environment")),
    ("dash", None, {}, "6", False, ("told", None, "")),
    ("bash", None, {"TMOUT": "5"}, "6", True, ("told", None, "")),
]  # fmt: skip


@pytest.mark.parametrize("family, forced, environment, pam_value, defined, expected", OVER_SSHD)
def test_over_sshd(family, forced, environment, pam_value, defined, expected):
    shell = info_facts.ShellTimeouts(
        "/bin/x", family, None, None, None, None, True, [SET] * defined
    )
    user = info_sshd.User(None, environment, forced)
    account = gather._over_sshd(PLAIN._replace(family=family), user, [shell], pam_value)
    assert (account.state, account.logout_seconds, account.detail) == expected


JAIL = info_sshd.User(None, {}, None, jail="ChrootDirectory /j (/c line 1)")
# What sshd does with a user's sessions; state, seconds, a part of what is said
SESSIONS = [
    (JAIL, "unknown", None, "within ChrootDirectory /j (/c line 1)"),
    (JAIL._replace(forced="x"), "unknown", None, "ForceCommand"),
    (
        JAIL._replace(refused="DenyUsers (/c line 2)"),
        "told",
        9,
        "does not let it in: DenyUsers (/c",
    ),
    (JAIL._replace(refused="x (/c line 3)", locked_out=True), "missing", None, "x (/c line 3)"),
    (
        JAIL._replace(jail=None, no_terminal="PermitTTY no (/c line 4)"),
        "unknown",
        None,
        "PermitTTY",
    ),
]


@pytest.mark.parametrize("user, state, seconds, words", SESSIONS)
def test_what_sshd_does_with_sessions(user, state, seconds, words):
    plain = PLAIN._replace(tmout_seconds=9, logout_seconds=9)
    account = gather._over_sshd(plain, user, [], None)
    assert (account.state, account.logout_seconds) == (state, seconds)
    assert words in account.detail + account.note
    missing = plain._replace(state="missing")
    assert gather._over_sshd(missing, user, [], None) == missing


def test_options_are_those_of_the_documentation():
    spec = gather.spec()
    assert list(spec) == ["path", "connections", "sshd", "users"]
    assert list(spec["connections"]["options"]) == ["user", "host", "addr", "laddr", "lport"]
