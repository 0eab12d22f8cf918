# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real module on trees of its own: each case check, real, check, real, proven by sshd."""

import json
import os
import shutil
import stat
import subprocess

import pytest

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")

MARKER = "#curfew.session# "
KEYS = {
    "before", "effective", "connections", "verified", "detection_seconds", "openssh_version",
    "service", "reload_needed", "conflicts", "changed_files", "backup_files", "changed",
}  # fmt: skip
CONFLICT_KEYS = {"path", "line", "text", "scope", "wins", "disabled", "accounts"}


def k(value, count=None):
    text = f"ClientAliveInterval {value}\n"
    return text if count is None else text + f"ClientAliveCountMax {count}\n"


class Tree:
    """Files in a folder of their own; @ROOT@ in a text stands for the folder."""

    def __init__(self, root, run):
        self.root = root
        self.run = run
        self.main = root / "sshd_config"

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(self.real(text).encode("utf-8", "surrogateescape"))

    def real(self, text):
        return text.replace("@ROOT@", str(self.root))

    def texts(self, names):
        return {
            name: (self.root / name).read_bytes().decode("utf-8", "surrogateescape")
            for name in names
        }

    def state(self):
        """All that a run could touch: names, bytes, inodes, times, modes."""
        found = {}
        for folder, _folders, names in os.walk(str(self.root)):
            for name in names:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                data = None
                if stat.S_ISREG(status.st_mode):
                    with open(path, "rb") as file:
                        data = file.read()
                found[path] = (data, status.st_ino, status.st_mtime_ns, status.st_mode)
        return found

    def ask(self, check=False, **args):
        args.setdefault("path", str(self.main))
        result = self.run("sshd_client_alive", check=check, **args)
        assert set(result) >= KEYS, KEYS - set(result)
        for conflict in result["conflicts"]:
            assert set(conflict) == CONFLICT_KEYS
        return result


@pytest.fixture
def tree(tmp_path, run_module):
    (tmp_path / "tree").mkdir()
    return Tree(tmp_path / "tree", run_module)


def sshd_says(tree, spec="user=nobody-at-all,host=h,addr=192.0.2.1,laddr=127.0.0.1,lport=22"):
    output = subprocess.check_output([SSHD, "-T", "-f", str(tree.main), "-C", spec])
    answer = dict(line.partition(" ")[::2] for line in output.decode().lower().split("\n"))
    return int(answer["clientaliveinterval"]), int(answer["clientalivecountmax"])


INC = "Include @ROOT@/d/*.conf\n"
BOTH = {"interval": 60, "count_max": 5}
# files, arguments, the texts after, (path, line, wins, disabled) of each conflict, numbers after
CHANGES = [
    ("an empty file", {"sshd_config": ""}, BOTH,
     {"sshd_config": k(60, 5)}, [], (60, 5)),
    ("values to change", {"sshd_config": "UseDNS no\n" + k(9, 9) + "Match User a\n PermitTTY no\n"},
     BOTH, {"sshd_config": "UseDNS no\n" + k(60, 5) + "Match User a\n PermitTTY no\n"}, [],
     (60, 5)),
    ("one of the two, in time format", {"sshd_config": k("5m", 9)}, {"interval": "1h30m"},
     {"sshd_config": k(5400, 9)}, [], (5400, 9)),
    ("numbers as text", {"sshd_config": k(1, 1)}, {"interval": "60", "count_max": "5"},
     {"sshd_config": k(60, 5)}, [], (60, 5)),
    ("a line that sshd refuses", {"sshd_config": k("soon", 1)}, BOTH,
     {"sshd_config": k(60, 5)}, [], (60, 5)),
    ("CRLF and bytes", {"sshd_config": "# \udcff\x0b\r\nClientAliveInterval 9 # c\r\n"},
     {"interval": 60}, {"sshd_config": "# \udcff\x0b\r\nClientAliveInterval 60 # c\r\n"}, [],
     (60, 3)),
    ("a drop-in that shadows", {"sshd_config": INC, "d/50-cloud-init.conf": "\n" + k(9)},
     {"interval": 60}, {"sshd_config": k(60) + INC, "d/50-cloud-init.conf": "\n" + k(9)},
     [("d/50-cloud-init.conf", 2, False, False)], (60, 3)),
    ("a drop-in that loses then", {"sshd_config": INC, "d/50-cloud-init.conf": "\n" + k(9)},
     {"interval": 60, "conflicts": "disable"},
     {"sshd_config": k(60) + INC, "d/50-cloud-init.conf": "\n" + k(9)},
     [("d/50-cloud-init.conf", 2, False, False)], (60, 3)),
    ("a drop-in that shadows, disabled",
     {"sshd_config": INC + k(8), "d/50-cloud-init.conf": "\n" + k(9)},
     {"interval": 60, "conflicts": "disable"},
     {"sshd_config": INC + k(60), "d/50-cloud-init.conf": "\n" + MARKER + k(9)},
     [("d/50-cloud-init.conf", 2, False, True)], (60, 3)),
    ("a trailing Match block", {"sshd_config": "Match User bob\n  " + k(9)},
     {"interval": 60, "conflicts": "disable"},
     {"sshd_config": k(60) + "Match User bob\n  " + k(9)}, [("sshd_config", 3, True, False)],
     (60, 3)),
    ("a block that an earlier one covers",
     {"sshd_config": "Match User bob,ann\n" + k(9) + "Match User bob\n" + k(8)}, {"interval": 60},
     {"sshd_config": k(60) + "Match User bob,ann\n" + k(9) + "Match User bob\n" + k(8)},
     [("sshd_config", 3, True, False), ("sshd_config", 5, False, False)], (60, 3)),
    ("a trailing Match all, disabled", {"sshd_config": "Match all\n  " + k(9)},
     {"interval": 60, "conflicts": "disable"},
     {"sshd_config": k(60) + "Match all\n" + MARKER + "  " + k(9)},
     [("sshd_config", 3, False, True)], (60, 3)),
    ("duplicates", {"sshd_config": k(9) + k(60) + k(8)}, {"interval": 60},
     {"sshd_config": k(60)}, [], (60, 3)),
    ("a drop-in included twice", {"sshd_config": INC + "Match User bob\n" + INC, "d/a.conf": k(9)},
     {"interval": 60, "conflicts": "disable"},
     {"sshd_config": k(60) + INC + "Match User bob\n" + INC, "d/a.conf": k(9)},
     [("d/a.conf", 1, False, False), ("d/a.conf", 1, True, False)], (60, 3)),
    ("absent", {"sshd_config": k(60, 5) + INC, "d/a.conf": MARKER + k(9)}, {"state": "absent"},
     {"sshd_config": INC, "d/a.conf": k(9)}, [], (9, 3)),
    ("a new Match block", {"sshd_config": "UseDNS no\n"}, {"interval": 60, "match": "User bob"},
     {"sshd_config": "UseDNS no\nMatch User bob\n    " + k(60)}, [], (0, 3)),
    ("a Match block, by meaning", {"sshd_config": k(9) + "Match User=ann,bob\n" + k(8)},
     {"interval": 60, "match": "user bob,ann"},
     {"sshd_config": k(9) + "Match User=ann,bob\n" + k(60)}, [], (9, 3)),
    ("a Match block, absent", {"sshd_config": k(9) + "Match User bob\n" + k(60)},
     {"state": "absent", "match": "user bob"}, {"sshd_config": k(9)}, [], (9, 3)),
    ("a block for a group that is gone, absent",
     {"sshd_config": k(9) + "Match Group no-such-group\n" + k(60)},
     {"state": "absent", "match": "Group no-such-group"}, {"sshd_config": k(9)}, [], (9, 3)),
    ("a block for a routing domain, absent", {"sshd_config": k(9) + "Match RDomain r\n" + k(60)},
     {"state": "absent", "match": "RDomain r"}, {"sshd_config": k(9)}, [], (9, 3)),
    ("a block that nobody meets, absent", {"sshd_config": k(9) + "Match User !a\n" + k(60)},
     {"state": "absent", "match": "User !a"}, {"sshd_config": k(9)}, [], (9, 3)),
    ("a block that nobody meets, absent, without proof",
     {"sshd_config": k(9) + "Match Group no-such-group\n" + k(60)},
     {"state": "absent", "match": "Group no-such-group", "verify": False},
     {"sshd_config": k(9)}, [], (9, 3)),
    ("a block for a group of another host, without proof", {"sshd_config": k(9)},
     {"interval": 60, "match": "Group no-such-group", "verify": False},
     {"sshd_config": k(9) + "Match Group no-such-group\n    " + k(60)}, [], (9, 3)),
    ("both in a new Match block", {"sshd_config": k(9)}, dict(BOTH, match="User bob"),
     {"sshd_config": k(9) + "Match User bob\n    ClientAliveInterval 60\n"
      "    ClientAliveCountMax 5\n"}, [], (9, 3)),
    ("both in a Match block that has neither", {"sshd_config": "Match User bob\n PermitTTY no\n"},
     dict(BOTH, match="User bob"),
     {"sshd_config": "Match User bob\n ClientAliveInterval 60\n ClientAliveCountMax 5\n"
      " PermitTTY no\n"}, [], (0, 3)),
    ("without proof", {"sshd_config": k(9, 9)}, dict(BOTH, verify=False),
     {"sshd_config": k(60, 5)}, [], (60, 5)),
    ("in force already", {"sshd_config": k(60, 5)}, BOTH, {"sshd_config": k(60, 5)}, [], (60, 5)),
]  # fmt: skip


@pytest.mark.parametrize("name, files, args, texts, conflicts, numbers", CHANGES,
                         ids=[row[0] for row in CHANGES])  # fmt: skip
def test_check_real_check_real(tree, name, files, args, texts, conflicts, numbers):
    tree.write(files)
    changes = {key: tree.real(text) for key, text in texts.items() if text != files[key]}
    before = tree.state()
    checked = tree.ask(check=True, **args)
    assert tree.state() == before
    real = tree.ask(**args)
    assert tree.texts(texts) == {key: tree.real(text) for key, text in texts.items()}
    assert sorted(os.listdir(str(tree.root))) == sorted({key.split("/")[0] for key in files})
    for key in KEYS:
        assert checked[key] == real[key], key
    assert checked.get("diff") == real.get("diff")
    assert real["changed"] == bool(changes)
    assert sorted(real["changed_files"]) == sorted(str(tree.root / key) for key in changes)
    found = [(os.path.relpath(item["path"], str(tree.root)), item["line"], item["wins"],
              item["disabled"])
             for item in real["conflicts"]]  # fmt: skip
    assert sorted(found) == sorted(conflicts)
    assert sshd_says(tree) == numbers
    assert real["verified"] is (None if args.get("verify") is False else True)
    settled = tree.state()
    for check in (True, False):
        again = tree.ask(check=check, **args)
        assert again["changed"] is False and again["changed_files"] == []
        assert tree.state() == settled


def test_tells_what_was_and_is_in_force(tree):
    tree.write({"sshd_config": k(9, 9)})
    result = tree.ask(interval=60)
    assert result["before"] == {"interval_seconds": 9, "count_max": 9}
    assert result["effective"] == {"interval_seconds": 60, "count_max": 9}
    assert result["openssh_version"].startswith("OpenSSH_")
    release = tuple(int(part) for part in result["openssh_version"][8:].split("p")[0].split("."))
    factor = 2 if (9, 2) <= release[:2] <= (9, 4) else 1
    detection = result["detection_seconds"]
    assert (detection["min"], detection["max"]) == (factor * 540, factor * 600)
    assert "count_max" in detection["basis"]
    assert set(result["service"]) == {"name", "manager", "running"}
    (default,) = result["connections"]
    assert set(default) == {
        "user", "host", "addr", "laddr", "lport", "interval_seconds", "count_max"}  # fmt: skip


ZEROS = [
    ({"interval": 0}, "sshd itself never notices a client that vanishes: ClientAliveInterval is 0"),
    ({"count_max": 0}, "ClientAliveCountMax is 0"),
]


@pytest.mark.parametrize("args, warning", ZEROS)
def test_warns_of_what_never_drops_anybody(tree, args, warning):
    tree.write({"sshd_config": k(60, 3)})
    result = tree.ask(**args)
    assert result["detection_seconds"] is None
    assert any(warning in str(item) for item in result["warnings"])


MATCH = "Scanners take a number within a Match block for a global one"
# The same where scanners are misled: what stands there, the options, and whether it is told.
MISLEADING = [
    (k(60, 3), {"interval": 60}, False),
    (k(60, 3), {"interval": 60, "match": "User bob"}, True),
    ("Match User bob\n" + k(9), {"interval": 60}, True),
    ("Match all\n" + k(9), {"interval": 60, "conflicts": "disable"}, False),
    ("Match User bob\n" + k(9), {"state": "absent"}, False),
]


@pytest.mark.parametrize("text, args, warned", MISLEADING)
def test_warns_of_what_scanners_take_otherwise(tree, text, args, warned):
    tree.write({"sshd_config": text})
    said = str(tree.ask(**args).get("warnings", ""))
    assert (MATCH in said) == warned
    assert ("do not see those in" in said) == (args.get("state") != "absent")


# Trees in which the value would not be in force: the sentence names file and line.
REFUSED = [
    ("Match all", {"sshd_config": "Match all\n  " + k(9)}, {"interval": 60},
     "@ROOT@/sshd_config line 2 in the scope Match all says 'ClientAliveInterval 9'"
     " (conflicts=disable would disable it)", ("sshd_config", 2)),
    ("Match all in a drop-in", {"sshd_config": INC, "d/a.conf": "\nMatch all\n" + k(9)},
     {"interval": 60}, "@ROOT@/d/a.conf line 3 in the scope Match all", ("d/a.conf", 3)),
    ("a block that meets the default connection",
     {"sshd_config": "Match Address 192.0.0.0/2\n" + k(9)},
     {"interval": 60, "conflicts": "disable"},
     "@ROOT@/sshd_config line 2 in the scope Match Address 192.0.0.0/2", ("sshd_config", 2)),
    ("a block that meets a connection given", {"sshd_config": "Match User bob\n" + k(9)},
     {"interval": 60, "connections": [{"user": "bob"}]},
     "for user bob, host 192.0.2.1", ("sshd_config", 2)),
    ("an earlier Match block", {"sshd_config": "Match Address 10.0.0.0/8\n" + k(9)},
     {"interval": 60, "match": "User bob", "connections": [{"user": "bob", "addr": "10.0.0.1"}]},
     "@ROOT@/sshd_config line 2 in the scope Match Address 10.0.0.0/8", ("sshd_config", 2)),
    ("an earlier Match block for the client's address as its host",
     {"sshd_config": "Match Host 10.*\n" + k(9)}, {"interval": 60, "match": "Address 10.0.0.0/8"},
     "for user curfew-no-such-user, host 10.0.0.1, addr 10.0.0.1", ("sshd_config", 2)),
    ("a block like ours in a drop-in, which is somebody else's",
     {"sshd_config": INC + "Match User bob\n" + k(60, 5), "d/a.conf": "Match User=bob\n" + k(9)},
     dict(BOTH, match="User bob", conflicts="disable"),
     "@ROOT@/d/a.conf line 2 in the scope Match User bob says 'ClientAliveInterval 9'",
     ("d/a.conf", 2)),
]  # fmt: skip


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("name, files, args, sentence, conflict", REFUSED,
                         ids=[row[0] for row in REFUSED])  # fmt: skip
def test_refuses_what_would_not_be_in_force(tree, name, files, args, sentence, conflict, check):
    tree.write(files)
    before = tree.state()
    result = tree.ask(check=check, **args)
    assert result["failed"]
    assert tree.real(sentence) in result["msg"]
    found = [(item["path"], item["line"]) for item in result["conflicts"] if item["wins"]]
    assert found == [(str(tree.root / conflict[0]), conflict[1])]
    assert tree.state() == before


# arguments, what the sentence holds; the tree is a sound one
BAD_ARGUMENTS = [
    ({}, "interval: state=present needs this, or count_max"),
    ({"state": "absent", "interval": 60}, "Option interval"),
    ({"interval": True}, "interval"),
    ({"interval": 60.0}, "interval"),
    ({"interval": [60]}, "interval"),
    ({"interval": {"a": 1}}, "interval"),
    ({"interval": -1}, "interval"),
    ({"interval": 2147483648}, "interval"),
    ({"interval": "60\n"}, "interval"),
    ({"interval": "60 # c"}, "interval"),
    ({"interval": "'60'"}, "interval"),
    ({"interval": ""}, "interval"),
    ({"count_max": True}, "count_max"),
    ({"count_max": 3.5}, "count_max"),
    ({"count_max": "3s"}, "count_max"),
    ({"count_max": -1}, "count_max"),
    ({"count_max": 2147483648}, "count_max"),
    ({"count_max": "3\nPermitRootLogin yes"}, "count_max"),
    ({"interval": 60, "match": "User a\nPermitRootLogin yes"}, "match"),
    ({"interval": 60, "match": 'User "a"'}, "match"),
    ({"interval": 60, "match": "User 'a'"}, "match"),
    ({"interval": 60, "match": "User a # b"}, "match"),
    ({"interval": 60, "match": ""}, "match"),
    ({"interval": 60, "match": "User"}, "match"),
    ({"interval": 60, "match": "all User a"}, "match"),
    ({"interval": 60, "match": "Sky blue"}, "match"),
    ({"interval": 60, "match": "Sky blue"}, "knows no criterion 'sky'"),
    ({"interval": 60, "match": "User bob, ann"}, "'User bob, ann' is neither 'all' nor pairs"),
    ({"interval": 60, "match": "final"}, "'final' is neither 'all' nor pairs"),
    ({"interval": 60, "match": "RDomain r"}, "Option match: nothing is proven of routing domains"),
    ({"interval": 60, "match": "User !a"}, "never matches anybody: every pattern is negated"),
    ({"interval": 60, "match": "User !a", "verify": False}, "every pattern is negated"),
    ({"interval": 60, "match": "User !a", "connections": [{"user": "b"}]}, "is negated"),
    ({"interval": 60, "match": "Address !10.0.0.0/8"}, "every pattern is negated"),
    ({"interval": 60, "match": "Address 192.168.1.5/24"}, "accepts no such pattern"),
    ({"interval": 60, "match": "Address 192.168.1.5/24", "verify": False}, "no such pattern"),
    ({"interval": 60, "match": "Address 10.0.0.0/255.0.0.0"}, "a mask as a number of bits only"),
    ({"interval": 60, "match": "LocalPort 22,2222"}, "not the number of one port"),
    ({"interval": 60, "match": "Group no-such-group"}, "Option match: no connection that meets"),
    ({"interval": 60, "match": "User a", "connections": [{"user": "b"}]}, "connections"),
    ({"interval": 60, "connections": [{"user": "a,b"}]}, "connections"),
    ({"interval": 60, "connections": [{"user": "a\nb"}]}, "connections"),
    ({"interval": 60, "connections": [{"user": ""}]}, "connections"),
    ({"interval": 60, "connections": [{"addr": "somewhere"}]}, "connections"),
    ({"interval": 60, "connections": [{"lport": 0}]}, "connections"),
    ({"interval": 60, "connections": [{"lport": 70000}]}, "connections"),
    ({"interval": 60, "connections": [{"port": 22}]}, "port"),
    ({"interval": 60, "state": "gone"}, "state"),
    ({"interval": 60, "conflicts": "delete"}, "conflicts"),
    ({"interval": 60, "sshd": "/nowhere/sshd"}, "sshd"),
    ({"interval": 60, "sshd": "/etc"}, "sshd"),
    ({"interval": 60, "sshd": "/usr/sbin/sshd\n"}, "sshd"),
    ({"interval": 60, "sshd": "/bin/true"}, "version"),
    ({"interval": 60, "path": "sshd_config"}, "path"),
    ({"interval": 60, "path": "/nowhere/sshd_config"}, "/nowhere/sshd_config"),
    ({"interval": 60, "path": "/nowhere/a\nb"}, "/nowhere"),
    ({"interval": 60, "path": "/etc"}, "/etc"),
    ({"interval": 60, "path": "/dev/null"}, "/dev/null"),
    ({"interval": 60, "path": "/etc/ssh/\0a"}, "Option path: '/etc/ssh/\\x00a'"),
    ({"interval": 60, "sshd": "/usr/sbin/\0sshd"}, "Option sshd"),
    ({"interval": 60, "match": "User a\0"}, "Option match"),
    ({"interval": 60, "connections": [{"user": "a\ud800"}]}, "Option connections"),
    ({"interval": 60, "connections": [{"user": "a"}, {"host": "a\0"}]}, "Option connections"),
    ({"interval": "60\0"}, "interval"),
]  # fmt: skip


@pytest.mark.parametrize("args, named", BAD_ARGUMENTS, ids=[str(row[0]) for row in BAD_ARGUMENTS])
def test_refuses_bad_arguments(tree, args, named):
    tree.write({"sshd_config": k(9, 9)})
    before = tree.state()
    result = tree.run("sshd_client_alive", **dict({"path": str(tree.main)}, **args))
    one_sentence(result, named)
    assert tree.state() == before


def one_sentence(result, named):
    assert result["failed"] and not result.get("changed")
    assert named in result["msg"], result["msg"]
    assert "\n" not in result["msg"] and len(result["msg"]) < 400, result["msg"]


# files, what the sentence holds
BAD_TREES = [
    ("a NUL byte", {"sshd_config": "\n\0\n"}, "@ROOT@/sshd_config line 2"),
    ("over 4 MB", {"sshd_config": "#" * (4 * 1024 * 1024 + 1)}, "@ROOT@/sshd_config"),
    ("circular", {"sshd_config": "\nInclude @ROOT@/a\n", "a": "Include @ROOT@/sshd_config\n"},
     "@ROOT@/a line 1"),
    ("includes itself", {"sshd_config": "Include @ROOT@/sshd_config\n"},
     "@ROOT@/sshd_config line 1"),
    ("broken elsewhere", {"sshd_config": k(9) + "NoSuchThing yes\n"}, "@ROOT@/sshd_config"),
    ("broken below what is added", {"sshd_config": "#\nMatch User bob\nPermitTTY perhaps\n"},
     "@ROOT@/sshd_config line 4 (as it would be written)"),
    ("broken twice the same", {"sshd_config": "Nothing\nMatch User bob\nNothing\n"},
     "; @ROOT@/sshd_config line 4 (as it would be written): no argument"),
    ("broken behind options that are no more",
     {"sshd_config": "KeyRegenerationInterval 3600\nServerKeyBits 1024\nNoSuchKeyword yes\n"},
     "line 3 (as it would be written): Bad configuration option: NoSuchKeyword"),
    ("a Match that sshd does not know", {"sshd_config": "UseDNS no\nMatch exec /bin/true\n"},
     "exec"),
    ("a drop-in broken", {"sshd_config": INC, "d/a.conf": "\nPermitTTY perhaps\n"},
     "@ROOT@/d/a.conf line 2"),
    ("a Match that is not whole", {"sshd_config": "\nMatch User\n"}, "@ROOT@/sshd_config line 2"),
    ("quotes that do not end", {"sshd_config": 'Banner "x\n'}, "@ROOT@/sshd_config line 1"),
    ("a port that is none", {"sshd_config": "UseDNS no\nPort 99999\n"},
     "@ROOT@/sshd_config line 2"),
    ("a bad mask", {"sshd_config": "Match Address 10.0.0.1/8\n"}, "10.0.0.1/8"),
]  # fmt: skip


@pytest.mark.parametrize("name, files, named", BAD_TREES, ids=[row[0] for row in BAD_TREES])
def test_refuses_bad_trees(tree, name, files, named):
    tree.write(files)
    before = tree.state()
    one_sentence(tree.ask(interval=60, conflicts="disable"), tree.real(named))
    assert tree.state() == before


def test_refuses_a_dangling_link(tree):
    tree.write({"sshd_config": "\n" + INC, "d/a.conf": ""})
    (tree.root / "d" / "b.conf").symlink_to("nothing")
    one_sentence(tree.ask(interval=60), tree.real("@ROOT@/sshd_config line 2"))


def test_refuses_a_path_that_no_file_can_have(tree):
    tree.write({"sshd_config": k(9)})
    before = tree.state()
    one_sentence(tree.ask(interval=60, path=str(tree.main) + "/"), "Option path")
    assert tree.state() == before


def test_refuses_more_than_a_run_can_read(tree):
    large = "#" * (4 * 1024 * 1024)
    tree.write(dict({"sshd_config": "\n" + INC}, **{f"d/{i}.conf": large for i in range(8)}))
    named = "@ROOT@/sshd_config line 2: Include: @ROOT@/d/7.conf and what was read before it are"
    one_sentence(tree.ask(interval=60), tree.real(named))


def test_says_that_nothing_is_reloaded_of_which_nothing_runs(tree):
    tree.write({"sshd_config": k(60)})
    result = tree.ask(interval=60, reload=True)
    assert not result["changed"] and result["reload_needed"] is None
    assert "Nothing is reloaded: whether a running sshd has read" in json.dumps(result["warnings"])


def test_tells_what_is_in_the_files_only_when_asked(tree):
    tree.write({"sshd_config": k(9)})
    assert tree.ask(check=True, interval=60, diff=False)["diff"] == []
    assert tree.ask(check=True, interval=60, diff=True)["diff"] != []


def test_refuses_a_fifo(tree):
    tree.write({"sshd_config": "\n" + INC, "d/a.conf": ""})
    os.mkfifo(str(tree.root / "d" / "b.conf"))
    one_sentence(tree.ask(interval=60), tree.real("@ROOT@/sshd_config line 2"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a folder that is not its own")
def test_refuses_a_link_that_others_could_redirect(tree, tmp_path):
    tree.write({"elsewhere/c": k(9)})
    os.chmod(str(tree.root / "elsewhere"), 0o777)
    tree.main.symlink_to("elsewhere/c")
    before = tree.state()
    one_sentence(tree.ask(interval=60, check=True), "elsewhere")
    one_sentence(tree.ask(interval=60), "elsewhere")
    assert tree.state() == before


def test_keeps_the_mode(tree):
    tree.write({"sshd_config": k(9)})
    os.chmod(str(tree.main), 0o600)
    assert tree.ask(interval=60)["changed"]
    assert stat.S_IMODE(os.stat(str(tree.main)).st_mode) == 0o600


def test_keeps_a_symbolic_link(tree):
    tree.write({"real": k(9)})
    tree.main.symlink_to("real")
    result = tree.ask(interval=60)
    assert result["changed_files"] == [str(tree.root / "real")]
    assert os.readlink(str(tree.main)) == "real"
    assert sshd_says(tree)[0] == 60


def test_changes_a_file_under_two_names_once(tree):
    tree.write({"sshd_config": INC + k(8), "d/b.conf": k(9)})
    (tree.root / "d" / "a.conf").symlink_to("b.conf")
    result = tree.ask(interval=60, conflicts="disable")
    assert sorted(result["changed_files"]) == [
        str(tree.root / "d" / "b.conf"), str(tree.root / "sshd_config")]  # fmt: skip
    assert tree.texts(["d/b.conf"]) == {"d/b.conf": MARKER + k(9)}
    assert not tree.ask(interval=60, conflicts="disable")["changed"]


def test_ignores_folders_that_a_glob_names(tree):
    tree.write({"sshd_config": INC})
    (tree.root / "d" / "x.conf").mkdir(parents=True)
    assert tree.ask(interval=60)["changed"]
    assert sshd_says(tree)[0] == 60


def test_keeps_a_backup_that_no_glob_reads(tree):
    tree.write({"d/sshd_config": k(9)})
    main = tree.root / "d" / "sshd_config"
    result = tree.ask(interval=60, backup=True, path=str(main))
    (backup,) = result["backup_files"]
    assert os.path.basename(backup).startswith(".")
    with open(backup) as kept:
        assert kept.read() == k(9)
    assert tree.ask(interval=60, backup=True, path=str(main))["backup_files"] == []


DERIVED = [
    ("User bob", {"user": "bob"}),
    ("Address 10.9.0.0/16", {"addr": "10.9.0.1"}),
    ("LocalPort 2222", {"lport": 2222}),
    ("Group root", {"user": "root"}),
    ("User bob Host *.example.org", {"user": "bob", "host": "x.example.org"}),
    ("LocalAddress 127.0.0.3", {"laddr": "127.0.0.3"}),
    ("Address 2001:db8:*", {"host": "2001:db8:1::1", "addr": "2001:db8:1::1"}),
    ("Group no-such-group,root", {"user": "root"}),
    ("Group r* User *", {"user": "root"}),
]


@pytest.mark.parametrize("match, expected", DERIVED)
def test_proves_a_block_with_a_connection_that_meets_it(tree, match, expected):
    tree.write({"sshd_config": k(9, 9)})
    result = tree.ask(interval=60, match=match)
    (used,) = result["connections"]
    assert {key: used[key] for key in expected} == expected
    assert used["interval_seconds"] == 60
    spec = "user={user},host={host},addr={addr},laddr={laddr},lport={lport}".format(**used)
    assert sshd_says(tree, spec) == (60, 9)
    assert sshd_says(tree) == (9, 9)


def test_proves_the_connections_given_too(tree):
    tree.write({"sshd_config": k(9) + "Match User bob\n" + k(60)})
    result = tree.ask(interval=60, connections=[{"user": "bob"}, {"addr": "::1", "lport": 2222}])
    assert [item["user"] for item in result["connections"]][1] == "bob"
    assert [item["interval_seconds"] for item in result["connections"]] == [60, 60, 60]


def test_needs_no_sshd_without_proof(tree):
    tree.write({"sshd_config": "Match all\n" + k(9)})
    one_sentence(tree.ask(interval=60, verify=False), "Match all")
    result = tree.ask(interval=60, verify=False, conflicts="disable")
    assert result["changed"] and result["verified"] is None
    assert result["effective"] == {"interval_seconds": None, "count_max": None}


def test_returns_text_whatever_the_files_hold(tree):
    tree.write({"sshd_config": "Match User bob\n ClientAliveInterval 9 # \udcff\n"})
    (conflict,) = tree.ask(interval=60)["conflicts"]
    assert conflict["text"] == "ClientAliveInterval 9 # \\xff"
