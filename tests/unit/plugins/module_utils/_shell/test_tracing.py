# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line at which a shell was lost."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import tracing

from .one_etc import ROOT, asker, needs_namespaces, planned

pytestmark = [needs_namespaces, pytest.mark.waits]
# what /etc/profile holds, and the line at which each shell is lost
LOST = [
    ("A=1\nsleep 60\nB=2\n", 2),
    ("A=1\n\nexit 3\n", 3),
    ("if true; then\n  exec sleep 60\nfi\n", 2),
    ("f() {\n  sleep 61\n}\nf\n", 2),
]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(tracing, "_LIMIT_SECONDS", 2.0)


SHELLS = ("bash", "dash", "mksh", "ksh93")


@pytest.mark.parametrize("text, line", LOST)
def test_where_a_shell_was_lost(text, line):
    changes, files = planned(text)
    askers = [asker(name) for name in SHELLS] + [asker("bash", ROOT)]
    places = tracing.last_lines(askers, files, changes)
    assert {one: places[one][:2] for one in askers} == dict.fromkeys(askers, ("/etc/profile", line))


def test_in_a_file_that_is_sourced():
    changes, files = planned(
        "A=1\n. /etc/profile.d/curfew-x.sh\n", **{"/etc/profile.d/curfew-x.sh": "\nsleep 60\n"}
    )
    askers = [asker(name) for name in SHELLS]
    places = tracing.last_lines(askers, files, changes)
    assert {place.where() for place in places.values()} == {
        "/etc/profile.d/curfew-x.sh, line 2: sleep 60"
    }


# a command, and whether it puts another program in the shell's place
REPLACING = [
    ("exec fish", True),
    ('[ -n "$SSH_TTY" ] && exec fish -l', True),
    ("exec >/tmp/log", False),
    ("execute", False),
    ("sleep 5", False),
]


@pytest.mark.parametrize("text, replaces", REPLACING)
def test_what_takes_the_place_of_a_shell(text, replaces):
    assert tracing.Lost("/a", 1, text).replaces is replaces
