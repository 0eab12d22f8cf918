# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mechanism that nobody has thought of: how long a client may take to log in.

It is all that a new one of sshd takes, besides its line in the table.
"""

from ansible_collections.curfew.session.plugins.module_utils import _durations
from ansible_collections.curfew.session.plugins.module_utils._sshd import options as sshd_options
from ansible_collections.curfew.session.plugins.module_utils._sshd.facts import read_seconds
from ansible_collections.curfew.session.plugins.module_utils._sshd.steps import Asked, Telling

NAME = "sshd_login_grace"


def spec():
    return sshd_options.argument_spec(time=dict(type="raw"))


def unknown():
    return {"changed": False, "verified": None, "seconds": None, "changed_files": []}


def options(params):
    value = None if params["time"] is None else str(_durations.parse(params["time"], "time"))
    setting = sshd_options.Setting("LoginGraceTime", value, read_seconds)
    return Asked(sshd_options.request(params, [setting], [setting]), Telling(_told, _known))


def _told(outcome):
    return {
        "changed": outcome.changed,
        "verified": outcome.verified,
        "seconds": outcome.proven[0][1]["logingracetime"],
        "changed_files": outcome.changed_files,
        "backup_files": outcome.backup_files,
        "warnings": outcome.warnings,
    }


def _known(_known):
    return {}
