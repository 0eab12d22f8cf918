"""Copy the collection to where Ansible's tools insist on finding it.

ansible-test follows no symbolic link: it wants a real `ansible_collections/curfew/session`.
What git tracks, or would track, is copied; only what differs is written.
"""

import filecmp
import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
BUILD = TOP / ".cache" / "build"
COLLECTION = BUILD / "ansible_collections" / "curfew" / "session"
UNTRACKED = {".ansible", ".cache", ".git", ".venv"}
KEEP = COLLECTION / "tests" / "output"


def build() -> Path:
    """Bring the copy up to date; return the folder that ANSIBLE_COLLECTIONS_PATH wants."""
    wanted = set(files())
    for path in [path for path in COLLECTION.rglob("*") if path.is_file()]:
        if path.relative_to(COLLECTION) not in wanted and not path.is_relative_to(KEEP):
            path.unlink(missing_ok=True)
    for file in wanted:
        _copy(TOP / file, COLLECTION / file)
    return BUILD


def files() -> list[Path]:
    if shutil.which("git") and (TOP / ".git").exists():
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
        listed = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
        names = [Path(name) for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive
        names = [path.relative_to(TOP) for path in TOP.rglob("*")]
        names = [name for name in names if name.parts[0] not in UNTRACKED]
    return [name for name in names if (TOP / name).is_file()]


def _copy(source: Path, target: Path) -> None:
    if target.is_file() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


if __name__ == "__main__":
    print(build())
