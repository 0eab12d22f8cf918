# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sshd does with sessions of accounts; the refusals and lock-outs were seen live on 10.0."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _identities
from ansible_collections.curfew.session.plugins.module_utils._sshd import sessions
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import CommandLine

from .people import NOBODY, local, tree

USERS = ["root", "alice", "bruno", "lone"]
NONE_LOCKS = (
    "ChannelTimeout `none` within a Match block makes sshd end every connection of it before the "
    "login (/c line 2)"
)
# The file, why alice is not let in
REFUSED = [
    ("", None),
    ("DenyUsers alice", "DenyUsers (/c line 1)"),
    ("DenyUsers bob al*", "DenyUsers (/c line 1)"),
    ("DenyUsers alice@10.*", None),
    ("DenyUsers alice@ bob@*", None),
    ("DenyUsers bob al*@*", "DenyUsers (/c line 1)"),
    ("DenyUsers bob\nDenyUsers alice", "DenyUsers (/c line 2)"),
    ("DenyGroups staff", "DenyGroups (/c line 1)"),
    ("AllowUsers bob alice", None),
    ("AllowUsers bob\nAllowUsers ali??", None),
    ("AllowUsers bob", "AllowUsers (/c line 1)"),
    ("AllowUsers alice@127.0.0.1", None),
    ("AllowGroups root", "AllowGroups (/c line 1)"),
    ("AllowGroups *", None),
    ("AllowUsers alice\nMatch User alice\nAllowUsers bob", "AllowUsers (/c line 3)"),
    ("AllowGroups root\nMatch User alice\nAllowGroups alice", None),
    ("Match all\nAllowUsers bob\nMatch User alice\nAllowUsers alice", None),
    ("AllowUsers bob\nMatch User bob\nAllowUsers bruno", "AllowUsers (/c line 1)"),
    ("AllowUsers root\nMatch User bruno\nAllowUsers bob", "AllowUsers (/c line 1)"),
    ("Match User bob\nDenyUsers alice", None),
    ("PermitRootLogin no", None),
    ("ChannelTimeout none", None),
    ("Match User alice\nChannelTimeout none", NONE_LOCKS),
    ("Match Group staff\nChannelTimeout NONE", NONE_LOCKS),
    ("Match all\nChannelTimeout none", NONE_LOCKS),
    ("Match Version OpenSSH_1*\nChannelTimeout none", NONE_LOCKS),
    ("Match Version OpenSSH_9*\nChannelTimeout none", None),
    ("Match User alice\nChannelTimeout session:shell=0", None),
    ("Match User alice\nChannelTimeout *=3\nMatch all\nChannelTimeout none", None),
]


def decided(tmp_path, monkeypatch, text, release=(10, 0), options=None):
    local(tmp_path, monkeypatch)
    return sessions.decided(tree(text + "\n"), options or {}, NOBODY, USERS, release)


@pytest.mark.parametrize("text, expected", REFUSED)
def test_who_is_not_let_in(tmp_path, monkeypatch, text, expected):
    found = decided(tmp_path, monkeypatch, text)["alice"]
    assert found.refused == expected
    assert found.locked_out is (expected == NONE_LOCKS)


# The file, the daemon's options, and who may log in at all
LEFT = [
    ("", (), USERS),
    ("AllowGroups staff\n", (), ["alice", "bruno", "lone"]),
    ("DenyUsers lone@10.* alice@*\nPermitRootLogin no\n", (), ["bruno", "lone"]),
    ("Match User lone\nDenyUsers l*\n", ("AllowUsers=root lone",), ["root"]),
    ("PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin yes\n", (), USERS),
    ("PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitTTY no\n", (), USERS[1:]),
]


@pytest.mark.parametrize("text, options, expected", LEFT)
def test_whom_it_lets_in_from_nowhere_is_left_out(tmp_path, monkeypatch, text, options, expected):
    people = local(tmp_path, monkeypatch)
    of_staff = (("group", "staff"),)
    assert people.told(people.meeting(of_staff)).number == 3
    sessions.leave_out_refused(people, tree(text), CommandLine(options=options), (10, 0))
    assert people.told(people.everybody).names == expected
    members = [user for user in expected if user != "root"]
    assert people.told(people.meeting(of_staff)).names == members


def test_a_lock_out_needs_a_release_that_knows_the_directive(tmp_path, monkeypatch):
    text = "Match User alice\nChannelTimeout none"
    assert not decided(tmp_path, monkeypatch, text, release=(8, 4))["alice"].locked_out


# The file, and whom of root, alice, bruno, lone it jails, or gives no terminal
JAILS = [
    ("ChrootDirectory /j", USERS),
    ("ChrootDirectory none", []),
    ("Match Group staff\nChrootDirectory /j", ["alice", "bruno", "lone"]),
    ("ChrootDirectory /j\nMatch User root\nChrootDirectory none", ["alice", "bruno", "lone"]),
    ("Match User *,!root Group *\nChrootDirectory /j/%u", ["alice", "bruno", "lone"]),
    ("Match Address 10.0.0.0/8\nChrootDirectory /j", []),
]


@pytest.mark.parametrize("text, expected", JAILS)
def test_whom_it_jails(tmp_path, monkeypatch, text, expected):
    found = decided(tmp_path, monkeypatch, text)
    assert [user for user in USERS if found[user].jail] == expected
    if expected:
        line = text.count("\n") + 1 if text.startswith("Match") else 1
        jail = "/j/%u" if "%u" in text else "/j"
        assert found[expected[0]].jail == f"ChrootDirectory {jail} (/c line {line})"


def test_root_alone_is_kept_out_by_its_own_line(tmp_path, monkeypatch):
    found = decided(tmp_path, monkeypatch, "PermitRootLogin no\nPermitTTY no\nForceCommand none")
    assert [user for user in USERS if found[user].refused] == ["root"]
    assert found["root"].refused == "PermitRootLogin no (/c line 1)"
    assert found["alice"].no_terminal == "PermitTTY no (/c line 2)"
    assert found["alice"].forced is None


def test_the_command_line_beats_what_is_global(tmp_path, monkeypatch):
    options = {"permitrootlogin": ("no",), "forcecommand": ("/bin/x", "y"), "allowusers": ("root",)}
    text = "PermitRootLogin yes\nMatch User alice\nForceCommand /bin/y\n"
    found = decided(tmp_path, monkeypatch, text, options=options)
    assert found["root"].refused == "PermitRootLogin no (the daemon's command line)"
    assert [found[user].forced for user in USERS[:3]] == ["/bin/x y", "/bin/y", "/bin/x y"]
    assert found["bruno"].refused == "AllowUsers (the daemon's command line)"


def test_groups_are_looked_up_one_by_one_for_users_of_a_directory(tmp_path, monkeypatch):
    local(tmp_path, monkeypatch)
    asked = []
    monkeypatch.setattr(_identities, "groups_of", lambda user: asked.append(user) or ("far",))
    given = tree("Match Group far\nForceCommand /bin/x\n"), {}, NOBODY, ["alice", "dora"], (10, 0)
    found = sessions.decided(*given)
    assert (found["alice"].forced, found["dora"].forced, asked) == (None, "/bin/x", ["dora"])
    given = (tree("Match User dora\nForceCommand /bin/x\n"), *given[1:])
    assert sessions.decided(*given)["dora"].forced == "/bin/x"
    assert asked == ["dora"]


def test_of_files(tmp_path, monkeypatch):
    local(tmp_path, monkeypatch)
    main = tmp_path / "sshd_config"
    main.write_text(f"Port 22\nInclude {tmp_path}/d/*\n")
    given = (str(main), CommandLine(options=("PermitTTY=no", "Port=2222")), ["root", "alice"])
    found = sessions.of_files(*given)
    assert found["alice"].no_terminal == "PermitTTY no (the daemon's command line)"
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "jail").write_text("Match Group staff\nChrootDirectory /j\n")
    found = sessions.of_files(*given)
    assert found["alice"].jail == f"ChrootDirectory /j ({tmp_path}/d/jail line 2)"
    assert found["root"].jail is None
    main.write_text("")
    assert sessions.of_files(str(main), CommandLine(), ["x"]) == {"x": sessions.Session()}
