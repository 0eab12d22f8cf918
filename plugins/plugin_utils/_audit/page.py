# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit's report as one HTML file that needs nothing else. Private to the collection.

Everything that a host said is data: it goes into the page as JSON in a block that no browser
runs, and the page's script shows it as text. Should an escape ever be missed, the page's content
security policy still runs nothing but the one script and the one style sheet given here.
"""

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any, Dict

from . import report as audit_report

__all__ = ["embedded", "render"]

# Of another name than this file: Ansible's loader prefers a folder, and would import that.
_PARTS = Path(__file__).parent / "page_parts"
_FIELD = re.compile(r"@@([a-z_]+)@@")


def render(report: Dict[str, Any]) -> str:
    """Return the page."""
    style, script = _part("page.css"), _part("page.js")
    fields = {
        "style": style,
        "script": script,
        "style_hash": _digest(style),
        "script_hash": _digest(script),
        "report": embedded(report),
        "headline": html.escape(audit_report.headline(report["summary"])),
        "generated_at": html.escape(report["generated_at"]),
        "version": html.escape(report["collection"]["version"]),
    }
    # In one pass: what a field brings in is not looked through for fields.
    return _FIELD.sub(lambda match: fields[match.group(1)], _part("page.html"))


def embedded(report: Dict[str, Any]) -> str:
    """Return the report as JSON that cannot end the block it stands in, nor a line of a script."""
    text = json.dumps(report, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
