# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of accounts where a shell could not be asked as they are."""

import os

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _accounts, _view
from ansible_collections.curfew.session.plugins.module_utils._info import shells
from ansible_collections.curfew.session.plugins.module_utils._shell import asking

BASH = _accounts.Shell("/bin/bash", os.path.realpath("/bin/bash"), "bash", False)
USERS = [
    _accounts.Account("root", "/bin/bash", 0, 0),
    _accounts.Account("ann", "/bin/bash", 4201, 4201),
]


@pytest.fixture
def asked(monkeypatch):
    """Who was asked, and whether at a terminal; no view can be had."""
    asked = []

    def within(*_given):
        raise _view.NoView("it is refused.")

    def ask(askers, way):
        asked.extend((asker.person.user, way.terminal) for asker in askers)
        return [asking.Answer(asker, "answered", 0, "", "60", True, True, {}) for asker in askers]

    monkeypatch.setattr(_accounts, "read_passwd", lambda: USERS)
    monkeypatch.setattr(_accounts, "installed", lambda _users: ([BASH], {}))
    monkeypatch.setattr(_view, "within", within)
    monkeypatch.setattr(asking, "ask", ask)
    return asked


def test_without_a_view_root_is_unknown(asked):
    survey = shells.survey_shells()
    root, ann = survey.accounts
    assert (root.state, root.logout_seconds) == ("unknown", None)
    assert "in a private view of the host alone" in root.detail
    assert (ann.state, ann.logout_seconds) == ("told", 60)
    assert asked == [(None, True)]
    (sentence,) = [text for text in survey.unseen if "it is refused." in text]
    assert sentence.startswith("No private view of this host can be made, so that nobody was asked")


def test_who_never_comes_to_a_prompt_at_a_terminal_is_unknown(asked, monkeypatch):
    def ask(askers, way):
        status = "hangs" if way.terminal else "answered"
        return [asking.Answer(asker, status, 0, "", "60", True, True, {}) for asker in askers]

    monkeypatch.setattr(asking, "ask", ask)
    _root, ann = shells.survey_shells().accounts
    assert (ann.state, ann.logout_seconds) == ("unknown", None)
    assert "at a terminal /bin/bash did not come to its prompt" in ann.detail
