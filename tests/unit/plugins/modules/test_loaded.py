# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that finds all well has loaded nothing that writes, undoes or explains a failure.

Seen in ``sys.modules`` once the real module has ended, and not read from import lines.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
TARGET_PYTHON = os.environ.get("CURFEW_TARGET_PYTHON", sys.executable)

# Runs a module, and says on standard error which of our utils it has loaded.
PROGRAM = """
import atexit, json, os, runpy, sys


def tell():
    utils = "ansible_collections.curfew.session.plugins.module_utils."
    names = [name[len(utils):] for name in sys.modules if name.startswith(utils)]
    os.write(2, json.dumps(names).encode())


atexit.register(tell)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WRITING = {"_files." + name for name in ("changes", "journal", "safety", "signals", "writing")}
ENGINE = {"_engine.write"}
OF_SSHD = {"_sshd." + name for name in ("write", "reload", "explain", "titles")}
OF_SHELLS = {"_shell." + name for name in ("living", "obedience", "tracing", "edit")}
ALIVE = {"interval": 60, "count_max": 3, "path": "@MAIN@"}
# The module, its arguments, and utils that it must have loaded, or the test has seen nothing.
RUNS = [
    ("sshd_client_alive", ALIVE, {"_sshd.steps", "_sshd.proof"}),
    ("shell_tmout", {"timeout": 900}, {"_shell.tmout", "_shell.proof"}),
    ("timeout_info", {"path": "@MAIN@"}, {"_info.gather", "_sshd.config", "_shell.parser"}),
    (
        "timeouts",
        {"sshd_client_alive": ALIVE, "shell_tmout": {"timeout": 900}},
        {"_engine.timeouts", "_sshd.steps", "_sshd.proof", "_shell.tmout", "_shell.proof"},
    ),
]


@pytest.mark.skipif(
    not shutil.which("sshd", path="/usr/sbin:/usr/bin"), reason="no sshd is installed here"
)
@pytest.mark.parametrize("name, args, needed", RUNS)
def test_nothing_that_writes_is_loaded_where_all_is_well(
    name, args, needed, module_environment, tmp_path
):
    main = tmp_path / "sshd_config"
    main.write_text("ClientAliveInterval 60\nClientAliveCountMax 3\n")
    arguments = tmp_path / "args.json"
    text = json.dumps({"ANSIBLE_MODULE_ARGS": args})
    arguments.write_text(text.replace("@MAIN@", str(main)))
    words = [str(ROOT / "plugins" / "modules" / (name + ".py")), str(arguments)]
    # What the first run writes, the second one finds; both see a profile.d of their own.
    first, second = '"$0" "$2" "$3" > /dev/null', 'exec "$0" -c "$1" "$2" "$3"'
    script = f"mount -t tmpfs -o mode=0755 none /etc/profile.d; {first}; {second}"
    command = ["unshare", "-m", "sh", "-c", script, TARGET_PYTHON, PROGRAM] + words
    done = subprocess.run(
        command,
        env=module_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    result = json.loads(done.stdout.decode())
    assert not result.get("failed") and not result["changed"], result
    assert result.get("verified", True) is True
    loaded = set(json.loads(done.stderr.decode().strip().split("\n")[-1]))
    assert needed <= loaded
    assert not loaded & (WRITING | ENGINE | OF_SSHD | OF_SHELLS)
