#!/usr/bin/python
# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: shell_tmout
short_description: Put an idle timeout of login shells in force, with proof
version_added: 0.1.0
author:
  - curfew.session contributors (@curfew-session)
description:
  - Writes C(TMOUT) to a drop-in that the profile of every login shell reads, in one text that bash, dash, zsh, ksh93 and mksh
    can read twice without an error and that scanners accept.
  - Then starts each installed login shell that it knows (bash, dash, zsh, ksh93, mksh, tcsh) in a private view of the host, with an
    empty home, and asks it; as a user without rights, as root, and as one of each class of accounts that login files can tell
    from others. If a shell that reads the drop-in does not say what was asked, or would newly die, hang or print at login, the
    run fails, names the file and the line that stand in the way, and changes nothing.
  - Where the drop-in changes, each shell is also left alone at a terminal, with one second in the place of the number. A bash that
    does not end then is a failure; another shell that does not is not covered.
  - A shell at its prompt ends when nothing was typed for the time given. It does not end while a program runs in it, and B(dash),
    B(tcsh) and B(fish) never do. To find clients that are gone, use M(curfew.session.sshd_client_alive).
extends_documentation_fragment:
  - curfew.session._attributes
  - curfew.session._attributes.actiongroup_session
  - curfew.session._attributes.edits
  - curfew.session._editing
attributes:
  check_mode:
    details:
      - The shells are asked in a private view of the host, in which planned files are in place and all that is written is gone
        afterwards. On a host that forbids that, check mode proves nothing and says so in RV(verified); a real run then asks
        users without rights alone, after it has written, and puts every byte back if the answer is wrong.
options:
  timeout:
    description:
      - After how long an idle shell ends, in seconds or in sshd's time format (V(900), V(15m), V(1h30m)); 1 second or more.
      - It is always written as plain seconds, since shells read V(15m) as 15 seconds, or as nothing at all.
      - Needed with O(state=present); O(state=absent) takes none.
    type: raw
  state:
    description:
      - V(present) writes the drop-in.
      - V(absent) removes it, and enables again what O(conflicts=disable) had disabled. A drop-in that is a symbolic link
        stays one, to a file that is empty then.
  path:
    description:
      - The drop-in. Its name must be one that every profile loop reads.
      - A file that is there and holds nothing but TMOUT and comments is taken over; any other is refused.
      - So is one that does not give everybody the same TMOUT, because it asks who somebody is or how they log in.
      - It has the mode 0644, and 0755 where it has that already, or where a loop over login files reads executable ones alone.
    type: path
    default: /etc/profile.d/tmout.sh
  readonly:
    description:
      - Whether users are kept from changing the value. A program that they start is not bound by it.
    type: bool
    default: true
  export:
    description:
      - Whether programs inherit the value. C(read) in scripts of bash and ksh93 then gives up after this time as well.
    type: bool
    default: true
  interactive_only:
    description:
      - Whether to set the value in interactive shells only, so that scripts that read the profile are left alone.
    type: bool
    default: false
  exempt_users:
    description:
      - Users who are left alone, by their real identity.
    type: list
    elements: str
    default: []
  exempt_groups:
    description:
      - Groups whose members are left alone, by their real identity.
    type: list
    elements: str
    default: []
  users:
    description:
      - Accounts of a directory service that it is to be true for as well. Each is looked up by its name; a directory is never
        enumerated. Accounts of C(/etc/passwd) need not be named.
    type: list
    elements: str
    default: []
  conflicts:
    description:
      - What to do about other definitions that contradict this one.
      - V(report) leaves them alone; the run fails if one of them wins or is in the way.
      - V(disable) comments out, with the marker C(#curfew.session# ), those that are read after the drop-in, or before it and
        are readonly, in files that the shells read which read the drop-in. Every such file means the same in all other respects.
      - Definitions of csh, PAM, sshd's C(SetEnv) and sudoers are only ever reported. Files in home directories are not looked at.
  verify:
    description:
      - Whether login shells must prove the value. V(false) is for images without shells; it trusts the text alone.
notes:
  - Sessions that are open keep the value they began with.
  - Scanners look at the text and not at the effect. Where they will not see the drop-in, or fail one whose value is not readonly or not exported, a
    warning says so.
  - Nothing but known shells is ever started, told by what the programs are and not by their names.
  - Users of a directory service are never enumerated. Those that have an SSH session open are asked, besides those of O(users); where
    nobody of a directory was, a warning says so.
  - Where login files can tell more than 300 kinds of accounts apart, the largest are asked; RV(verified) is false then.
seealso:
  - module: curfew.session.sshd_client_alive
"""

EXAMPLES = r"""
- name: End idle login shells after 15 minutes
  curfew.session.shell_tmout:
    timeout: 15m

- name: The same where other login files contradict it
  curfew.session.shell_tmout:
    timeout: 900
    conflicts: disable

- name: Leave backup jobs and operators alone
  curfew.session.shell_tmout:
    timeout: 900
    exempt_users: [backup]
    exempt_groups: [operators]

- name: Take it back
  curfew.session.shell_tmout:
    state: absent
"""

RETURN = r"""
before:
  description: What each installed login shell said before the run; null with O(verify=false).
  returned: always
  type: list
  elements: dict
  contains: &shell
    path:
      description: The path of the shell.
      type: str
    family:
      description: What it is; one of V(bash), V(dash), V(zsh), V(ksh93), V(mksh), V(tcsh).
      type: str
    tmout_seconds:
      description: The TMOUT of a login shell, in seconds as this shell reads it; null where it has none.
      type: int
    readonly:
      description: Whether the user is kept from changing it; null where the shell did not answer.
      type: bool
    exported:
      description: Whether programs inherit it; null where the shell did not answer.
      type: bool
    logout_seconds:
      description: After how long an idle session really ends; null where it never does. ksh93 gives 60 seconds of grace.
      type: int
    user:
      description: The account as which it was asked, for all that login files cannot tell from it; null for a user who is no account.
      type: str
    basis:
      description: V(lived) where an idle shell was seen to end, or to stay, in this run; V(value) where its number tells.
      type: str
  sample:
    - {path: /bin/ksh93, family: ksh93, tmout_seconds: 0, readonly: false, exported: false, logout_seconds: null, user: null, basis: value}
effective:
  description:
    - What each shell says after the run, or in check mode would say, in the shape of RV(before).
    - It is null with O(verify=false), and in check mode on a host that forbids private mount namespaces.
  returned: always
  type: list
  elements: dict
  contains: *shell
  sample:
    - {path: /bin/ksh93, family: ksh93, tmout_seconds: 900, readonly: true, exported: true, logout_seconds: 960, user: null, basis: value}
verified:
  description:
    - Whether RV(effective) was said by the shells, root's among them; null with O(verify=false). It is false, with a warning that says
      why, on a host that allows no private view, as many containers do.
  returned: always
  type: bool
  sample: true
uncovered:
  description:
    - Accounts whose shell by design never obeys, or was seen not to; at most 1,000, of which there is one of each kind. A warning
      counts them all.
    - It is empty with O(state=absent), and where no shell was asked (RV(effective) is null), which says nothing about them.
  returned: always
  type: list
  elements: dict
  contains:
    user:
      description: The account.
      type: str
    shell:
      description: Its login shell.
      type: str
    why:
      description: Why nothing ends its idle sessions.
      type: str
  sample: [{user: backup, shell: /bin/dash, why: dash knows no idle timeout}]
conflicts:
  description: Definitions of TMOUT in other files.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    line:
      description: The number of the line.
      type: int
    text:
      description: The line; of one longer than 200 characters, the first 200 of what defines TMOUT.
      type: str
    scope:
      description: Whom it concerns, such as V(login shells) or V(PAM).
      type: str
    wins:
      description: Whether it beats the drop-in where it is read.
      type: bool
    disabled:
      description: Whether this run disabled it, or in check mode would.
      type: bool
  sample:
    - {path: /etc/profile, line: 31, text: export TMOUT=60, scope: login shells, wins: false, disabled: true}
changed_files:
  description: The files changed, or in check mode those that would be, in the order of the writes.
  returned: always
  type: list
  elements: str
  sample: [/etc/profile, /etc/profile.d/tmout.sh]
backup_files:
  description: The copies that O(backup=true) kept.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.curfew.session.plugins.module_utils import _results
from ansible_collections.curfew.session.plugins.module_utils._engine.run import run_one
from ansible_collections.curfew.session.plugins.module_utils._shell import tmout


def main() -> None:
    module = AnsibleModule(argument_spec=tmout.spec(), supports_check_mode=True)
    _results.finish(module, run_one(tmout, module.params, module.check_mode))


if __name__ == "__main__":
    main()
