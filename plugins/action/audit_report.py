# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the audit's report, on the controller. The module of this name is its documentation."""

import datetime
import json
import os
import re
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.curfew.session.plugins.plugin_utils._audit import page
from ansible_collections.curfew.session.plugins.plugin_utils._audit import report as audit_report
from ansible_collections.curfew.session.plugins.plugin_utils._audit.report import Answer
from ansible_collections.curfew.session.plugins.plugin_utils._audit.values import text

COLLECTION = Path(__file__).resolve().parents[2]
POLICY = "session_timeouts_audit_policy"
NOTED = "session_timeouts_audit_noted"
RESULT = "session_timeouts_audit_result"


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no type information
    """Writes the report of what the play has registered for each of its hosts."""

    _supports_check_mode = True
    _supports_diff = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        result: Dict[str, Any] = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(
            argument_spec={"directory": {"type": "path", "default": "."}}
        )[1]
        variables = task_vars or {}
        hosts = variables["hostvars"]
        answers = [_answer(name, hosts[name]) for name in variables["ansible_play_hosts_all"]]
        report = audit_report.build(
            answers, _version(), datetime.datetime.now(datetime.timezone.utc)
        )
        folder = os.path.abspath(arguments["directory"])
        files = {
            "report_json": _write(folder, "report.json", json.dumps(report, indent=2) + "\n"),
            "report_html": _write(folder, "report.html", page.render(report)),
        }
        message = f"{report['sentence']} See {files['report_html']}."
        if report["holds"]:  # a failure's message is shown anyway
            self._display.display(message)
        result.update(
            files,
            changed=False,
            failed=not report["holds"],
            msg=message,
            holds=report["holds"],
            summary=report["summary"],
        )
        return result


def _answer(name: str, variables: Mapping[str, Any]) -> Answer:
    """Return what a play registered for a host; without a result it was not asked."""
    noted = variables.get(NOTED) or {}
    failed = bool(noted.get("failed"))
    return Answer(
        name,
        None if failed else variables.get(POLICY),
        text(noted.get("msg")) if failed else None,
        variables.get(RESULT),
    )


def _version() -> str:
    """Return the collection's version: installed ones have a manifest, a source tree has not."""
    try:
        manifest = json.loads((COLLECTION / "MANIFEST.json").read_text(encoding="utf-8"))
        return str(manifest["collection_info"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        source = (COLLECTION / "galaxy.yml").read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    version = re.search(r"^version:[ \t]*[\"']?([^\s\"'#]+)", source, re.MULTILINE)
    return version.group(1) if version else "unknown"


def _write(folder: str, name: str, content: str) -> str:
    """Write a whole file or none, with the mode that new files have; return its path."""
    path = os.path.join(folder, name)
    partial = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(partial, "x", encoding="utf-8") as stream:
            stream.write(content)
        os.replace(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.unlink(partial)
        raise AnsibleActionFail(
            f"directory: {path} cannot be written: {error.strerror}."
        ) from error
    return path
