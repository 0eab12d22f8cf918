# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn what was read from files into what a module may return.

Private to this collection. Files hold any bytes, and a result is JSON: ansible-core refuses one
that is not UTF-8, after the module has done its work.
"""

import re
from typing import Any

__all__ = ["printable"]

# Bytes that are not UTF-8 stand as lone surrogates in the text that is read (surrogateescape).
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(value: Any) -> Any:
    """The value with U+FFFD for bytes that are not UTF-8, in strings, lists and dictionaries."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [printable(item) for item in value]
    if isinstance(value, dict):
        return {printable(key): printable(item) for key, item in value.items()}
    return value
