#!/usr/bin/python
# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: audit_report
short_description: Write the report of an audit of session timeouts
version_added: 0.1.0
author:
  - curfew.session contributors (@curfew-session)
description:
  - Holds what M(curfew.session.timeout_info) found on each host of the play against the policy of that host, and writes
    C(report.json) and C(report.html), on the controller.
  - Is the last task of the playbook C(curfew.session.audit), which registers what it needs, and is of little use elsewhere.
  - Fails, after it has written both files, if the policy does not hold on every host. Hosts that could not be reached or asked
    are in the report and count as not holding.
extends_documentation_fragment:
  - curfew.session._attributes
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  check_mode:
    support: full
    details:
      - Hosts are not touched, so that the files are written in check mode as well.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Both files are written anew each time, and tell the time.
  platform:
    platforms: all
    support: full
options:
  directory:
    description:
      - The folder for the two files, made if it is missing. What is not absolute is taken from the current folder.
    type: path
    default: .
seealso:
  - module: curfew.session.timeout_info
"""

EXAMPLES = r"""
- name: Write the report
  curfew.session.audit_report:
    directory: reports
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
holds:
  description: Whether the policy holds on every host.
  returned: when the files were written
  type: bool
  sample: false
summary:
  description: How many hosts there are in each state.
  returned: when the files were written
  type: dict
  sample: {hosts: 3, holds: 1, differs: 1, unverified: 0, unreachable: 1}
report_json:
  description: The path of the data, whose form is described with the collection.
  returned: when the files were written
  type: str
  sample: /srv/reports/report.json
report_html:
  description: The path of the page.
  returned: when the files were written
  type: str
  sample: /srv/reports/report.html
"""
