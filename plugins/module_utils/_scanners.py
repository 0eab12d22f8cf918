# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is legal and yet not what people think, in the same words for all who tell.

Private to the collection. The editing modules warn with these sentences, ``timeout_info`` and the
audit tell with them. What scanners read was measured with SCAP content for Debian 11 and 12, Ubuntu
24.04, RHEL 9 and SLE 15.
"""

import re
from typing import Optional, Tuple

__all__ = [
    "WITHIN_MATCH",
    "drops",
    "is_drop_in",
    "never_drops",
    "read_drop_in",
    "sshd_unseen",
    "tmout_unseen",
    "tmout_unwanted",
]

WITHIN_MATCH = (
    "Scanners take a number within a Match block for a global one: a laxer one there "
    "fails their scan, and one that stands nowhere else passes it."
)
_MAIN = "/etc/ssh/sshd_config"
_DROP_IN = re.compile(r"/etc/ssh/sshd_config\.d/[^/]+\.conf\Z")
# Of these SCAP content looks at the drop-ins too; of Debian, RHEL 8 and SLE 12 it does not.
_READ_DROP_INS = {
    "rhel": ("9", "10"),
    "centos": ("9", "10"),
    "ol": ("9", "10"),
    "amzn": ("2023",),
    "sles": ("15", "16"),
    "sles_sap": ("15", "16"),
    "ubuntu": ("22", "24", "26"),
    "fedora": tuple(str(number) for number in range(37, 60)),
}
_PROFILE = re.compile(r"/etc/(?:profile|profile\.d/[^/]+\.sh)\Z")


def drops(
    interval: Optional[int], count_max: Optional[int], release: Optional[Tuple[int, int]]
) -> Optional[bool]:
    """Tell whether sshd ever drops a client that is gone; None where that is not known.

    With a CountMax of 0 nobody is dropped since 8.2; before, after one interval; but distributions
    have backported either, so a release before that proves nothing.
    """
    if interval == 0:
        return False
    if count_max == 0:
        return False if release is not None and release >= (8, 2) else None
    return None if interval is None or count_max is None else True


def never_drops(
    interval: Optional[int], count_max: Optional[int], release: Optional[Tuple[int, int]]
) -> Optional[str]:
    """Return what a number of 0 does, as the beginning of a sentence; None without a 0."""
    if interval != 0 and count_max != 0:
        return None
    if drops(interval, count_max, release) is None:
        return (
            "ClientAliveCountMax is 0, and what that does differs: sshd drops idle clients, "
            "dead or not, after one interval, or, from OpenSSH 8.2 on and where that was "
            "backported, nobody"
        )
    keyword = "ClientAliveInterval" if interval == 0 else "ClientAliveCountMax"
    return f"sshd itself never notices a client that vanishes: {keyword} is 0"


def is_drop_in(path: Optional[str]) -> bool:
    """Tell whether a file is one of sshd's standard drop-ins."""
    return path is not None and _DROP_IN.match(path) is not None


def read_drop_in(path: str, os_release: str) -> bool:
    """Tell whether the distribution's scanners read a file of sshd's beside the main one."""
    if not is_drop_in(path):
        return False
    found = {
        key: re.search(rf"(?m)^{key}=[\"']?([a-z0-9._-]+)", os_release)
        for key in ("ID", "VERSION_ID")
    }
    name, version = (value.group(1) if value else "" for value in found.values())
    return version.partition(".")[0] in _READ_DROP_INS.get(name, ())


def sshd_unseen(path: Optional[str]) -> Optional[str]:
    """Return what scanners miss of sshd's numbers in a file, or on the command line (None)."""
    if path == _MAIN:
        return None
    if path is None:
        return "Scanners do not see the options on the daemon's command line."
    if is_drop_in(path):
        return (
            f"Scanners for Debian look for sshd's numbers in {_MAIN} only: they do not see those "
            f"in {path}."
        )
    return (
        f"Scanners look for sshd's numbers in {_MAIN} and its drop-ins only: they do not see those "
        f"in {path}."
    )


def tmout_unseen(path: str) -> Optional[str]:
    """Return what scanners miss of a TMOUT in a file."""
    if _PROFILE.match(path):
        return None
    return (
        "Scanners look for TMOUT in /etc/profile and /etc/profile.d/*.sh only: they do not see "
        f"the one in {path}."
    )


def tmout_unwanted(readonly: bool, exported: bool) -> Optional[str]:
    """Return why scanners fail a TMOUT that shells obey."""
    words = ["readonly"] * (not readonly) + ["exported"] * (not exported)
    if not words:
        return None
    missing = " and not ".join(words)
    return (
        f"Scanners ask for a TMOUT that is readonly and exported: one that is not {missing} fails "
        "their scan."
    )
