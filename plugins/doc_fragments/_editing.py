# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of modules that edit files and prove what is then in force. Private to the collection.

What a module does about them is in its own descriptions.
"""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  state:
    type: str
    choices: [present, absent]
    default: present
  conflicts:
    type: str
    choices: [report, disable]
    default: report
  verify:
    type: bool
    default: true
  backup:
    description:
      - Whether to keep a copy of each file changed, beside it, under a hidden name that neither sshd nor a profile reads.
    type: bool
    default: false
"""
