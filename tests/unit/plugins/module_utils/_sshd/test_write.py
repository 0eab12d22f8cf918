# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order files are written, and what is told when they had to be put back."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    config,
    facts,
    match,
    options,
    write,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd import plan as sshd_plan

from .situations import reader

RELEASE = config.NEWEST
SETTINGS = [
    options.Setting("ClientAliveInterval", "60", facts.read_seconds),
    options.Setting("ClientAliveCountMax", "3", facts.read_number),
]
NOBODY = match.Connection("nobody", "192.0.2.1", "192.0.2.1", "0.0.0.0", 22)
BOTH = "Include /a\nInclude /b\n"


def interval(value):
    return f"ClientAliveInterval {value}\n"


def count(value):
    return f"ClientAliveCountMax {value}\n"


# the files, the order in which they are written, and taken back
ORDERS = [
    ("one file", {"m": interval(5)}, "m", "m"),
    ("a drop-in beats ours until it falls",
     {"m": "Include /a\n" + interval(300), "/a": interval(900)}, "m /a", "/a m"),
    ("the first drop-in falls last, comes back first",
     {"m": BOTH + interval(300), "/a": interval(900), "/b": interval(500)}, "m /b /a", "/a /b m"),
    ("Match all in the main file beats a drop-in: ours comes with the same write",
     {"m": "Include /a\nMatch all\n" + count(9), "/a": interval(900)}, "m /a", "/a m"),
    ("Match all in the main file hides a drop-in, which must fall first",
     {"m": "Include /a\n" + count(7) + "Match all\n" + count(9), "/a": count(5)},
     "/a m", "m /a"),
    ("Match all in a drop-in beats ours until it falls",
     {"m": "Include /a\n", "/a": "Match all\n" + interval(900)}, "m /a", "/a m"),
    ("none holds for both: the plan's own",
     {"m": "Include /a\n" + interval(300) + count(7) + "Match all\n" + count(9),
      "/a": interval(900) + count(5)}, "/a m", "m /a"),
]  # fmt: skip


def in_force(plan, read, order):
    """What is in force before, between and after the writes."""
    found = []
    for number in range(len(order) + 1):
        tree = read({path: plan.texts[path] for path in order[:number]})
        values = []
        for setting in SETTINGS:
            directive = config.deciding(tree, setting.keyword, NOBODY)
            values.append(directive and directive.arguments[0])
        found.append(values)
    return found


@pytest.mark.parametrize("name, files, there, back", ORDERS, ids=[row[0] for row in ORDERS])
def test_old_or_new_after_each_write(name, files, there, back):
    read = reader(files)
    plan = sshd_plan.make(read, SETTINGS, RELEASE, None, True)
    order = write.safest(plan, read, SETTINGS, [NOBODY])
    assert " ".join(order) == there
    held = in_force(plan, read, order)
    for values in held:
        old_or_new = all(now in ends for now, ends in zip(values, zip(held[0], held[-1])))
        assert old_or_new or name.startswith("none holds")

    made = reader(dict(files, **plan.texts))
    gone = [setting._replace(value=None) for setting in SETTINGS]
    plan = sshd_plan.unmake(made, gone, RELEASE)
    assert " ".join(write.safest(plan, made, gone, [NOBODY])) == back


def test_many_files_are_not_looked_at_for_ever():
    names = [f"/{number:03d}" for number in range(300)]
    files = {name: interval(100 + number) for number, name in enumerate(names)}
    files["m"] = "".join(f"Include {name}\n" for name in names)
    readings = []

    def read(texts):
        readings.append(texts)
        return reader(files)(texts)

    plan = sshd_plan.make(read, SETTINGS, RELEASE, None, True)
    del readings[:]
    assert sorted(write.safest(plan, read, SETTINGS, [NOBODY])) == sorted(plan.texts)
    assert len(readings) <= write.MAX_TRIALS
