# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request and a host about which it is made, for tests of what is said of them."""

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    config,
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
    request = options.request(dict(params, **given), [INTERVAL], [INTERVAL])
    tree = config.read_tree("/c", lambda path, by: text, lambda name: [], [INTERVAL.keyword])
    overrides = tuple(
        host.Override(option, config.parse_line(option))
        for option in [f"ClientAliveInterval={value}" for value in values]
    )
    found = host.Host(
        "/c", Service(None, None, True), True, None, CommandLine(), None, (9, 2), None, overrides
    )
    return request, found, host.Work(None, plan.Plan(tree, tree, {}, []), [], [NOBODY])


def reader(files):
    """What reads a tree whose main file is ``m``, with other texts in place of those of files."""

    def read(texts):
        now = dict(files, **texts)
        return config.read_tree(
            "m",
            lambda path, by: now[path],
            lambda name: [name] if name in now else [],
            ("ClientAliveInterval", "ClientAliveCountMax"),
            (9, 2),
        )

    return read
