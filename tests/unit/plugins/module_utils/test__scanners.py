# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is legal and yet not what people think: who is told of it."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _scanners

OFF = "sshd itself never notices a client that vanishes: ClientAliveInterval is 0"
NEVER = "sshd itself never notices a client that vanishes: ClientAliveCountMax is 0"
DIFFERS = "ClientAliveCountMax is 0, and what that does differs: "
# What a 0 does: the beginning of what is said of it, or None.
ZEROS = [
    (60, 3, (10, 0), None),
    (None, None, None, None),
    (None, 3, (10, 0), None),
    (0, 3, (10, 0), OFF),
    (0, 0, (8, 0), OFF),
    (0, None, None, OFF),
    (60, 0, (8, 2), NEVER),
    (None, 0, (10, 0), NEVER),
    (60, 0, (8, 1), DIFFERS),
    (60, 0, None, DIFFERS),
]

# A file with sshd's numbers, and the end of what scanners miss, or None.
SSHD = [
    ("/etc/ssh/sshd_config", None),
    ("/etc/ssh/sshd_config.d/10-x.conf", "do not see those in /etc/ssh/sshd_config.d/10-x.conf."),
    ("/etc/ssh/sshd_config.d/deeper/x.conf", "sshd_config and its drop-ins only: they do not"),
    ("/usr/etc/ssh/sshd_config", "do not see those in /usr/etc/ssh/sshd_config."),
    (None, "do not see the options on the daemon's command line."),
]
TMOUT = [
    ("/etc/profile", None),
    ("/etc/profile.d/tmout.sh", None),
    ("/etc/profile.d/tmout.csh", "do not see the one in /etc/profile.d/tmout.csh."),
    ("/etc/profile.d/a/tmout.sh", "do not see the one in /etc/profile.d/a/tmout.sh."),
    ("/etc/profile.local.d/tmout.sh", "do not see the one in /etc/profile.local.d/tmout.sh."),
]
# readonly, exported, and what is missing
WANTED = [
    (True, True, None),
    (False, True, "one that is not readonly fails their scan."),
    (True, False, "one that is not exported fails their scan."),
    (False, False, "one that is not readonly and not exported fails their scan."),
]


@pytest.mark.parametrize("interval, count_max, release, expected", ZEROS)
def test_never_drops(interval, count_max, release, expected):
    said = _scanners.never_drops(interval, count_max, release)
    assert (said is None) if expected is None else said.startswith(expected)


@pytest.mark.parametrize("path, words", SSHD)
def test_sshd_unseen(path, words):
    said = _scanners.sshd_unseen(path)
    assert (said is None) if words is None else words in said


# ID and VERSION_ID, a file beside the main one, whether scanners there read it
DROP_INS = [
    ("rhel", "9.4", "/etc/ssh/sshd_config.d/x.conf", True),
    ("rhel", "9.4", "/usr/etc/ssh/sshd_config.d/x.conf", False),
    ("rhel", "8.10", "/etc/ssh/sshd_config.d/x.conf", False),
    ("ubuntu", "24.04", "/etc/ssh/sshd_config.d/x.conf", True),
    ("sles", "15.6", "/etc/ssh/sshd_config.d/x.conf", True),
    ("sles", "12.5", "/etc/ssh/sshd_config.d/x.conf", False),
    ("almalinux", "9.4", "/etc/ssh/sshd_config.d/x.conf", False),
    ("debian", "12", "/etc/ssh/sshd_config.d/x.conf", False),
]


@pytest.mark.parametrize("name, version, path, expected", DROP_INS)
def test_read_drop_in(name, version, path, expected):
    os_release = f'NAME="X"\nVERSION_ID="{version}"\nID={name}\nID_LIKE=rhel\n'
    assert _scanners.read_drop_in(path, os_release) is expected
    assert not _scanners.read_drop_in(path, "")


@pytest.mark.parametrize("path, words", TMOUT)
def test_tmout_unseen(path, words):
    said = _scanners.tmout_unseen(path)
    assert (said is None) if words is None else said.endswith(words)


@pytest.mark.parametrize("readonly, exported, words", WANTED)
def test_tmout_unwanted(readonly, exported, words):
    said = _scanners.tmout_unwanted(readonly, exported)
    assert (said is None) if words is None else said.endswith(words)
