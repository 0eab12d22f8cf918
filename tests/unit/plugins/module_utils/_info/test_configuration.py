# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sshd's files and the daemon's options say, and which of them wins."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils._info import configuration
from ansible_collections.curfew.session.plugins.module_utils._info import facts as info_facts
from ansible_collections.curfew.session.plugins.module_utils._sshd import config
from ansible_collections.curfew.session.plugins.module_utils._sshd import service as sshd_service


def k(value):
    return f"ClientAliveInterval {value}\n"


ALL = "Match all\n" + k(9)
INC = "Include @ROOT@/d\n"
# The daemon's options, the file, the one that it can include; and what beats each definition.
BEATEN = [
    (["5"], k(6), "", [None, "the daemon's command line"]),
    (["5", "6"], "", "", [None, "an earlier option"]),
    (["5"], k(6) + ALL, "", ["@ROOT@/m line 3", "@ROOT@/m line 3", None]),
    ([], k(6) + ALL, "", ["@ROOT@/m line 3", None]),
    (
        ["5"],
        "Match User *,!root\n" + k(6) + "Match User bob\n" + k(7),
        "",
        [None, None, "@ROOT@/m line 2"],
    ),
    (
        [],
        "Match Address 10.0.0.0/8\n" + k(6) + "Match Address 10.1.0.0/16\n" + k(7),
        "",
        [None, "@ROOT@/m line 2"],
    ),
    (
        [],
        "Match Address 10.0.0.1\n" + k(6) + "Match Address 10.0.0.0/8\n" + k(7),
        "",
        [None, "@ROOT@/m line 2"],
    ),
    ([], INC + INC, k(6), [None, None]),
    ([], INC + "Match User bob\n" + INC, k(6), [None, None]),
    ([], k(5) + INC + "Match User bob\n" + INC, k(6), [None, "@ROOT@/m line 1", None]),
    ([], INC + "Match all\n" + INC, k(6), ["the same line, in the scope Match all", None]),
]


@pytest.mark.parametrize("options, text, included, beaten", BEATEN)
def test_what_beats_a_definition(tmp_path, options, text, included, beaten):
    (tmp_path / "m").write_text(text.replace("@ROOT@", str(tmp_path)))
    (tmp_path / "d").write_text(included)
    words = sshd_service.CommandLine(
        config=str(tmp_path / "m"),
        options=tuple("ClientAliveInterval=" + value for value in options),
    )
    read = configuration.read(words.config, words, config.NEWEST)
    found = [definition.returned() for definition in configuration.definitions(read)]
    assert [one["beaten_by"] for one in found] == [
        by and by.replace("@ROOT@", str(tmp_path)) for by in beaten
    ]
    assert [one["wins"] for one in found] == [by is None for by in beaten]


VERSION = "OpenSSH_10.0p2 Debian-7"
# The file, the host's own version; what beats each definition
VERSIONS = [
    (k(6) + "Match Version OpenSSH_10.*\n" + k(7), ["@ROOT@/m line 3", None]),
    ("Match Version OpenSSH_9.*\n" + k(7), [f"this sshd calls itself {VERSION}, which the block "
                                            "is not for"]),
    ("Match all\n" + k(6) + "Match Version *\n" + k(7), [None, "@ROOT@/m line 2"]),
    ("Match Version OpenSSH_9.* User a\n" + k(7) + "Match User a\n" + k(8),
     [f"this sshd calls itself {VERSION}, which the block is not for", None]),
]  # fmt: skip


@pytest.mark.parametrize("text, beaten", VERSIONS)
def test_blocks_for_versions_of_sshd(tmp_path, text, beaten):
    main = tmp_path / "m"
    main.write_text(text)
    read = configuration.read(str(main), sshd_service.CommandLine(), (10, 0), VERSION)
    found = [definition.returned()["beaten_by"] for definition in configuration.definitions(read)]
    assert found == [by and by.replace("@ROOT@", str(tmp_path)) for by in beaten]
    assert read.unseen == []


# What a block sets, whether the accounts of the host are looked at for it
PEOPLE = [
    ("", False),
    ("Match all\nClientAliveInterval 5\n", False),
    ("Match User root\nX11Forwarding no\n", False),
    ("Match Version OpenSSH_9.*\nClientAliveInterval 5\n", False),
    ("Match User root\nClientAliveCountMax 5\n", True),
]


@pytest.mark.parametrize("text, expected", PEOPLE)
def test_whether_accounts_are_looked_at(tmp_path, text, expected):
    main = tmp_path / "m"
    main.write_text(k(1) + text)
    read = configuration.read(str(main), sshd_service.CommandLine(), (10, 0), VERSION)
    assert (read.people is not None) is expected
    assert [one.connection.user for one in read.classes()][:1] == ["root"] * expected


# A block that sets ChannelTimeout, and whether it wins before 10.5: it is ignored, or does harm
@pytest.mark.parametrize("value, wins", [("session:shell=3", False), ("none", True)])
def test_a_block_that_locks_out_is_not_ignored(tmp_path, value, wins):
    main = tmp_path / "m"
    main.write_text(f"Match User root\nChannelTimeout {value}\n")
    read = configuration.read(str(main), sshd_service.CommandLine(), (10, 0), VERSION)
    (found,) = configuration.definitions(read)
    assert found.wins is wins


# Two scopes, and whether the second one loses to the first only where both apply.
OVERLAPS = [
    ("Match Address 10.0.0.1", "Match Address 10.0.0.0/8", info_facts.OVERLAP),
    ("Match User bob", "Match User bob", ""),
    ("Match all", "Match User bob", ""),
]


@pytest.mark.parametrize("first, second, kind", OVERLAPS)
def test_scopes_that_overlap(tmp_path, first, second, kind):
    main = tmp_path / "m"
    main.write_text(f"{first}\n{k(6)}{second}\n{k(7)}")
    read = configuration.read(str(main), sshd_service.CommandLine(), config.NEWEST)
    (_first, beaten) = configuration.definitions(read)
    assert beaten.beaten == (f"{main} line 2", kind)


# The release, and what beats ChannelTimeout: globally, in a block, below Match all; and how.
CHANNELS = [
    ((9, 2), [(None, ""), ("before OpenSSH 10.5 a session", info_facts.RELEASE), ("@ROOT@/m", "")]),
    ((10, 5), [("@ROOT@/m line 5", ""), (None, ""), (None, "")]),
]


@pytest.mark.parametrize("release, expected", CHANNELS)
def test_a_release_that_ignores_match(tmp_path, release, expected):
    main = tmp_path / "m"
    blocks = "Match User root\n{0}Match all\n{0}"
    main.write_text(("{0}" + blocks).format("ChannelTimeout *=5m\n"))
    read = configuration.read(str(main), sshd_service.CommandLine(), release)
    beaten = [definition.beaten for definition in configuration.definitions(read)]
    for actual, (text, kind) in zip(beaten, expected):
        assert (actual is None) == (text is None)
        assert actual is None or actual.by.startswith(text.replace("@ROOT@", str(tmp_path)))
        assert actual is None or actual.kind == kind


# Match blocks, and the words of a sentence on what no connection could be derived for.
UNSEEN = [
    ("Match User root\n", []),
    ("Match RDomain x\n", ["`Match RDomain x`"]),
    ("Match Group no-such-group\n", ["`Match Group no-such-group`"]),
    ("".join(f"Match User u{number}\nPermitTTY no\n" for number in range(70)), ["first 64 of 70"]),
]


@pytest.mark.parametrize("text, words", UNSEEN, ids=range(len(UNSEEN)))
def test_unseen(tmp_path, text, words):
    (tmp_path / "m").write_text(text + "PermitTTY no\n")
    read = configuration.read(str(tmp_path / "m"), sshd_service.CommandLine(), config.NEWEST)
    assert len(read.unseen) == len(words)
    assert all(word in sentence for word, sentence in zip(words, read.unseen))
