"""Scanners look at the text and not at the effect; they accept what the role writes."""

import pytest

from tests.hosts import answers

# Where no rpm database exists, the rules for sshd of rpm products pass whatever the file says.
JUDGED = [
    ("ubuntu2404", "accounts_tmout"),
    ("rhel9", "accounts_tmout"),
    ("sle15", "accounts_tmout"),
    ("ubuntu2404", "sshd_set_idle_timeout"),
    ("ubuntu2404", "sshd_set_keepalive"),
]


@pytest.mark.parametrize(("content", "rule"), JUDGED)
def test_scanner_is_content_with_the_role_and_was_not_before(
    name: str, content: str, rule: str
) -> None:
    assert answers.answer("before", name)["scan"][content][rule] == "fail"
    assert answers.answer("applied", name)["scan"][content][rule] == "pass"


def test_what_the_scanner_accepts_is_in_force(name: str) -> None:
    assert answers.numbers("applied", name) == (15, 3)
    assert answers.shells("applied", name)["bash"]["tmout"] == "900"
