# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two directives: their numbers, as sshd reads them, and how long a dead client stays."""

import shutil

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _durations
from ansible_collections.curfew.session.plugins.module_utils._sshd import client_alive, engine
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service

SECONDS = [
    (("300",), "300"),
    (("300s",), "300"),
    (("5m",), "300"),
    (("1h30m",), "5400"),
    (("1H30M",), "5400"),
    (("0300",), "300"),
    (("0",), "0"),
    (("1w",), "604800"),
    (("2147483647",), "2147483647"),
    (("2147483648",), None),
    (("1h", "30m"), None),
    (("1h 30m",), "5400"),
    ((" 300",), "300"),
    (("1h\t+30m",), "5400"),
    (("+300",), "300"),
    (("1 30",), None),
    (("+ 3",), None),
    (("1h30m ",), None),
    (("0x12c",), None),
    (("-1",), None),
    (("",), None),
    ((), None),
    (("soon",), None),
    (("300#c",), None),
]

NUMBERS = [
    (("3",), "3"),
    (("03",), "3"),
    (("+3",), "3"),
    ((" 3",), "3"),
    (("0",), "0"),
    (("3s",), None),
    (("-1",), None),
    (("2147483648",), None),
    (("3", "4"), None),
    ((), None),
    (("",), None),
    (("\u0663",), None),
    (("9" * 5000,), None),
]

# interval, count_max, release, shortest and longest time
DETECTION = [
    (60, 3, (8, 0), (180, 240)),
    (60, 3, (8, 4), (180, 240)),
    (600, 1, (9, 1), (600, 1200)),
    (60, 3, (9, 2), (360, 480)),
    (60, 3, (9, 3), (360, 480)),
    (60, 3, (9, 4), (360, 480)),
    (60, 3, (9, 5), (180, 240)),
    (2, 1, (10, 0), (2, 4)),
    (0, 3, (9, 2), None),
    (60, 0, (8, 0), None),
    (60, 0, (10, 0), None),
    (None, 3, (10, 0), None),
    (60, None, (10, 0), None),
    (60, 3, None, None),
]

BAD = [
    ({"interval": None, "count_max": None, "state": "present"}, "at least one"),
    ({"interval": 0, "count_max": None, "state": "absent"}, "Option interval"),
    ({"interval": None, "count_max": 0, "state": "absent"}, "Option count_max"),
]
BAD_NUMBERS = [
    True, False, 3.0, -1, "", "3 ", "3\n", "+3", "0x3", "\u0663", [3], 2147483648, "9" * 99,
]  # fmt: skip


@pytest.mark.parametrize("arguments, expected", SECONDS)
def test_read_seconds(arguments, expected):
    assert client_alive.read_seconds(arguments) == expected


@pytest.mark.parametrize("arguments, expected", NUMBERS)
def test_read_number(arguments, expected):
    assert client_alive.read_number(arguments) == expected


@pytest.mark.parametrize("interval, count_max, release, expected", DETECTION)
def test_detection_seconds(interval, count_max, release, expected):
    found = client_alive.detection_seconds(interval, count_max, release)
    assert (found and (found["min"], found["max"])) == expected


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
    with pytest.raises(engine.ChangeError, match=sentence):
        client_alive.check_options(params)


@pytest.mark.parametrize("value", BAD_NUMBERS)
def test_refuses_what_is_no_whole_number(value):
    with pytest.raises(engine.ChangeError, match="^Option count_max: ") as caught:
        client_alive.settings({"interval": None, "count_max": value, "state": "present"})
    assert "\n" not in str(caught.value)


def test_refuses_what_is_no_duration():
    with pytest.raises(_durations.DurationError, match="^interval: "):
        client_alive.settings({"interval": True, "count_max": None, "state": "present"})


def test_an_error_is_one_line_of_text():
    error = engine.ChangeError("/a\nb\x1b[2J\udcff is not there.")
    assert str(error) == "/a\\nb\\x1b[2J\ufffd is not there."


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
@pytest.mark.parametrize("options, text, given, cause, conflicts", OPTIONS)
def test_options_of_the_daemon(tmp_path, monkeypatch, options, text, given, cause, conflicts):
    main = tmp_path / "sshd_config"
    main.write_text(text)
    words = sshd_service.CommandLine(
        config=str(main), options=tuple("ClientAliveInterval=" + value for value in options)
    )
    service = sshd_service.Service("ssh", None, False)
    monkeypatch.setattr(sshd_service, "find", lambda: (service, None, words))
    params = {"state": "present", "interval": None, "count_max": None, "match": None,
              "verify": True, "conflicts": "report", "sshd": None, "reload": False,
              "backup": False, "path": str(main)}  # fmt: skip
    params.update(
        given,
        connections=[
            dict(dict.fromkeys(("user", "host", "addr", "laddr", "lport")), **each)
            for each in given.get("connections", [])
        ],
    )
    request = engine.request(params, client_alive.settings(params), client_alive.shown(), True)
    try:
        outcome = engine.apply(request)
    except engine.ChangeError as error:
        assert cause is not None and cause in str(error)
        found = error.conflicts
    else:
        assert cause is None
        found = outcome.conflicts
        warnings = client_alive.warnings(outcome, params)
        assert not any("None" in warning for warning in warnings)
        for item in found:
            if item["path"] is None:
                ending = " (and wins)." if item["wins"] else "."
                assert (
                    "The daemon's option {} contradicts it{}".format(item["text"], ending)
                    in warnings
                )
    assert {item["line"] or item["text"]: item["wins"] for item in found} == conflicts
