# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options by which a module finds sshd and its configuration. Private to the collection."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  path:
    description:
      - The file that sshd starts from. By default what the running sshd reads, which its option C(-f) tells, or else its program.
    type: path
  sshd:
    description:
      - The absolute path of sshd. By default the running one, else the installed one.
    type: path
  connections:
    type: list
    elements: dict
    default: []
    suboptions:
      user:
        description: The name of the user.
        type: str
      host:
        description: The name of the client's host; by default its address.
        type: str
      addr:
        description: The IP address of the client.
        type: str
      laddr:
        description: The IP address on which the connection arrives.
        type: str
      lport:
        description: The port on which the connection arrives.
        type: int
"""
