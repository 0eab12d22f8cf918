# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd knows of sshd's unit."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import unit as sshd_unit


def unit(start, environment="", files=""):
    return {
        "ExecStart": f"{{ path=/usr/sbin/sshd ; argv[]={start} ; ignore_errors=no }}",
        "Environment": environment,
        "EnvironmentFiles": files,
    }


# What systemd shows of a unit; @FILE@ holds SSHD_OPTS="-o ClientAliveInterval=7" and a comment.
UNITS = [
    (unit("/usr/sbin/sshd -D"), "/usr/sbin/sshd -D"),
    (unit("/usr/sbin/sshd -D $SSHD_OPTS"), "/usr/sbin/sshd -D"),
    (unit("/usr/sbin/sshd -D $OPTIONS", "OPTIONS=-p22"), "/usr/sbin/sshd -D -p22"),
    (unit("/usr/sbin/sshd -D $SSHD_OPTS", files="@FILE@ (ignore_errors=yes)"),
     "/usr/sbin/sshd -D -o ClientAliveInterval=7"),
    (unit("/usr/sbin/sshd -D ${SSHD_OPTS}", files="@FILE@ (ignore_errors=no)"),
     "/usr/sbin/sshd -D -o ClientAliveInterval=7"),
    (unit("/usr/sbin/sshd -D $SSHD_OPTS", files="/nowhere (ignore_errors=yes)"),
     "/usr/sbin/sshd -D"),
]  # fmt: skip


@pytest.mark.parametrize("shown, words", UNITS)
def test_the_command_line_that_systemd_would_use(tmp_path, shown, words):
    path = tmp_path / "ssh"
    path.write_text('# SSHD_OPTS="-p 1"\nSSHD_OPTS="-o ClientAliveInterval=7"\n')
    shown = {key: text.replace("@FILE@", str(path)) for key, text in shown.items()}
    assert " ".join(sshd_unit.start_words(shown)) == words
