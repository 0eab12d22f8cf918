# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the loop that reads a folder of login files wants them to be executable."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._shell import loops, tmout

PATH = "/etc/profile.d/tmout.sh"

# a login file, and the line that asks
ASKING = [
    ("for i in /etc/profile.d/*.sh; do\n  if [ -x $i ]; then\n    . $i\n  fi\ndone\n", 2),
    ('D=/etc/profile.d\nfor f in "$D"/*.sh; do\n[[ -x "${f}" ]] && source "${f}"; done\n', 3),
    ("for i in /etc/profile.d/*.sh; do test -f $i -a -x $i && . $i; done\n", 1),
    ("ls /etc/profile.d/*.sh | while read f\ndo [ -x '$f' ] || [ -x $f ] && . $f; done\n", 2),
    ("[ -x /etc/profile.d/tmout.sh ] && . /etc/profile.d/tmout.sh\n", 1),
    ("for i in $(run-parts --test /etc/profile.d); do . $i; done\n", 1),
    ("\nfor i in `find /etc/profile.d -name '*.sh' -executable`; do . $i; done\n", 2),
    ("for i in $(find /etc/profile.d -perm -111); do . $i; done\n", 1),
    # Not that, or not for these files.
    ("for i in /etc/profile.d/*.sh; do\n  if [ -r $i ]; then . $i; fi; done\n", None),
    ("for i in /etc/profile.d/*.sh; do\n  # [ -x $i ]\n  . $i; done\n", None),
    ("for i in /etc/profile.d/*.sh; do . $i; done\n[ -x $ed ] && $ed\n", None),
    ("for i in /etc/hooks/*; do [ -x $i ] && . $i; done\n", None),
    ("[ -x /usr/bin/id ] && . /etc/profile.d/tmout.sh\n", None),
    ("for i in $(run-parts --list /etc/profile.d); do . $i; done\n", None),
    ("for i in $(find /etc/profile.d -perm -444); do . $i; done\n", None),
    ("run-parts --test /etc/cron.d; . /etc/profile.d/a.sh\n", None),
    ("", None),
]


@pytest.mark.parametrize("text, line", ASKING)
def test_wants_executable(text, line):
    assert loops.wants_executable(text, PATH) == line
    assert line is None or tmout._MAY_ASK.search(text)
