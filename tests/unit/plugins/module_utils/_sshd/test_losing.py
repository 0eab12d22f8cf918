# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What loses whatever is done about it is left alone."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import plan

from .situations import INTERVAL, reader

OURS = "ClientAliveInterval 60\n"
RIVAL = "ClientAliveInterval 900\n"
ALL = "Match all\n"
# The files; those in which a line is disabled although no scanner reads any but the main one
TREES = [
    ("below ours", {"m": OURS + "Include /a\n", "/a": RIVAL}, []),
    ("above ours", {"m": "Include /a\n" + OURS, "/a": RIVAL}, ["/a"]),
    ("ours is put above it", {"m": "Include /a\n", "/a": RIVAL}, []),
    ("ours is put below it", {"m": "Include /a\n#ClientAliveInterval 0\n", "/a": RIVAL}, ["/a"]),
    ("two below ours", {"m": OURS + "Include /a /b\n", "/a": RIVAL, "/b": RIVAL}, []),
    ("one above, one below", {"m": "Include /a\n" + OURS + "Include /b\n", "/a": RIVAL,
     "/b": RIVAL}, ["/a"]),
    ("two above, of which one loses to the other", {"m": "Include /a /b\n" + OURS, "/a": RIVAL,
     "/b": RIVAL}, ["/a", "/b"]),
    ("behind one that agrees", {"m": "Include /a /b\n#ClientAliveInterval 0\n", "/a": OURS,
     "/b": RIVAL}, []),
    ("Match all beats ours", {"m": OURS + "Include /a\n", "/a": ALL + RIVAL}, ["/a"]),
    ("Match all behind one that agrees", {"m": OURS + "Include /a /b\n", "/a": ALL + OURS,
     "/b": ALL + RIVAL}, []),
    ("Match all behind one that is disabled", {"m": OURS + "Include /a /b\n", "/a": ALL + RIVAL,
     "/b": ALL + RIVAL}, ["/a", "/b"]),
    ("Match all in the main file", {"m": OURS + ALL + OURS + ALL + RIVAL}, ["m"]),
]  # fmt: skip


@pytest.mark.parametrize("name, files, expected", TREES)
def test_what_is_disabled(name, files, expected):
    read = reader(files)
    found = plan.make(read, [INTERVAL], (9, 2), None, True, lambda path: path == "m")
    assert sorted({item.path for item in found.disabled}) == expected
    after = [item for item in read(found.texts).directives if item.scope] or read(
        found.texts
    ).directives
    assert after[0].arguments == ("60",)


@pytest.mark.parametrize("name, files, _expected", TREES)
def test_what_scanners_read_is_disabled_as_well(name, files, _expected):
    found = plan.make(reader(files), [INTERVAL], (9, 2), None, True)
    assert all(item.arguments == ("60",) for item in reader(files)(found.texts).directives)


# The files, of which /a cannot be changed; those in which a line is disabled
STUCK = [
    ({"m": "Include /a\n#ClientAliveInterval 0\n", "/a": RIVAL}, []),
    ({"m": "Include /a\n" + OURS, "/a": RIVAL}, []),
    ({"m": "Include /b /a\n#ClientAliveInterval 0\n", "/a": RIVAL, "/b": RIVAL}, ["/b"]),
    ({"m": OURS + "Include /a\n", "/a": ALL + RIVAL}, ["/a"]),
]


@pytest.mark.parametrize("files, expected", STUCK)
def test_what_cannot_be_changed_is_beaten(files, expected):
    read = reader(files)
    found = plan.make(read, [INTERVAL], (9, 2), None, True, can_change=lambda path: path != "/a")
    assert sorted({item.path for item in found.disabled}) == expected
    assert read(found.texts).directives[0].arguments == ("60",)


# The file, and whether nothing but duplicates of what stands there are taken out
DUPLICATES = [
    (OURS + RIVAL, True),
    (OURS + OURS, True),
    (OURS, False),
    ("ClientAliveInterval 1m\n" + RIVAL, False),
    (RIVAL + OURS, False),
    ("Include /a\n" + OURS + RIVAL, False),
]


@pytest.mark.parametrize("text, expected", DUPLICATES)
def test_only_duplicates_go(text, expected):
    found = plan.make(reader({"m": text, "/a": RIVAL}), [INTERVAL], (9, 2), None, True)
    assert plan.only_duplicates_go(found, [INTERVAL]) is expected
