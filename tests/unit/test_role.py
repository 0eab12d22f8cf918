# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps the role cheap, and its parts together, read from its files.

Each rule is a function from the folder of a role to the sentences that say where it is broken. It
is held against the real role, and against a copy that breaks it.
"""

import re
import shutil
from pathlib import Path

import pytest

from ansible_collections.curfew.session.plugins.module_utils._engine import timeouts

ROLE = Path(__file__).resolve().parents[2] / "roles" / "session_timeouts"
MECHANISMS = ("sshd_client_alive", "shell_tmout")
RELOAD = "reload"


def _text(role, file):
    """Return a file's lines without those that are comments."""
    lines = (role / file).read_text(encoding="utf-8").split("\n")
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def _variables(role):
    """Return the text of each variable that the role defines, by its name."""
    found = {}
    for file in ("defaults/main.yml", "vars/main.yml"):
        entries = re.findall(r"(?ms)^(\w+):(.*?)(?=^\w|\Z)", _text(role, file))
        found.update((name, value.strip()) for name, value in entries)
    return found


def _steady(role):
    """Return the text of what a run templates that finds all well, by where it stands."""
    variables = _variables(role)
    texts = {"tasks/main.yml": _text(role, "tasks/main.yml")}
    while True:
        named = {name for text in texts.values() for name in re.findall(r"\w+", text)}
        new = (named & set(variables)) - set(texts)
        if not new:
            return texts
        texts.update((name, variables[name]) for name in new)


def no_filter_and_no_test(role):
    """Where all is well nothing makes ansible-core load its filters or tests, on each host anew."""
    for place, text in sorted(_steady(role).items()):
        for found in re.findall(r"[|]| is ", text):
            yield f"{place} has a filter or a test: {found.strip()}"


def no_templated_default(role):
    """The check of the arguments templates nothing of its own, for each host anew."""
    for found in re.findall(r".*\{\{.*", _text(role, "meta/argument_specs.yml")):
        yield f"meta/argument_specs.yml has a template: {found.strip()}"


def documented(role):
    """Each variable is documented, with its default or with words on it."""
    specs = _text(role, "meta/argument_specs.yml")
    entries = dict(re.findall(r"(?ms)^ {6}(session_timeouts_\w+):(.*?)(?=^ {6}\w|\Z)", specs))
    defaults = dict(
        re.findall(r"(?m)^(session_timeouts_\w+): (.*)", _text(role, "defaults/main.yml"))
    )
    for name in sorted(set(entries) ^ set(defaults)):
        yield f"{name} is only in one of defaults and argument_specs"
    for name in sorted(set(entries) & set(defaults)):
        default, words = defaults[name].strip('"'), entries[name]
        told = re.search(r"(?m)^ {8}default: (.*)", words)
        if told and told.group(1).strip('"') != default:
            yield f"{name} is {default}, not {told.group(1)}"
        if not told and "{{" in default and "By default" not in words:
            yield f"{name} is not said to be {default} by default"
        if not told and "{{" not in default and default != "null":
            yield f"{name} is not said to be {default} by default"


def wired(role):
    """Each option of a mechanism is given to it, but for the reload: that is the handler's."""
    main = _text(role, "tasks/main.yml")
    for mechanism in MECHANISMS:
        entry = main.split(f"    {mechanism}: >-\n")[1].split("}}")[0]
        given = set(re.findall(r"(?m)^ {6}(?:else dict\()?(\w+)=", entry))
        wanted = set(timeouts.spec()[mechanism]["options"]) - {RELOAD}
        for option in sorted(given ^ wanted):
            yield f"{mechanism}.{option} is only in one of the role and the module"
    first = _text(role, "tasks/reload.yml").split("- name:")[1]
    given = set(re.findall(r"(?m)^ {4}(\w+):", first))
    wanted = set(timeouts.spec()["sshd_client_alive"]["options"]) - {"backup"}
    for option in sorted(given ^ wanted):
        yield f"{option} is only in one of tasks/reload.yml and the module"


# Each rule, and changes that break it: a file, what is replaced, and by what.
RULES = [
    (
        no_filter_and_no_test,
        [
            ("tasks/main.yml", "}}", "| default(omit) }}"),
            ("tasks/main.yml", "when: ", "when: session_timeouts_result is changed or "),
            ("defaults/main.yml", '_users }}"', '_users | unique }}"'),
            ("vars/main.yml", "== true", "is true"),
            ("vars/main.yml", "not in [", "| lower not in ["),
        ],
    ),
    (
        no_templated_default,
        [("meta/argument_specs.yml", "default: 900", 'default: "{{ session_timeouts_other }}"')],
    ),
    (
        documented,
        [
            ("defaults/main.yml", "session_timeouts_tmout: 900", "session_timeouts_tmout: 600"),
            ("defaults/main.yml", "session_timeouts_tmout: 900", "session_timeouts_more: 1"),
            ("meta/argument_specs.yml", " By default the same.", ""),
            ("meta/argument_specs.yml", "        default: 900\n", ""),
        ],
    ),
    (
        wired,
        [
            ("tasks/main.yml", "      match=", "      matches="),
            ("tasks/main.yml", "dict(timeout=", "dict(reload="),
            ("tasks/reload.yml", "    reload: true\n", ""),
        ],
    ),
]
BROKEN = [(rule, change) for rule, changes in RULES for change in changes]


@pytest.mark.parametrize("rule", [rule for rule, _changes in RULES])
def test_role_keeps_the_rule(rule):
    assert list(rule(ROLE)) == []


@pytest.mark.parametrize("rule, change", BROKEN)
def test_rule_sees_where_it_is_broken(rule, change, tmp_path):
    file, old, new = change
    role = tmp_path / "role"
    shutil.copytree(str(ROLE), str(role))
    text = (role / file).read_text(encoding="utf-8")
    assert old in text
    (role / file).write_text(text.replace(old, new), encoding="utf-8")
    assert list(rule(role))


def test_the_rules_find_what_is_named_in_between():
    """A rule that finds none would be content."""
    steady = _steady(ROLE)
    assert {"session_timeouts_reload_is_due", "session_timeouts_sshd_service"} <= set(steady)
    assert "session_timeouts_tmout_result" not in steady
