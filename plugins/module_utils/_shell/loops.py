# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the loop that reads a folder of login files wants them to be executable.

Private to the collection. Slackware's does, and so its descendants'.
"""

import os
import re
from typing import Optional

from .files import without_comments

__all__ = ["wants_executable"]

_TESTED = re.compile(r"(?<!\S)-x\s+[\"']?\$\{?(\w+)\}?")
_SOURCED = re.compile(r"(?:^|[\s;&|({])(?:\.|source)\s+[\"']?\$\{?(\w+)", re.MULTILINE)
# What lists a folder's executable files alone.
_LISTED = re.compile(
    r"\b(?:run-parts\b[^\n;&|)`]*\s--test\b"
    r"|find\b[^\n;&|)`]*\s(?:-executable\b|-perm\s+[-/+]?(?:[0-7]*[1357]\b|[ugoa=+]*x)))[^\n;&|)`]*"
)


def wants_executable(text: str, path: str) -> Optional[int]:
    """Return the line in which a login file asks whether what it sources is executable.

    :param path: the file that is to be read, or to come, in a folder that the text goes through.
    """
    folder = os.path.dirname(path)
    if os.path.basename(folder) not in text:
        return None
    text = without_comments(text)
    sourced = {found.group(1) for found in _SOURCED.finditer(text)}
    itself = re.compile(r"(?<!\S)-x\s+[\"']?" + re.escape(path) + r"(?=[\s\"';\]])")
    places = [found.start() for found in _TESTED.finditer(text) if found.group(1) in sourced]
    places += [found.start() for found in itself.finditer(text)]
    places += [found.start() for found in _LISTED.finditer(text) if folder in found.group()]
    return text.count("\n", 0, min(places)) + 1 if places else None
