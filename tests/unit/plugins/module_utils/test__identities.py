# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is in which group, by /etc/group alone."""

import pytest

from ansible_collections.curfew.session.plugins.module_utils import _identities

PASSWD = b"""ann:x:7:50::/:/bin/sh
bob:x:8:60::/:/bin/sh
b\xe9a:x:9:9::/:/bin/sh
broken
"""
STAFF, OPS = _identities.Group("staff", 50), _identities.Group("ops", 60)
# /etc/group, then the groups of ann and bob, their own first
GROUPS = [
    (b"", [("", 50)], [("", 60)]),
    (b"staff:x:50:ann,bob\nops:x:60:bob\n", [STAFF], [OPS, STAFF]),
    (b"ops:x:60:ann,,ann,\nstaff:x:50:\nempty:x:51:\n", [STAFF, OPS, OPS], [OPS]),
    (b"#old:x:51:ann\n+nis:::\n-x:x:1:ann\nbroken\nodd:x:five:ann\n", [("", 50)], [("", 60)]),
]


@pytest.mark.parametrize("text, ann, bob", GROUPS)
def test_local_groups(text, ann, bob, tmp_path, monkeypatch):
    (tmp_path / "group").write_bytes(text)
    (tmp_path / "passwd").write_bytes(PASSWD)
    monkeypatch.setattr(_identities, "GROUP", str(tmp_path / "group"))
    monkeypatch.setattr(_identities, "PASSWD", str(tmp_path / "passwd"))
    groups = _identities.local_groups()
    assert [list(groups[user]) for user in ("ann", "bob")] == [ann, bob]
    assert groups["b\udce9a"] == (("", 9),)


def test_no_groups_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(_identities, "GROUP", str(tmp_path / "nothing"))
    monkeypatch.setattr(_identities, "PASSWD", str(tmp_path / "nothing"))
    assert _identities.local_groups() == {}
