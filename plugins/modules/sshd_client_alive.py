#!/usr/bin/python
# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: sshd_client_alive
short_description: Put sshd's ClientAlive directives in force, with proof
version_added: 0.1.0
author:
  - curfew.session contributors (@curfew-session)
description:
  - Sets C(ClientAliveInterval) and C(ClientAliveCountMax) in sshd's main file where they win, asks sshd itself whether
    they are in force, and otherwise changes nothing and names the file and the line that stand in the way.
  - These directives find clients that are I(gone). A client that is idle but alive answers and stays for ever; to end idle
    shells, use M(curfew.session.shell_tmout).
  - Every line that is not one of the two directives keeps its bytes.
extends_documentation_fragment:
  - curfew.session._attributes
  - curfew.session._attributes.actiongroup_session
  - curfew.session._attributes.edits
  - curfew.session._editing
  - curfew.session._sshd
options:
  interval:
    description:
      - The C(ClientAliveInterval), in seconds or in sshd's time format (V(900), V(15m), V(1h30m)).
      - It is always written as plain seconds, since scanners read nothing else.
      - V(0) turns the probes off, and is warned about.
    type: raw
  count_max:
    description:
      - The C(ClientAliveCountMax), a whole number of unanswered probes.
      - V(0) is warned about, since what it does depends on the release of OpenSSH.
    type: raw
  state:
    description:
      - V(present) sets what is given of O(interval) and O(count_max), at least one, and leaves the other alone.
      - V(absent) removes both directives and enables again what O(conflicts=disable) had disabled.
      - With O(match) it removes them from that block only, and what was disabled stays so, since it may contradict the
        global values too.
  match:
    description:
      - Criteria of a C(Match) block, such as V(User backup), to edit in, instead of the global section.
      - They are compared by what they mean; a missing block is made at the end of the file.
      - What is proven is a connection that meets the criteria.
    type: str
  conflicts:
    description:
      - What to do about definitions of other people that contradict the values.
      - V(report) leaves them alone; the run fails if they win.
      - V(disable) comments out those that are unconditional, with the marker C(#curfew.session# ). What loses anyway is left alone,
        unless it stands where scanners of this distribution read it, in a file that can be changed.
      - What stands in a conditional C(Match) block is somebody's exception, and stays. A block that every account which can log in
        meets is none, and the run fails if it wins there.
  connections:
    description:
      - Connections for which the values must hold too.
      - What is not given is taken from the default connection, which is always proven, and is a user that does not exist from
        an address that nobody has, at the first listener.
  verify:
    description:
      - Whether sshd itself must prove the values. V(false) is for images without sshd; it trusts the text alone.
  reload:
    description:
      - Whether to reload the running sshd if it needs it, or if nothing tells whether it does. If it fails, the old files come back.
      - Under systemd its unit is reloaded; else it gets the signal that every service manager would send. It is then seen to have
        opened new sockets, or to have written its pid file; nobody connects to it.
    type: bool
    default: false
notes:
  - Where conditional C(Match) blocks contradict the values, sshd is asked about accounts of the host, too, root first, and one for each
    set of blocks that count for somebody. That root gets something else is a warning.
  - Sessions that are open keep the numbers they began with; a reload reaches new connections.
  - Scanners look at the text and not at the effect. Where they will not see a number that is in force, or take one in a C(Match) block for a global
    one, a warning says so.
seealso:
  - module: curfew.session.shell_tmout
"""

EXAMPLES = r"""
- name: Notice dead clients after 3 to 4 minutes
  curfew.session.sshd_client_alive:
    interval: 60
    count_max: 3
    reload: true

- name: The same where other people's files contradict it
  curfew.session.sshd_client_alive:
    interval: 60
    count_max: 3
    conflicts: disable
    reload: true

- name: Be more patient with the backup user
  curfew.session.sshd_client_alive:
    match: User backup
    interval: 15m

- name: Take it back
  curfew.session.sshd_client_alive:
    state: absent
    reload: true
"""

RETURN = r"""
before:
  description: What sshd said before the run for the first of RV(connections); null values where it refused its files,
    or with O(verify=false).
  returned: always
  type: dict
  contains: &numbers
    interval_seconds:
      description: The ClientAliveInterval, in seconds.
      type: int
    count_max:
      description: The ClientAliveCountMax.
      type: int
  sample: {interval_seconds: 0, count_max: 3}
effective:
  description: What sshd says after the run, or in check mode would say, in the shape of RV(before).
  returned: always
  type: dict
  contains: *numbers
  sample: {interval_seconds: 60, count_max: 3}
connections:
  description: Each connection that was asked about, with its numbers in the shape of RV(effective).
  returned: always
  type: list
  elements: dict
  contains:
    <<: *numbers
    user:
      description: Who logs in; by default a user who does not exist.
      type: str
    host:
      description: The name of the client's host, by default its address.
      type: str
    addr:
      description: The client's address, by default one that nobody has.
      type: str
    laddr:
      description: The address that the client reached, by default the first listener's.
      type: str
    lport:
      description: The port that the client reached.
      type: int
verified:
  description:
    - Whether sshd itself said so; null with O(verify=false).
    - V(false) where it did, and yet the running one may do otherwise, because not all is known of it; a warning says what is not.
  returned: always
  type: bool
detection_seconds:
  description: How long a client that is gone stays connected on this release; null where it is never dropped or cannot be known.
  returned: always
  type: dict
  contains:
    min:
      description: The shortest time, in seconds.
      type: int
    max:
      description: The longest time, in seconds.
      type: int
    basis:
      description: The rule behind the two numbers.
      type: str
  sample: {min: 180, max: 240, basis: "interval x count_max to interval x (count_max + 1)"}
openssh_version:
  description: What the binary says of itself; null where there is none.
  returned: always
  type: str
  sample: OpenSSH_10.0p2
service:
  description:
    - The service that runs sshd, by C(name), C(manager) (V(systemd), V(openrc), V(sysvinit), V(runit) or null) and whether it is C(running).
    - C(running) is null where something listens that was not understood; a warning says what.
  returned: always
  type: dict
  sample: {name: ssh, manager: systemd, running: true}
reload_needed:
  description:
    - Whether the listener last read its configuration before the newest file it reads was changed, by this run or another.
    - Null where nothing tells.
  returned: always
  type: bool
conflicts:
  description:
    - Definitions that contradict the values, each with C(path), C(line), C(text), C(scope), C(wins), C(disabled) (by this run), and
      C(accounts).
    - Of those in a conditional C(Match) block, C(accounts) are the accounts of C(/etc/passwd) that can log in and meet the block, as
      C(count) and up to ten C(names); null where it is about other things than accounts. Those of a directory are not looked at.
    - It wins if it decides for the connections of its scope; under a condition, for one connection that is derived from it.
    - In a run that fails, lines are counted in the files as they are; else in the files as the run leaves them.
  returned: always
  type: list
  elements: dict
changed_files:
  description: The files changed, or in check mode those that would be.
  returned: always
  type: list
  elements: str
backup_files:
  description: The copies that O(backup) kept.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.curfew.session.plugins.module_utils import _results
from ansible_collections.curfew.session.plugins.module_utils._engine.run import run_one
from ansible_collections.curfew.session.plugins.module_utils._sshd import client_alive


def main() -> None:
    module = AnsibleModule(argument_spec=client_alive.spec(), supports_check_mode=True)
    _results.finish(module, run_one(client_alive, module.params, module.check_mode))


if __name__ == "__main__":
    main()
