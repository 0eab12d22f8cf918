# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations and lists of names, in words for people.

Private to the collection.
"""

from typing import Callable, List, Optional, Sequence

__all__ = ["count", "names", "short", "short_within", "span", "within"]

_UNITS = (("day", "d", 86400), ("hour", "h", 3600), ("minute", "min", 60), ("second", "s", 1))


def span(seconds: int) -> str:
    """`16 minutes`, `1 hour 30 minutes`."""
    return _spell(seconds, lambda number, unit, letter: count(number, unit), "0 seconds")


def short(seconds: Optional[int]) -> str:
    """`16 min`, `1 h 30 min`; None is `never`."""
    if seconds is None:
        return "never"
    return _spell(seconds, lambda number, unit, letter: f"{number} {letter}", "0 s")


def _spell(seconds: int, written: Callable[[int, str, str], str], nothing: str) -> str:
    parts = []  # type: List[str]
    for unit, letter, size in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(written(number, unit, letter))
    return " ".join(parts) or nothing


def within(shortest: int, longest: int) -> str:
    """`3 to 4 minutes`, or `50 seconds to 1 minute` where the units differ."""
    return _range(span(shortest).split(), span(longest).split())


def short_within(shortest: Optional[int], longest: Optional[int]) -> str:
    """`3 to 4 min`; None is `never`."""
    return _range(short(shortest).split(), short(longest).split())


def _range(first: List[str], last: List[str]) -> str:
    if first == last:
        return " ".join(last)
    if len(first) == len(last) == 2 and first[1].rstrip("s") == last[1].rstrip("s"):
        first = first[:1]
    return " ".join(first + ["to"] + last)


def count(number: int, noun: str) -> str:
    """`1 host`, `2,000 hosts`."""
    return "{0:,} {1}{2}".format(number, noun, "" if number == 1 else "s")


def names(items: Sequence[str], most: int = 5) -> str:
    """`a`, `a and b`, `a, b and 7 more`."""
    shown = list(items[:most])
    if len(items) > most:
        shown.append(f"{len(items) - most:,} more")
    head = ", ".join(shown[:-1])
    return " and ".join([head] + shown[-1:] if head else shown)
