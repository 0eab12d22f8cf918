# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What contradicts a request, and how a refusal tells of it."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    config,
    conflicts,
    explain,
    facts,
    host,
    match,
    options,
    plan,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd.service import (
    CommandLine,
    Service,
)

INTERVAL = options.Setting("ClientAliveInterval", "60", facts.read_seconds)
NOBODY = match.Connection("nobody", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)
MATCH_ALL = "Match all\nClientAliveInterval 60\n"


def situation(text, values, **given):
    """A request, the host with the daemon's options, and what there is to do: nothing."""
    spec = options.argument_spec()
    params = {name: option.get("default") for name, option in spec.items()}
    request = options.request(dict(params, **given), [INTERVAL], [INTERVAL], True)
    tree = config.read_tree("/c", lambda path, by: text, lambda name: [], [INTERVAL.keyword])
    overrides = tuple(
        host.Override(option, config.parse_line(option))
        for option in [f"ClientAliveInterval={value}" for value in values]
    )
    found = host.Host(
        "/c", Service(None, None, True), True, None, CommandLine(), None, (9, 2), None, overrides
    )
    return request, found, host.Work(None, plan.Plan(tree, tree, {}, []), [], [NOBODY])


# The file, the daemon's options, those that contradict, and whether they win
OPTIONS = [
    ("", ["60"], []),
    ("", ["5"], [("-o ClientAliveInterval=5", True)]),
    ("", ["60", "5"], [("-o ClientAliveInterval=5", False)]),
    (MATCH_ALL, ["5"], [("-o ClientAliveInterval=5", False)]),
]


@pytest.mark.parametrize("text, values, expected", OPTIONS)
def test_options_of_the_daemon(text, values, expected):
    found = conflicts.contradictions(*situation(text, values), refused=False)
    assert [(item["text"], item["wins"]) for item in found] == expected


def test_nothing_contradicts_that_directives_are_gone():
    given = situation("ClientAliveInterval 9\n", ["5"], state="absent")
    assert conflicts.contradictions(*given, refused=False) == []


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
]  # fmt: skip


@pytest.mark.parametrize("text, values, disable, cause", CAUSES)
def test_explain(text, values, disable, cause):
    given = situation(text, values, conflicts=disable)
    proven = [(NOBODY, {"clientaliveinterval": "9"})]
    message, in_the_way = explain.explain(*given, proven=proven)
    assert message.startswith(
        "Nothing was changed. ClientAliveInterval would be 9, not 60, for user nobody, host "
        f"192.0.2.1, addr 192.0.2.1, laddr 0.0.0.0, lport 22: {cause}"
    )
    assert in_the_way == conflicts.contradictions(*given, refused=True)
