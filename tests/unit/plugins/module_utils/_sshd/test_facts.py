# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two directives: their numbers, as sshd reads them, and how long a dead client stays."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import config, facts

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
    (2, 1, (10, 7), (2, 4)),
    (0, 3, (9, 2), None),
    (60, 0, (8, 0), None),
    (60, 0, (10, 0), None),
    (None, 3, (10, 0), None),
    (60, None, (10, 0), None),
    (60, 3, None, None),
]


@pytest.mark.parametrize("arguments, expected", SECONDS)
def test_read_seconds(arguments, expected):
    assert facts.read_seconds(arguments) == expected


@pytest.mark.parametrize("arguments, expected", NUMBERS)
def test_read_number(arguments, expected):
    assert facts.read_number(arguments) == expected


@pytest.mark.parametrize("interval, count_max, release, expected", DETECTION)
def test_detection_seconds(interval, count_max, release, expected):
    found = facts.detection_seconds(interval, count_max, release)
    assert (found and (found["min"], found["max"])) == expected


# release, and how a clause about it begins
RELEASES = [
    ((10, 0), None),
    ((10, 6), None),
    ((10, 7), "not measured on this release: OpenSSH 10.7 is newer than 10.6"),
    ((11, 0), "not measured on this release: OpenSSH 11.0 is newer than 10.6"),
    (config.NEWEST, None),
]


@pytest.mark.parametrize("release, clause", RELEASES)
def test_unmeasured(release, clause):
    found = facts.unmeasured(release)
    assert found is clause or found.startswith(clause)
    basis = facts.detection_seconds(60, 3, release)["basis"]
    assert basis.endswith("not measured on this release") == (clause is not None)


PAIRS = [
    ({}, (None, None)),
    ({"clientaliveinterval": "60"}, (60, None)),
    ({"clientaliveinterval": "0", "clientalivecountmax": "3"}, (0, 3)),
    ({"clientaliveinterval": None, "clientalivecountmax": "0"}, (None, 0)),
]


@pytest.mark.parametrize("values, numbers", PAIRS)
def test_pair(values, numbers):
    assert facts.pair(values) == numbers
