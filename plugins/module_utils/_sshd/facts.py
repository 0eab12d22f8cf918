# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of ClientAliveInterval and ClientAliveCountMax. Private to the collection.

sshd disconnects when the unanswered probes *exceed* CountMax, so a dead client stays up to
``interval x (count_max + 1)`` seconds, one interval more than sshd_config(5) says (measured,
OpenSSH 8.0 to 10.6). OpenSSH 9.2 to 9.4 double that.
"""

import re
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from .. import _durations
from .config import NEWEST, Release

__all__ = [
    "COUNT_MAX",
    "INTERVAL",
    "MEASURED",
    "Pair",
    "detection_seconds",
    "pair",
    "read_number",
    "read_seconds",
    "unmeasured",
]

INTERVAL = "ClientAliveInterval"
COUNT_MAX = "ClientAliveCountMax"

# The newest release with which sessions were watched. A later one is taken to do the same, and that
# this is not known is told.
MEASURED = (10, 6)

# The releases that wait twice as long, the first and the last.
_DOUBLING = ((9, 2), (9, 4))


class Pair(NamedTuple):
    """The numbers of both directives, which mean a time only together; None: not known."""

    interval_seconds: Optional[int]
    count_max: Optional[int]


def pair(values: Mapping[str, Optional[str]]) -> Pair:
    """Return the numbers of both directives from their texts by lower-case keyword."""
    interval, count_max = values.get(INTERVAL.lower()), values.get(COUNT_MAX.lower())
    return Pair(
        None if interval is None else int(interval),
        None if count_max is None else int(count_max),
    )


def read_seconds(arguments: Tuple[str, ...]) -> Optional[str]:
    """Return the seconds that sshd reads in the arguments of the interval; None: it refuses."""
    if len(arguments) != 1:
        return None
    # sshd's numbers are strtol's: inside quotes, blanks and a plus may stand before each.
    text = re.sub(r"(^|[A-Za-z])[ \t\f\v]*\+?(?=[0-9])", r"\1", arguments[0])
    try:
        return str(_durations.parse(text, INTERVAL))
    except _durations.DurationError:
        return None


def read_number(arguments: Tuple[str, ...]) -> Optional[str]:
    """Return the number that sshd reads in the arguments of CountMax; None: it refuses them."""
    if len(arguments) != 1 or not re.match(r"[ \t]*\+?[0-9]{1,64}\Z", arguments[0]):
        return None
    number = int(arguments[0])
    return str(number) if number <= _durations.MAXIMUM else None


def detection_seconds(
    interval: Optional[int], count_max: Optional[int], release: Optional[Release]
) -> Optional[Dict[str, Any]]:
    """Return how long a client that is gone stays connected; None: for ever, or nobody knows.

    With a CountMax of 0 nobody is dropped since 8.2; before, after one interval; but distributions
    have backported either, so the release proves nothing.
    """
    if not interval or not count_max or release is None:
        return None
    basis = "interval x count_max to interval x (count_max + 1)"
    factor = 1
    if _DOUBLING[0] <= release <= _DOUBLING[1]:
        factor = 2
        basis = "2 x interval x count_max to 2 x interval x (count_max + 1)"
        basis += ", the doubling of OpenSSH 9.2 to 9.4"
    if unmeasured(release):
        basis += ", not measured on this release"
    return {
        "min": factor * interval * count_max,
        "max": factor * interval * (count_max + 1),
        "basis": basis,
    }


def unmeasured(release: Release) -> Optional[str]:
    """Return a clause about a release that is newer than all that was measured; None for others.

    One of which nothing could be learnt counts as the newest, and has a sentence of its own.
    """
    if not MEASURED < release < NEWEST:
        return None
    return (
        "not measured on this release: OpenSSH {}.{} is newer than {}.{}, the newest with which "
        "sessions were watched".format(*release + MEASURED)
    )
