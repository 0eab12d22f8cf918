"""A small program that changes four files in two folders through a Transaction, for the drills.

Usage: transaction_run.py TREE [backup] [undo] [nolinks]
"""

import importlib
import os
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
for _name in ("ansible_collections", "ansible_collections.curfew"):
    sys.modules[_name] = types.ModuleType(_name)
    sys.modules[_name].__path__ = []
_package = types.ModuleType("ansible_collections.curfew.session")
_package.__path__ = [str(ROOT)]
sys.modules[_package.__name__] = _package

_FILES = _package.__name__ + ".plugins.module_utils._files."
changes, journal, lock, reading, safety = (
    importlib.import_module(_FILES + name)
    for name in ("changes", "journal", "lock", "reading", "safety")
)

AFTER = {
    "etc/changed": b"after\xff\0 changed\n" * 3,
    "etc/link": b"after, through a link\n",
    "etc/created.d/created": b"after, created\n",
    "etc/removed": None,
}


def no_links(*_arguments: object, **_options: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def main() -> int:
    tree, options = sys.argv[1], sys.argv[2:]
    if "nolinks" in options:
        os.link = no_links
    home = os.path.join(tree, "etc")
    try:
        with lock.locked(home):
            for sentence in journal.recover([home]):
                print(sentence)
            return change(home, tree, options)
    except reading.FilesError as error:
        print(error)
        return 1


def change(home: str, tree: str, options: list) -> int:
    snapshots = [reading.read(os.path.join(tree, name), missing_ok=True) for name in AFTER]
    planned = [reading.Change(old, new) for old, new in zip(snapshots, AFTER.values(), strict=True)]
    for each in planned:
        safety.check_safe(each)
    kept = [old.real_path for old in snapshots] if "backup" in options else []
    transaction = changes.Transaction([home], planned, kept)
    transaction.write()
    if "undo" in options:
        transaction.undo()
        return 1
    transaction.finish()
    for sentence in transaction.warnings:
        print(sentence)
    return 0


if __name__ == "__main__":
    sys.exit(main())
