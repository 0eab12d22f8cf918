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


# each file that changes: what it holds, what it is to hold, whether its rights are mended, and the
# mode with which it is staged: None is that of the file that is there
STAGED = [
    [("/d", None, b"new", False, 0o644)],
    [("/d", b"old", None, False, None)],
    [("/a", b"o", b"x", False, None), ("/d", b"old", b"new", True, 0o644)],
    [("/a", b"o", b"x", False, None), ("/d", b"old", b"old", True, 0o644)],
    [("/a", b"o", b"x", False, None)],
]


@pytest.mark.parametrize("files", STAGED)
def test_what_is_staged(views, files):
    changes = [
        reading.Change(snapshot(path, old), after, rights=rights)
        for path, old, after, rights, _mode in files
    ]
    expected = [(path, after, mode) for path, _old, after, _rights, mode in files]
    assert staged.ask_staged(ASKED_FOR, changes, SHELLS) is None
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
