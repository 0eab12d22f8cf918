# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain values out of what a host said, which may be of any shape: hosts are not trusted.

Private to the collection.
"""

import math
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ...module_utils import _durations, _results

__all__ = ["mapping", "mappings", "names", "number", "plain", "text"]

_LONGEST = 2000
_DEEPEST = 12


def plain(value: Any, depth: int = 0) -> Any:
    """Return a copy that JSON, UTF-8 and a browser can hold: no tags, lone surrogates or NaN."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Beyond that a browser counts wrong.
        return int(value) if abs(value) < 2**53 else text(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else text(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {text(key): plain(item, depth + 1) for key, item in value.items()}
    if depth < _DEEPEST and isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    return text(value)


def text(value: Any) -> str:
    """Return text of a bounded length, whatever the value is."""
    whole = value if isinstance(value, str) else str(value)
    clipped = whole if len(whole) <= _LONGEST else whole[:_LONGEST] + "..."
    # Joined, it is plain text without Ansible's tags; no file and no page can hold surrogates.
    return str(_results.printable("".join(clipped)))


def mapping(value: Any) -> Dict[str, Any]:
    """Return a dictionary as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> List[Dict[str, Any]]:
    """Return the dictionaries of a list, and nothing for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def names(items: Sequence[str], most: int = 5) -> str:
    """Return names in words, and of many the first ones: ``a, b and 7 more``."""
    return _durations.listed(items, most=most)


def number(value: Any) -> Optional[int]:
    """Return a whole number that may be a time; anything else is no number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
