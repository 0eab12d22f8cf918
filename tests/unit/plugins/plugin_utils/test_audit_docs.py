# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/audit.md describes the report that is written."""

import datetime
from pathlib import Path

from ansible_collections.curfew.session.plugins.plugin_utils._audit import judge
from ansible_collections.curfew.session.plugins.plugin_utils._audit import report as audit_report

DOCS = (Path(__file__).resolve().parents[4] / "docs" / "audit.md").read_text(encoding="utf-8")


def test_every_key_is_described():
    answer = audit_report.Answer("h", None, None, None)
    report = audit_report.build([answer], "1", datetime.datetime.now(datetime.timezone.utc))
    for key in list(report) + list(report["hosts"][0]) + list(report["summary"]):
        assert f"`{key}`" in DOCS


def test_every_code_is_described():
    assert [code for code in judge.TITLES if f"`{code}`" not in DOCS] == []
