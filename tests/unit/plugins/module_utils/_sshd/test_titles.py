# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Titles that are cut, or that show words parted where they are not."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._sshd import service, titles
from ansible_collections.curfew.session.plugins.module_utils._sshd import unit as sshd_unit

SSHD = "/usr/sbin/sshd"


def cut(words, environment=0):
    """What /proc shows of words started with so many bytes of environment, and their length."""
    old = words.replace(" ", "\0") + "\0" + "e" * environment
    title = f"sshd: {words} [listener] 0 of 10-100 startups"[: len(old) - 3]
    return title + "\0" + old[len(title) + 1 :], len(words)


# The words, the environment's size; what is known of the options, and whether there is a doubt
CUT = [
    (SSHD, 0, (), False),
    (SSHD + " -o ClientAliveInterval=7", 0, (), True),
    (SSHD + " -o ClientAliveInterval=7 -o UseDNS=no", 0, ("ClientAliveInterval=7",), True),
    (SSHD + " -o ClientAliveInterval=7 -D", 10, ("ClientAliveInterval=7",), False),
    (SSHD + " -D -e", 0, (), True),
    (SSHD + " -f /etc/elsewhere", 0, (), True),
]


@pytest.mark.parametrize("words, environment, options, doubt", CUT)
def test_a_title_that_is_cut(monkeypatch, words, environment, options, doubt):
    text, length = cut(words, environment)
    monkeypatch.setattr(titles, "_length", lambda pid: length)
    monkeypatch.setattr(titles, "_program", lambda pid: SSHD)
    found, said = titles.resolve(5, text, None)
    parsed = service.parse_words(found)
    assert (parsed.binary, parsed.options, bool(said)) == (SSHD, options, doubt)
    assert parsed.config is None


BLANKS = SSHD + " -D -o AuthorizedKeysCommand /k %u -o ClientAliveInterval=7"
EXACT = [SSHD, "-D", "-o", "AuthorizedKeysCommand /k %u -o ClientAliveInterval=7"]
PARTED = ("AuthorizedKeysCommand /k %u", "ClientAliveInterval=7")
# What is shown, the unit's own words and main process; the options, and whether there is a doubt
WORDS = [
    (BLANKS, EXACT, "5", tuple(EXACT[3:]), False),
    (BLANKS, BLANKS.split(" "), "7", PARTED, True),
    (BLANKS, [SSHD], "5", PARTED, True),
    (SSHD + " -o AuthorizedKeysCommand /k -o UseDNS=no", [SSHD], "5",
     ("AuthorizedKeysCommand /k", "UseDNS=no"), False),
]  # fmt: skip


@pytest.mark.parametrize("shown, words, main, options, doubt", WORDS)
def test_words_with_blanks_are_told_apart_by_the_unit(
    monkeypatch, shown, words, main, options, doubt
):
    monkeypatch.setattr(sshd_unit, "show", lambda names: {"MainPID": main})
    monkeypatch.setattr(sshd_unit, "exact_words", lambda properties: words)
    title = f"sshd: {shown} [listener] 0 of 10-100 startups\0"
    found, said = titles.resolve(5, title, "ssh.service")
    assert (service.parse_words(found).options, bool(said)) == (options, doubt)
