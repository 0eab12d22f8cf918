# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts in, sentences out."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import facts as info
from ansible_collections.curfew.session.plugins.module_utils._info import verdict
from ansible_collections.curfew.session.plugins.module_utils._info.facts import AccountShell
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import Service

DURATIONS = [
    (1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (90, "90 seconds"), (900, "15 minutes"),
    (960, "16 minutes"), (3600, "1 hour"), (5400, "1 hour 30 minutes"),
    (7875, "2 hours 11 minutes 15 seconds"), (86400, "1 day"), (604800, "7 days"),
]  # fmt: skip
SPANS = [
    (180, 240, "3 to 4 minutes"), (60, 120, "1 to 2 minutes"), (3, 6, "3 to 6 seconds"),
    (45, 180, "45 to 180 seconds"), (60, 80, "60 to 80 seconds"), (45, 60, "45 to 60 seconds"),
    (110, 3600, "110 seconds to 1 hour"), (90, 120, "90 to 120 seconds"),
    (5400, 6000, "1 hour 30 minutes to 1 hour 40 minutes"),
    (3600, 7200, "1 to 2 hours"), (60, 60, "1 minute"),
]  # fmt: skip


@pytest.mark.parametrize("seconds, text", DURATIONS)
def test_duration(seconds, text):
    assert verdict.duration(seconds) == text


@pytest.mark.parametrize("low, high, text", SPANS)
def test_span(low, high, text):
    assert verdict._span(low, high) == text


def connection(**fields):
    found = {
        "user": "x",
        "host": "192.0.2.1",
        "addr": "192.0.2.1",
        "laddr": "0.0.0.0",
        "lport": 22,
        "scope": None,
        "interval_seconds": 60,
        "count_max": 3,
        "detection_seconds": {"min": 180, "max": 240},
        "channel_timeout": None,
        "unused_connection_timeout": None,
    }
    found.update(fields)
    return info.ConnectionTimeouts(**found)


def never(interval, count_max, **fields):
    return connection(
        interval_seconds=interval, count_max=count_max, detection_seconds=None, **fields
    )


def channel(**fields):
    return dict(
        {"value": "", "works": True, "shell_seconds": None, "command_seconds": None, "why": None},
        **fields,
    )


def definition(line, value, beaten_by=None, scope="global", path="/etc/ssh/sshd_config", kind=""):
    return info.SshdDefinition(
        path,
        line,
        "ClientAliveInterval",
        value,
        scope,
        scope not in ("global", "command line", "Match all"),
        info.Beaten(beaten_by, kind) if beaten_by else None,
    )


def place(line, text, scope="login shells", path="/etc/profile.d/tmout.sh"):
    return info.TmoutDefinition(path, line, text, scope)


def told(user, family, logout=900, tmout=None, detail="", readonly=True):
    return AccountShell(
        user, "/bin/" + family, family, "told", detail, tmout or logout, logout, readonly
    )


def shell(*definitions, **fields):
    found = {
        "path": "/bin/bash",
        "family": "bash",
        "answered": True,
        "definitions": list(definitions),
        "tmout_seconds": None,
        "logout_seconds": None,
        "readonly": True,
        "exported": True,
    }
    found.update(fields)
    return info.ShellTimeouts(**found)


def facts(
    release=(10, 0),
    accounts=(),
    shells=(),
    reads=None,
    seconds=None,
    sees_ssh=True,
    unseen=(),
    distribution="debian",
    **sshd,
):
    shown = {
        "path": "/etc/ssh/sshd_config",
        "version": "OpenSSH_10.0p2",
        "service": Service("ssh", "systemd", True),
        "connections": [connection()],
        "tcp_keepalive_seconds": 7875,
        "definitions": [],
        "command_line": [],
        "reload_needed": False,
        "sessions": None,
    }
    shown.update(sshd)
    pairs = [
        one if isinstance(one, tuple) and not isinstance(one, AccountShell) else (one, {})
        for one in accounts
    ]
    return info.Facts(
        sshd=info.SshdTimeouts(**shown),
        release=release,
        shells=shells,
        accounts=pairs,
        unseen=unseen,
        reads_profile_d=reads or {"bash": True, "ksh93": True, "zsh": False},
        logind=info.LogindTimeouts(seconds, sees_ssh, []),
        distribution=distribution,
    )


DROP_IN = "/etc/ssh/sshd_config.d/x.conf"
KEEPALIVE = "; TCP's own keepalive does after 2 hours 11 minutes 15 seconds, if the client's host"
# facts, and the sentences that must be there, as they are or from their beginning
SAID = [
    (
        facts((10, 7)),
        ["What sshd's directives do was not measured on this release: OpenSSH 10.7 is newer than"],
    ),
    (facts(accounts=[told("a", "bash")]), ["An idle bash prompt is closed after 15 minutes."]),
    (
        facts(accounts=[told("a", "bash"), told("b", "mksh"), told("c", "ksh93", 960)]),
        [
            "An idle bash or mksh prompt is closed after 15 minutes.",
            "An idle ksh93 prompt is closed after 16 minutes.",
        ],
    ),
    (
        facts(accounts=[told("a", "bash"), told("b", "bash", 60), told("c", "zsh", 60)]),
        [
            "An idle bash prompt of `a` is closed after 15 minutes.",
            "An idle bash prompt of `b` is closed after 1 minute.",
            "An idle zsh prompt is closed after 1 minute.",
        ],
    ),
    (
        facts(accounts=[told("a", "bash", 300, detail="sshd's SetEnv"), told("b", "bash", None)]),
        [
            "An idle bash prompt of `a` is closed after 5 minutes.",
            "The account `b` uses bash, for which nothing sets TMOUT: nothing ever logs it out.",
        ],
    ),
    (
        facts(accounts=[told("a", "bash"), (told("b", "bash", None), {"ChannelTimeout": 60})]),
        ["An idle bash prompt of `a` is closed after 15 minutes."],
    ),
    (
        facts(
            accounts=[
                told("a", "bash"),
                told("b", "bash", None, detail="/etc/profile.d/x.sh"),
                told("c", "zsh", None),
            ]
        ),
        ["An idle bash prompt is closed after 15 minutes."],
    ),
    (
        facts(accounts=[told("a", "bash", readonly=False)]),
        ["Users of bash can turn that off: the value is not readonly."],
    ),
    (facts(), ["A client that vanishes is noticed after 3 to 4 minutes."]),
    (
        facts(connections=[never(0, 3)]),
        ["sshd itself never notices a client that vanishes: ClientAliveInterval is 0" + KEEPALIVE],
    ),
    (
        facts(connections=[never(60, 0)], tcp_keepalive_seconds=None),
        ["sshd itself never notices a client that vanishes: ClientAliveCountMax is 0."],
    ),
    (
        facts(connections=[never(600, 0)], release=(8, 0)),
        [
            "ClientAliveCountMax is 0, and what that does differs: sshd drops idle clients, dead "
            "or not, after one interval, or, from OpenSSH 8.2 on and where that was backported, "
            "nobody"
        ],
    ),
    (
        facts(connections=[connection(), never(0, 3, scope="Match User backup")]),
        [
            "A client that vanishes is noticed after 3 to 4 minutes.",
            "For `Match User backup`: sshd itself never notices",
        ],
    ),
    (
        facts(
            connections=[
                connection(),
                connection(user="ops", count_max=1, detection_seconds={"min": 60, "max": 120}),
            ]
        ),
        ["For user `ops` from 192.0.2.1: a client that vanishes is noticed after 1 to 2 minutes."],
    ),
    (
        facts(connections=[connection(channel_timeout=channel(shell_seconds=900))]),
        ["sshd closes an SSH session in which nothing is typed or shown for 15 minutes"],
    ),
    (
        facts(connections=[connection(channel_timeout=channel(command_seconds=60))]),
        ["sshd ends a remote command that is silent for 1 minute."],
    ),
    (
        facts(
            connections=[
                connection(
                    channel_timeout=channel(works=False, why="`session=15m` does nothing, since so")
                )
            ]
        ),
        ["Of ChannelTimeout, `session=15m` does nothing, since so."],
    ),
    (
        facts(
            connections=[
                connection(channel_timeout=channel(shell_seconds=60)),
                connection(scope="Match User a"),
                connection(scope="Match User b"),
            ]
        ),
        ["For `Match User a` and `Match User b`: sshd closes no idle session."],
    ),
    (
        facts(
            connections=[
                connection(),
                never(0, 3, scope="Match User a"),
                never(0, 3, scope="Match User a"),
                never(0, 3, scope="Match User b"),
            ]
        ),
        ["For `Match User a` and `Match User b`: sshd itself never notices"],
    ),
    (
        facts(
            connections=[connection()]
            + [never(0, number, scope=f"Match User u{number}") for number in range(3)]
        ),
        ["For `Match User u0`, `Match User u1` and `Match User u2`: sshd itself never"],
    ),
    (
        facts(
            connections=[connection()]
            + [never(number, 0, scope="Match User u") for number in range(2)]
            + [
                connection(detection_seconds={"min": number, "max": number})
                for number in range(1, 20)
            ]
        ),
        ["11 more connections differ too."],
    ),
    (
        facts(
            connections=[
                connection(unused_connection_timeout={"seconds": 300, "works": True, "why": None})
            ]
        ),
        ["A connection without any session in it is closed after 5 minutes."],
    ),
    (
        facts(seconds=600),
        ["logind stops a session whose terminal it knows and that got no input for 10 minutes."],
    ),
    (facts(seconds=600, sees_ssh=False), ["logind does not learn the terminals of SSH sessions"]),
    (
        facts(accounts=[told("deploy", "zsh", None), told("web", "zsh", None)]),
        [
            "The accounts `deploy` and `web` use zsh, which does not read /etc/profile.d on this "
            "system: nothing ever logs them out."
        ],
    ),
    (
        facts(accounts=[told("a", "dash", None)]),
        ["The account `a` uses dash, which knows no idle timeout: nothing ever logs it out."],
    ),
    (
        facts(accounts=[told("a", "tcsh", None)]),
        ["The account `a` uses tcsh, which obeys only its own autologout, and that is not set"],
    ),
    (
        facts(accounts=[told("a", "bash", None)]),
        ["The account `a` uses bash, for which nothing sets TMOUT: nothing ever logs it out."],
    ),
    (
        facts(accounts=[told("a", "bash", None, detail="/etc/profile.d/tmout.sh")]),
        ["The account `a` is exempt from TMOUT in /etc/profile.d/tmout.sh: nothing ever"],
    ),
    (
        facts(
            accounts=[told("a", "zsh", None)],
            shells=[shell(place(3, "typeset -xr TMOUT=9"), family="zsh")],
        ),
        [
            "The account `a` uses zsh, which ends up without a TMOUT that it obeys, although "
            "/etc/profile.d/tmout.sh line 3 says `typeset -xr TMOUT=9`: nothing ever logs it out."
        ],
    ),
    (
        facts(
            accounts=[told("a", "bash", None)._replace(tmout_seconds=0)],
            shells=[shell(place(3, "TMOUT=0"))],
        ),
        ["The account `a` uses bash, where TMOUT comes to 0 (/etc/profile.d/tmout.sh line 3: "],
    ),
    (
        facts(
            accounts=[told("a", "bash", None)._replace(tmout_seconds=0)],
            shells=[
                shell(
                    place(3, "TMOUT=0"),
                    place(4, '[ -n "$A" ] && TMOUT=60'),
                    place(5, "export TMOUT"),
                )
            ],
        ),
        ["The account `a` uses bash, where TMOUT comes to 0 (/etc/profile.d/tmout.sh line 3: "],
    ),
    (
        facts(
            accounts=[told("a", "bash", None)._replace(tmout_seconds=0)],
            shells=[shell(place(3, "TMOUT=$IDLE"), place(5, "export TMOUT"))],
        ),
        ["The account `a` uses bash, where TMOUT comes to 0 (/etc/profile.d/tmout.sh line 3: "],
    ),
    (
        facts(
            accounts=[told("a", "mksh", None)._replace(tmout_seconds=0)],
            shells=[
                shell(
                    place(3, 'test -z "$TMOUT" && TMOUT=60'),
                    place(4, "export TMOUT"),
                    family="mksh",
                )
            ],
        ),
        [
            "The account `a` uses mksh, where TMOUT is 0 as it is from the start, although "
            '/etc/profile.d/tmout.sh line 3 says `test -z "$TMOUT" && TMOUT=60`: nothing ever'
        ],
    ),
    (
        facts(
            accounts=[told("a", "ksh93", None)._replace(tmout_seconds=0)],
            shells=[shell(place(3, "export -n TMOUT"), family="ksh93")],
        ),
        ["The account `a` uses ksh93, for which nothing sets TMOUT: nothing ever logs it out."],
    ),
    (
        facts(
            accounts=[told("a", "bash", None)],
            shells=[shell(place(3, ": ${TMOUT:=15m}"), place(4, "readonly TMOUT"))],
        ),
        [
            "The account `a` uses bash, which ends up without a TMOUT that it obeys, although "
            "/etc/profile.d/tmout.sh line 3 says `: ${TMOUT:=15m}`"
        ],
    ),
    (
        facts(accounts=[told("a", "dash", None)], seconds=60, sees_ssh=False),
        ["The account `a` uses dash, which knows no idle timeout: over SSH nothing ever logs it"],
    ),
    (
        facts(accounts=[told("a", "dash", None)], connections=[]),
        [
            "The account `a` uses dash, which knows no idle timeout: nothing that can be seen here "
            "logs it out."
        ],
    ),
    (
        facts(
            accounts=[
                AccountShell("a", "/opt/x", None, "unknown", "/opt/x is odd", None, None, None)
            ]
        ),
        ["The account `a` may never be logged out, which cannot be told: /opt/x is odd."],
    ),
    (
        facts()._replace(
            directories=[
                info.Directory("ldap", True, "", 0),
                info.Directory("sss", False, "did not answer within 3 seconds", 0),
                info.Directory("nis", True, "", 1),
                info.Directory("db", True, "", 12),
            ]
        ),
        [
            "The directory ldap (/etc/nsswitch.conf) has further accounts, of which nothing is "
            "said: none is named in the option users, or has a session open.",
            "The directory sss (/etc/nsswitch.conf) did not answer within 3 seconds: nothing is "
            "said of accounts that it may have.",
            "The directory nis (/etc/nsswitch.conf) may have further accounts than the 1 that was",
            "The directory db (/etc/nsswitch.conf) may have further accounts than the 12 that were "
            "looked at: it is not enumerated.",
        ],
    ),
    (
        facts(
            definitions=[definition(3, "60"), definition(9, "300", "/etc/ssh/sshd_config line 3")]
        ),
        [
            "/etc/ssh/sshd_config line 9 (ClientAliveInterval 300, scope global) has no effect: "
            "/etc/ssh/sshd_config line 3 wins."
        ],
    ),
    (
        facts(definitions=[definition(9, "300", "/m line 3", "Match User a,b", kind=info.OVERLAP)]),
        [
            "/etc/ssh/sshd_config line 9 (ClientAliveInterval 300, scope Match User a,b) gives way "
            "to /m line 3 where both apply."
        ],
    ),
    (
        facts(definitions=[definition(3, "60", "before X it is so", kind=info.RELEASE)]),
        [
            "/etc/ssh/sshd_config line 3 (ClientAliveInterval 60, scope global) has no effect: "
            "before X it is so."
        ],
    ),
    (
        facts(shells=[shell(place(1, "TMOUT=60", "PAM", "/etc/environment"))]),
        ["/etc/environment line 1 can set it too (PAM): TMOUT=60"],
    ),
    (facts(reload_needed=True), ["sshd has not read its configuration since it was changed"]),
    (
        facts(sessions={"open": 3, "older": 2}),
        ["2 of 3 open SSH sessions began before sshd last read its configuration, and keep the"],
    ),
    (
        facts(reload_needed=True, sessions={"open": 2, "older": 2}),
        ["2 open SSH sessions may have older numbers."],
    ),
    (
        facts(service=Service("ssh", "systemd", False)),
        ["No sshd runs now: what is said of sshd holds for one that is started."],
    ),
    (facts(unseen=["x cannot be read."]), ["x cannot be read."]),
    (
        facts(shells=[shell(place(1, "TMOUT=9"), place(4, "TMOUT=8"), place(2, "", path="/b"))]),
        [
            "TMOUT is defined in more than one login file: /etc/profile.d/tmout.sh line 1 and /b "
            "line 2."
        ],
    ),
    (
        facts(definitions=[definition(3, "60", path=DROP_IN)]),
        ["Scanners for Debian look for sshd's numbers in /etc/ssh/sshd_config only"],
    ),
    (
        facts(definitions=[definition(3, "60", path="/opt/x")], distribution=""),
        ["Scanners look for sshd's numbers in /etc/ssh/sshd_config and its drop-ins only"],
    ),
    (
        facts(definitions=[definition(None, "60", scope="command line", path=None)]),
        ["Scanners do not see the options on the daemon's command line."],
    ),
    (
        facts(definitions=[definition(3, "60", scope="Match User a")]),
        ["Scanners take a number within a Match block for a global one"],
    ),
    (
        facts(shells=[shell(place(1, "TMOUT=9", path="/etc/bash.bashrc"), logout_seconds=9)]),
        ["Scanners look for TMOUT in /etc/profile and /etc/profile.d/*.sh only"],
    ),
    (
        facts(shells=[shell(place(1, "TMOUT=9"), logout_seconds=9, readonly=False)]),
        ["Scanners ask for a TMOUT that is readonly and exported: one that is not readonly"],
    ),
]

# facts, and words that must be in no sentence
UNSAID = [
    (facts(accounts=[(told("a", "zsh", None), {"ChannelTimeout": 60})]), ["`a`"]),
    (
        facts(accounts=[AccountShell("a", "/no", None, "missing", "gone", None, None, None)]),
        ["`a`"],
    ),
    (
        facts(
            definitions=[definition(3, "60"), definition(9, "60", "/etc/ssh/sshd_config line 3")]
        ),
        ["has no effect"],
    ),
    (
        facts(
            definitions=[
                definition(3, "60", "the same line, in the scope Match all", kind=info.SAME_LINE),
                definition(3, "60", scope="Match all"),
            ]
        ),
        ["has no effect"],
    ),
    (facts(connections=[]), ["vanishes"]),
    (facts(sessions={"open": 3, "older": 0}), ["began before"]),
    (facts(reload_needed=None), ["since it was changed"]),
    (facts(seconds=60, sees_ssh=None), ["does not learn"]),
    (
        facts(shells=[shell(place(1, "TMOUT=9"), place(2, "TMOUT=9"), logout_seconds=9)]),
        ["more than one", "Scanners"],
    ),
    (facts(shells=[shell(place(1, "TMOUT=9"), readonly=False)]), ["Scanners"]),
    (
        facts(
            shells=[shell(place(1, "TMOUT=9", path="/x"), place(1, "TMOUT=9"), logout_seconds=9)]
        ),
        ["Scanners"],
    ),
    (facts(definitions=[definition(3, "60", path=DROP_IN)], distribution="fedora"), ["Scanners"]),
    (facts(definitions=[definition(3, "60", "another", path="/opt/x")]), ["Scanners"]),
    (
        facts(
            definitions=[
                definition(3, "60"),
                definition(4, "none", scope="Match User a")._replace(keyword="ChannelTimeout"),
            ]
        ),
        ["Scanners"],
    ),
]


@pytest.mark.parametrize("given, sentences", SAID)
def test_said(given, sentences):
    said = verdict.verdict(given)
    for sentence in sentences:
        assert any(one.startswith(sentence) for one in said), said
    assert len(said) == len(set(said))


@pytest.mark.parametrize("given, words", UNSAID)
def test_unsaid(given, words):
    said = " ".join(verdict.verdict(given))
    assert not [word for word in words if word in said], said


NOTHING = AccountShell("a", "/bin/x", None, "unknown", "/bin/x is odd", None, None, None)
# an account's shell, what else ends its sessions, and idle_logout_seconds, ended_by, why
ACCOUNTS = [
    (told("a", "bash"), {}, 900, "TMOUT", "An idle bash prompt is closed after 15 minutes."),
    (
        told("a", "ksh93", 960),
        {},
        960,
        "TMOUT",
        "An idle ksh93 prompt is closed after 16 minutes, the last minute of them a warning.",
    ),
    (told("a", "ksh93", 64, 4), {"ChannelTimeout": 9}, 13, "ChannelTimeout", "An idle ksh93"),
    (told("a", "ksh93", 64, 4), {"ChannelTimeout": 3}, 3, "ChannelTimeout", "An idle ksh93"),
    (told("a", "ksh93", 64, 4), {"ChannelTimeout": 61}, 64, "TMOUT", "An idle ksh93"),
    (told("a", "tcsh", 600), {}, 600, "autologout", "An idle tcsh prompt is closed"),
    (
        told("a", "bash"),
        {"ChannelTimeout": 60},
        60,
        "ChannelTimeout",
        "An idle bash prompt is closed after 15 minutes; ChannelTimeout ends an idle SSH session "
        "after 1 minute.",
    ),
    (told("a", "bash"), {"ChannelTimeout": 1000, "StopIdleSessionSec": 950}, 900, "TMOUT", "An "),
    (
        told("a", "zsh", None),
        {"StopIdleSessionSec": 950},
        950,
        "StopIdleSessionSec",
        "Uses zsh, which does not read /etc/profile.d on this system; StopIdleSessionSec ends",
    ),
    (
        told("a", "bash", 60, detail="/etc/environment"),
        {},
        60,
        "TMOUT",
        "An idle bash prompt is closed after 1 minute, set by /etc/environment.",
    ),
    (told("a", "dash", None), {}, None, None, "Uses dash, which knows no idle timeout."),
    (NOTHING, {}, None, None, "What the shell does cannot be told: /bin/x is odd."),
    (NOTHING, {"ChannelTimeout": 60}, 60, "ChannelTimeout", "What the shell does cannot be told"),
    (
        NOTHING._replace(state="missing", detail="the account has expired"),
        {"ChannelTimeout": 60},
        None,
        None,
        "The account has expired.",
    ),
]


ROOT = {"count": 1, "names": ["root"]}
MANY = {"count": 12, "names": ["a", "b"]}
LOCKING = channel(value="none", works=False, shell_seconds=None, why="`none` locks out")
# Connections, what the verdict begins with
WHOM = [
    ([connection(), never(0, 3, accounts=ROOT), connection(accounts=MANY)],
     ["A client that vanishes is noticed after 3 to 4 minutes.",
      "For the account `root`: sshd itself never notices a client that vanishes: "
      "ClientAliveInterval is 0."]),
    ([connection(), never(0, 3, accounts=MANY)],
     ["sshd itself never notices a client that vanishes: ClientAliveInterval is 0.",
      "For user `x` from 192.0.2.1: a client that vanishes is noticed after 3 to 4 minutes.",
      "Every account that can log in here meets a Match block with numbers of its own: what is "
      "said of sshd without a name is said of the accounts `a`, `b` and 10 more."]),
    ([connection(), connection(scope="Match User b", channel_timeout=LOCKING)],
     ["For `Match User b`: of ChannelTimeout, `none` locks out."]),
]  # fmt: skip


@pytest.mark.parametrize("connections, sentences", WHOM)
def test_for_whom_it_is_said(connections, sentences):
    given = facts()
    sshd = given.sshd._replace(connections=connections, tcp_keepalive_seconds=None)
    assert verdict.verdict(given._replace(sshd=sshd))[: len(sentences)] == sentences


def test_who_is_locked_out():
    shells = [told(user, "bash")._replace(state="missing", note="x (/c line 2)") for user in "ab"]
    given = facts()._replace(accounts=[(shell, {}) for shell in shells])
    assert "The accounts `a` and `b` cannot log in over SSH: x (/c line 2)." in verdict.verdict(
        given
    )
    found = verdict.account(given, shells[0], {"ChannelTimeout": 3})
    assert found["state"] == "no_login"
    assert found["why"] == "Nobody can log in over SSH: x (/c line 2)."
    denied = told("c", "bash")._replace(note="sshd does not let it in: DenyUsers (/c line 1)")
    found = verdict.account(given, denied, {})
    assert (found["state"], found["ended_by"]) == ("ends", "TMOUT")
    assert found["why"].endswith("; sshd does not let it in: DenyUsers (/c line 1).")


@pytest.mark.parametrize("shell, over_ssh, seconds, ended_by, why", ACCOUNTS)
def test_account(shell, over_ssh, seconds, ended_by, why):
    found = verdict.account(facts(), shell, over_ssh)
    assert (found["idle_logout_seconds"], found["ended_by"]) == (seconds, ended_by)
    assert found["why"].startswith(why)
    assert set(found) == {"user", "shell", "idle_logout_seconds", "ended_by", "state", "why"}


SILENT = {"connections": []}
# an account's shell, what is known of the host, and state; the end of why
ACCOUNT_STATES = [
    (told("a", "bash"), {}, "ends", "after 15 minutes."),
    (told("a", "dash", None), {}, "never", "no idle timeout."),
    (NOTHING, {}, "unknown", "/bin/x is odd."),
    (
        NOTHING._replace(state="missing", detail="nobody can log in with it"),
        {},
        "no_login",
        "log in with it.",
    ),
    (told("a", "dash", None), SILENT, "unknown", "an idle session cannot be told."),
    (told("a", "bash"), SILENT, "ends", "whether sshd ends an idle session cannot be told."),
    (told("a", "dash", None), dict(SILENT, release=(8, 4)), "never", "no idle timeout."),
    (
        told("a", "dash", None),
        dict(SILENT, release=(8, 4), seconds=60, sees_ssh=None),
        "unknown",
        "whether StopIdleSessionSec ends its SSH sessions cannot be told.",
    ),
    (
        told("a", "dash", None),
        {"seconds": 60, "sees_ssh": False},
        "never",
        "logind does not learn the terminals of its SSH sessions, which StopIdleSessionSec does "
        "not end.",
    ),
    (told("a", "dash", None), dict(SILENT, version=None), "never", "no idle timeout."),
]


@pytest.mark.parametrize("account, host, state, why", ACCOUNT_STATES)
def test_account_states(account, host, state, why):
    found = verdict.account(facts(**host), account, {})
    assert found["state"] == state
    assert found["why"].endswith(why)
    assert (found["idle_logout_seconds"] is not None) == (state == "ends")


def account_said(number, shell="/bin/bash"):
    said = {"user": f"u{number}", "shell": shell, "idle_logout_seconds": 900}
    return dict(said, ended_by="TMOUT", state="ends", why="It ends.")


def test_all_accounts_are_counted_in_classes():
    accounts = [account_said(number) for number in range(40)] + [account_said(40, "/bin/dash")]
    first, second = verdict.classes(accounts)
    assert (first["count"], first["users"]) == (40, [f"u{number}" for number in range(10)])
    assert (second["count"], second["users"], second["shell"]) == (1, ["u40"], "/bin/dash")
    assert "user" not in first and first["why"] == "It ends."


def test_of_many_kinds_the_smallest_share_a_class():
    most = verdict.MAX_CLASSES
    accounts = [account_said(number, f"/opt/{number}") for number in range(most + 40)]
    accounts += [account_said(f"x{number}", "/bin/last") for number in range(2)]
    found = verdict.classes(accounts)
    assert len(found) == most + 1 and sum(one["count"] for one in found) == len(accounts)
    assert (found[0]["shell"], found[0]["count"]) == ("/bin/last", 2)
    assert (found[-1]["count"], len(found[-1]["users"]), found[-1]["shell"]) == (41, 10, "")
    assert (found[-1]["state"], found[-1]["idle_logout_seconds"]) == ("ends", 900)


def test_few_accounts_are_all_listed():
    accounts = [account_said(number) for number in range(verdict.MAX_ACCOUNTS)]
    assert verdict.listed(accounts, ()) == (accounts, [])


def test_of_many_accounts_one_of_each_kind_is_listed():
    many = verdict.MAX_ACCOUNTS + 500
    accounts = [account_said(number) for number in range(many)] + [account_said("z", "/bin/dash")]
    found, (sentence,) = verdict.listed(accounts, {"u7"})
    assert [one["user"] for one in found] == ["u0", "u7", "uz"]
    assert sentence.startswith(
        f"This host has {many + 1} accounts, which are not all in `accounts`"
    )
    found, _sentences = verdict.listed(accounts, {one["user"] for one in accounts})
    assert len(found) == verdict.MAX_ACCOUNTS


def test_of_many_reasons_the_rest_is_counted():
    odd = [
        AccountShell(f"u{number}", "/opt/x", None, "unknown", f"reason {number}", None, None, None)
        for number in range(verdict.MAX_NAMES + 7)
    ]
    assert "7 more reasons are in `classes`." in verdict.verdict(facts(accounts=odd))


# What is known of another sshd; how the sentence on it ends
OTHERS = [
    ({}, "and reads /etc/m: there ClientAliveInterval is 7, and ClientAliveCountMax 3."),
    ({"reload_needed": True}, "ClientAliveCountMax 3, once it is reloaded."),
    ({"config": None, "effective": {"interval_seconds": None, "count_max": None}},
     "reads a file that is not known: nobody could ask it what its timeouts are."),
    ({"foreign": True}, "files of its own, of which nothing is said here."),
]  # fmt: skip


@pytest.mark.parametrize("known, ending", OTHERS)
def test_another_sshd(known, ending):
    other = {
        "config": "/etc/m",
        "addresses": ["[::]:2222"],
        "foreign": False,
        "effective": {"interval_seconds": 7, "count_max": 3},
        "reload_needed": False,
    }
    sentence = verdict._other_sshd(dict(other, **known))
    assert sentence.startswith("Another sshd lets people in at [::]:2222")
    assert sentence.endswith(ending)
