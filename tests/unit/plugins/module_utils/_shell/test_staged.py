# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files a view holds, and who is said to read the drop-in."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _view
from ansible_collections.curfew.session.plugins.module_utils._accounts import Shell
from ansible_collections.curfew.session.plugins.module_utils._files import reading
from ansible_collections.curfew.session.plugins.module_utils._identities import Person
from ansible_collections.curfew.session.plugins.module_utils._shell import asking, staged
from ansible_collections.curfew.session.plugins.module_utils._shell.asking import Asker

STRANGER = Person(None, 65534, 65534)
ROOT = Person("root", 0, 0, (0,))
ASKERS = [Asker(Shell(f"/bin/{name}", "/bin/bash", "bash", False), STRANGER) for name in "abc"]


def snapshot(path, data):
    return reading.Snapshot(path, path, data, None)


@pytest.fixture
def views(monkeypatch):
    """The files of each view that is asked for; none can be had."""
    views = []

    def within(files, _work, _limit):
        views.append(files)
        raise _view.NoView("it is refused.")

    monkeypatch.setattr(_view, "within", within)
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
    with pytest.raises(_view.NoView):
        staged.ask_planned(ASKERS, changes)
    assert [tuple(file) for file in views[0]] == expected


def test_who_has_the_mark_reads_the_drop_in(monkeypatch):
    answers = [
        asking.Answer(asker, status, 0, "", None, None, None, environment)
        for asker, status, environment in zip(
            ASKERS, ("answered", "answered", "hangs"), ({"CURFEW_SESSION_READ": "yes"}, {}, {})
        )
    ]
    monkeypatch.setattr(_view, "within", lambda _files, work, _limit: work())
    monkeypatch.setattr(asking, "ask", lambda _askers, _way: answers)
    assert staged.readers_of("/d", 0o644, ASKERS) == [ASKERS[0], ASKERS[2]]


def test_where_no_view_can_be_had_strangers_alone_are_asked(views, monkeypatch):
    monkeypatch.setattr(asking, "ask", lambda askers, _way: askers)
    root = Asker(ASKERS[0].shell, ROOT)
    assert staged.ask_as_is([*ASKERS, root]) == (ASKERS, "it is refused.")
