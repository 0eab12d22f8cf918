"""What a tree of files holds, so that two of them can be told apart."""

import os
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from .calls import without_random

State = Mapping[str, tuple[object, ...]]


def state_of(tree: Path, times: bool = False) -> State:
    """Every entry of a tree with what belongs to it, but random names and the tree's own."""
    state = {}
    for folder, folders, files in os.walk(tree):
        for name in folders + files:
            path = Path(folder, name)
            about = path.lstat()
            entry = [oct(about.st_mode), about.st_uid, about.st_gid]
            if stat.S_ISLNK(about.st_mode):
                entry.append(os.readlink(path))
            elif stat.S_ISREG(about.st_mode):
                data = path.read_bytes().replace(os.fsencode(tree), b"TREE")
                entry += [data, about.st_nlink, xattrs_of(path)]
                entry += [about.st_mtime_ns] if times else []
            state[without_random(str(path.relative_to(tree)))] = tuple(entry)
    return state


def contents(state: State, name: str) -> tuple[object, ...] | None:
    """An entry without its count of names: a killed run may leave a second one."""
    entry = state.get(name)
    return entry and (*entry[:4], *entry[5:])


def xattrs_of(path: Path) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, os.getxattr(path, name)) for name in sorted(os.listxattr(path)))


def is_private(name: str) -> bool:
    return Path(name).name.startswith(".")


def differences(wanted: State, found: State) -> str:
    names = sorted(set(wanted) | set(found))
    return "; ".join(
        f"{name}: {wanted.get(name)} -> {found.get(name)}"
        for name in names
        if wanted.get(name) != found.get(name)
    )


def made_once(build: Callable[[Path], None], template: Path) -> Callable[[Path], None]:
    """Builds by copying: for a tree whose files do not name the tree itself."""

    def copy(tree: Path) -> None:
        if not template.exists():
            template.mkdir()
            build(template)
        subprocess.run(["cp", "-a", f"{template}/.", str(tree)], check=True)

    return copy
