"""What a run may leave out; it has installed what all other tests need."""

import re
from collections.abc import Iterable

# Why a machine may lack it, and the end of what the skipped test says.
ALLOWED = {
    "Debian has one Python, and not of every version": (
        r"no Python 3\.6 on this machine; the oldest here is [0-9.]+",
        r"wants Python 3\.12, and none is on this machine",
        r"on Python [0-9.]+ because it is unsupported\..*",
    ),
    "a container has no service manager": (r"there is no systemctl",),
    "it depends on the file system below the temporary folder": (
        r"no chattr here",
        r"no extended attributes here",
        r"no ACLs here",
    ),
    "Debian testing is another one from day to day": (
        r"the image of testing cannot be built today: .*",
    ),
    "it depends on the network": (r"this host has no such address",),
}
_ALLOWED = re.compile(f"(?:{'|'.join(end for ends in ALLOWED.values() for end in ends)})$")


def not_allowed(skips: Iterable[str]) -> list[str]:
    """The skips that no machine explains: something moved, or is no longer installed."""
    return [skip for skip in skips if not _ALLOWED.search(skip)]
