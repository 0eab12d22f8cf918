"""The module on large configurations, against what `sshd -T` itself takes."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tools import collection

from .table import Table

SSHD = "/usr/sbin/sshd"
REPEATS = 5
OF_SSHD, PLUS_SECONDS = 2, 1
CONNECTION = "user=nobody,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"


def measure() -> Table:
    """A main file of 1 MB, and a tree of 200 included files, each changed and then unchanged."""
    table = Table(
        "The module on large configurations (medians of 5, in milliseconds)",
        ("configuration", "sshd -T", "change it", "find it unchanged", "allowed"),
    )
    path = collection.build()
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (("main file of 1 MB", _long), ("200 included files", _wide)):
            _weigh(table, name, make(Path(folder)), path)
    return table


def _long(folder: Path) -> Path:
    block = "# What user%06d may not.\nMatch User user%06d\n\tX11Forwarding no\n\n"
    main = folder / "long"
    count = 1_000_000 // len(block % (0, 0)) + 1
    main.write_text("".join(block % (number, number) for number in range(count)))
    return main


def _wide(folder: Path) -> Path:
    main, drop_ins = folder / "wide", folder / "wide.d"
    drop_ins.mkdir()
    for number in range(200):
        text = f"AcceptEnv X{number}\nMatch User u{number}\n\tX11Forwarding no\n"
        (drop_ins / f"{number:03}.conf").write_text(text)
    main.write_text(f"Include {drop_ins}/*.conf\nX11Forwarding no\n")
    return main


def _weigh(table: Table, name: str, main: Path, path: Path) -> None:
    ask = [SSHD, "-T", "-f", str(main), "-C", CONNECTION]
    sshd, change, keep = [], [], []
    for turn in range(REPEATS):
        sshd.append(_seconds(lambda: subprocess.run(ask, check=True, capture_output=True)))
        change.append(_seconds(lambda turn=turn: _module(path, main, 60 + turn, changed=True)))
        keep.append(_seconds(lambda turn=turn: _module(path, main, 60 + turn, changed=False)))
    limit = OF_SSHD * statistics.median(sshd) + PLUS_SECONDS
    columns = [statistics.median(times) for times in (sshd, change, keep)]
    table.rows.append([name, *(f"{1000 * seconds:.0f}" for seconds in [*columns, limit])])
    table.check(f"changing a {name}", columns[1], limit)
    table.check(f"finding a {name} unchanged", columns[2], limit)


def _module(path: Path, main: Path, interval: int, changed: bool) -> None:
    arguments = {"ANSIBLE_MODULE_ARGS": {"path": str(main), "interval": interval, "sshd": SSHD}}
    module = collection.COLLECTION / "plugins" / "modules" / "sshd_client_alive.py"
    done = subprocess.run([sys.executable, str(module)], input=json.dumps(arguments), text=True,
                          capture_output=True, check=False,
                          env={"PYTHONPATH": str(path)})  # fmt: skip
    result = json.loads(done.stdout or "{}")
    if result.get("changed") is not changed or result.get("failed"):
        raise AssertionError(f"the module did not do its work: {done.stdout}{done.stderr}")


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
