# Copyright: (c) 2026, curfew.session contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real module on an /etc of its own: bound over the real one in a private mount namespace."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
TARGET_PYTHON = os.environ.get("CURFEW_TARGET_PYTHON", sys.executable)
MODULES = ROOT / "plugins" / "modules"
# Most of /etc/alternatives, which is copied for each test and looked at before and after a run.
MANUALS = shutil.ignore_patterns("*.gz")

DEBIAN_PROFILE = """if [ "${PS1-}" ]; then
  if [ "${BASH-}" ] && [ "$BASH" != "/bin/sh" ]; then
    if [ -f /etc/bash.bashrc ]; then
      . /etc/bash.bashrc
    fi
  fi
fi
if [ -d /etc/profile.d ]; then
  for i in $(run-parts --list --regex '^[a-zA-Z0-9_][a-zA-Z0-9._-]*\\.sh$' /etc/profile.d); do
    if [ -r $i ]; then
      . $i
    fi
  done
  unset i
fi
"""


class Host:
    """A host on which a module runs; all of its results have these ``keys``."""

    def __init__(self, etc, environment, module, keys):
        self.etc = etc
        self.module = module
        self.keys = keys
        self._environment = environment
        self._arguments = etc.parent / "args.json"

    def write(self, name, text, mode=0o644):
        path = self.etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        path.chmod(mode)
        return path

    def text(self, name):
        return (self.etc / name).read_bytes().decode("utf-8", "surrogateescape")

    def tree(self):
        """Every path with what must not change; times too."""
        found = {}
        # Not rglob: that of Python 3.6 stumbles over links that loop.
        paths = [
            Path(top) / name for top, dirs, names in os.walk(str(self.etc)) for name in dirs + names
        ]
        for path in paths:
            about = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(about.st_mode) else None
            found[str(path)] = (about.st_ino, about.st_mode, about.st_mtime_ns, content)
        return found

    def inside(self, *command):
        script = 'mount --bind "$0" /etc && exec "$@"'
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", script, str(self.etc)] + [
            str(word) for word in command
        ]

    def run(self, check=False, wrapper=(), diff=True, environment=None, **args):
        return self.run_module(
            self.module, check=check, wrapper=wrapper, diff=diff, environment=environment, **args
        )

    def run_module(self, name, check=False, wrapper=(), diff=True, environment=None, **args):
        args = dict(args, _ansible_check_mode=check, _ansible_diff=diff)
        self._arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": args}))
        command = list(wrapper) + [TARGET_PYTHON, MODULES / (name + ".py"), self._arguments]
        done = subprocess.run(
            self.inside(*command),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=110,
            check=False,
            env=dict(self._environment, **(environment or {})),
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        result = json.loads(done.stdout.decode())
        json.dumps(result, ensure_ascii=False).encode("utf-8")  # ansible-core takes nothing else
        # Newer releases of ansible-core give each warning a dictionary.
        result["warnings"] = " ".join(
            one["event"]["msg"] if isinstance(one, dict) else one
            for one in result.get("warnings", [])
        )
        if name == self.module:
            assert set(result) >= self.keys or "Unsupported" in result["msg"], result
        return result

    def login(self, shell, command):
        done = subprocess.run(
            self.inside(
                "setpriv",
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "env",
                "-i",
                "HOME=/nonexistent",
                "PATH=/usr/bin:/bin",
                "bash",
                "-c",
                'exec -a "-$1" "$1" -i -c "$2"',
                "bash",
                shell,
                command,
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            start_new_session=True,
            timeout=20,
        )
        return done.stdout.decode()


def make(folder, environment, module, keys):
    """Return a host that has nothing of ours, in a folder of its own."""
    if os.geteuid() != 0 or subprocess.call(["unshare", "-m", "true"]) != 0:
        pytest.skip("private mount namespaces are not possible here")
    folder.chmod(0o755)
    etc = folder / "etc"
    etc.mkdir()
    for name in ("ld.so.cache", "alternatives", "group", "nsswitch.conf", "localtime"):
        source = Path("/etc") / name
        if source.is_dir():
            shutil.copytree(str(source), str(etc / name), symlinks=True, ignore=MANUALS)
        elif source.exists():
            shutil.copy(str(source), str(etc / name))
    (etc / "profile.d").mkdir()
    made = Host(etc, environment, module, keys)
    made.write("profile", DEBIAN_PROFILE)
    made.write("bash.bashrc", "PS1='$ '\n")
    made.write(
        "passwd",
        "root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
        "sync:x:4:65534::/bin:/bin/sync\n",
    )
    return made
