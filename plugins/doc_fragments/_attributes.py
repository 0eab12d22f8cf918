# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules of the collection say about themselves. Private to the collection."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what a real run would change, without changing it.
  diff_mode:
    description: Returns what it changes, or in C(check_mode) would change, when in diff mode.
  idempotent:
    description: A second run with the same options changes nothing.
  platform:
    description: The systems on which the module works.
"""

    EDITS = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - The proof is the same as in a real run, on a staged copy.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: linux
    support: full
"""

    ACTIONGROUP_SESSION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/curfew.session.session) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - curfew.session.session
"""
