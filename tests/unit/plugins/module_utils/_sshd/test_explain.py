# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a refusal tells what stands in the way."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import conflicts, explain

from .situations import NOBODY, situation

# The file, the daemon's options, the option conflicts, the cause
CAUSES = [
    ("", ["5"], "report", "the daemon runs with -o ClientAliveInterval=5, which beats the global"),
    ("", [], "report", "no line that was found explains it."),
    ("\nMatch all\n ClientAliveInterval 9\n", [], "report",
     "/c line 3 in the scope Match all says 'ClientAliveInterval 9' (conflicts=disable would "
     "disable it)."),
    ("Match all\nClientAliveInterval 9\n", [], "disable",
     "/c line 2 in the scope Match all says 'ClientAliveInterval 9'."),
    ("Match Address 192.0.2.1\nClientAliveInterval 9\n", ["5"], "report",
     "/c line 2 in the scope Match Address 192.0.2.1 says 'ClientAliveInterval 9'."),
    ("Match Version *\nClientAliveInterval 9\n", [], "report",
     "/c line 2 in the scope Match Version * says 'ClientAliveInterval 9' (which counts for "
     "everybody here, for this sshd calls itself '')."),
]  # fmt: skip


@pytest.mark.parametrize("text, values, disable, cause", CAUSES)
def test_explain(text, values, disable, cause):
    given = situation(text, values, conflicts=disable)
    proven = [(NOBODY, {"clientaliveinterval": "9"})]
    message, in_the_way = explain.explain(*given, proven=proven)
    assert message.startswith(
        "ClientAliveInterval would be 9, not 60, for user nobody, host "
        f"192.0.2.1, addr 192.0.2.1, laddr 0.0.0.0, lport 22: {cause}"
    )
    assert in_the_way == conflicts.contradictions(*given, refused=True)
