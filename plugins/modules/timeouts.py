#!/usr/bin/python
# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: timeouts
short_description: Put several session timeouts in force in one run, all or nothing
version_added: 0.1.0
author:
  - curfew.session contributors (@curfew-session)
description:
  - Does what M(curfew.session.sshd_client_alive) and M(curfew.session.shell_tmout) do, any of them or all, in one run.
  - Everything is planned first, and proven on one staged state in which all planned files stand. Only then all files are written,
    all or none, and proven again.
  - If one of them cannot be put in force, the run fails, names it and what stands in the way, and nothing of any was changed.
  - The role P(curfew.session.session_timeouts#role) is one run of this module.
extends_documentation_fragment:
  - curfew.session._attributes
  - curfew.session._attributes.actiongroup_session
  - curfew.session._attributes.edits
  - curfew.session._editing
options:
  sshd_client_alive:
    description:
      - What M(curfew.session.sshd_client_alive) shall do; its options are explained there. At least one of O(sshd_client_alive) and
        O(shell_tmout) is needed.
    type: dict
    suboptions:
      interval:
        description: The C(ClientAliveInterval), in seconds or in sshd's time format.
        type: raw
      count_max:
        description: The C(ClientAliveCountMax).
        type: raw
      match:
        description: Criteria of a C(Match) block to edit in.
        type: str
      path:
        description: The file that sshd starts from. By default what the running sshd reads, which its option C(-f) tells, or else its program.
        type: path
      connections:
        description: Connections for which the values must hold too.
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
      sshd:
        description: The absolute path of sshd. By default the running one, else the installed one.
        type: path
      reload:
        description: Whether to reload the running sshd if it needs it, as a part of the run.
        type: bool
        default: false
      state: &state
        description: As O(state), for this mechanism alone.
        type: str
        choices: [present, absent]
      conflicts: &conflicts
        description: As O(conflicts), for this mechanism alone.
        type: str
        choices: [report, disable]
      verify: &verify
        description: As O(verify), for this mechanism alone.
        type: bool
      backup: &backup
        description: As O(backup), for this mechanism alone.
        type: bool
  shell_tmout:
    description:
      - What M(curfew.session.shell_tmout) shall do; its options are explained there.
    type: dict
    suboptions:
      timeout:
        description: After how long an idle shell ends, in seconds or in sshd's time format.
        type: raw
      path:
        description: The drop-in that holds TMOUT.
        type: path
        default: /etc/profile.d/tmout.sh
      readonly:
        description: Whether users are kept from changing the value.
        type: bool
        default: true
      export:
        description: Whether programs inherit the value.
        type: bool
        default: true
      interactive_only:
        description: Whether to set the value in interactive shells only.
        type: bool
        default: false
      exempt_users:
        description: As O(exempt_users), for this mechanism alone.
        type: list
        elements: str
      exempt_groups:
        description: As O(exempt_groups), for this mechanism alone.
        type: list
        elements: str
      users:
        description: Accounts of a directory service that it is to be true for as well.
        type: list
        elements: str
        default: []
      state: *state
      conflicts: *conflicts
      verify: *verify
      backup: *backup
  state:
    description:
      - V(present) puts the values in force; V(absent) takes back what was put there.
  conflicts:
    description:
      - What to do about definitions of other people that contradict the values.
      - V(report) leaves them alone; the run fails if they win. V(disable) comments out those that are unconditional.
  verify:
    description:
      - Whether sshd and the login shells must prove the values. V(false) is for images without them.
  exempt_users:
    description:
      - Users who are left alone, by mechanisms that can; sshd's ClientAlive directives concern everybody.
    type: list
    elements: str
    default: []
  exempt_groups:
    description:
      - Groups whose members are left alone, by mechanisms that can.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    details:
      - The shells are asked in a private view of the host. On a host that forbids that, check mode proves nothing of them and says
        so in RV(verified); a real run then asks after it has written, and puts every byte back if the answer is wrong.
notes:
  - Options at the top count for all mechanisms; those of a mechanism itself come before them.
  - In the error about an option, one of a mechanism is named with it, such as C(shell_tmout.timeout).
seealso:
  - module: curfew.session.sshd_client_alive
  - module: curfew.session.shell_tmout
"""

EXAMPLES = r"""
- name: Notice dead clients after 3 to 4 minutes, and end idle shells after 15
  curfew.session.timeouts:
    sshd_client_alive:
      interval: 60
      count_max: 3
      reload: true
    shell_tmout:
      timeout: 15m

- name: Take both back
  curfew.session.timeouts:
    state: absent
    sshd_client_alive:
      reload: true
    shell_tmout: {}
"""

RETURN = r"""
changed:
  description:
    - Whether anything was changed, or in check mode would be. It is true as well, for all mechanisms, where the run has taken back or
      completed what a run that was killed had begun, and where a run failed and not every file could be brought back.
  returned: always
  type: bool
changed_files:
  description: The files changed, of all mechanisms, or in check mode those that would be.
  returned: always
  type: list
  elements: str
  sample: [/etc/ssh/sshd_config, /etc/profile.d/tmout.sh]
verified:
  description:
    - Whether all values were proven; false or null as soon as those of one mechanism were not, or not asked about.
  returned: always
  type: bool
  sample: true
sshd_client_alive:
  description:
    - What M(curfew.session.sshd_client_alive) returns, without its diff. Where it was not asked for, or nothing is known, the same
      keys hold null or nothing.
  returned: always
  type: dict
  sample: {changed: true, effective: {interval_seconds: 60, count_max: 3}, reload_needed: true}
shell_tmout:
  description:
    - What M(curfew.session.shell_tmout) returns, in the same way, and a C(msg) only where that has run to its end.
  returned: always
  type: dict
  sample: {changed: true, effective: [{path: /bin/bash, family: bash, logout_seconds: 900}]}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.curfew.session.plugins.module_utils import _results
from ansible_collections.curfew.session.plugins.module_utils._engine import timeouts


def main() -> None:
    module = AnsibleModule(argument_spec=timeouts.spec(), supports_check_mode=True)
    _results.finish(module, timeouts.run_given(module.params, module.check_mode))


if __name__ == "__main__":
    main()
