# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remember on disk what was begun, so that it can be taken back or completed after any end.

Private to the collection.

A failed run, an undo and the run after a kill all go through ``take_back``; a proven run and the
run after its kill both go through ``complete``. Both look at what is there and may be repeated at
will.

A run may change files of several *homes*, folders of which each has a lock of its own. The journal
is in the first of them; in each of the others stands a note that names them all.
"""

import hashlib
import json
import os
import stat
from contextlib import suppress
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from .reading import (
    BEGUN,
    DRAFT,
    ELSEWHERE,
    MAX_BYTES,
    PROVEN,
    FilesError,
    explained,
    look,
    read,
    shown,
    unfinished,
)
from .safety import check_folder
from .writing import create_private, sync_folder, write_all

__all__ = ["Entry", "begin", "complete", "digest", "homes_left", "prove", "recover", "take_back"]


class Entry(NamedTuple):
    """A file that changes: ``temp`` is put on ``target``, the old one waits at ``saved``.

    ``old`` and ``new`` are digests. A new file has no ``saved`` and no ``old``; one that is removed
    has no ``temp`` and no ``new``. ``backup`` is where ``saved`` stays for good.
    """

    target: str
    temp: Optional[str]
    saved: Optional[str]
    backup: Optional[str]
    old: Optional[str]
    new: Optional[str]


class _Journal(NamedTuple):
    """What a run has written down: the homes, its own the first, and what changes."""

    homes: List[str]
    entries: List[Entry]


def digest(data: Optional[bytes]) -> Optional[str]:
    """Return a fingerprint of a file's bytes; None for a file that is not there."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def begin(homes: Sequence[str], entries: Sequence[Entry]) -> None:
    """Write down what will be done, before any of it is: the notes first, the journal last."""
    known = {"version": 1, "homes": list(homes)}
    for home in homes[1:]:
        _write_down(home, ELSEWHERE, known)
    _write_down(homes[0], BEGUN, dict(known, entries=[entry._asdict() for entry in entries]))


def _write_down(home: str, name: str, known: Dict[str, object]) -> None:
    draft, path = os.path.join(home, DRAFT), os.path.join(home, name)
    with explained(path, "written"):
        descriptor = create_private(draft)
        try:
            write_all(descriptor, json.dumps(known).encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(draft, path)
        sync_folder(home)


def prove(home: str) -> None:
    """Mark the point of no return: from here on the new files stay."""
    journal = os.path.join(home, BEGUN)
    with explained(journal, "marked as proven"):
        _try_twice(os.rename, journal, os.path.join(home, PROVEN))


def take_back(
    homes: Sequence[str], entries: Sequence[Entry], placed: Optional[int] = None
) -> List[str]:
    """Put every old file back, the last one first, and forget the journal.

    The first ``placed`` files may hold new bytes; None means that nobody knows. Returns a sentence
    for each file that somebody else has changed since, which is left alone.
    """
    touched = {entry.target for entry in entries[:placed]}
    warnings: Dict[str, Optional[str]] = {}

    def put_back(entry: Entry) -> None:
        if entry.target in touched:
            warnings[entry.target] = _restore(entry)
        elif entry.saved:
            _unlink(entry.saved)
        if entry.temp:
            _unlink(entry.temp)

    _persist(entries[::-1], put_back, "restored")
    _forget(homes, entries, (DRAFT, BEGUN))
    return [sentence for sentence in warnings.values() if sentence]


def complete(homes: Sequence[str], entries: Sequence[Entry]) -> None:
    """Keep the new files: turn the saved ones into backups or drop them, forget the journal."""
    with explained(homes[0], "synced"):
        _try_twice(sync_folder, homes[0])  # what is proven must be on disk before the old goes
    _persist(entries, _drop, "cleaned up")
    _forget(homes, entries, (PROVEN,))


def _try_twice(action: Callable[..., None], *arguments: object) -> None:
    """Do what must not fail, once more if need be: a fault may pass."""
    try:
        action(*arguments)
    except OSError:
        action(*arguments)


def _persist(entries: Sequence[Entry], action: Callable[[Entry], None], aim: str) -> None:
    """Treat one file after the other; if one cannot be, leave the rest and say how they are.

    In the caller's order every state in between is a safe one.
    """
    for index, entry in enumerate(entries):
        try:
            _try_twice(action, entry)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            rest = "; ".join(_state(other) for other in entries[index:])
            raise FilesError(
                f"{shown(entry.target)} could not be {aim} ({why}): {rest}. "
                "The next run tries again."
            ) from error


def _state(entry: Entry) -> str:
    """Tell how a file is left that could not be brought where it should be."""
    name = shown(entry.target)
    try:
        now = _digest_at(entry.target)
        saved = entry.saved if entry.saved and look(entry.saved) else None
    except OSError:
        return f"what {name} holds cannot be read"
    known = {entry.old: "holds its old bytes", entry.new: "holds its new bytes"}
    state = "is not there" if now is None else known.get(now, "has been changed by somebody else")
    return f"{name} {state}" + (f" and the old file is {shown(saved)}" if saved else "")


def _forget(homes: Sequence[str], entries: Sequence[Entry], names: Sequence[str]) -> None:
    """Forget the journal, and only then the notes that lead to it."""
    folders = {os.path.dirname(entry.target) for entry in entries}
    with explained(homes[0], "synced"):
        for folder in sorted(folders):
            _try_twice(_sync_if_there, folder)
    _remove(homes[0], names)
    for home in homes[1:]:
        _remove(home, (DRAFT, ELSEWHERE))


def _remove(home: str, names: Sequence[str]) -> None:
    with explained(os.path.join(home, names[-1]), "removed, which the next run will do"):
        for name in names:
            _try_twice(_unlink, os.path.join(home, name))
        _try_twice(_sync_if_there, home)


def _sync_if_there(folder: str) -> None:
    if look(folder):  # it may have been removed since the run was killed
        sync_folder(folder)


def _drop(entry: Entry) -> None:
    if entry.saved and look(entry.saved):
        if entry.backup:
            os.rename(entry.saved, entry.backup)
        else:
            os.unlink(entry.saved)
    if entry.temp:
        _unlink(entry.temp)


def _restore(entry: Entry) -> Optional[str]:
    """Bring one file back, unless what is there is neither what was nor what we put there."""
    now = _digest_at(entry.target)
    if entry.saved is None:
        return _restore_absence(entry, now)
    if not look(entry.saved):
        return None if now == entry.old else _left_alone(entry, "")
    # Where only the rights are new, the bytes do not tell; but the temp would be gone by then.
    untouched = entry.old == entry.new and entry.temp is not None and look(entry.temp) is not None
    if untouched or _same_file(entry.saved, entry.target):
        os.unlink(entry.saved)
    elif now == entry.new:  # the old bytes too, where only the rights are new
        os.rename(entry.saved, entry.target)
    elif now == entry.old:
        os.unlink(entry.saved)
    else:
        return _left_alone(entry, f"; the file that was there before is {shown(entry.saved)}")
    return None


def _restore_absence(entry: Entry, now: Optional[str]) -> Optional[str]:
    if now is None:
        return None
    linked = entry.temp is None or not look(entry.temp) or _same_file(entry.temp, entry.target)
    if now != entry.new or not linked:
        return _left_alone(entry, "")
    os.unlink(entry.target)
    return None


def _left_alone(entry: Entry, more: str) -> str:
    name = shown(entry.target)
    return f"{name} has been changed by somebody else since, and is left as it is{more}."


def _same_file(one: str, other: str) -> bool:
    first, second = look(one), look(other)
    return first is not None and second is not None and os.path.samestat(first, second)


def _digest_at(path: str) -> Optional[str]:
    """Return the digest of what is at ``path``; '' for what is never ours: a folder, a link."""
    status = look(path)
    if status is None:
        return None
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
        return ""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        return _digest_of(descriptor)
    finally:
        os.close(descriptor)


def _digest_of(descriptor: int) -> str:
    total = hashlib.sha256()
    for chunk in iter(lambda: os.read(descriptor, 1 << 20), b""):
        total.update(chunk)
    return total.hexdigest()


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def homes_left(home: str) -> List[str]:
    """Return the folders in which the run that was killed here had begun, the journal's first."""
    homes: List[str] = []
    for name in (BEGUN, PROVEN, ELSEWHERE):
        homes += _load(os.path.join(home, name)).homes
    return homes


def recover(homes: Sequence[str]) -> List[str]:
    """Take back, or complete, what killed runs left; to be called with all of ``homes`` locked.

    They hold every folder that ``homes_left`` names for one of them. Returns a sentence for each
    thing that a person should know of.
    """
    left = [os.path.realpath(home) for home in homes if unfinished(home)]
    sentences: List[str] = []
    for home in left:
        check_folder(home)
        _remove_draft(home)
    for home in left:
        for name, end in ((BEGUN, _taken_back), (PROVEN, _completed)):
            journal = _load(os.path.join(home, name))
            if journal.homes:
                sentences.extend(end(journal.homes, journal.entries))
    for home in left:  # a note that leads to no journal
        with explained(home, "tidied up"):
            _unlink(os.path.join(home, ELSEWHERE))
    return sentences


def _remove_draft(home: str) -> None:
    draft = os.path.join(home, DRAFT)
    with explained(draft, "removed"):
        if look(draft):  # nothing had been done yet
            _check_journal(draft)
            os.unlink(draft)


def _taken_back(homes: Sequence[str], entries: Sequence[Entry]) -> List[str]:
    warnings = take_back(homes, entries)
    names = ", ".join(shown(entry.target) for entry in entries)
    return [f"An earlier run was interrupted; what it did to {names} is taken back."] + warnings


def _completed(homes: Sequence[str], entries: Sequence[Entry]) -> List[str]:
    complete(homes, entries)
    names = ", ".join(shown(entry.target) for entry in entries)
    return [f"An earlier run was interrupted after it had changed {names}; it is completed."]


def _load(path: str) -> _Journal:
    """Return what a journal or a note holds; no homes where there is none."""
    with explained(path, "read"):
        if not look(path):
            return _Journal([], [])
        _check_journal(path)
        text = read(path).data or b""
    try:
        known = json.loads(text.decode("ascii"))
        homes = list(known["homes"])
        entries = [Entry(**entry) for entry in known.get("entries", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FilesError(f"{shown(path)} is no journal of this collection.") from error
    if os.path.dirname(path) not in homes or not all(_is_name(home) for home in homes):
        raise FilesError(f"{shown(path)} is no journal of this collection.")
    for entry in entries:
        _check_entry(path, entry)
        check_folder(os.path.dirname(entry.target))
    return _Journal(homes, entries)


def _check_journal(path: str) -> None:
    """Refuse a journal that somebody else than the user who runs this can have written."""
    status = os.lstat(path)
    ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1
    if not ours or status.st_mode & 0o077:
        raise FilesError(
            f"{shown(path)} has the name of our journal but is not private to us: "
            "look at it and remove it."
        )


def _check_entry(journal: str, entry: Entry) -> None:
    """Refuse to rename or remove anything but hidden names beside the target."""
    values = [value for value in entry if value is not None]
    if entry.target is None or not all(_is_name(value) for value in values):
        raise FilesError(f"{shown(journal)} is no journal of this collection.")
    names = [name for name in (entry.temp, entry.saved, entry.backup) if name is not None]
    folder = os.path.dirname(entry.target)
    for name in names:
        hidden = os.path.basename(name).startswith(".")
        if not hidden or os.path.dirname(name) != folder or not os.path.isabs(name):
            raise FilesError(f"{shown(journal)} names {shown(name)}, which is not ours.")


def _is_name(value: object) -> bool:
    try:
        return isinstance(value, str) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False
