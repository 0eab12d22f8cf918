# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options and the results of several mechanisms in one, and what is said when one cannot."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._engine import timeouts
from ansible_collections.curfew.session.plugins.module_utils._refusal import BadOption, Refusal
from ansible_collections.curfew.session.plugins.module_utils._shell import tmout
from ansible_collections.curfew.session.plugins.module_utils._sshd import client_alive

from .toys import Alarm, Toy, open_text

MODULES = (client_alive, tmout)


@pytest.mark.parametrize("mechanism", MODULES, ids=lambda mechanism: mechanism.NAME)
def test_each_has_exactly_the_options_of_its_module(mechanism):
    own, whole = mechanism.spec(), timeouts.spec()
    given = whole[mechanism.NAME]
    assert given["type"] == "dict" and set(given) == {"type", "options"}
    assert list(given["options"]) == list(own)
    for name, option in own.items():
        here = given["options"][name]
        if name in timeouts.SHARED:
            # Nothing given is no word, so that the one at the top counts.
            assert here == {key: value for key, value in option.items() if key != "default"}
            assert whole[name] == option
        else:
            assert here == option and name not in whole


def test_what_is_shared_stands_once_at_the_top():
    assert set(timeouts.spec()) == {each.NAME for each in MODULES} | set(timeouts.SHARED)
    assert [each.mechanism for each in timeouts.MECHANISMS] == list(MODULES)
    for name in timeouts.SHARED:
        assert any(name in mechanism.spec() for mechanism in MODULES)


def test_shared_options_that_differ_would_be_one_for_whom_it_is_wrong():
    """Whichever module's is at the top, it is the other's too."""
    for name in timeouts.SHARED:
        specs = [each.spec()[name] for each in MODULES if name in each.spec()]
        assert all(spec == specs[0] for spec in specs)


SPEC = {
    "text": {"type": "str", "default": "own"},
    "state": {"type": "str", "default": "present"},
    "verify": {"type": "bool", "default": True},
    "exempt_users": {"type": "list", "default": []},
}


class Table:
    """Two toys in the place of the mechanisms, given parameters as Ansible gives them."""

    def __init__(self, homes, monkeypatch):
        self.log = []
        self.homes = homes
        self.first = Toy("first", homes.ssh / "file", log=self.log)
        self.second = Toy("second", homes.profile / "file", log=self.log)
        self.second.spec = lambda: {name: SPEC[name] for name in ("text", "state", "verify")}
        self.first.spec = lambda: SPEC
        rows = [timeouts._Listed(self.first, "role_first"), timeouts._Listed(self.second, "role_2")]
        monkeypatch.setattr(timeouts, "MECHANISMS", tuple(rows))

    def run(self, first=None, second=None, check_mode=False, **shared):
        params = {name: option["default"] for name, option in SPEC.items() if name != "text"}
        params.update(shared)
        for toy, own in ((self.first, first), (self.second, second)):
            given = own is not None
            unset = dict.fromkeys(toy.spec(), None)
            params[toy.NAME] = dict(unset, text="own", **own) if given else None
        return timeouts.run_given(params, check_mode)


@pytest.fixture
def table(homes, monkeypatch):
    return Table(homes, monkeypatch)


def test_its_own_options_come_before_the_shared_ones(table):
    table.run({"verify": False, "exempt_users": []}, {"state": "absent"}, exempt_users=["a"])
    assert table.first.met["options"] == {
        "text": "own", "state": "present", "verify": False, "exempt_users": []}  # fmt: skip
    assert table.second.met["options"] == {"text": "own", "state": "absent", "verify": True}


def test_what_is_shared_counts_for_whoever_has_it(table):
    table.run({}, {}, state="absent", exempt_users=["a"])
    assert table.first.met["options"]["exempt_users"] == ["a"]
    assert "exempt_users" not in table.second.met["options"]
    assert table.first.met["options"]["state"] == table.second.met["options"]["state"] == "absent"


def test_both_in_one_run(table):
    result = table.run({}, {})
    assert result["changed_files"] == [str(path) for path in table.homes.files()]
    assert [one["after"] for one in result["diff"]] == ["old\nfirst\n", "old\nsecond\n"]
    assert (result["changed"], result["verified"], result["warnings"]) == (True, True, [])
    assert "failed" not in result and "msg" not in result
    for name in ("first", "second"):
        assert result[name]["written"] is True and "diff" not in result[name]
    assert [open_text(path) for path in table.homes.files()] == ["old\nfirst\n", "old\nsecond\n"]


def test_who_is_not_given_is_let_be(table):
    result = table.run(second={})
    assert {name for name, _step in table.log} == {"second"}
    assert result["first"] == table.first.unknown()
    assert (result["changed"], result["verified"]) == (True, True)


def test_check_mode(table):
    before = table.homes.state()
    assert table.run({}, {}, check_mode=True)["changed"]
    assert table.homes.state() == before


def test_somebody_must_be_given(table):
    result = table.run()
    assert result["failed"] and not result["changed"] and table.log == []
    assert result["msg"] == (
        "No mechanism is given: at least one of first or second is needed. Nothing was changed."
    )
    assert result["first"] == table.first.unknown()
    assert (result["changed_files"], result["diff"], result["warnings"]) == ([], [], [])


# What each of them says of its proof, and what is said of all; nobody: who did not run says nothing
VERIFIED = [
    (True, True, True),
    (True, None, None),
    (None, True, None),
    (False, True, False),
    (None, False, False),
    (True, "nobody", True),
    ("nobody", None, None),
]


@pytest.mark.parametrize("first, second, whole", VERIFIED)
def test_all_is_proven_where_each_is(table, first, second, whole):
    given = {}
    for toy, verified in ((table.first, first), (table.second, second)):
        if verified != "nobody":
            given[toy.NAME] = {}
            toy.telling["verified"] = verified
    assert table.run(**given)["verified"] is whole


@pytest.mark.parametrize("first, second", [(True, False), (False, True), (False, False)])
def test_anything_that_changed_is_a_change(table, first, second):
    table.first.telling["changed"], table.second.telling["changed"] = first, second
    assert table.run({}, {})["changed"] == (first or second)


NOTHING = " Nothing was changed for first or second."
WITHOUT_2 = " To do without second on this host, leave it out (in the role: role_2: false)."


def test_who_stands_in_the_way_is_named_and_how_to_do_without(table):
    table.second.fails = "prove"
    before = table.homes.state()
    result = table.run({}, {})
    assert result["msg"] == "second: It is so." + NOTHING + WITHOUT_2
    assert result["failed"] and not result["changed"] and table.homes.state() == before
    assert (result["first"]["reached"], result["second"]["reached"]) == ("prove", "ask")
    assert result["second"]["why"] == "known" and result["verified"] is None
    assert (result["changed_files"], result["diff"]) == ([], [])


def test_one_alone_has_nobody_to_do_without(table):
    table.second.fails = "prove"
    assert table.run(second={})["msg"] == "second: It is so. Nothing was changed for second."


def test_what_is_of_no_mechanism_is_of_all(table, tmp_path):
    (table.homes.ssh / ".curfew.session.journal").write_text("{}")
    (table.homes.ssh / ".curfew.session.journal").chmod(0o666)
    said = table.run({}, {})["msg"]
    assert said.startswith(str(table.homes.ssh)) and said.endswith(NOTHING)


def test_after_a_write_it_says_what_became_of_the_files(table):
    table.second.fails = "prove_written"
    said = "second: It is so. The files are as they were." + WITHOUT_2
    assert table.run({}, {})["msg"] == said


def test_what_could_not_be_brought_back_is_a_change(table):
    path = table.homes.ssh / "file"
    table.second.fails = "prove_written"
    table.second.meanwhile = {"prove_written": lambda: path.write_text("theirs\n")}
    result = table.run({}, {})
    assert result["changed"] and result["first"]["changed"] and result["second"]["changed"]
    assert result["msg"].startswith(f"second: It is so. Then: {path} has been changed by somebody")
    assert "Nothing was changed" not in result["msg"]


def test_a_daemon_that_two_share_fails_for_who_wanted_it_first(table):
    table.first.alarm = Alarm("sshd", [], fails=["check"])
    table.second.alarm = Alarm("sshd", [], fails=["check"])
    assert table.run({}, {})["msg"].startswith("first: sshd could not check. The files are as")


# The option that is wrong, what is given of it to the second one, and where it is said to be
OPTIONS = [
    ("text", {}, "second.text"),
    ("state", {}, "state"),
    ("state", {"state": "absent"}, "second.state"),
]


@pytest.mark.parametrize("option, own, where", OPTIONS)
def test_an_option_is_named_where_it_stands(table, option, own, where):
    table.second.fails, table.second.error = "options", BadOption(option, "is odd.")
    assert table.run({}, own)["msg"] == f"Option {where}: is odd." + NOTHING


# The same of the real ones, as their modules name them
REAL = [
    ({"shell_tmout": {"timeout": "soon"}}, "Option shell_tmout.timeout: 'soon' is not a duration"),
    ({"shell_tmout": {}}, "Option shell_tmout.timeout: is needed"),
    ({"sshd_client_alive": {"interval": -1}}, "Option sshd_client_alive.interval: -1 is out of"),
    (
        {"sshd_client_alive": {"interval": 1}, "state": "absent"},
        "Option sshd_client_alive.interval: has no meaning with state=absent",
    ),
    (
        {"shell_tmout": {"timeout": 9}, "exempt_users": ["a'b"]},
        'Option exempt_users: "a\'b" is not a name',
    ),
    (
        {"shell_tmout": {"timeout": 9, "exempt_users": ["a'b"]}},
        'Option shell_tmout.exempt_users: "a\'b" is not a name',
    ),
    (
        {"shell_tmout": {"timeout": 9, "exempt_users": ["a\0"]}},
        "Option shell_tmout.exempt_users: 'a\\x00' holds a NUL",
    ),
    ({"sshd_client_alive": {"interval": 9, "match": "\0"}}, "Option sshd_client_alive.match: '\\x"),
    (
        {"shell_tmout": {"timeout": 9}, "sshd_client_alive": {}},
        "Option sshd_client_alive.interval: state=present needs",
    ),
]


@pytest.mark.parametrize("given, sentence", REAL, ids=str)
def test_the_options_of_the_real_ones(given, sentence):
    spec = timeouts.spec()
    params = {name: option.get("default") for name, option in spec.items()}
    for name, value in given.items():
        options = spec[name].get("options", {})
        unset = {option: each.get("default") for option, each in options.items()}
        params[name] = dict(unset, **value) if options else value
    result = timeouts.run_given(params, True)
    assert result["msg"].startswith(sentence), result["msg"]
    assert result["failed"] and " Nothing was changed for " in result["msg"]
    for mechanism in MODULES:
        assert set(result[mechanism.NAME]) == set(mechanism.unknown())


def test_an_error_of_the_system_is_named_too(table):
    table.first.fails, table.first.error = "look", OSError(5, "Input/output error", "/proc")
    assert table.run({}, {})["msg"].startswith("first: /proc: Input/output error." + NOTHING)


def test_a_refusal_says_nothing_of_other_options(table):
    table.first.fails, table.first.error = "look", Refusal("Option text is odd.")
    assert table.run({}, {})["msg"].startswith("first: Option text is odd." + NOTHING)
