# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as people write them, in sshd's time format, to whole seconds.

Private to the collection.
"""

import re
from typing import Any

from ._refusal import Refusal

__all__ = ["MAXIMUM", "DurationError", "parse"]

MAXIMUM = 2147483647
# Longer digit strings are over the maximum whatever the unit; refused before int() sees them.
_MAX_DIGITS = 64
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"([0-9]+)([smhdw]?)", re.IGNORECASE)


class DurationError(Refusal):
    """The value is not a duration that may be used; the text is a sentence for people."""


def parse(value: Any, option: str, minimum: int = 0) -> int:
    """Return the seconds that `value` stands for, or raise a sentence that names `option`."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise DurationError(
            f"{option}: {value!r} is a {_kind(value)}, not a duration; give whole seconds or sshd's"
            " time format, such as 900, 15m or 1h30m."
        )
    seconds = value if isinstance(value, int) else _seconds(value, option)
    if not minimum <= seconds <= MAXIMUM:
        raise DurationError(
            f"{option}: {_shown(value)} is out of range; it must be {minimum} to {MAXIMUM} seconds."
        )
    return seconds


def _seconds(text: str, option: str) -> int:
    parts = _PART.findall(text)
    if not text or "".join(number + unit for number, unit in parts) != text:
        raise DurationError(
            f"{option}: {_shown(text)} is not a duration; give whole seconds or sshd's time format,"
            " such as 900, 15m or 1h30m."
        )
    total = 0
    for number, unit in parts:
        digits = number.lstrip("0") or "0"
        total += MAXIMUM + 1 if len(digits) > _MAX_DIGITS else int(digits) * _SECONDS[unit.lower()]
    return total


def _shown(value: Any) -> str:
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _kind(value: Any) -> str:
    names = {bool: "boolean", float: "float", type(None): "null", list: "list", dict: "dictionary"}
    return names.get(type(value), type(value).__name__)
