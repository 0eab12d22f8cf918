# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ChannelTimeout: what each spelling does on each release, as measured with live sessions."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import channel_timeout, config

# arguments, release, works, after how long an idle shell and a silent command end
SPELLINGS = [
    ("session:shell=15m", (9, 2), True, 900, None),
    ("session:shell=900", (10, 0), True, 900, None),
    ("session:*=15m", (10, 0), True, 900, 900),
    ("session*=3s", (10, 0), True, 3, 3),
    ("*=3s", (10, 0), True, 3, 3),
    ("session:command=60", (10, 0), True, None, 60),
    ("session:sh?ll=5", (10, 0), True, 5, None),
    ("session=15m", (9, 2), False, None, None),
    ("session=15m", (10, 5), False, None, None),
    ("session=15m", (10, 6), True, 900, 900),
    ("sess*n=3", (10, 3), False, None, None),
    ("sess*n=3", (10, 6), True, 3, 3),
    ("session=3 session:shell=9", (10, 6), True, 9, 3),
    ("session:shell=9 session=3", (10, 6), True, 9, 3),
    ("session=9 session:shell=3", (10, 6), True, 3, 9),
    ("session=3 session:shell=0", (10, 3), False, None, None),
    ("session=3 session:shell=0", (10, 6), True, 3, 3),
    ("session:command=9 session=3", (10, 6), True, 3, 9),
    ("Session:shell=15m", (10, 0), False, None, None),
    ("session:shell=0", (10, 0), False, None, None),
    ("direct-tcpip=60", (10, 0), True, None, None),
    ("session:subsystem:netconf=60", (10, 0), True, None, None),
    ("global=3s", (9, 6), False, None, None),
    ("global=3s", (9, 7), True, 3, 3),
    ("global=9 global=3", (10, 0), True, 3, 3),
    ("session:shell=1h *=3s", (10, 0), True, 3600, 3),
    ("session:shell=1h *=3s global=60", (10, 0), True, 60, 3),
    ("session=3s session:shell=10", (10, 0), True, 10, None),
    ("session:shell=15m", (9, 1), False, None, None),
]

# arguments, release, what the sentence names
REASONS = [
    ("session=15m", (10, 0), "`session=15m` does nothing, since no channel in use is of such"),
    ("session:shell=60 session=15m", (10, 0), "`session=15m` does nothing"),
    ("global=3s", (9, 6), "`global=3s` does nothing, since global counts from OpenSSH 9.7 on"),
    ("session:shell=60", (8, 9), "since OpenSSH 8.9 does not know ChannelTimeout"),
    ("session:shell=60", (10, 7), "what it does was not measured on this release: OpenSSH 10.7"),
    ("direct=60", (11, 0), "channel in use is of such a type: shells are session:shell"),
    ("direct=60", (11, 0), "; what it does was not measured on this release: OpenSSH 11.0"),
]


@pytest.mark.parametrize("text, release, works, shell, command", SPELLINGS)
def test_meaning(text, release, works, shell, command):
    found = channel_timeout.meaning(text.split(), release)
    assert (found["works"], found["shell_seconds"], found["command_seconds"]) == (
        works,
        shell,
        command,
    )
    assert found["value"] == text
    assert works or found["why"]


@pytest.mark.parametrize("release", [(10, 0), (10, 6), config.NEWEST])
def test_nothing_to_add(release):
    """Measured; or a release that is not known, of which another sentence tells."""
    assert channel_timeout.meaning(["session:shell=60"], release)["why"] is None


@pytest.mark.parametrize("text, release, words", REASONS)
def test_reason(text, release, words):
    assert words in channel_timeout.meaning(text.split(), release)["why"]


G, U, A = (
    "ChannelTimeout *=1\n",
    "Match User ops\nChannelTimeout *=2\n",
    ("Match all\nChannelTimeout *=3\n"),
)
# configuration, options of the command line, what -T shows, release, what counts
SCOPES = [
    (G, [], "*=1", (10, 0), "*=1"),
    ("", [], "", (10, 0), ""),
    (U, [], "*=2", (10, 0), ""),
    (U, [], "*=2", (10, 5), "*=2"),
    (G + U, [], "*=2", (9, 2), "*=1"),
    (A, [], "*=3", (9, 2), "*=3"),
    (G + A, [], "*=3", (10, 0), "*=1"),
    (G + A, [], "*=3", (10, 5), "*=3"),
    (G, ["*=9"], "*=9", (10, 0), "*=9"),
    (A, ["*=9"], "*=3", (10, 0), "*=9"),
]


@pytest.mark.parametrize("text, options, shown, release, counts", SCOPES)
def test_in_force(text, options, shown, release, counts):
    tree = config.read_tree(
        "/main", lambda _path, _by: text, lambda _pattern: [], ["ChannelTimeout"], release
    )
    found, why = channel_timeout.in_force(
        tuple(shown.split()), tree, [(option,) for option in options], release
    )
    assert " ".join(found) == counts
    assert (why is None) == (shown == counts)
    assert why is None or shown in why
