# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page holds the report as data, whatever is in it."""

import json
import re

import pytest

from ansible_collections.curfew.session.plugins.plugin_utils._audit import page

REPORT = {
    "summary": {"hosts": 1, "holds": 1, "differs": 0, "unverified": 0, "unreachable": 0},
    "generated_at": "2026-11-27T12:00:00Z",
    "collection": {"name": "curfew.session", "version": "1.2.3"},
}
HOSTILE = ["</script><b>", "<!--", "a&b", "\u2028", "\U0001f600", "@@style@@", "\\1"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_embedded(text):
    embedded = page.embedded({"a": text})
    assert json.loads(embedded) == {"a": text}
    assert not re.search(r"[<>&\u2028]", embedded)
    embedded.encode("ascii")  # or it raises


def test_fields_that_a_report_brings_stay_as_they_are():
    html = page.render(dict(REPORT, hosts=[{"name": "@@version@@"}]))
    assert "@@version@@" in html
    assert "1.2.3" in html
    assert not re.search(r"@@(?!version@@)[a-z_]+@@", html)
