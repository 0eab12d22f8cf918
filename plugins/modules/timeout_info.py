#!/usr/bin/python
# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: timeout_info
short_description: Say what really ends sessions on a host, and for whom nothing does
version_added: 0.1.0
author:
  - curfew.session contributors (@curfew-session)
description:
  - Asks the installed sshd, the login shells that accounts use, and logind, what their timeouts are, and tells in plain
    sentences what ends a session on this host, after how long, and which accounts nothing ever logs out.
  - Whatever it says of a number was said by the program that obeys it; files tell only where the number comes from. What it could not see is null,
    and a sentence of RV(verdict) says so.
  - It changes nothing. It needs no root for what a user may read; as a user it does not see a main file that is for root only, the command line of
    the daemon and the sessions of others, and says so.
extends_documentation_fragment:
  - curfew.session._attributes
  - curfew.session._attributes.actiongroup_session
  - curfew.session._sshd
attributes:
  check_mode:
    support: full
    details:
      - It changes nothing, in check mode or not.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: linux
    support: full
options:
  connections:
    description:
      - Connections to tell about, besides the default one and one for each C(Match) block.
      - What is not given is taken from the default connection, which is a user that does not exist from an address that
        nobody has, at the first listener.
  users:
    description:
      - Accounts of a directory service to tell about, besides those of C(/etc/passwd) and those that have an SSH session open now.
        Each is looked up by its name; a directory is never enumerated.
      - A name that nobody has is named in RV(verdict), and so is one for which no directory answers within seconds.
    type: list
    elements: str
    default: []
notes:
  - Shells are asked in a private view of the host, in which all that login files do is gone afterwards, with an empty home, at a terminal as after
    a login over SSH, and without one if they do not come to their prompt there; as a user without rights, as root without his powers, and as one
    of each class of accounts that login files can tell from others. On a host that allows no such view nobody is asked as root, and that is said.
  - A shell that waits for an answer at login gets one. One that shows a TMOUT is also left alone, with one second in the place of the number
    where that can be done; one that stays is V(unknown), with the line that may be why.
  - Files in home directories are not looked at, so a user whose value is not readonly may have turned it off, or turned a timeout of his own on.
  - sshd and the shells read their files as at every login, which is all that may move an access time. Files of one run in C(/tmp) are private and
    removed.
  - C(ChannelTimeout), C(SetEnv), C(ForceCommand), C(ChrootDirectory), C(PermitTTY) and who is let in, of an account, are those of its connections
    from no particular address; what a C(Match) block gives for an address or a port is in RV(sshd.connections). Where sshd starts a ForceCommand
    instead of the shell, or the shell in a ChrootDirectory or without a terminal, what that does is not known.
  - An account that sshd does not let in (C(DenyUsers), C(PermitRootLogin no) and the like) keeps the state of its shell, which C(su) or a console
    may start. One that is locked out by C(ChannelTimeout none) in a C(Match) block, which nobody means, is C(no_login).
  - What accounts bring themselves (C(~/.ssh/environment), C(command=) in authorized_keys, a TMOUT sent by the client) is not looked at.
  - That logind ends idle SSH sessions of root with OpenSSH 9.8 or later follows from how both work; no release of Debian has such a pair to
    measure it with.
  - Accounts of a directory service are never enumerated. Which directories there are, and how many of their accounts were asked, is
    in RV(directories); where none was, RV(verdict) says so.
  - Where login files can tell more than 300 kinds of accounts apart, the largest are asked; accounts of the others are V(unknown).
seealso:
  - module: curfew.session.sshd_client_alive
  - module: curfew.session.shell_tmout
"""

EXAMPLES = r"""
- name: Ask what ends a session
  curfew.session.timeout_info:
  register: timeouts

- name: Show it
  ansible.builtin.debug:
    msg: "{{ timeouts.verdict }}"

- name: Ask about a certain connection as well
  curfew.session.timeout_info:
    connections:
      - user: backup
        addr: 10.0.0.5

- name: Insist that nobody is left out
  ansible.builtin.assert:
    that: timeouts.accounts | rejectattr('state', 'in', ['ends', 'no_login']) | length == 0
"""

RETURN = r"""
sshd:
  description: What sshd does with connections. All values but RV(sshd.definitions) are said by sshd itself.
  returned: always
  type: dict
  contains:
    path:
      description: The file that sshd starts from; null where it cannot be known.
      type: str
    version:
      description: What the binary says of itself; null where there is none.
      type: str
    service:
      description:
        - The service that runs sshd, by C(name), C(manager) (V(systemd), V(openrc), V(sysvinit), V(runit) or null) and whether it is C(running).
        - C(running) is null where something listens that was not understood; a sentence of the RV(verdict) says what.
      type: dict
    command_line:
      description:
        - The options (C(-o)) that the daemon runs with. They beat every file's global section, not its C(Match) blocks.
        - Those that its unit gives where the daemon itself cannot be seen, as without root.
      type: list
      elements: str
    effective:
      description:
        - The numbers of the default connection, C(interval_seconds) and C(count_max).
        - Where C(Match) blocks give all accounts that can log in others, those of the first of the RV(sshd.connections) that stand for
          accounts. So do RV(sshd.detection_seconds) and the two timeouts below.
      type: dict
    connections:
      description:
        - The default connection, one for each C(Match) block derived from its conditions, and those of O(connections).
        - Where conditional blocks set any of this, also one for each set of accounts for which the same lines count, root's first; of
          those, C(accounts) has the C(count) and up to ten C(names), and is null for others.
        - Each has C(user), C(host), C(addr), C(laddr), C(lport), C(scope) (the block that it was derived from, else null),
          C(interval_seconds), C(count_max), and C(detection_seconds), C(channel_timeout) and C(unused_connection_timeout) as below.
      type: list
      elements: dict
    detection_seconds:
      description: How long a client that is gone stays connected on this release; null where sshd never drops it or it cannot be known.
      type: dict
      contains: &detection
        min:
          description: The shortest time, in seconds.
          type: int
        max:
          description: The longest time, in seconds.
          type: int
        basis:
          description: The rule behind the two numbers.
          type: str
    tcp_keepalive_seconds:
      description: After how long the kernel gives up a client whose host is gone; null if sshd does not ask it to.
      type: int
    channel_timeout:
      description: The ChannelTimeout of the default connection; null where none is set.
      type: dict
      contains:
        value:
          description: What sshd shows.
          type: str
        works:
          description: Whether any of it does anything on this release.
          type: bool
        shell_seconds:
          description: After how long it ends an idle interactive session; null if never.
          type: int
        command_seconds:
          description: After how long it ends a silent remote command; null if never.
          type: int
        why:
          description: What of it does nothing, and why; null if all of it works.
          type: str
    unused_connection_timeout:
      description: The UnusedConnectionTimeout of the default connection; null where none is set.
      type: dict
      contains:
        seconds:
          description: After how long a connection without any session is closed.
          type: int
        works:
          description: Whether it does anything on this release.
          type: bool
        why:
          description: What is wrong with it on this release, or null.
          type: str
    definitions:
      description: Where each of the directives is set, in the order in which sshd reads them; those of the command line first.
      type: list
      elements: dict
      contains:
        path:
          description: The file; null for the command line.
          type: str
        line:
          description: The number of the line; null for the command line.
          type: int
        keyword:
          description: The directive.
          type: str
        value:
          description: Its value, as it stands there.
          type: str
        scope:
          description: V(global), V(command line), or the C(Match) lines that it stands under.
          type: str
        wins:
          description: Whether it decides for the connections of its scope; under a condition, for one connection that is derived from it.
          type: bool
        beaten_by:
          description: What it loses to; null if it wins.
          type: str
        accounts:
          description:
            - The accounts of C(/etc/passwd) that can log in and meet its conditional scope, as C(count) and up to ten C(names).
            - Null where it is unconditional, or about other things than accounts.
          type: dict
    reload_needed:
      description: Whether the listener last read its configuration before the newest file it reads was changed; null where nothing tells.
      type: bool
    sessions:
      description:
        - How many SSH sessions are C(open), this one included, and how many of them are C(older) than the last time that the daemon read its
          configuration, and so keep the numbers of that time; all of them where RV(sshd.reload_needed).
        - Null where it cannot be seen, as without root.
      type: dict
    daemons:
      description: Each sshd that lets people in at this host, the one that all else in RV(sshd) is about first.
      type: list
      elements: dict
      contains:
        config:
          description: The file that it reads; null where that cannot be known, or is none of this host's.
          type: str
        binary:
          description: The program, as it was started.
          type: str
        addresses:
          description: Where it listens, or systemd does for it.
          type: list
          elements: str
        service:
          description: As RV(sshd.service).
          type: dict
        foreign:
          description: Whether it has files of its own, as that of a container that uses this host's network.
          type: bool
        told:
          description: Whether it is the one that all else is about.
          type: bool
        effective:
          description: The numbers of its default connection, C(interval_seconds) and C(count_max); null where it could not be asked.
          type: dict
        reload_needed:
          description: As RV(sshd.reload_needed).
          type: bool
  sample:
    path: /etc/ssh/sshd_config
    version: OpenSSH_10.0p2
    service: {name: ssh, manager: systemd, running: true}
    command_line: []
    effective: {interval_seconds: 60, count_max: 3}
    connections:
      - user: curfew-no-such-user
        host: 192.0.2.1
        addr: 192.0.2.1
        laddr: 0.0.0.0
        lport: 22
        scope: null
        interval_seconds: 60
        count_max: 3
        detection_seconds: {min: 180, max: 240, basis: "interval x count_max to interval x (count_max + 1)"}
        channel_timeout: null
        unused_connection_timeout: null
    detection_seconds: {min: 180, max: 240, basis: "interval x count_max to interval x (count_max + 1)"}
    tcp_keepalive_seconds: 7875
    channel_timeout: null
    unused_connection_timeout: null
    definitions:
      - {path: /etc/ssh/sshd_config, line: 12, keyword: ClientAliveInterval, value: "60", scope: global, wins: true, beaten_by: null}
    reload_needed: false
    sessions: {open: 2, older: 0}
    daemons:
      - config: /etc/ssh/sshd_config
        binary: /usr/sbin/sshd
        addresses: ["0.0.0.0:22", "[::]:22"]
        service: {name: ssh, manager: systemd, running: true}
        foreign: false
        told: true
        effective: {interval_seconds: 60, count_max: 3}
        reload_needed: false
shells:
  description: The known login shells that accounts of C(/etc/passwd) use.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The path of the shell.
      type: str
    family:
      description: What it is; one of V(bash), V(dash), V(zsh), V(ksh93), V(mksh), V(tcsh).
      type: str
    answered:
      description: Whether it came to its prompt and said so.
      type: bool
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
    definitions:
      description:
        - Where TMOUT (of csh shells, autologout) is given or taken away, by C(path), C(line), C(text) and C(scope).
        - The text is the line; of one longer than 200 characters, the first 200 of the definition.
        - The scope is V(login shells) for the files that this shell reads at login, in its order; else what else can set it, such as V(PAM).
      type: list
      elements: dict
  sample:
    - path: /bin/ksh93
      family: ksh93
      answered: true
      tmout_seconds: 900
      readonly: true
      exported: true
      logout_seconds: 960
      definitions: [{path: /etc/profile.d/tmout.sh, line: 4, text: TMOUT=900, scope: login shells}]
logind:
  description: What logind does with idle sessions, as the running logind says.
  returned: always
  type: dict
  contains:
    stop_idle_session_seconds:
      description: The StopIdleSessionSec in force; null where it does not exist, is off, or logind does not run.
      type: int
    sees_ssh:
      description:
        - Whether logind learns the terminals of SSH sessions of this system; without it, none of them is ever idle to it.
        - Null where sshd or PAM did not tell what sessions go through.
      type: bool
    definitions:
      description: Where StopIdleSessionSec is set, by C(path), C(line), C(text), C(value) and whether it C(wins).
      type: list
      elements: dict
  sample: {stop_idle_session_seconds: null, sees_ssh: false, definitions: []}
accounts:
  description:
    - Each account of C(/etc/passwd) that can have a session, each of O(users), and others that have an SSH session open now, with what
      ends its idle SSH sessions.
    - On a host with more than 1,000 of them, one of each kind and those that have an SSH session open now; RV(classes) has all.
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
    idle_logout_seconds:
      description: After how long an idle SSH session of this account is ended; null where RV(accounts[].state) is another one than V(ends).
      type: int
    ended_by:
      description: What ends it first; V(TMOUT), V(autologout), V(ChannelTimeout), V(StopIdleSessionSec) or null.
      type: str
    state:
      description:
        - V(ends) after RV(accounts[].idle_logout_seconds), V(never), V(unknown) where that could not be learned, or V(no_login) where nobody can log
          in as it.
        - That is where the shell does not exist or gives no session, where the account cannot start it, and where the account has expired. Accounts
          with C(nologin), C(false) and the like, which are made so that nobody logs in, are left out.
      type: str
    why:
      description: A sentence that says all that ends it, or why nothing does, or what could not be learned.
      type: str
  sample:
    - user: root
      shell: /bin/bash
      idle_logout_seconds: 900
      ended_by: TMOUT
      state: ends
      why: An idle bash prompt is closed after 15 minutes.
    - user: deploy
      shell: /bin/zsh
      idle_logout_seconds: null
      ended_by: null
      state: never
      why: Uses zsh, which does not read /etc/profile.d on this system.
classes:
  description:
    - All accounts by what is said of them.
    - Where more than 300 different things are said, accounts of the smallest classes stand together by C(idle_logout_seconds), C(ended_by)
      and C(state); their C(shell) is empty, and C(why) is what is said of the first.
  returned: always
  type: list
  elements: dict
  contains:
    count:
      description: How many accounts there are of which this is said.
      type: int
    users:
      description: Up to ten of them.
      type: list
      elements: str
    shell:
      description: As in RV(accounts), and so are C(idle_logout_seconds), C(ended_by), C(state) and C(why).
      type: str
  sample:
    - {count: 1, users: [root], shell: /bin/bash, idle_logout_seconds: 900, ended_by: TMOUT, state: ends, why: An idle bash prompt is closed after 15 minutes.}
directories:
  description: Directory services that this host has accounts from, and that are set up.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What C(/etc/nsswitch.conf) calls it.
      type: str
    answers:
      description: Whether it answered within seconds.
      type: bool
    why:
      description: What is wrong if it does not; empty if it does.
      type: str
    asked:
      description: How many of its accounts that can log in were told about; those of O(users), and those that have an SSH session open.
      type: int
  sample: [{name: sss, answers: true, why: "", asked: 0}]
verdict:
  description: Plain sentences that say what ends a session on this host, after how long, for whom nothing does, and what could not be seen.
  returned: always
  type: list
  elements: str
  sample:
    - An idle bash prompt is closed after 15 minutes.
    - A client that vanishes is noticed after 3 to 4 minutes.
    - "The account `deploy` uses zsh, which does not read /etc/profile.d on this system: nothing ever logs it out."
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.curfew.session.plugins.module_utils import _results
from ansible_collections.curfew.session.plugins.module_utils._info import gather


def main() -> None:
    module = AnsibleModule(argument_spec=gather.spec(), supports_check_mode=True)
    _results.finish(module, gather.run(module.params))


if __name__ == "__main__":
    main()
