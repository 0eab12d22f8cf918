# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real module on an /etc of its own: what two modules do one after the other, or nothing."""

import os
import re
import shutil

import pytest

from ansible_collections.curfew.session.tests.unit.plugins.modules import login_host
from ansible_collections.curfew.session.tests.unit.plugins.modules.login_host import DEBIAN_PROFILE

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")

KEYS = {"changed", "changed_files", "verified", "diff", "sshd_client_alive", "shell_tmout"}
MAIN, DROP_IN = "ssh/sshd_config", "profile.d/tmout.sh"
OLD = "# ours\nInclude /etc/ssh/sshd_config.d/*.conf\nUseDNS no\n"
ALIVE = {"interval": 60, "count_max": 3}
BOTH = {"sshd_client_alive": ALIVE, "shell_tmout": {"timeout": 900}}
NOTHING = " Nothing was changed for sshd_client_alive or shell_tmout."
WITHOUT_TMOUT = (
    " To do without shell_tmout on this host, leave it out (in the role:"
    " session_timeouts_tmout_enabled: false)."
)


def make(folder, environment):
    folder.mkdir(exist_ok=True)
    host = login_host.make(folder, environment, "timeouts", KEYS)
    host.write(MAIN, OLD)
    host.write("passwd", host.text("passwd") + "sshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n")
    return host


@pytest.fixture
def host(tmp_path, module_environment):
    return make(tmp_path, module_environment)


def files(host):
    """What stands in each file, whatever the names of copies, and its rights."""
    return sorted(
        (re.sub(r"\.[0-9TZ:-]{15,}\.[0-9a-f]{8}~$", "~", path[len(str(host.etc)) :]), mode, value)
        for path, (_inode, mode, _time, value) in host.tree().items()
    )


def four_runs(host, **args):
    """Check, real, check, real: the first foresees the second, and the others change nothing."""
    before = host.tree()
    checked = host.run(check=True, **args)
    assert host.tree() == before
    real = host.run(**args)
    assert not checked.get("failed") and not real.get("failed"), (checked, real)
    for key in KEYS | {"warnings"}:
        assert checked[key] == real[key], key
    after = host.tree()
    for check in (True, False):
        again = host.run(check=check, **args)
        assert not again.get("failed") and not again["changed"], again
        assert (again["changed_files"], again["diff"]) == ([], [])
        assert host.tree() == after
    return real


def test_both_in_one_run(host):
    result = four_runs(host, **BOTH)
    assert (result["changed"], result["verified"]) == (True, True)
    assert result["changed_files"] == ["/etc/" + MAIN, "/etc/" + DROP_IN]
    assert [one["after_header"] for one in result["diff"]] == result["changed_files"]
    assert [one["after"] for one in result["diff"]] == [host.text(MAIN), host.text(DROP_IN)]
    assert result["diff"][0]["before"] == OLD
    alive, tmout = result["sshd_client_alive"], result["shell_tmout"]
    assert alive["effective"] == {"interval_seconds": 60, "count_max": 3} and alive["verified"]
    assert alive["changed_files"] == ["/etc/" + MAIN] and "diff" not in alive
    assert {shell["family"]: shell["logout_seconds"] for shell in tmout["effective"]}["bash"] == 900
    assert tmout["changed_files"] == ["/etc/" + DROP_IN] and "diff" not in tmout
    assert host.login("bash", 'echo "$TMOUT"') == "900\n"
    hidden = [path for path in host.tree() if os.path.basename(path).startswith(".")]
    assert hidden == []


# Files that are there before, the options of all, and those of each
DIRTY = {
    "profile": DEBIAN_PROFILE + "umask 027\nexport TMOUT=60\n",
    "profile.d/zzz.sh": "A=1\nexport HISTSIZE=77 TMOUT=20\n",
    "ssh/sshd_config.d/50-cloud.conf": "ClientAliveInterval 9\n",
    MAIN: OLD + "Match all\n  ClientAliveCountMax 9\n",
}
SAME = [
    ("clean", {}, {}, BOTH),
    ("another's lines", DIRTY, {"conflicts": "disable"}, BOTH),
    ("without proof", {}, {"verify": False}, BOTH),
    ("with copies", {DROP_IN: "TMOUT=5\n"}, {"backup": True}, BOTH),
    ("one is in force", {MAIN: "ClientAliveInterval 60\nClientAliveCountMax 3\n"}, {}, BOTH),
    (
        "some users",
        {},
        {},
        {
            "sshd_client_alive": {"interval": "2m", "match": "User root"},
            "shell_tmout": {"timeout": "15m", "readonly": False, "exempt_users": ["root"]},
        },
    ),
]


@pytest.mark.thorough
@pytest.mark.parametrize("name, there, shared, given", SAME, ids=[row[0] for row in SAME])
def test_the_same_as_two_modules_one_after_the_other(
    tmp_path, module_environment, name, there, shared, given
):
    one = make(tmp_path / "one", module_environment)
    two = make(tmp_path / "two", module_environment)
    for host in (one, two):
        for path, text in there.items():
            host.write(path, text)
    before = files(two)
    where = {"match": given["sshd_client_alive"].get("match")}
    gone = {"sshd_client_alive": where, "shell_tmout": {}}
    for options, state in ((given, "present"), (gone, "absent")):
        whole = one.run(state=state, **dict(options, **shared))
        alone = [
            two.run_module(each, state=state, **dict(options[each], **shared)) for each in BOTH
        ]
        assert not any(result.get("failed") for result in [whole] + alone), (whole, alone)
        assert files(one) == files(two)
        for each, result in zip(BOTH, alone):
            assert set(whole[each]) <= set(result)
            for key, value in whole[each].items():
                if key == "backup_files":
                    assert len(value) == len(result[key])
                else:
                    assert value == result[key], (each, key)
        assert whole["diff"] == alone[0]["diff"] + alone[1]["diff"]
        assert whole["warnings"] == " ".join(filter(None, [one["warnings"] for one in alone]))
        assert whole["changed"] == any(result["changed"] for result in alone)
    if name in ("clean", "without proof", "some users", "another's lines"):
        assert files(two) == before


def test_one_alone_leaves_the_other_be(host):
    result = host.run(shell_tmout={"timeout": 900})
    assert result["changed_files"] == ["/etc/" + DROP_IN] and host.text(MAIN) == OLD
    assert result["verified"] is True
    alive = result["sshd_client_alive"]
    assert alive["verified"] is None and alive["effective"] is None and not alive["changed"]


@pytest.mark.parametrize("check", [True, False])
def test_a_tmout_that_cannot_be_proven_leaves_sshd_as_it_is(host, check):
    host.write("profile.d/aaa.sh", "readonly TMOUT=60\n")
    before = host.tree()
    result = host.run(check=check, **BOTH)
    assert result["msg"].startswith("shell_tmout: TMOUT would be 60 ")
    assert "because of /etc/profile.d/aaa.sh, line 1" in result["msg"]
    assert result["msg"].endswith(NOTHING + WITHOUT_TMOUT) and host.tree() == before
    assert (result["changed"], result["changed_files"], result["diff"]) == (False, [], [])
    assert result["shell_tmout"]["verified"] is False and result["verified"] is False
    assert result["sshd_client_alive"]["before"] == {"interval_seconds": 0, "count_max": 3}
    assert [item["path"] for item in result["shell_tmout"]["conflicts"]] == [
        "/etc/profile.d/aaa.sh"
    ]


def test_a_value_of_sshd_that_cannot_be_keeps_tmout_from_being(host):
    host.write(MAIN, "Match all\nClientAliveInterval 9\n")
    before = host.tree()
    result = host.run(**BOTH)
    assert result["msg"].startswith("sshd_client_alive: ClientAliveInterval would be 9, not 60")
    assert "session_timeouts_client_alive_enabled: false" in result["msg"]
    assert host.tree() == before
    assert [item["line"] for item in result["sshd_client_alive"]["conflicts"]] == [2]


def test_what_is_seen_to_be_wrong_after_the_write_takes_both_back(host):
    """No private view can be had there, so that the shells are asked about the real files."""
    wrapper = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
    host.write("profile.d/zzz.sh", "readonly TMOUT=60\n")
    before = host.tree()
    checked = host.run(check=True, wrapper=wrapper, **BOTH)
    assert (checked["changed"], checked["verified"]) == (True, False)
    result = host.run(wrapper=wrapper, **BOTH)
    assert result["msg"].startswith("shell_tmout: ")
    assert "/etc/profile.d/zzz.sh, line 1" in result["msg"]
    assert result["msg"].endswith(" The files are as they were." + WITHOUT_TMOUT)
    assert not result["changed"]
    folders = [str(host.etc / name) for name in ("ssh", "profile.d")]  # their times are others
    now = host.tree()
    assert now.keys() == before.keys()
    assert [path for path in now if now[path] != before[path] and path not in folders] == []


def in_etc(command):
    return ["sh", "-c", command + ' && exec "$@"', "sh"]


# What is done to a host, and what its run says of shell_tmout
IN_THE_WAY = [
    (
        "mount --bind /etc/profile.d /etc/profile.d && mount -o remount,bind,ro /etc/profile.d",
        "The folder /etc/profile.d is on a read-only file system.",
    ),
    (
        "touch /etc/profile.d/tmout.sh && mount --bind /dev/null /etc/profile.d/tmout.sh",
        "/etc/profile.d/tmout.sh is a device, not a regular file.",
    ),
    (
        "mkdir -p /etc/profile.d/tmout.sh",
        "/etc/profile.d/tmout.sh is a folder, not a regular file.",
    ),
    (
        "touch /etc/profile.d/tmout.sh && ln -f /etc/profile.d/tmout.sh /etc/twin",
        "/etc/profile.d/tmout.sh has 2 names (hard links)",
    ),
]


@pytest.mark.parametrize("command, why", IN_THE_WAY)
def test_a_drop_in_that_cannot_be_written_leaves_sshd_as_it_is(host, command, why):
    before = host.tree()[str(host.etc / MAIN)]
    for check in (True, False):
        result = host.run(check=check, wrapper=in_etc(command), **BOTH)
        assert result["failed"] and why in result["msg"], result
        assert result["msg"].startswith("shell_tmout: ")
        assert result["msg"].endswith(NOTHING + WITHOUT_TMOUT)
        assert host.tree()[str(host.etc / MAIN)] == before


def test_a_foreign_file_at_its_path_leaves_sshd_as_it_is(host):
    host.write(DROP_IN, "TMOUT=60\nPATH=/x\n")
    before = host.tree()
    result = host.run(**BOTH)
    assert result["msg"].startswith(
        "Option shell_tmout.path: /etc/profile.d/tmout.sh holds something else than TMOUT, line 2:"
    )
    assert result["msg"].endswith(NOTHING + WITHOUT_TMOUT) and host.tree() == before


def test_without_sshd_it_fails_unless_that_is_left_out(host):
    """And nothing is written for the shells."""
    hide = in_etc(
        "for d in /usr/sbin /usr/local/sbin /sbin /usr/bin; do"
        " [ ! -e $d/sshd ] || mount --bind /dev/null $d/sshd; done"
    )
    before = host.tree()
    result = host.run(wrapper=hide, **BOTH)
    assert result["msg"].startswith("sshd_client_alive: ")
    assert "session_timeouts_client_alive_enabled: false" in result["msg"]
    assert host.tree() == before
    assert host.run(wrapper=hide, shell_tmout=BOTH["shell_tmout"])["changed"]


# The shared options and those of both; how the sentence begins
BAD = [
    ({}, "No mechanism is given: at least one of sshd_client_alive or shell_tmout is needed."),
    ({"state": "absent"}, "No mechanism is given"),
    ({"shell_tmout": {}}, "Option shell_tmout.timeout: is needed with state=present."),
    ({"shell_tmout": {"timeout": True}}, "Option shell_tmout.timeout: True is a boolean"),
    ({"shell_tmout": {"timeout": 0}}, "Option shell_tmout.timeout: 0 is out of range"),
    (dict(BOTH, shell_tmout={"timeout": "15 m"}), "Option shell_tmout.timeout: '15 m' is not"),
    (dict(BOTH, sshd_client_alive={"interval": -1}), "Option sshd_client_alive.interval: -1 is"),
    (dict(BOTH, sshd_client_alive={}), "Option sshd_client_alive.interval: "),
    (dict(BOTH, state="absent"), "Option sshd_client_alive.interval: has no meaning with"),
    (
        dict(BOTH, shell_tmout={"timeout": 900, "state": "absent"}),
        "Option shell_tmout.timeout: has no meaning with state=absent",
    ),
    (dict(BOTH, exempt_users=["a'b"]), "Option exempt_users: "),
    (
        dict(BOTH, shell_tmout={"timeout": 900, "exempt_groups": ["a\nb"]}),
        "Option shell_tmout.exempt_groups: ",
    ),
    (
        dict(BOTH, sshd_client_alive=dict(ALIVE, match="User a\0")),
        "Option sshd_client_alive.match: ",
    ),
    (
        dict(BOTH, sshd_client_alive=dict(ALIVE, connections=[{"user": "a,b"}])),
        "Option sshd_client_alive.connections: ",
    ),
    (dict(BOTH, sshd_client_alive=dict(ALIVE, path="/nowhere/x")), "sshd_client_alive: /nowhere/x"),
    (
        dict(BOTH, shell_tmout={"timeout": 900, "path": "/etc/nowhere/tmout.sh"}),
        "Option shell_tmout.path: the folder /etc/nowhere does not exist.",
    ),
    (
        {
            "sshd_client_alive": dict(ALIVE, path="/etc/profile.d/x.sh"),
            "shell_tmout": {"timeout": 900, "path": "/etc/profile.d/x.sh"},
        },
        "shell_tmout: /etc/profile.d/x.sh is what sshd_client_alive changes",
    ),
]


@pytest.mark.parametrize("given, sentence", BAD, ids=[row[1] for row in BAD])
def test_refuses_what_makes_no_sense(host, given, sentence):
    host.write("profile.d/x.sh", "TMOUT=60\n")
    before = host.tree()
    result = host.run(**given)
    assert result["failed"] and result["msg"].startswith(sentence), result["msg"]
    assert "\n" not in result["msg"] and " Nothing was changed" in result["msg"]
    assert not result["changed"] and host.tree() == before


# What Ansible itself refuses
UNSUPPORTED = [
    {"shell_tmout": {"timeout": 900, "interval": 60}},
    {"sshd_client_alive": dict(ALIVE, exempt_users=["a"])},
    {"shell_tmout": "900"},
    {"shell_tmout": {"timeout": 900}, "conflicts": "delete"},
    {"shell_tmout": {"timeout": 900, "state": "gone"}},
    {"zsh": {"timeout": 900}},
]


@pytest.mark.parametrize("given", UNSUPPORTED, ids=str)
def test_options_that_are_none(host, given):
    host.keys = set()
    before = host.tree()
    assert host.run(**given)["failed"] and host.tree() == before


# Who keeps copies: the option at the top, and those of each
BACKUPS = [
    (True, None, None, {MAIN, DROP_IN}),
    (False, None, True, {DROP_IN}),
    (True, False, None, {DROP_IN}),
    (False, None, None, set()),
]


@pytest.mark.parametrize("shared, alive, tmout, kept", BACKUPS)
def test_copies_are_kept_where_they_are_asked_for(host, shared, alive, tmout, kept):
    host.write(DROP_IN, "TMOUT=5\n")
    given = {
        "sshd_client_alive": dict(ALIVE, **({} if alive is None else {"backup": alive})),
        "shell_tmout": dict(timeout=900, **({} if tmout is None else {"backup": tmout})),
    }
    result = host.run(backup=shared, **given)
    assert result["changed"], result
    told = {
        MAIN: result["sshd_client_alive"]["backup_files"],
        DROP_IN: result["shell_tmout"]["backup_files"],
    }
    texts = {MAIN: OLD, DROP_IN: "TMOUT=5\n"}
    assert {name for name, paths in told.items() if paths} == kept
    for name in kept:
        (path,) = told[name]
        assert os.path.dirname(path) == "/etc/" + os.path.dirname(name)
        assert os.path.basename(path).startswith(".")
        assert host.text(os.path.relpath(path, "/etc")) == texts[name]


def test_what_is_in_the_files_is_told_only_when_asked(host):
    assert host.run(check=True, diff=False, **BOTH)["diff"] == []
    assert len(host.run(check=True, diff=True, **BOTH)["diff"]) == 2


@pytest.mark.parametrize("home", ["ssh", "profile.d"])
def test_what_a_killed_run_left_in_either_folder_is_seen_to(host, home):
    (host.etc / home / ".curfew.session.journal.draft").write_text("{")
    (host.etc / home / ".curfew.session.journal.draft").chmod(0o600)
    draft = f"/etc/{home}/.curfew.session.journal.draft is left from a run that was killed"
    assert draft in host.run(check=True, **BOTH)["warnings"]
    assert host.run(**BOTH)["changed"]
    assert not (host.etc / home / ".curfew.session.journal.draft").exists()
