# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations: read as people write them, in sshd's time format, and told in words.

Private to the collection. Beside durations, the numbers and lists that stand in such sentences.
"""

import re
from typing import Any, List, Optional, Sequence, Tuple

from ._refusal import BadOption

__all__ = ["MAXIMUM", "DurationError", "between", "count", "listed", "parse", "parts", "spelled"]

MAXIMUM = 2147483647
# Longer digit strings are over the maximum whatever the unit; refused before int() sees them.
_MAX_DIGITS = 64
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"([0-9]+)([smhdw]?)", re.IGNORECASE)
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


class DurationError(BadOption):
    """The value is not a duration that may be used; the text is a sentence for people."""


def parse(value: Any, option: str, minimum: int = 0) -> int:
    """Return the seconds of a value, or refuse it in a sentence that names the option."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise DurationError(
            option,
            f"{value!r} is a {_kind(value)}, not a duration; give whole seconds or sshd's time"
            " format, such as 900, 15m or 1h30m.",
        )
    seconds = value if isinstance(value, int) else _seconds(value, option)
    if not minimum <= seconds <= MAXIMUM:
        raise DurationError(
            option,
            f"{_clipped(value)} is out of range; it must be {minimum} to {MAXIMUM} seconds.",
        )
    return seconds


def _seconds(text: str, option: str) -> int:
    numbers = _PART.findall(text)
    if not text or "".join(number + unit for number, unit in numbers) != text:
        raise DurationError(
            option,
            f"{_clipped(text)} is not a duration; give whole seconds or sshd's time format, such as"
            " 900, 15m or 1h30m.",
        )
    total = 0
    for number, unit in numbers:
        digits = number.lstrip("0") or "0"
        total += MAXIMUM + 1 if len(digits) > _MAX_DIGITS else int(digits) * _SECONDS[unit.lower()]
    return total


def _clipped(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value: Any) -> str:
    names = {bool: "boolean", float: "float", type(None): "null", list: "list", dict: "dictionary"}
    return names.get(type(value), type(value).__name__)


def parts(seconds: int) -> List[Tuple[int, str]]:
    """Return the units of a duration that are not 0: ``[(1, "hour"), (30, "minute")]``."""
    numbers = []
    for size, unit in _UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            numbers.append((number, unit))
    return numbers


def spelled(seconds: int, form: str = ",") -> str:
    """Return a duration in words, such as ``16 minutes`` or ``1 hour 30 minutes``."""
    return " ".join(count(number, unit, form) for number, unit in parts(seconds)) or "0 seconds"


def between(shortest: str, longest: str) -> str:
    """Return a range of two durations in words: ``3 to 4 minutes``, ``50 seconds to 1 minute``."""
    first, last = shortest.split(), longest.split()
    if first == last:
        return longest
    if len(first) == len(last) == 2 and first[1].rstrip("s") == last[1].rstrip("s"):
        first = first[:1]
    return " ".join(first + ["to"] + last)


def count(number: int, noun: str, form: str = ",") -> str:
    """Return ``1 host`` or ``2,000 hosts``; with the form ``d`` without the comma."""
    return f"{number:{form}} {noun}{'' if number == 1 else 's'}"


def listed(items: Sequence[str], last: str = "and", most: Optional[int] = None) -> str:
    """Return a list in words: ``a``, ``a and b``, or with at most two ``a, b and 7 more``."""
    named = list(items[:most])
    if len(items) > len(named):
        named.append(f"{len(items) - len(named):,} more")
    return f" {last} ".join([", ".join(named[:-1])] + named[-1:] if len(named) > 1 else named)
