# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files a view holds, and who is said to read the drop-in."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _view
from ansible_collections.curfew.session.plugins.module_utils._accounts import Shell
from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._shell import asking, options, staged

ASKED_FOR = options.Options(None, None, "/d", False, True, False, (1, 1))
SHELLS = [Shell(f"/bin/{name}", "/bin/bash", "bash", False) for name in "abc"]


def snapshot(path, data):
    return reading.Snapshot(path, path, data, None)


@pytest.fixture
def views(monkeypatch):
    """The files of each view that is asked for; none can be had."""
    views = []
    monkeypatch.setattr(_view, "within", lambda files, _work, _limit: views.append(files))
    return views


# what changes, what the drop-in holds, whether its rights are mended, what is staged
STAGED = [
    ({"/d": b"new"}, None, False, [("/d", b"new", 0o644)]),
    ({"/d": None}, b"old", False, [("/d", None, 0o644)]),
    ({"/a": b"x", "/d": b"new"}, b"old", True, [("/a", b"x", None), ("/d", b"new", 0o644)]),
    ({"/a": b"x"}, b"old", True, [("/a", b"x", None), ("/d", b"old", 0o644)]),
    ({"/a": b"x"}, b"old", False, [("/a", b"x", None)]),
]


@pytest.mark.parametrize("changed, old, repair, expected", STAGED)
def test_what_is_staged(views, changed, old, repair, expected):
    changes = [reading.Change(snapshot(path, b"o"), after) for path, after in changed.items()]
    plan = options.Plan(changes, set(), snapshot("/d", old), repair)
    assert staged.ask_staged(ASKED_FOR, plan, SHELLS) is None
    assert [tuple(file) for file in views[0]] == expected


def test_who_has_the_mark_reads_the_drop_in(monkeypatch):
    answers = [
        asking.Answer(shell, status, 0, "", None, None, None, environment)
        for shell, status, environment in zip(
            SHELLS, ("answered", "answered", "hangs"), ({"CURFEW_SESSION_READ": "yes"}, {}, {})
        )
    ]
    monkeypatch.setattr(_view, "within", lambda _files, work, _limit: work())
    monkeypatch.setattr(asking, "ask", lambda _shells, _ids, terminal: answers)
    assert staged.readers_of_drop_in(ASKED_FOR, SHELLS) == ["/bin/a", "/bin/c"]


def test_where_no_view_can_be_had_nobody_knows(views):
    assert staged.readers_of_drop_in(ASKED_FOR, SHELLS) is None
