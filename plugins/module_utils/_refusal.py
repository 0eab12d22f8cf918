# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error for people, and the system's errors in its form. Private to the collection."""

__all__ = ["Refusal", "sentence"]


class Refusal(Exception):
    """Why a run ends; the text is one or a few whole sentences for people.

    Whoever lets it pass has put back all that was changed.
    """


def sentence(error: BaseException) -> str:
    """Return what an error says; for one of the system's own, in the form of ours."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The system says'}: {error.strerror}."
    return str(error)
