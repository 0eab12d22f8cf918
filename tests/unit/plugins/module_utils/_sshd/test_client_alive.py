# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module makes of its options, and of what the steps find."""

import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _durations
from ansible_collections.curfew.session.plugins.module_utils._once import Once
from ansible_collections.curfew.session.plugins.module_utils._refusal import Refusal
from ansible_collections.curfew.session.plugins.module_utils._sshd import (
    client_alive,
    finding,
    options,
)
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service

BAD = [
    ({"interval": None, "count_max": None, "state": "present"}, "or count_max"),
    ({"interval": 0, "count_max": None, "state": "absent"}, "Option interval"),
    ({"interval": None, "count_max": 0, "state": "absent"}, "Option count_max"),
]
BAD_NUMBERS = [
    True, False, 3.0, -1, "", "3 ", "3\n", "+3", "0x3", "\u0663", [3], 2147483648, "9" * 99,
]  # fmt: skip


def test_settings_write_plain_numbers():
    params = {"interval": "1h30m", "count_max": "03", "state": "present"}
    assert [(item.keyword, item.value) for item in client_alive.settings(params)] == [
        ("ClientAliveInterval", "5400"), ("ClientAliveCountMax", "3")]  # fmt: skip


def test_settings_leave_alone_what_is_not_given():
    params = {"interval": None, "count_max": 0, "state": "present"}
    assert [item.value for item in client_alive.settings(params)] == ["0"]


def test_absent_means_both():
    params = {"interval": None, "count_max": None, "state": "absent"}
    assert [item.value for item in client_alive.settings(params)] == [None, None]


@pytest.mark.parametrize("params, sentence", BAD)
def test_refuses_options_that_contradict_each_other(params, sentence):
    with pytest.raises(Refusal, match=sentence):
        client_alive.options(params_of(**params))


@pytest.mark.parametrize("value", BAD_NUMBERS)
def test_refuses_what_is_no_whole_number(value):
    with pytest.raises(Refusal, match="^Option count_max: ") as caught:
        client_alive.settings({"interval": None, "count_max": value, "state": "present"})
    assert "\n" not in str(caught.value)


def test_refuses_what_is_no_duration():
    with pytest.raises(_durations.DurationError, match="^Option interval: "):
        client_alive.settings({"interval": True, "count_max": None, "state": "present"})


SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
ELSEWHERE = "Match LocalPort 2023\nClientAliveInterval 9\n"
ALL = "Match all\nClientAliveInterval 60\n"
# What the daemon gets as -o, the file, the module's options; the cause of the failure, or None;
# and whether each conflict wins: of an option, by its text, else of a line.
OPTIONS = [
    (
        ["600"],
        ELSEWHERE,
        {"interval": "10m", "connections": [{"lport": 2023}]},
        "line 2 in the scope Match LocalPort 2023 says 'ClientAliveInterval 9'",
        {2: True},
    ),
    (
        ["120"],
        "",
        {"interval": 600},
        "the daemon runs with -o ClientAliveInterval=120, which beats "
        "the global section of every file.",
        {"-o ClientAliveInterval=120": True},
    ),
    (["120"], "", {"interval": 600, "match": "User bob"}, None, {}),
    (["10"], ALL, {"interval": 60}, None, {"-o ClientAliveInterval=10": False}),
    (["10"], ALL, {"interval": 10}, "line 2 in the scope Match all", {2: True}),
    (["5", "60"], "", {"interval": 5}, None, {"-o ClientAliveInterval=60": False}),
    (
        ["5", "60"],
        "",
        {"interval": 60},
        "-o ClientAliveInterval=5,",
        {"-o ClientAliveInterval=5": True},
    ),
    (["120"], "", {"interval": 600, "verify": False}, None, {"-o ClientAliveInterval=120": True}),
]


@pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")
@pytest.mark.parametrize("values, text, given, cause, conflicts", OPTIONS)
def test_options_of_the_daemon(tmp_path, monkeypatch, values, text, given, cause, conflicts):
    main = tmp_path / "sshd_config"
    main.write_text(text)
    words = sshd_service.CommandLine(
        config=str(main), options=tuple("ClientAliveInterval=" + value for value in values)
    )
    service = sshd_service.Service("ssh", None, False)
    daemon = sshd_service.Daemon(service, None, words)
    monkeypatch.setattr(finding, "find", lambda: daemon)
    params = params_of(path=str(main), **given)
    params["connections"] = [
        dict(dict.fromkeys(("user", "host", "addr", "laddr", "lport")), **each)
        for each in given.get("connections", [])
    ]
    try:
        planned = client_alive.options(params).look(Once()).plan(())
        told = planned.ask(planned.changes).prove(planned.changes).result()
    except Refusal as error:
        assert cause is not None and cause in str(error)
        found = error.known["conflicts"]
    else:
        assert cause is None
        found = told["conflicts"]
        assert not any("None" in warning for warning in told["warnings"])
        for item in found:
            if item["path"] is None:
                ending = " (and wins)." if item["wins"] else "."
                option = item["text"]
                assert f"The daemon's option {option} contradicts it{ending}" in told["warnings"]
    assert {item["line"] or item["text"]: item["wins"] for item in found} == conflicts


def params_of(**given):
    spec = client_alive.spec()
    return dict({name: option.get("default") for name, option in spec.items()}, **given)


def test_the_options_are_those_of_the_module():
    """What each value means, the documentation says; a test holds that against it."""
    assert set(client_alive.spec()) - set(options.argument_spec()) == {"interval", "count_max"}
    asked = client_alive.options(params_of(interval="1m", match="User a"))
    assert (asked.request.match, asked.known) == ("User a", {})
    assert [item.value for item in asked.request.settings] == ["60"]
    reported = [item.keyword for item in asked.request.reported]
    assert reported == ["ClientAliveInterval", "ClientAliveCountMax"]


@pytest.mark.skipif(SSHD is None, reason="no sshd is installed here")
@pytest.mark.parametrize("text, ends", [("", "result"), ("Match all\nClientAliveInterval 9\n", "")])
def test_a_result_has_all_keys_and_what_is_unknown_is_told_so(tmp_path, text, ends):
    main = tmp_path / "sshd_config"
    main.write_text(text)
    planned = client_alive.options(params_of(interval=60, path=str(main))).look(Once()).plan(())
    answered = planned.ask(planned.changes)
    if ends:
        told = answered.prove(planned.changes).result()
        assert set(told) == set(client_alive.unknown()) | {"warnings"}
        assert told["before"] == {"interval_seconds": 0, "count_max": 3}
        assert told["effective"] == {"interval_seconds": 60, "count_max": 3}
    else:
        with pytest.raises(Refusal):
            answered.prove(planned.changes)
        assert set(answered.known) == {"before", "openssh_version", "service"}
        assert answered.known["before"] == {"interval_seconds": 9, "count_max": 3}
    assert client_alive.unknown()["before"] is None
