"""The fuzzing is judged too: each deliberate defect in defects/*.patch must be found.

python -m tests.search.defects [NAME...]: all of them, or these.
"""

import concurrent.futures
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PATCHES = sorted(Path(__file__).with_name("defects").glob("*.patch"))
# What the short run tries; each defect is searched for until it is found, and no longer.
SEED = 1
COUNT = 3000
WORKERS = 2


def find(patch: Path) -> str | None:
    """Fuzz a copy of the plugins that has the defect; None if it was found, else what was said."""
    with tempfile.TemporaryDirectory(prefix="defect-") as folder:
        shutil.copytree(TOP / "plugins", Path(folder, "plugins"))
        apply = ["patch", "-p1", "--quiet", "--batch", "--no-backup-if-mismatch"]
        with patch.open() as text:
            done = subprocess.run(apply, cwd=folder, stdin=text, check=False, capture_output=True,
                                  text=True)  # fmt: skip
        if done.returncode:
            return f"does not apply: {done.stdout}{done.stderr}"
        command = [sys.executable, "-m", "tests.search", kind_of(patch), "--first",
                   f"--plugins={folder}/plugins", f"--count={COUNT}", f"--seed={SEED}"]  # fmt: skip
        done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=900,
                              check=False)  # fmt: skip
    if done.returncode == 1 and "\ncase " in done.stdout:
        return None
    return f"not found: {done.stdout[-500:]}{done.stderr[-2000:]}"


def kind_of(patch: Path) -> str:
    return "sshd" if patch.name.startswith("sshd-") else "login"


def find_all(patches: Sequence[Path]) -> dict[str, str]:
    """The defects that are not found, and why."""
    missed = {}
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for patch, why in zip(patches, pool.map(find, patches), strict=True):
            print(f"{'missed' if why else 'found '}  {patch.stem}", flush=True)
            missed.update({patch.stem: why} if why else {})
    return missed


def is_clean() -> bool:
    """Without a defect the same run finds nothing: otherwise it would find all of them."""
    command = [sys.executable, "-m", "tests.search", f"--count={COUNT}", f"--seed={SEED}"]
    return subprocess.run(command, cwd=TOP, check=False).returncode == 0


def main() -> int:
    patches = [patch for patch in PATCHES if not sys.argv[1:] or patch.stem in sys.argv[1:]]
    if not is_clean():
        return 1
    missed = find_all(patches)
    for name, why in missed.items():
        print(f"{name}: {why}")
    print(f"{len(patches)} defects, {len(patches) - len(missed)} found by the short run")
    return 1 if missed or not patches else 0


if __name__ == "__main__":
    sys.exit(main())
