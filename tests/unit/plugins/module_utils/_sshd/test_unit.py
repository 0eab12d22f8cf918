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


SOCKETS = """Accept=yes
Listen=[::]:22 (Stream)
Listen=0.0.0.0:2222 (Stream)
Id=door.socket
Triggers=
ActiveState=active

Accept=no
Listen=/run/ssh-unix-local/socket (Stream)
Id=local.socket
Triggers=local.service
ActiveState=active

Accept=no
Listen=192.0.2.1:22 (Stream)
Id=off.socket
Triggers=off.service
ActiveState=inactive
"""


@pytest.mark.parametrize("state", ["loaded", "not-found"])
def test_the_services_of_sockets(monkeypatch, tmp_path, state):
    """Of a missing template systemd does not show the drop-ins, which count all the same."""
    site = tmp_path / "site.conf"
    site.write_text("[Service]\nExecStart=\nExecStart=-/usr/sbin/sshd -i -o A=1\n")
    monkeypatch.setattr(
        sshd_unit.glob, "glob", lambda pattern: [str(site)] * ("door@.s" in pattern)
    )
    shown = f"Id=door@0.service\nLoadState={state}\n"
    if state == "loaded":
        shown += "ExecStart={ argv[]=/usr/sbin/sshd -i -o A=1 ; }\n"
    monkeypatch.setattr(
        sshd_unit, "run", lambda words: (0, SOCKETS if words[-1] == "*.socket" else shown)
    )
    (found,) = sshd_unit.sockets()
    assert (found["Id"], found["LoadState"]) == ("door@0.service", state)
    assert found["Listen"] == "[::]:22 0.0.0.0:2222"
    assert sshd_unit.start_words(found) == ["/usr/sbin/sshd", "-i", "-o", "A=1"]


ONE, TWO = "a(sasbttttuii) 1 ", "a(sasbttttuii) 2 "
# What busctl says of a unit's commands; the words of the first, when a signal was sent
BUS = [
    (ONE + '"/s" 4 "/s" "-D" "-o" "B x -o y" false 0 0 0 0 0 0 0',
     ["/s", "-D", "-o", "B x -o y"], None),
    (TWO + '"/s" 2 "/s" "-t" false 5 0 6 0 9 1 0 "/k" 3 "/k" "-HUP" "7" false 8 0 9 0 9 1 0',
     ["/s", "-t"], 8000),
    (ONE + '"/k" 3 "/k" "-HUP" "7" false 8 0 9 0 9 1 5', ["/k", "-HUP", "7"], None),
    ("", [], None),
]  # fmt: skip


@pytest.mark.parametrize("said, words, reloaded", BUS)
def test_what_the_bus_says_of_commands(monkeypatch, said, words, reloaded):
    monkeypatch.setattr(sshd_unit, "run", lambda command: (0 if said else 1, said))
    properties = dict(unit(""), Id="a-b.service")
    assert [word for word in sshd_unit.exact_words(properties) if word] == words
    assert sshd_unit.reloaded_at("a-b.service") == reloaded
