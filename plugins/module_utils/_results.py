# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules do with their options and results. Private to the collection.

Files hold any bytes, and a result is JSON: ansible-core refuses one that is not UTF-8, after the
module has done its work.
"""

import os
import re
from typing import Any, Dict, List, Mapping, Match

from . import _compile_once
from ._refusal import BadOption

__all__ = ["check_usable", "finish", "printable"]

# All modules import this room before any other: what they load after it is compiled once.
_compile_once.install()

# Bytes that are not UTF-8 stand as lone surrogates in the text that is read (surrogateescape).
_SURROGATE = re.compile("[\ud800-\udfff]")


def finish(module: Any, result: Mapping[str, Any]) -> None:
    """End a module with its result: with an error if that is ``failed``, and its text is ``msg``.

    ``warnings`` are given to the module, and ``diff`` is kept only where somebody asked for it: a
    file that only root may read is not shown unasked.
    """
    values: Dict[str, Any] = printable(dict(result))
    for warning in values.pop("warnings", ()):
        module.warn(warning)
    if "diff" in values and not module._diff:
        values["diff"] = []
    if values.get("failed"):
        module.fail_json(**values)
    module.exit_json(**values)


def printable(value: Any) -> Any:
    """Return a value with \\xe9 for a byte that is not UTF-8, in texts, lists and dictionaries.

    So two names that differ in such bytes alone stay two.
    """
    if isinstance(value, str):
        return _SURROGATE.sub(_escaped, value)
    if isinstance(value, list):
        return [printable(item) for item in value]
    if isinstance(value, dict):
        return {printable(key): printable(item) for key, item in value.items()}
    return value


def _escaped(found: "Match[str]") -> str:
    byte = ord(found.group()) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else "\ufffd"


def check_usable(params: Mapping[str, object]) -> None:
    """Refuse the first option with text that the system cannot hold.

    The paths of files may hold any bytes but NUL; everything else is UTF-8.
    """
    for option, value in sorted(params.items()):
        encode = os.fsencode if option in ("path", "sshd") else str.encode
        for text in _texts(value):
            try:
                whole = b"\0" not in encode(text)
            except UnicodeEncodeError:
                whole = False
            if not whole:
                problem = f"{ascii(text)} holds a NUL, or a character that cannot be encoded."
                raise BadOption(option, problem)


def _texts(value: Any) -> List[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []
